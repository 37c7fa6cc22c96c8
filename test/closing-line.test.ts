// The closing line, by running vitest on small projects of its own.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");

let project: string; // below the repository, so that its tests find vitest
beforeEach(() => {
  mkdirSync(join(ROOT, "build"), { recursive: true });
  project = mkdtempSync(join(ROOT, "build/closing-line-"));
});
afterEach(() => {
  rmSync(project, { recursive: true });
});

function lastLineOf(tests: Readonly<Record<string, string>>): { line: string | undefined; status: number | null } {
  const imports = 'import { expect, test, describe, beforeAll } from "vitest";\n';
  for (const [name, text] of Object.entries(tests)) writeFileSync(join(project, `${name}.test.ts`), imports + text);
  const reporters = JSON.stringify(["default", join(ROOT, "test/closing-line.ts")]);
  writeFileSync(join(project, "vitest.config.ts"), `export default { test: { reporters: ${reporters} } };`);
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const { stdout, status } = spawnSync(process.execPath, [vitest, "run", "--root", project], { encoding: "utf8" });
  return { line: stdout.trimEnd().split("\n").at(-1), status };
}

test("all passed", () => {
  expect(lastLineOf({ a: 'test("a", () => {});', b: 'test("b", () => {});' })).toEqual({ line: "2 passed, 0 failed", status: 0 });
});

test("failed and skipped tests are counted as such", () => {
  const a = 'test("a", () => {}); test("b", () => expect(1).toBe(2)); test.skip("c", () => {});';
  expect(lastLineOf({ a })).toEqual({ line: "1 passed, 1 failed, 1 skipped", status: 1 });
});

test("a file that does not load counts as failed", () => {
  expect(lastLineOf({ a: 'test("a", () => {});', b: 'import "./nowhere.ts";' })).toEqual({
    line: "1 passed, 1 failed",
    status: 1,
  });
});

test("a group whose preparation fails counts as failed, its tests as skipped", () => {
  const a = 'describe("a", () => { beforeAll(() => { throw new Error("no"); }); test("b", () => {}); });';
  expect(lastLineOf({ a })).toEqual({ line: "0 passed, 1 failed, 1 skipped", status: 1 });
});

test("an error after the end of its test counts as failed", () => {
  const a =
    'test("a", () => { setTimeout(() => { throw new Error("late"); }, 1); });\n' +
    'test("b", () => new Promise((done) => setTimeout(done, 50)));';
  expect(lastLineOf({ a })).toEqual({ line: "2 passed, 1 failed", status: 1 });
});

test("no test at all counts as failed", () => {
  expect(lastLineOf({})).toEqual({ line: "0 passed, 1 failed", status: 1 });
});
