// Budgets that are passed or do not fit the program: what is said, and by how much.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import { formatReport } from "../../tools/verify/table.ts";
import { verify, type Report } from "../../tools/verify/verify.ts";
import {
  ASSEMBLY, BUDGETS, C, codes, folderWithWasm, messagesOf, remove, verified, withEntry, type Budgets,
} from "./products.ts";
import { BOUNDED, withElf, type Source } from "./sample.ts";

let folder = "";
let wasm = "";
beforeAll(async () => {
  ({ folder, wasm } = await folderWithWasm());
});
afterAll(() => {
  remove(folder);
});

const check = (budgets?: Budgets, source?: Source): Report => verified(folder, wasm, budgets, source);
const messages = (report: Report): string[] => messagesOf(report, folder);

/** What to do about it. */
const SHORTER = "make it shorter, or raise the budget with a reason [over-budget]";

describe("budgets passed", () => {
  test("instructions: says what, where and by how much", () => {
    const report = check(withEntry("outer", { instructions: 7, stack: 0, why: "too small" }));
    expect(codes(report)).toEqual(["over-budget"]);
    const found = report.entries[0]?.instructions ?? NaN;
    expect(messages(report)).toEqual([
      `outer: instructions: ${found}, budget 7 (…/budgets.yaml), ${found - 7} too many: ${SHORTER}`,
    ]);
    expect(formatReport(report).join("\n")).toContain(" 7 !");
  });

  test("stack", () => {
    const report = check(withEntry("alone", { instructions: 100, stack: 8, why: "too small" }));
    const found = report.entries[1]?.stack ?? NaN;
    expect(messages(report)).toEqual([
      `alone: bytes of stack: ${found}, budget 8 (…/budgets.yaml), ${found - 8} too many: ${SHORTER}`,
    ]);
  });

  test.each(["textAndRodata", "linearMemory", "sourceLines"])("%s", (name) => {
    const report = check({ ...BUDGETS, size: { ...BUDGETS.size, [name]: 1 } });
    const found = report.sizes.find((one) => one.name === name)?.value ?? NaN;
    expect(messages(report)).toEqual([`${name}: ${found}, budget 1 (…/budgets.yaml), ${found - 1} too many: ${SHORTER}`]);
  });

  test("a loop as long as a byte count needs a budget per iteration", () => {
    const c = C.replace("1; return room", "1; for (u32 i = 0; i < room[1]; i++) { BYTES_LOOP; *at = i; } return room");
    const source = { c, assembly: ASSEMBLY };
    const refused = check(BUDGETS, source);
    const [loop] = refused.entries[1]?.perIteration ?? [];
    const { place, instructions: round } = loop ?? { place: "", instructions: NaN };
    expect(place).toMatch(/^inner \(test\/verify\/assembly\/nested\.ts:\d+\)$/);
    expect(messages(refused)).toEqual([
      `alone: instructions per iteration of a byte loop (${place}): ${round}, budget 0 (…/budgets.yaml), ` +
        `${round} too many: ${SHORTER}`,
    ]);
    const allowed = (perIteration: number): Budgets =>
      withEntry("alone", { instructions: 100, stack: 200, perIteration, why: "copies" });
    expect(codes(check(allowed(round), source))).toEqual([]);
    expect(codes(check(allowed(round - 1), source))).toEqual(["over-budget"]);
    expect(formatReport(check(allowed(round), source))).toContain(`  a: iterations of the loop in ${place}`);
  });

  test("of several such loops the dearest round counts, and all are named", () => {
    const assembly = `${BOUNDED}${ASSEMBLY}
      bytes: nop\n 1: nop\n bounded 0xffffffff, 7\n cbnz x0, 1b\n b more
      more: nop\n 1: nop\n bounded 0xffffffff, 7\n nop\n cbnz x0, 1b\n ret`;
    const may = (perIteration: number): Budgets =>
      withEntry("bytes", { instructions: 20, stack: 0, perIteration, why: "two loops" });
    expect(messages(check(may(3), { c: C, assembly }))).toEqual([]);
    expect(messages(check(may(2), { c: C, assembly }))).toEqual([
      `bytes: instructions per iteration of a byte loop (bytes, more): 3, budget 2 (…/budgets.yaml), 1 too many: ${SHORTER}`,
    ]);
  });
});

describe("a budgets file that does not fit", () => {
  test("an entry point without a budget", () => {
    expect(messages(check({ ...BUDGETS, entries: { outer: BUDGETS.entries.outer } }))).toEqual([
      "…/budgets.yaml: entry point alone: every entry point needs a budget; add a line to the budgets file [budget-missing]",
    ]);
  });

  test("a budget for what is not there", () => {
    expect(messages(check(withEntry("gone", { instructions: 1, stack: 1, why: "renamed" })))).toEqual([
      "…/budgets.yaml: entries.gone: no such function in the binary: clang inlined it, or it has another name now; " +
        "correct the budgets file [budget-unknown]",
    ]);
  });

  test("a budget for what cannot be analysed, by whichever of its names: it is there", () => {
    const assembly = `${ASSEMBLY} .global lost\n lost:\n also: br x0`;
    for (const name of ["lost", "also"]) {
      expect(codes(check(withEntry(name, { instructions: 1, stack: 1, why: "x" }), { c: C, assembly }))).toEqual([
        "indirect-branch",
      ]);
    }
  });

  test("a budget for an entry of assembly makes no second row of it", () => {
    const { entries, problems } = check(withEntry("vector", { instructions: 200, stack: 200, why: "an exception" }));
    expect(problems).toEqual([]);
    expect(entries.map(({ name, kind, budget }) => [name, kind, budget?.why])).toEqual([
      ["outer", "export", "five rounds"], ["alone", "export", "an array"], ["vector", "assembly", "an exception"],
    ]);
  });

  test.each([
    ["a misspelt key", withEntry("outer", { instruction: 1, stack: 1, why: "" })],
    ["no reason", withEntry("outer", { instructions: 100, stack: 0 })],
    ["no sizes", { entries: BUDGETS.entries }],
    ["a negative amount", withEntry("outer", { instructions: -1, stack: 0, why: "x" })],
  ])("%s", (_, budgets) => {
    expect(codes(check(budgets))).toEqual(["budgets-malformed"]);
  });

  test("no file, or no YAML", () => {
    const broken = join(folder, "broken.yaml");
    writeFileSync(broken, "entries: [");
    for (const file of [broken, join(folder, "missing.yaml")]) {
      const report = withElf({ c: C, assembly: ASSEMBLY }, (elf) => verify(elf, wasm, { ...AARCH64, budgets: file }));
      expect(codes(report)).toEqual(["budgets-malformed"]);
      // What can be said without budgets is said all the same.
      expect(report.entries.map(({ name, budget }) => [name, budget])).toEqual([
        ["outer", undefined], ["alone", undefined], ["vector", undefined],
      ]);
      expect([report.sizes, report.stack?.entry]).toEqual([[], "vector"]);
    }
  });
});
