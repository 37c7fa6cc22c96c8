import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
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
