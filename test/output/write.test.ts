import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FileChangedError, Load } from "../../partitions/images/contents.ts";
import { MIB } from "../../partitions/units.ts";
import { writeTogether } from "../../tools/output/write.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-write-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("all files, and nothing else, with names as long as the file system takes", () => {
  const long = "n".repeat(255);
  writeFileSync(at("a"), "old");
  writeTogether(new Map<string, string | Uint8Array>([[at("a"), "new"], [at(long), Uint8Array.of(1, 2)]]));
  expect(readdirSync(folder).sort()).toEqual(["a", long]);
  expect(readFileSync(at("a"), "utf8")).toBe("new");
  expect([...readFileSync(at(long))]).toEqual([1, 2]);
});

test("what is made while it is written; where it is zeros, the file has holes", () => {
  const whole = Buffer.alloc(8 * MIB + 3);
  whole.writeUInt32LE(1, 2 * MIB + 7);
  const stream = {
    length: whole.length,
    *chunks() {
      for (let from = 0; from < whole.length; from += MIB) yield whole.subarray(from, from + MIB);
    },
  };
  expect(writeTogether(new Map([[at("disk"), stream]]))).toBe(true);
  expect(readFileSync(at("disk")).equals(whole)).toBe(true);
  expect(statSync(at("disk")).blocks * 512).toBeLessThan(2 * MIB);
  expect(writeTogether(new Map([[at("disk"), stream]]))).toBe(false);
  whole.writeUInt32LE(0, 2 * MIB + 7);
  expect(writeTogether(new Map([[at("disk"), stream]]))).toBe(true);
  expect(readFileSync(at("disk")).equals(whole)).toBe(true);
});

test("when one cannot be written, the others stay as they were", () => {
  writeFileSync(at("a"), "old");
  expect(() =>
    writeTogether(
      new Map([
        [at("a"), "new"],
        [at("gone/b"), "new"],
      ]),
    ),
  ).toThrow(/^cannot write .*gone\/b: no such file or directory$/);
  expect(readdirSync(folder)).toEqual(["a"]);
  expect(readFileSync(at("a"), "utf8")).toBe("old");
});

test("a folder that has appeared in the place of a file stays", () => {
  mkdirSync(at("a"));
  expect(() => writeTogether(new Map([[at("a"), "new"]]))).toThrow(/^cannot write /);
  expect(readdirSync(folder)).toEqual(["a"]);
});

describe("what is there already, byte by byte, is not written again", () => {
  const inode = (name: string): number => statSync(at(name)).ino;

  test("nor does what is beside it keep that from being so", () => {
    const files = (b: string): Map<string, string | Uint8Array> => new Map([[at("a"), "same"], [at("b"), b], [at("empty"), ""]]);
    expect(writeTogether(files("old"))).toBe(true);
    const before = ["a", "b", "empty"].map(inode);
    expect(writeTogether(files("old"))).toBe(false);
    expect(["a", "b", "empty"].map(inode)).toEqual(before);
    expect(writeTogether(files("new"))).toBe(true);
    expect(["a", "b", "empty"].map((name, n) => inode(name) === before[n])).toEqual([true, false, true]);
    expect(readFileSync(at("b"), "utf8")).toBe("new");
  });

  const LARGE = 2 * MIB + 512 * 1024;
  const large = (): Load => {
    writeFileSync(at("part"), Buffer.alloc(LARGE, "abcdefg"));
    const head = new Uint8Array(100).fill(7);
    const part = { path: at("part"), offset: 5, length: LARGE - 5 };
    return new Load(LARGE + MIB, [{ at: 0, contents: head }, { at: MIB - 1, contents: part }]);
  };

  test("of an image that is never whole in memory", () => {
    const image = large();
    expect(writeTogether(new Map([[at("image"), image]]))).toBe(true);
    expect(Buffer.compare(readFileSync(at("image")), image.bytes())).toBe(0);
    expect(writeTogether(new Map([[at("image"), image]]))).toBe(false);
  });

  test.each([
    ["its first byte", (bytes: Buffer) => bytes.writeUInt8(0)],
    ["its last byte", (bytes: Buffer) => bytes.writeUInt8(1, bytes.length - 1)],
    ["its length: shorter", (bytes: Buffer) => bytes.subarray(0, -1)],
    ["its length: longer", (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(1)])],
  ])("but is when somebody has changed %s", (_, change) => {
    const image = large();
    const bytes = Buffer.from(image.bytes());
    const changed = change(bytes);
    writeFileSync(at("image"), typeof changed === "number" ? bytes : changed);
    expect(writeTogether(new Map([[at("image"), image]]))).toBe(true);
    expect(Buffer.compare(readFileSync(at("image")), image.bytes())).toBe(0);
  });

  test("a part whose file has become shorter is no reason to write the half of it", () => {
    const image = large();
    truncateSync(at("part"), MIB);
    expect(() => writeTogether(new Map([[at("image"), image]]))).toThrow(FileChangedError);
    expect(readdirSync(folder)).toEqual(["part"]);
  });
});
