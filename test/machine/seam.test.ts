// Where the seam is (tools/machine/isa.ts): what is the same for every ISA names none.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Files of these folders themselves; those of an ISA are in folders of its name. */
const COMMON = ["tools/machine", "test/core/property", "test/hostile/simulator"];
const IMPORT = /from "([^"]+)"/g;
const OF_AN_ISA = /(^|\/)(aarch64|riscv64|x86_64|loongarch64)\//;
/** Words of one ISA's in code; what a comment explains by an example is another matter. */
const WORDS = /\b(GICD?|GICR|INTID|SGIS?|PPIS?|SPIS?|PSCI|SMCCC|MPIDR|VTTBR|HCR|ESR|EL[123]|APLIC|IMSIC|SBI|hgatp|VMCS|VMCB)\b/;
/** A field of the plan, which is AArch64's name for a line still. */
const PLAN = /\bintid\b/g;

const files = COMMON.flatMap((folder) =>
  readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts")).map((name) => join(folder, name)));
const codeOf = (file: string): string =>
  readFileSync(file, "utf8").replace(/\/\*[^]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "").replace(PLAN, "");

test("they import nothing of an ISA's", () => {
  expect(files.length).toBeGreaterThan(40);
  const wrong = files.flatMap(
    (file) =>
      [...codeOf(file).matchAll(IMPORT)].filter(([, path = ""]) => OF_AN_ISA.test(path)).map(([, path]) => `${file}: ${path}`)
  );
  expect(wrong).toEqual([]);
});

test("nor has their code a word of one", () => {
  expect(
    files.flatMap((file) => codeOf(file).split("\n").filter((line) => WORDS.test(line)).map((line) => `${file}: ${line.trim()}`))
  ).toEqual([]);
});
