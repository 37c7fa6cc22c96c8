// The whole step, on the products of a small program: what it reports, and every way to fail it.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Isa } from "../../tools/build/targets/target.ts";
import { sourceLines } from "../../tools/verify/size.ts";
import { formatReport } from "../../tools/verify/table.ts";
import { verify, type Report } from "../../tools/verify/verify.ts";
import {
  ASSEMBLY, BUDGETS, C, codes, folderWithWasm, messagesOf, remove, targetWith, verified, withEntry, type Budgets,
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

describe("a program within its budgets", () => {
  test("has no problems, and a row for every entry point", () => {
    const report = check();
    expect(report.problems).toEqual([]);
    expect(report.entries.map(({ name, kind }) => [name, kind])).toEqual([
      ["outer", "export"],
      ["alone", "export"],
      ["vector", "assembly"],
    ]);
  });

  test("an entry's cost is that of everything called", () => {
    const [outer, alone, vector] = check().entries;
    expect(vector?.instructions).toBe(5 + (outer?.instructions ?? NaN) + (alone?.instructions ?? NaN));
    expect(vector?.stack).toBe(16 + (alone?.stack ?? NaN));
    expect(alone?.stack).toBeGreaterThanOrEqual(80 + 16);
  });

  test("functions inside have a row if a budget names them", () => {
    const report = check(withEntry("inner", { instructions: 50, stack: 100, why: "looked at apart" }));
    expect(report.problems).toEqual([]);
    expect(report.entries.at(-1)).toMatchObject({ name: "inner", kind: "function" });
  });

  test("sizes, each with its budget, and what is left of the stack", () => {
    const { sizes, stack, entries } = check();
    const text = sizes[0]?.value ?? NaN;
    expect(text).toBeGreaterThan(40);
    expect(sizes).toEqual([
      { name: "textAndRodata", value: text, budget: 4096 },
      { name: "linearMemory", value: 65536, budget: 65536 },
      { name: "sourceLines", value: sourceLines(".", ["core", "arch/aarch64"]), budget: 1_000_000 },
    ]);
    expect(stack).toEqual({ entry: "vector", needed: entries.find(({ name }) => name === "vector")?.stack, available: 4096 });
  });

  test("an entry point that nobody calls is an export all the same, and no second row", () => {
    const { entries, problems } = check(BUDGETS, { c: C, assembly: ASSEMBLY.replace("bl outer", "nop") });
    expect(problems).toEqual([]);
    expect(entries.map(({ name, kind }) => [name, kind])).toEqual([
      ["outer", "export"], ["alone", "export"], ["vector", "assembly"],
    ]);
  });

  test("of entry points that are equally deep the first one is named", () => {
    const twice = `${ASSEMBLY}  second: stp x29, x30, [sp, #-16]!\n bl alone\n ldp x29, x30, [sp], #16\n ret\n`;
    const { stack, entries } = check(BUDGETS, { c: C, assembly: twice });
    expect(new Set(entries.filter(({ kind }) => kind === "assembly").map((row) => row.stack)).size).toBe(1);
    expect(stack?.entry).toBe("vector");
  });

  test("that needs its stack to the last byte, and costs just what it may", () => {
    const { stack, entries, sizes } = check();
    const [outer, alone] = entries;
    const exact = {
      entries: {
        outer: { instructions: outer?.instructions, stack: outer?.stack, why: "exact" },
        alone: { instructions: alone?.instructions, stack: alone?.stack, why: "exact" },
      },
      size: Object.fromEntries(sizes.map(({ name, value }) => [name, value])),
    };
    const assembly = ASSEMBLY.replace("axv_stack_size, 4096", `axv_stack_size, ${stack?.needed ?? NaN}`);
    expect(messages(check(exact, { c: C, assembly }))).toEqual([]);
  });

  test("says what its numbers take for granted", () => {
    expect(check().notes).toEqual([
      "1 loops: 1 with a stated bound, 0 as long as a byte count.",
      "0 retry loops of exclusive loads and stores, counted as 8 attempts each (one for each pCPU).",
      "HVC, SMC and WFI count as one instruction each; a BRK (trap) ends its path and is a panic.",
    ]);
    // Lines of nested.ts: the loop on line 13 runs around that on line 15.
    const assembly = `${BOUNDED}${ASSEMBLY}
      merged: nop\n 1: bounded 5, 13\n nop\n bounded 6, 15\n cbnz x0, 1b\n cbnz x1, 1b\n ret
      bytes: nop\n 1: nop\n bounded 0xffffffff, 7\n cbnz x0, 1b\n ret
      retry: nop\n 1: ldaxr w8, [x0]\n stlxr w10, w9, [x0]\n cbnz w10, 1b\n ret`;
    const report = check(BUDGETS, { c: C, assembly, lines: true });
    expect(messages(report)).toEqual([]);
    expect(report.notes).toEqual([
      "4 loops: 1 with a stated bound, 1 as long as a byte count.",
      "1 retry loops of exclusive loads and stores, counted as 8 attempts each (one for each pCPU).",
      "HVC, SMC and WFI count as one instruction each; a BRK (trap) ends its path and is a panic.",
      "merged: clang made one loop of those on lines 15, 13; their limits multiply.",
    ]);
  });

  test("is all there is: of nothing that could be analysed there is no stack", () => {
    const assembly = `f: br x0\n ${ASSEMBLY.replace(/^.*vector[^]*?ret\n/m, "")}`;
    const { stack, problems, entries } = check({ ...BUDGETS, entries: {} }, { assembly });
    expect(problems.map(({ code }) => code)).toEqual(["indirect-branch", "budget-missing", "budget-missing"]);
    expect([entries, stack]).toEqual([[], undefined]);
  });

  test("at the deepest place there is room for a fault, whose entry is one that comes to a panic", () => {
    const panic = "void panic(volatile u32 *at) { volatile u32 room[100]; room[*at % 100] = 1; }\n";
    const fault = `
  .global fault
  fault: stp x29, x30, [sp, #-16]!
    bl panic
    ldp x29, x30, [sp], #16
    ret
`;
    const { entries, stack, problems } = check(BUDGETS, { c: C + panic, assembly: ASSEMBLY + fault });
    expect(problems).toEqual([]);
    const bytes = (entry: string): number => entries.find(({ name }) => name === entry)?.stack ?? NaN;
    expect(bytes("fault")).toBeGreaterThan(bytes("vector"));
    expect(stack).toMatchObject({ entry: "fault", needed: 2 * bytes("fault") });
    const deeper = C.replace("room[20]", "room[200]");
    const { entries: others, stack: deep } = check(
      { ...BUDGETS, entries: {} }, { c: deeper + panic, assembly: ASSEMBLY + fault },
    );
    const vector = others.find(({ name }) => name === "vector")?.stack ?? NaN;
    expect(deep).toMatchObject({ entry: "vector", needed: vector + bytes("fault") });
  });

  test("the table shows it all", () => {
    const text = formatReport(check()).join("\n");
    expect(text).toMatch(/^ {2}outer +\d+ +100 +0 +0$/m);
    expect(text).toMatch(/^ {2}vector +\d+ +\d+$/m);
    expect(text).toMatch(/^linear memory, bytes +65,536 +65,536$/m);
    expect(text).toMatch(/^the hypervisor's stack: \d+ of 4,096 bytes \(vector\), [\d,]+ left$/m);
  });

  test("what was measured of this very core stands beside what is proven, with a mark if it is more", () => {
    const measured = new Map([
      ["outer", { instructions: 5, besidesSizes: 5 }],
      ["vector", { instructions: 99999, besidesSizes: 99999 }],
    ]);
    const text = formatReport(check(), measured).join("\n");
    expect(text).toMatch(/^entry +instructions +measured +budget/m);
    expect(text).toMatch(/^ {2}outer +\d+ +5 +100 +0 +0$/m);
    expect(text).toMatch(/^ {2}vector +\d+ +99,999 ! +\d+$/m);
  });
});

describe("a program that cannot be proven", () => {
  test("all that is wrong is said at once", () => {
    const assembly = `${BOUNDED}${ASSEMBLY} a: 1: nop\n cbnz x0, 1b\n ret\n b: br x0`;
    expect(codes(check(BUDGETS, { c: C, assembly }))).toEqual(["indirect-branch", "loop-unmarked"]);
  });

  test("a stack that is too small", () => {
    const report = check(BUDGETS, { c: C, assembly: ASSEMBLY.replace("axv_stack_size, 4096", "axv_stack_size, 64") });
    expect(messages(report)).toEqual([
      `vector needs ${report.stack?.needed ?? NaN} bytes of stack, and has 64: ` +
        "raise the stack size in the linker script to what the proof says [stack-too-small]",
    ]);
  });

  test("a fault at the deepest place adds what panic needs", () => {
    const c = `${C} u32 panic(volatile u32 *at) { return inner(at); }`;
    const assembly = `${ASSEMBLY} fault: stp x0, x1, [sp, #-32]!\n bl panic\n 1: wfi\n b 1b`;
    const { entries, stack } = check(BUDGETS, { c, assembly });
    const bytes = (name: string): number => entries.find((row) => row.name === name)?.stack ?? NaN;
    expect(bytes("fault")).toBeGreaterThan(32);
    expect(stack?.needed).toBe(Math.max(bytes("vector"), bytes("fault")) + bytes("fault"));
  });

  test("symbols that the linker script must define", () => {
    const report = check(BUDGETS, { c: C, assembly: ASSEMBLY.replace(/.*axv.*\n/g, "") });
    expect(messages(report)).toEqual([
      "symbol axv_stack_size: the linker script must define it [symbol-missing]",
      "symbol axv_linear_end: the linker script must define it [symbol-missing]",
    ]);
    expect([report.stack, report.sizes]).toEqual([undefined, []]);
  });

  test("a marker that is not of this WebAssembly", () => {
    expect(messages(check(BUDGETS, { c: C.replace("BOUND(5)", "BOUND(6)"), assembly: ASSEMBLY }))).toEqual([
      expect.stringMatching(/^test\/verify\/assembly\/nested\.ts:\d+: line 13, limit 6, in outer\+0x[0-9a-f]+: section/),
    ]);
  });

  test("markers of assembly and of intrinsics, and those of a byte count, need no loop in the WebAssembly", () => {
    const loop = (limit: string, line: number): string => `own: nop\n 1: nop\n bounded ${limit}, ${line}\n cbnz x0, 1b\n ret`;
    const withLoop = (text: string, lines = false): string[] =>
      codes(check(BUDGETS, { c: C, assembly: `${BOUNDED}${ASSEMBLY}${text}`, lines }));
    expect(withLoop(loop("9", 0))).toEqual([]);
    expect(withLoop(loop("0xffffffff", 9))).toEqual([]);
    expect(withLoop(loop("9", 9))).toEqual(["markers-malformed"]);
    expect(withLoop(loop("9", 9), true)).toEqual([]);
  });

  test("a file that is no ELF", () => {
    const target = targetWith(join(folder, "budgets.yaml"));
    const report = verify("package.json", wasm, target);
    expect(codes(report)).toEqual(["elf-malformed"]);
    expect({ ...report, problems: [] }).toEqual({ entries: [], sizes: [], stack: undefined, notes: [], problems: [] });
  });

  test("a file that is not there is a mistake of whoever asks, and no problem of the program's", () => {
    const target = targetWith(join(folder, "budgets.yaml"));
    expect(() => verify("none.elf", wasm, target)).toThrow(/^ENOENT: no such file or directory, open 'none.elf'$/);
    const nowhere = { ...target, isa: "nowhere" as Isa };
    expect(() => withElf({ c: C, assembly: ASSEMBLY }, (elf) => verify(elf, wasm, nowhere))).toThrow(/^ENOENT: .*arch\/nowhere/);
  });
});
