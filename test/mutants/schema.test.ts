// Which lines become a choice, and of what form it is; whatever is none is left to be compiled by itself.
import { describe, expect, test } from "vitest";
import { mutantsOf } from "./mutations.ts";
import { schemaOf } from "./schema.ts";
import type { Numbered } from "./schema.ts";

const numbered = (source: string, change?: string): Numbered[] =>
  mutantsOf("core/a.ts", source)
    .map((mutant, number) => ({ ...mutant, number }))
    .filter((mutant) => change === undefined || mutant.change === change);
/** The lines of the source alone. */
const chosen = (source: string, change?: string, refused: readonly number[] = []): string =>
  schemaOf(source, numbered(source, change), new Set(refused), "choose").source.split("\n@external")[0] ?? "";

describe("a choice", () => {
  test("of statements", () => {
    expect(chosen("  f(a);\n", "left out")).toBe("  if (mutant_chosen == 0) {  } else { f(a); }\n");
    expect(chosen("  if (a < b) return;", "< → <=")).toBe(
      "  if (mutant_chosen == 0) { if (a <= b) return; } else { if (a < b) return; }",
    );
  });

  test("of conditions, and of a loop's begin", () => {
    expect(chosen("  if (a < b) {", "< → <=")).toBe("  if ((mutant_chosen == 0 ? (a <= b) : (a < b))) {");
    expect(chosen("  for (let i: u32 = 0; i < n; i++) {", "0 → 1")).toBe(
      "  for (let i: u32 = (mutant_chosen == 1 ? (1) : (0)); i < n; i++) {",
    );
  });

  test("of what a variable begins with, and of a function's one line", () => {
    expect(chosen("const A: u32 = 1 << 3;", "<< → >>")).toBe("const A: u32 = (mutant_chosen == 0 ? (1 >> 3) : (1 << 3));");
    expect(chosen("function f(): u32 { return a + b; }", "+ → -")).toBe(
      "function f(): u32 { if (mutant_chosen == 0) { return a - b; } else { return a + b; } }",
    );
  });

  test("of a chain of conditions and of an expression over two lines, as one", () => {
    expect(chosen("  if (a) f();\n  else if (b < c) g();\n", "< → <=")).toBe(
      "  if (mutant_chosen == 1) { if (a) f(); else if (b <= c) g(); } else { if (a) f(); else if (b < c) g(); }\n\n",
    );
    expect(chosen("  return a ||\n    b < c;\n", "< → <=")).toMatch(
      /^ {2}if \(mutant_chosen == \d\) \{ return a \|\| b <= c; \} else \{ return a \|\| b < c; \}\n\n$/,
    );
  });

  test("of two lines that change places, in both of them", () => {
    expect(chosen("  f();\n  g();", "changes places with the next line").split("\n")).toEqual([
      "  if (mutant_chosen == 1) { g(); } else { f(); }",
      "  if (mutant_chosen == 1) { f(); } else { g(); }",
    ]);
  });
});

describe("no choice", () => {
  test.each([
    ["what the code behind relies on", "  if (a === null) return;"],
    ["a loop's step", "  for (let i: u32 = n; i < n; x &= x - 1) {"],
    ["a table's rows", "  0x1, 0x2,"],
  ])("of %s", (_, source) => {
    const { held } = schemaOf(source, numbered(source), new Set(), "choose");
    expect(held.filter(({ change }) => change !== "condition negated" || !source.includes("=== null")).length).toBeLessThan(
      numbered(source).length,
    );
  });

  test("of a line that the compiler has refused", () => {
    expect(chosen("  f(a);", undefined, [1])).toBe("  f(a);");
  });
});

test("who watches has one place a line, by which all its mutants are known", () => {
  const source = "  if (a < b) return;";
  const { source: made, places } = schemaOf(source, numbered(source), new Set(), "watch");
  expect(made.split("\n")[0]).toBe("  if (mutant_reached(0)) { if (a <= b) return; } else { if (a < b) return; }");
  expect([...places.values()]).toEqual([0, 0, 0]);
});
