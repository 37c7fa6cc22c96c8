// What was measured stands beside what is proven of the very core that it was measured of, and of no other.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readMeasured, writeMeasured } from "../../tools/verify/measured.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-measured-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const written = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const MOST = new Map([["f", { instructions: 20, besidesSizes: -3 }], ["g", { instructions: 0, besidesSizes: 0 }]]);

test("read is what was written, for this core only", () => {
  const file = join(folder, "measured.json");
  const core = written("core.elf", "this core");
  expect(readMeasured(core, file)).toBeUndefined(); // nothing was measured
  writeMeasured(readFileSync(core), MOST, file);
  expect(readMeasured(core, file)).toEqual(MOST);
  expect(readMeasured(written("other.elf", "another core"), file)).toBeUndefined();
  expect(readFileSync(file, "utf8")).toMatch(/^\{\n "sha256": "[0-9a-f]{64}",\n "most": \{\n/);
});

test.each([
  ["no JSON", "measured"],
  ["no numbers", '{ "sha256": "" }'],
  ["a number that is none", '{ "sha256": "", "most": { "f": { "instructions": -1, "besidesSizes": 0 } } }'],
])("a file with %s is an error, and not as if nothing had been measured", (name, text) => {
  const file = written(`${name}.json`, text);
  expect(() => readMeasured(written("core.elf", "this core"), file)).toThrow(Error);
});
