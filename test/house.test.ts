// House rules that a program can look after: modules of the tools import one another in one direction.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const IMPORTING = ["boards", "industrial", "partitions", "rtos-guests/profiles", "tools"];
const FOLDERS = ["arch", "boards", "core", "industrial", "partitions", "rtos-guests", "test", "tools"];

const files = IMPORTING.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|yaml)$/.test(name))
    .map((name) => join(folder, name)),
);
const texts = new Map(files.map((file) => [file, readFileSync(file, "utf8")]));

const importsOf = (file: string): string[] =>
  [...(texts.get(file) ?? "").matchAll(/^(?:import|export)\b[^;]*? from "(\.[^"]+)"/gm)].map(([, path = ""]) =>
    normalize(join(dirname(file), path)),
  );

/** From a module back to itself. */
function circleFrom(start: string): string[] | undefined {
  const trail = [[start]];
  const seen = new Set<string>();
  for (let path = trail.pop(); path !== undefined; path = trail.pop()) {
    for (const next of importsOf(path.at(-1) ?? "")) {
      if (next === start) return [...path, start];
      if (texts.has(next) && !seen.has(next)) trail.push([...path, next]);
      seen.add(next);
    }
  }
  return undefined;
}

test("no import leads back to where it comes from", () => {
  expect(files.length).toBeGreaterThan(150);
  expect(files.flatMap((file) => circleFrom(file)?.join(" → ") ?? [])).toEqual([]);
});

/** Characters, not bytes: comments are drawn with some that have three. */
const COLUMNS = 130;
/** Files that are wrong, some of them by their length. */
const DATA = "test/partitions/bad/";
/** C as it is compiled, a string each. */
const C_IN_STRINGS = "arch/aarch64/aarch64.table.ts";
/** A regular expression, which is one literal: no line break may stand in it. */
const isUnbreakable = (line: string): boolean => /^\s*\/[^/*].*\/[a-z]*[,;]$/.test(line);

test("lines have 130 columns at most, so that two files stand beside one another", () => {
  const held = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name))
      .filter((name) => !name.startsWith(DATA) && name !== C_IN_STRINGS && /\.(ts|S|c|h|ld|yaml|css|html)$/.test(name)),
  );
  expect(held.length).toBeGreaterThan(100);
  const long = held.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line, at) => ([...line].length > COLUMNS && !isUnbreakable(line) ? [`${file}:${at + 1}`] : [])),
  );
  expect(long).toEqual([]);
});

test("boards know nothing of partitions", () => {
  expect(
    files.filter((file) => file.startsWith("boards/") && importsOf(file).some((path) => path.startsWith("partitions/"))),
  ).toEqual([]);
});

/** What only one ISA has, or calls so; of names that are joined by underscores, each part. */
const ISA_WORDS = new RegExp(
  `(?<![A-Za-z0-9])(${[
    "GIC\\w*|(SGI|PPI|SPI|INTID)s?|ICC_\\w*|ICH_\\w*|[Ll]ist registers?|PSCI|SMCCC|HVC|SMC",
    "MPIDR|VTTBR|ESR|ELR|FAR_EL\\d|HCR|EL[0-3]",
    "harts?|CSRs?|SBI|APLIC|IMSICs?|PLIC|X?2?APICs?|VMCSs?|VMCBs?|Arm ARM|IHI 00\\d\\d|DEN 00\\d\\d|AArch64|RISC-V|x86|LoongArch",
  ].join("|")})(?![A-Za-z0-9])`,
);
const wordsOf = (file: string): string[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line, at) => (ISA_WORDS.test(line) ? [`${file}:${at + 1}: ${ISA_WORDS.exec(line)?.[0] ?? ""}`] : []));

test("core/ has no word of an ISA, in comments neither, and imports nothing of arch/", () => {
  const core = readdirSync("core", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join("core", name));
  expect(core.length).toBeGreaterThan(35);
  expect(core.flatMap(wordsOf)).toEqual([]);
  expect(core.filter((file) => /from "(\.\.\/)+arch\//.test(readFileSync(file, "utf8")))).toEqual([]);
  for (const word of ["EXIT_SGI", "the GICD's", "list registers", "ESR_EL2", "EL2", "a hart", "IHI 0069"])
    expect(word).toMatch(ISA_WORDS);
  expect("ESSENTIAL SPIN legacy_magic charts ELSE").not.toMatch(ISA_WORDS);
});

/** Besides the tables by which all others reach an ISA: the plan's types are the union of all of them. */
const KNOW_ISAS = [
  "boards/schema.ts", "partitions/isas.ts", "partitions/blob/isas.ts", "partitions/blob/write.ts", "partitions/plan/plan.ts",
  "rtos-guests/profiles/schema.ts",
];

test("of boards, profiles and partitions nobody imports an ISA's files but the tables of ISAs, and an ISA's own", () => {
  const isIsas = (file: string): boolean => /\/(aarch64|riscv64)(\/|\.)/.test(file);
  const described = files.filter((file) => /^(boards|partitions|rtos-guests\/profiles)\//.test(file) && file.endsWith(".ts"));
  const knowing = described.filter((file) => !isIsas(file) && importsOf(file).some(isIsas));
  expect(knowing.sort()).toEqual([...KNOW_ISAS].sort());
});
