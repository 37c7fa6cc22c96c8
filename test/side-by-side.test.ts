// Runs side by side, on small projects of their own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Command, runSideBySide } from "./side-by-side.ts";

const ROOT = join(import.meta.dirname, "..");

let folder: string; // below the repository, so that its tests find vitest
beforeEach(() => {
  mkdirSync(join(ROOT, "build"), { recursive: true });
  folder = mkdtempSync(join(ROOT, "build/side-by-side-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A run of vitest on one file of tests. */
function project(name: string, tests: string): Command {
  const root = join(folder, name);
  mkdirSync(root);
  writeFileSync(join(root, "a.test.ts"), `import { expect, test } from "vitest";\n${tests}`);
  const reporters = JSON.stringify(["default", join(ROOT, "test/closing-line.ts")]);
  writeFileSync(join(root, "vitest.config.ts"), `export default { test: { reporters: ${reporters} } };`);
  return [process.execPath, join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "--root", root];
}

async function run(...commands: Command[]): Promise<{ status: number; lines: string[] }> {
  let text = "";
  const status = await runSideBySide(commands, (more) => (text += more));
  return { status, lines: text.trimEnd().split("\n") };
}

test("two that pass close as one", async () => {
  const { status, lines } = await run(
    project("one", 'test("a", () => {}); test.skip("b", () => {});'), project("other", 'test("c", () => {});'));
  expect({ status, last: lines.at(-1) }).toEqual({ status: 0, last: "2 passed, 0 failed, 1 skipped" });
});

test("whichever fails, its failure stands before the last line", async () => {
  const { status, lines } = await run(
    project("one", 'test("wrong", () => expect(1).toBe(2));'),
    project("other", 'test("c", () => new Promise((done) => setTimeout(done, 2000)));'));
  expect({ status, last: lines.at(-1) }).toEqual({ status: 1, last: "1 passed, 1 failed" });
  expect(lines.slice(-4).join("\n")).toMatch(/^FAIL a\.test\.ts > wrong\nexpected 1 to be 2/);
});

test("one that says nothing of its failure has failed", async () => {
  const { status, lines } = await run(project("one", 'test("a", () => {});'), [process.execPath, "-e", "process.exit(3)"]);
  expect({ status, last: lines.at(-1) }).toEqual({ status: 3, last: "1 passed, 1 failed" });
});
