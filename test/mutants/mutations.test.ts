// What mutants are made of a source, and which of them are tried.
import { describe, expect, test } from "vitest";
import { mutantsOf } from "./mutations.ts";
import { sample } from "./sample.ts";

const changesOf = (source: string, file = "core/a.ts"): string[] =>
  mutantsOf(file, source).map(({ source: changed, change }) => `${change} | ${changed.replaceAll("\n", "⏎")}`);

describe("of AssemblyScript", () => {
  test("operators between blanks are turned round; type arguments, comments and strings are not code", () => {
    expect(changesOf('x = <u32>a; // a < b\ny = " == ";')).toEqual([]);
    expect(changesOf("  if (a < b) c();")).toEqual(["< → <= |   if (a <= b) c();", "condition negated |   if (!(a < b)) c();"]);
    expect(changesOf("let m = a & ~b;")).toEqual(["& → | | let m = a | ~b;", "without & ~b | let m = a;"]);
    expect(changesOf("let m = 1 << n;")).toEqual(["<< → >> | let m = 1 >> n;", "1 → 2 | let m = 2 << n;"]);
  });

  test("statements are left out, and change places with the next one", () => {
    expect(changesOf("  dsbSy();\n  isb();")).toEqual([
      "left out | ⏎  isb();",
      "changes places with the next line |   isb();⏎  dsbSy();",
      "left out |   dsbSy();⏎",
    ]);
    expect(changesOf("  let a = f();\n  return a;")).toEqual([]);
  });

  test("an early end is left out", () => {
    expect(changesOf("  if (x) return;")).toEqual(["condition negated |   if (!(x)) return;", "left out | "]);
  });

  test("what the compiler alone evaluates is let alone", () => {
    expect(changesOf("if (A < B) ERROR(\"A\");")).toEqual([]);
  });

  test("bounds and imports are let alone", () => {
    expect(changesOf("    bound(i, 8 + 1);\nimport { a } from \"b\";")).toEqual([]);
  });
});

describe("of assembly", () => {
  test("every instruction is left out; labels, directives and comments are not instructions", () => {
    expect(changesOf("// text\n.balign 8\nlabel:\n1:  dsb     sy\n    eret", "arch/a.S")).toEqual([
      "left out | // text⏎.balign 8⏎label:⏎1:⏎    eret",
      "left out | // text⏎.balign 8⏎label:⏎1:  dsb     sy⏎",
    ]);
  });

  test("a register is saved in another place", () => {
    expect(changesOf("    stp     x2, x3, [x0, #16]", "arch/a.S")).toEqual([
      "left out | ",
      "#16] → #24] |     stp     x2, x3, [x0, #24]",
    ]);
  });
});

describe("a sample", () => {
  const mutants = [...mutantsOf("a", "  x();\n".repeat(20)), ...mutantsOf("b", "  y();\n".repeat(5))];
  const of = (file: string, seed: number): number => sample(mutants, 10, seed).filter((mutant) => mutant.file === file).length;

  test("is the same for the same seed, another for another, and has of each file what it is large", () => {
    expect(sample(mutants, 10, 1)).toEqual(sample(mutants, 10, 1));
    expect(sample(mutants, 10, 1)).not.toEqual(sample(mutants, 10, 2));
    expect([of("a", 1), of("b", 1)]).toEqual([8, 2]);
  });

  test("of more than there are is all of them", () => {
    expect(sample(mutants, 1000, 1)).toHaveLength(mutants.length);
  });
});
