// axv-part prove as a user calls it: what is no image at all is said in one sentence, and an image's proof ends with its status.
import { spawnSync } from "node:child_process";
import type { SpawnSyncReturns } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeFdt } from "../../partitions/devicetree/fdt.ts";
import { IMAGE_SIZE } from "../../partitions/images/arm64-image.ts";
import { inspectFile } from "../../tools/firmware/inspect/inspect.ts";
import { systemsOn } from "../../tools/prove/disk.ts";
import type { Report } from "../../tools/prove/report.ts";
import { BUNDLE } from "../bundle.ts";
import { COLOURED, imageOf } from "./bench.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-prove-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function written(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const prove = (...parameters: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, ["--liftoff-only", BUNDLE, "prove", ...parameters], {
    encoding: "utf8", env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
  });

const magic = (offset: number, ...bytes: readonly number[]): Uint8Array => {
  const file = new Uint8Array(1024);
  file.set(bytes, offset);
  return file;
};
const TREE = writeFdt({ root: { name: "", properties: new Map(), children: [] }, reserved: [], bootCpu: 0 });

describe("what is no image", () => {
  test.each<[string, Uint8Array | string, string, string]>([
    ["an empty file", "", "AXV_PROVE_KIND", "it is empty"],
    ["text", "board: qemu-aarch64\npartitions: {}\n", "AXV_PROVE_KIND", "it is text"],
    ["an image that is compressed", gzipSync("image"), "AXV_PROVE_KIND", "it is compressed with gzip"],
    ["an ELF file", magic(0, 0x7f, 0x45, 0x4c, 0x46, 2, 1), "AXV_PROVE_KIND", "it is an ELF file"],
    ["a device tree", TREE, "AXV_PROVE_KIND", "it is a device tree blob"],
    ["a zip archive", magic(0, 0x50, 0x4b, 3, 4), "AXV_PROVE_KIND", "it is a zip archive"],
    ["a disk of QEMU's", magic(0, 0x51, 0x46, 0x49, 0xfb), "AXV_PROVE_KIND", "it is a disk of QEMU's"],
    ["a bzImage", magic(0x202, 0x48, 0x64, 0x72, 0x53), "AXV_PROVE_KIND", "it is an x86 bzImage"],
    ["zeros", new Uint8Array(4096), "AXV_PROVE_KIND", "it has no header"],
  ])("%s", (name, bytes, code, words) => {
    const { status, stdout, stderr } = prove(written(name.replaceAll(/\W/g, ""), bytes), "--json");
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code, message: expect.stringContaining(words) as string } });
    expect(stderr).toContain(words);
  });

  test("no file, a folder, no board of that name", () => {
    expect(prove(join(folder, "none")).stderr).toContain("cannot be read: there is no such file. Give an image that");
    expect(prove(folder).stderr).toContain("cannot be read: it is a folder");
    expect(prove(written("i", imageOf(COLOURED)), "--board", "constructor").stderr).toContain("there is no board constructor");
  });
});

test("an image is proven, status 0; for another board it is not, status 1, and the report says why", () => {
  const image = written("image.bin", imageOf(COLOURED));
  const { status, stdout, stderr } = prove(image);
  expect(stdout).toMatch(/\n\nProven: all \d\d checks hold\.\n$/);
  expect(stderr).toContain("core: translating to C");
  expect(status).toBe(0);
  const other = prove(image, "--board", "phytium-pi", "--json");
  expect(other.status).toBe(1);
  const { proven, board, checks } = JSON.parse(other.stdout) as Report;
  expect({ proven, board }).toEqual({ proven: false, board: null });
  expect(checks.find(({ id }) => id === "board")?.findings[0]).toContain("and phytium-pi has");
  expect(checks.find(({ id }) => id === "pages")?.verdict).toBe("not tried");
});

describe("of a disk each slot is", () => {
  const SECTOR = 512;
  let disk = "";
  let slots: readonly number[] = [];
  beforeAll(() => {
    const system = "board: qemu-aarch64\npartitions: { plc: { guest: plc, cpus: [1], memory: 16M } }\n";
    written("line.yaml", system);
    disk = join(folder, "line.img");
    const built = spawnSync(
      process.execPath, ["--liftoff-only", BUNDLE, "build", join(folder, "line.yaml"), "--disk", disk], { encoding: "utf8" },
    );
    expect(built.stderr + built.stdout).toContain("line.img");
    const { parts } = inspectFile(disk) as Extract<ReturnType<typeof inspectFile>, { kind: "disk" }>;
    slots = parts.flatMap(({ name, first }) => (name.startsWith("slot-") ? [first] : []));
    expect(slots).toHaveLength(2);
  });
  const changed = (name: string, change: (a: Buffer, b: Buffer) => void): string => {
    const bytes = readFileSync(disk);
    const [a, b] = slots.map((first) => bytes.subarray(first * SECTOR));
    if (a !== undefined && b !== undefined) change(a, b);
    return written(name, bytes);
  };

  test("proven; nothing is in the other one", () => {
    const { status, stdout } = prove(changed("empty.img", (_, b) => b.fill(0, 0, SECTOR)));
    expect(stdout).toMatch(/^Slot a\n\n[^]*\nProven: all \d\d checks hold\.\n\nSlot b: nothing is in it\n/);
    expect(status).toBe(0);
  });

  test("or not, for a byte of the core is another one; and what is twice there is looked at once", () => {
    const flip = (bytes: Buffer): number => bytes.writeUInt8(bytes.readUInt8(0x1000) ^ 1, 0x1000);
    const { status, stdout } = prove(changed("flipped.img", (...both) => both.forEach(flip)), "--json");
    expect(JSON.parse(stdout)).toMatchObject({ slots: { a: { proven: false }, b: { sameAs: "a" } } });
    expect(status).toBe(1);
  });

  test("or no system at all", () => {
    const wrong = changed("wrong.img", (a, b) => {
      a.fill(0xa5, 0, SECTOR);
      b.writeBigUInt64LE(1n << 40n, IMAGE_SIZE);
    });
    expect(systemsOn(wrong)?.get("b")).toMatch(/^its image says that it has \d+ bytes, and the slot has fewer$/);
    const { slots } = JSON.parse(prove(wrong, "--json").stdout) as { slots: object };
    expect(slots).toMatchObject({ a: { wrong: "neither a FIT nor an image is in it" } });
    expect(prove(wrong).status).toBe(1);
    const none = prove(changed("none.img", (...both) => both.forEach((bytes) => bytes.fill(0, 0, SECTOR))));
    expect(none).toMatchObject({ status: 1, stdout: "Slot a: nothing is in it\n\nSlot b: nothing is in it\n\n" });
  });

  test("not there: it is a disk of somebody else's", () => {
    const foreign = Buffer.alloc(64 * SECTOR);
    foreign.writeUInt16LE(0xaa55, SECTOR - 2);
    expect(prove(written("foreign.img", foreign))).toMatchObject({ status: 1, stdout: "" });
  });
});
