// What a budgets file may say, and what is said of one that is wrong.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadBudgets } from "../../tools/verify/budgets.ts";
import { VerifyError } from "../../tools/verify/errors.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-budgets-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const SIZE = "size: { textAndRodata: 1, linearMemory: 0, sourceLines: 3 }\n";

function load(text: string): ReturnType<typeof loadBudgets> {
  const file = join(folder, "budgets.yaml");
  writeFileSync(file, text);
  return loadBudgets(file);
}

/** What is wrong, without the file's name and what to do about it. */
function wrong(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error;
    expect(error.code).toBe("budgets-malformed");
    const [, what = error.message] = /^(.*): correct the budgets file \[budgets-malformed\]$/s.exec(error.message) ?? [];
    return what.replaceAll(folder, "…");
  }
  return "nothing";
}

test("a whole file", () => {
  expect(load(`entries: { f: { instructions: 0, stack: 16, perIteration: 3, why: x }, g: { instructions: 1, stack: 0, why: y } }
${SIZE}`)).toEqual({
    entries: {
      f: { instructions: 0, stack: 16, perIteration: 3, why: "x" },
      g: { instructions: 1, stack: 0, why: "y" },
    },
    size: { textAndRodata: 1, linearMemory: 0, sourceLines: 3 },
  });
});

test.each([
  [
    "several things at once",
    `entries: { f: { instructions: -1, stack: 1, why: x }, g: { instructions: 1, stack: 0.5, why: "" } }\n${SIZE}`,
    "…/budgets.yaml: entries.f.instructions: Too small: expected number to be >=0; " +
      "entries.g.stack: Invalid input: expected int, received number; " +
      "entries.g.why: Too small: expected string to have >=1 characters",
  ],
  [
    "a key too many",
    `entries: { f: { instructions: 1, stack: 1, why: x, stacks: 1 } }\n${SIZE}`,
    '…/budgets.yaml: entries.f: Unrecognized key: "stacks"',
  ],
  ["no sizes", "entries: {}\n", "…/budgets.yaml: size: Invalid input: expected object, received undefined"],
  [
    "an alias of nothing",
    "entries: *there\n",
    "…/budgets.yaml: Unresolved alias (the anchor must be set before the alias): there",
  ],
])("wrong: %s", (_, text, message) => {
  expect(wrong(() => load(text))).toBe(message);
});

test("wrong: no YAML, or no file", () => {
  expect(wrong(() => load("entries: [\n"))).toMatch(/^…\/budgets\.yaml: .* at line 2, column 1:/);
  expect(wrong(() => loadBudgets(join(folder, "none.yaml")))).toBe(
    "…/none.yaml: ENOENT: no such file or directory, open '…/none.yaml'",
  );
});
