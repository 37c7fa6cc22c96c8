// axv-part check, plan and build as a user calls them: what they print where, with which exit status, and what they
// leave behind.
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLE } from "../bundle.ts";
import { readBlob } from "../../partitions/blob/read.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { beforeImage } from "../../tools/build/pack.ts";
import { here } from "./systems.ts";

type Result = SpawnSyncReturns<string>;

/** No colours, however this test is run. */
const ENVIRONMENT = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };

function axvPart(...parameters: readonly string[]): Result {
  return spawnSync(process.execPath, [BUNDLE, ...parameters], { encoding: "utf8", env: ENVIRONMENT });
}

/** It may be the first to build core and guest, on a machine busy with other tests. */
const BUILD_TIMEOUT_MS = 300_000;

let folder = "";
const inFolder = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-cli-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("every file of tools/commands is a command", () => {
  const shown = axvPart("--help").stdout.split("Commands:\n")[1]?.match(/^  \w+/gm)?.map((name) => name.trim());
  const files = readdirSync("tools/commands").map((file) => file.replace(/\.ts$/, ""));
  expect(shown).toEqual([...files, "help"]);
});

test("axv-part --version", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(axvPart("--version")).toMatchObject({ status: 0, stdout: `${version}\n` });
});

describe("axv-part check", () => {
  test("a good file: one line on standard output, status 0", () => {
    const { status, stdout, stderr } = axvPart("check", here("golden/system.yaml"));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe(
      "test/partitions/golden/system.yaml: ok: 3 partitions (linux: 2 pCPUs, 512M; plc: 1 pCPU, 16M; old-linux: 1 pCPU, " +
        "64M), 3 channels\n",
    );
  });

  test("a bad file: all its mistakes on standard error as a compiler shows them, status 1", () => {
    const { status, stdout, stderr } = axvPart("check", here("bad/cpu-taken.yaml"));
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain("  8 |     cpus: [1]\n    |            ^\n    = use a free one: 2, 3\n");
    expect(stderr).toMatch(/cpu-taken.yaml: 2 errors(, \d warnings?)?\n$/);
  });

  test("--json: the diagnostics, the same status", () => {
    const { status, stdout } = axvPart("check", "--json", here("bad/unknown-cpu.yaml"));
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toContainEqual({
      code: "AXV-P014",
      severity: "error",
      message: "qemu-aarch64 has no pCPU 4",
      remedy: "use 0 to 3",
      file: "test/partitions/bad/unknown-cpu.yaml",
      line: 3,
      column: 32,
    });
  });

  test("a file that is not there", () => {
    const { status, stderr } = axvPart("check", "none.yaml");
    expect(status).toBe(1);
    expect(stderr).toContain("none.yaml:1:1: error: none.yaml cannot be read: there is no such file [AXV-P001]");
  });
});

describe("a missing tool", () => {
  test("dtc: one message that says what to do, status 1", () => {
    // Not by tools/axv-part: it would have dtc installed.
    const env = { ...ENVIRONMENT, PATH: folder };
    const { status, stdout, stderr } = spawnSync(process.execPath, [BUNDLE, "plan", here("golden/system.yaml")], {
      encoding: "utf8",
      env,
    });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toBe(
      "axv-part: the device tree compiler `dtc` does not start: run tools/setup.sh, " +
        "or install the package device-tree-compiler [AXV-P080]\n",
    );
  });
});

describe("axv-part plan", () => {
  test("tables", () => {
    const { status, stdout } = axvPart("plan", here("golden/system.yaml"));
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ *0x5f000000…0x60000000 +16M {2}plc: memory/m);
  });

  test("--json is the plan, --svg the picture", () => {
    const { status, stdout } = axvPart("plan", "--json", "--svg", inFolder("plan.svg"), here("golden/system.yaml"));
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as Plan).partitions.map(({ name }) => name)).toEqual(["linux", "plc", "old-linux"]);
    expect(readFileSync(inFolder("plan.svg"), "utf8")).toMatch(/^<svg [^]*<\/svg>\n$/);
  });

  test("a bad file: mistakes, status 1, and no picture", () => {
    const { status, stdout, stderr } = axvPart("plan", "--svg", inFolder("bad.svg"), here("bad/page-shared.yaml"));
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(
      /AXV-P023[^]*axv-part: test\/partitions\/bad\/page-shared\.yaml has mistakes \(1 error.*\): correct them, then try again \[AXV-P100\]\n$/,
    );
    expect(existsSync(inFolder("bad.svg"))).toBe(false);
  });

  test("--blob of nothing, and --why where no board has a tree: both say what to give", () => {
    expect(axvPart("plan", "--blob", "none").stderr).toContain("Give the path of a system.blob, which axv-part build writes");
    expect(axvPart("plan", here("golden/system.yaml"), "--why", "/x").stderr).toMatch(/device tree.*: give /);
  });

  test("--blob of something else", () => {
    const { status, stderr } = axvPart("plan", "--blob", here("golden/system.yaml"));
    expect(status).toBe(1);
    expect(stderr).toMatch(/^axv-part: this is no system blob: .*build it again with `axv-part build` \[AXV-P070\]\n$/);
  });
});

describe("axv-part build", () => {
  const image = (): string => inFolder("line/image.bin");

  test(
    "makes an image with core, blob and guests, and what was planned beside it",
    { timeout: BUILD_TIMEOUT_MS },
    () => {
      writeFileSync(
        inFolder("line.yaml"),
        "board: qemu-aarch64\npartitions:\n  plc: { guest: plc, cpus: [3], watchdog: 50ms }\n",
      );
      const { status, stdout, stderr } = axvPart("build", inFolder("line.yaml"), "-o", image());
      expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toMatch(/image\.bin: \d+ bytes/);
      expect(readdirSync(inFolder("line")).sort()).toEqual(["image.bin", "plan.json", "system.blob"]);

      const bytes = readFileSync(image());
      const core = readFileSync("build/core/core.bin");
      const blob = readBlob(bytes.subarray(core.length));
      expect(blob).toEqual(readBlob(readFileSync(inFolder("line/system.blob"))));
      const before = beforeImage("aarch64", core); // offsets count from the zeros in front
      expect(Number(blob.header["hypervisorSize"])).toBe(Math.ceil((before + bytes.length) / 4096) * 4096);
      const guest = readFileSync("build/plc/plc.bin");
      const [load] = blob.records["Load"] ?? [];
      const source = Number(load?.["source"]) - before;
      expect(bytes.subarray(source, source + guest.length).equals(guest)).toBe(true);
      expect(bytes.readBigUInt64LE(16)).toBe(BigInt(bytes.length)); // image_size of its arm64 Image header
    },
  );

  test("the blob in a file is shown field by field", () => {
    const { status, stdout } = axvPart("plan", "--blob", inFolder("line/system.blob"));
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Partition 0\n {2}name +plc$/m);
  });

  test("a bad file: nothing is built, and what was there stays as it was", () => {
    const before = readFileSync(image());
    const { status, stderr } = axvPart("build", here("bad/memory-overlap.yaml"), "-o", image());
    expect(status).toBe(1);
    expect(stderr).toContain("AXV-P024");
    expect(readFileSync(image()).equals(before)).toBe(true);
    expect(readdirSync(inFolder("line")).sort()).toEqual(["image.bin", "plan.json", "system.blob"]);
  });
});

describe("--json is JSON whatever happens, and the status says the same", () => {
  test.each([
    ["plan", "bad/cpu-taken.yaml", "AXV-P100"],
    ["build", "bad/cpu-taken.yaml", "AXV-P100"],
    ["run", "bad/cpu-taken.yaml", "AXV-P100"],
    ["plan", "none.yaml", "AXV-P100"],
  ])("%s %s", (command, file, code) => {
    const { status, stdout } = axvPart(command, "--json", here(file));
    const { error, diagnostics } = JSON.parse(stdout) as { error: unknown; diagnostics: readonly unknown[] };
    expect([status, error]).toMatchObject([1, { code }]);
    expect(diagnostics.length).toBeGreaterThan(0);
  });

  test.each([
    ["a command line that is wrong", ["plan", "--json"], "AXV_USAGE"],
    ["a blob that is not there", ["plan", "--json", "--blob", "none"], "AXV-P103"],
    ["a duration that is none", ["run", "--json", "--for", "soon", "x.yaml"], "AXV_DURATION"],
    ["an image that is not there", ["guest", "probe", "--json", "none"], "AXV_GUEST_UNREADABLE"],
  ])("%s", (_, parameters, code) => {
    const { status, stdout } = axvPart(...parameters);
    expect([status, JSON.parse(stdout)]).toMatchObject([1, { error: { code } }]);
  });

  test("help is no error", () => {
    expect(axvPart("plan", "--help")).toMatchObject({ status: 0, stderr: "" });
  });
});
