// axv-part prove as a user calls it: what is no image at all is said in one sentence, and an image's proof ends with its status.
import { spawnSync } from "node:child_process";
import type { SpawnSyncReturns } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeFdt } from "../../partitions/devicetree/fdt.ts";
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
const TREE = writeFdt({ root: { name: "", path: "/", properties: new Map(), children: [] }, reserved: [], bootCpu: 0 });

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
    ["an image for RISC-V", magic(56, 0x52, 0x53, 0x43, 0x05), "AXV_PROVE_RISCV", "cannot be proven yet"],
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
