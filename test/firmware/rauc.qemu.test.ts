// The whole way of an update in Debian's Linux partition, behind Debian's unchanged U-Boot: the system on trial is committed by
// axv-commit, and Debian's own RAUC installs the next one into the other slot through axv-slots, which then starts, on trial.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { COMMITTING } from "../../tools/bridge/pack.ts";
import { placesOn, sourceOf } from "../../tools/firmware/deploy/places.ts";
import { withFileDisk } from "../../tools/firmware/deploy/file-disk.ts";
import { TRIES } from "../../tools/firmware/slots.ts";
import type { Slot } from "../../tools/firmware/slots.ts";
import { cpio, directory, file, program, symlink } from "../../tools/linux/cpio.ts";
import { fetchDebian } from "../../tools/linux/fetch.ts";
import { ensureLinux } from "../../tools/linux/linux.ts";
import { readModules } from "../../tools/linux/modules.ts";
import { debianRoot } from "../linux/debian.ts";
import { entriesOf } from "../linux/rootFolder.ts";
import { axvPart } from "../output/axvPart.ts";
import { LENIENT, stateNow, withBoard, writeLenientGuest } from "./trialBoard.ts";
import type { Board } from "./trialBoard.ts";

/** What RAUC mounts a bundle with: each after those that it needs. */
const MODULES = ["dax", "dm-mod", "dm-bufio", "reed_solomon", "dm-verity", "loop", "squashfs"];
const PROGRAMS = ["rauc", "dbus-daemon", "mksquashfs"];
/** Of their packages, and all that these need: the programs and the libraries. */
const WANTED = new RegExp(
  `^usr$|^(usr/)?(bin|lib|lib/aarch64-linux-gnu|lib/ld-.*|lib/aarch64-linux-gnu/[^/]*\\.so[^/]*|bin/(${PROGRAMS.join("|")}))$`,
);
/** Of the initramfs, behind which another archive may stand (Linux, buffer-format.rst). */
const CPIO_ALIGNMENT = 4;

const folder = mkdtempSync(join(tmpdir(), "axv-rauc-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const system = (more: string): string => `
board: qemu-aarch64
healthy_after: 500ms
commit_within: 600s
partitions:
  plc: { guest: ${LENIENT}, image: plc.bin, cpus: [3], memory: 16M, watchdog: 30s }
${more}
`;
const LINUX = `
  linux:
    guest: linux
    initrd: initrd
    cpus: [0, 1]
    memory: 512M
    devices: [virtio0, rtc]
    accepts: [dma]
    telemetry: true
    commits: true
`;

const deepFolders = (...paths: string[]) =>
  [...new Set(paths.flatMap((path) => path.split("/").map((_, n, all) => all.slice(0, n + 1).join("/"))))].map(directory);

/** The demo's, and behind it RAUC from Debian's archive, with a bundle's content and key. */
async function initrd(content: string): Promise<Buffer> {
  const [kernelFolder, root] = [at("kernel"), at("root")];
  for (const each of [kernelFolder, root]) mkdirSync(each);
  const { kernel, version } = await fetchDebian((line) => console.error(line));
  execFileSync("dpkg-deb", ["-x", kernel, kernelFolder]);
  const found = readdirSync(kernelFolder).includes("lib") ? kernelFolder : join(kernelFolder, "usr");
  const modules = await readModules(join(found, "lib/modules", version), MODULES);
  await debianRoot(root, "rauc", ["rauc", "dbus-daemon", "squashfs-tools"]);
  const packages = entriesOf(root, (path) => WANTED.test(path));
  const loader = "lib/ld-linux-aarch64.so.1";
  const names = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=plant", "-days", "2"];
  execFileSync("openssl", ["req", ...names, "-keyout", at("key.pem"), "-out", at("cert.pem")], { stdio: "pipe" });
  const more = cpio([
    ...deepFolders("modules", "run", "content", "etc/rauc", "opt/axv-bridge/bin", "var/lib"),
    ...packages,
    // Debian 13 has everything below /usr.
    ...(packages.some(({ name }) => name === loader) ? [] : [symlink(loader, `/usr/${loader}`)]),
    ...modules.map(({ name, data }) => file(`modules/${name}.ko`, data)),
    file("modules/order", Buffer.from(modules.map(({ name }) => `${name}\n`).join(""))),
    ...["prepare", "bus.conf"].map((name) => file(name, readFileSync(join("test/firmware/rauc", name)))),
    ...COMMITTING.map((name) => program(`opt/axv-bridge/bin/${name}`, readFileSync(join("industrial/bridge", name)))),
    file("etc/passwd", Buffer.from("root:x:0:0:root:/root:/bin/sh\n")),
    file("etc/group", Buffer.from("root:x:0:\n")),
    file("etc/rauc/system.conf", readFileSync("industrial/bridge/rauc.conf")),
    file("etc/rauc/keyring.pem", readFileSync(at("cert.pem"))),
    file("key.pem", readFileSync(at("key.pem"))),
    file("content/system.img", readFileSync(content)),
    file("content/manifest.raucm", Buffer.from(
      "[update]\ncompatible=qemu-aarch64\nversion=3\n[bundle]\nformat=verity\n[image.system]\nfilename=system.img\n",
    )),
  ]);
  for (const each of [kernelFolder, root]) rmSync(each, { recursive: true });
  const first = readFileSync((await ensureLinux()).initramfs);
  return Buffer.concat([first, Buffer.alloc(-first.length & (CPIO_ALIGNMENT - 1)), gzipSync(more, { level: 1 })]);
}

beforeAll(async () => {
  writeLenientGuest(folder);
  const build = (name: string, more: string, ...parameters: string[]): void => {
    writeFileSync(at(`${name}.yaml`), system(more));
    expect(axvPart(folder, "build", `${name}.yaml`, "--fit", "--unsigned", ...parameters)).toMatchObject({ status: 0 });
  };
  build("old", "", "--disk", "disk.img");
  writeFileSync(at("initrd"), await initrd(at("build/old/image.itb")));
  build("new", LINUX);
  expect(axvPart(folder, "deploy", at("disk.img"), "--fit", "build/new/image.itb")).toMatchObject({ status: 0 });
});

const bytesIn = (slot: Slot, size: number): Promise<Uint8Array> =>
  withFileDisk(at("disk.img"), "read", async (disk) => {
    const bytes = new Uint8Array(size);
    sourceOf(disk, placesOn(disk).slots[slot]).fill(bytes, 0);
    return bytes;
  });

interface Linux {
  readonly hasSaid: (pattern: RegExp) => boolean;
  /** Types it at the prompt. Gives back what it has printed. */
  readonly ask: (line: string) => Promise<{ readonly status: number; readonly said: string }>;
}

function linuxOn({ session, until }: Board): Linux {
  const lines: string[] = [];
  session.on("line", ({ partition, text }) => session.monitor.nameOf(partition) === "linux" && lines.push(text));
  let asked = 0;
  const ask = async (line: string): Promise<{ status: number; said: string }> => {
    const from = lines.length;
    const end = `end ${++asked} of`;
    const last = new RegExp(`^${end} (\\d+)`);
    const index = session.monitor.named("linux")?.index ?? 0;
    session.link.type(index, new TextEncoder().encode(`${line}; echo ${end} $?\r`));
    await until(line, () => lines.slice(from).some((text) => last.test(text)));
    const said = lines.slice(from);
    const found = said.findIndex((text) => last.test(text));
    return { status: Number(last.exec(said[found] ?? "")?.[1]), said: said.slice(0, found).join("\n") };
  };
  return { hasSaid: (pattern) => lines.some((text) => pattern.test(text)), ask };
}

test("axv-commit commits the system that runs; RAUC installs the next one, and that starts", async () => {
  const next = readFileSync(at("build/old/image.itb"));
  await withBoard(at("disk.img"), at("build/new/plan.json"), async (board) => {
    const { session, until } = board;
    const { ask, hasSaid } = linuxOn(board);
    const here = () => session.monitor.system;
    await until("the hypervisor", () => here() !== undefined);
    expect(here()).toMatchObject({ slot: "b" });
    await until("Linux", () => hasSaid(/^axv: linux=/));
    expect(await ask("dmesg -n 1; . /prepare")).toMatchObject({ status: 0 });
    expect(await stateNow(at("disk.img"))).toMatchObject({ status: { a: "good", b: "pending" }, tries: TRIES - 1, booted: "b" });
    expect((await ask("axv-slots set-state a bad")).said).toContain("slot b is not good: there would be nothing to return to");
    // As RAUC has it marked: it is committed only if the hypervisor calls it healthy.
    expect(await ask("axv-commit")).toMatchObject({ status: 0, said: expect.stringContaining("slot b is committed") });
    await until("the commit", () => here()?.update === "committed");
    const committed = await stateNow(at("disk.img"));
    expect(committed).toMatchObject({ status: { a: "good", b: "good" }, tries: 0, order: ["b", "a"] });

    await ask("serve");
    expect(await ask("rauc status mark-good")).toMatchObject({ status: 0, said: expect.stringContaining("system.1 as good") });
    expect((await stateNow(at("disk.img"))).generation).toBe(committed.generation);
    expect(await ask("bundle")).toMatchObject({ status: 0 });
    expect(await ask("rauc install /tmp/new.raucb")).toMatchObject({ status: 0, said: expect.stringContaining("succeeded") });
    expect(await stateNow(at("disk.img"))).toMatchObject({
      status: { a: "pending", b: "good" }, order: ["a", "b"], tries: TRIES, booted: "b", generation: committed.generation + 2n,
    });
    expect(Buffer.from(await bytesIn("a", next.length)).equals(next), "the new system is in slot a").toBe(true);
    const { said } = await ask("rauc status --output-format=shell");
    expect(said).toMatch(/RAUC_SYSTEM_BOOTED_BOOTNAME='?b/);
    expect(said).toMatch(/RAUC_BOOT_PRIMARY='?system\.0/);
    // Nothing that runs would be left to return to.
    expect((await ask("rauc status mark-bad")).said).toContain("Failed marking slot system.1 as bad");
    expect(await stateNow(at("disk.img"))).toMatchObject({ status: { a: "pending", b: "good" } });
    expect(await ask("rauc status mark-active system.1")).toMatchObject({ status: 0 });
    expect(await stateNow(at("disk.img"))).toMatchObject({ status: { a: "rolled back", b: "good" }, order: ["b", "a"] });
    expect(await ask("rauc status mark-active system.0")).toMatchObject({ status: 0 });
  });
  await withBoard(at("disk.img"), at("build/old/plan.json"), async ({ session, until, scans }) => {
    await until("the hypervisor", () => session.monitor.system !== undefined);
    expect(session.monitor.system?.slot).toBe("a");
    await until("health", () => session.monitor.system?.update === "healthy");
    await until("scans", () => scans() > 100n);
  });
  expect(await stateNow(at("disk.img"))).toMatchObject({ status: { a: "pending", b: "good" }, tries: TRIES - 1, booted: "a" });
});
