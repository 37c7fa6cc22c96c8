// The whole step, on the products of a small program: what it reports, and every way to fail it.
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatReport } from "../../tools/verify/table.ts";
import { verify, type Report } from "../../tools/verify/verify.ts";
import { BOUNDED, PRELUDE, withElf, type Source } from "./sample.ts";
import { withWasm } from "./wasm/sample.ts";

let folder = "";
let wasm = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "axv-verify-"));
  wasm = join(folder, "nested.wasm");
  await withWasm("nested", (path) => {
    execFileSync("cp", [path, `${path}.map`, folder]);
  });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Exports of nested.ts, as assembly calls them; loops on the lines of nested.ts. */
const C = `${PRELUDE}
#line 11 "test/verify/assembly/nested.ts"
u32 outer(volatile u32 *at, u32 rows) { u32 sum = 0; for (u32 row = 0; row < rows; row++) {
BLANK
BOUND(5); sum += at[row]; } return sum; }
#line 20 "test/verify/assembly/nested.ts"
__attribute__((noinline)) static u32 inner(volatile u32 *at) { volatile u32 room[20]; room[*at % 20] = 1; return room[1]; }
u32 alone(volatile u32 *at) { return inner(at) + 1; }
`.replace("BLANK\n", "\n");

const ASSEMBLY = `
  .global vector
  vector: stp x29, x30, [sp, #-16]!
    bl outer
    bl alone
    ldp x29, x30, [sp], #16
    ret
  .global axv_stack_size, axv_linear_start, axv_linear_end
  .set axv_stack_size, 4096
  .set axv_linear_start, 0x10000
  .set axv_linear_end, 0x20000
`;

/** Of this repository's own core, whatever is verified: its budget is core.test.ts's business. */
const PLENTY = 1_000_000;
const BUDGETS = {
  entries: {
    outer: { instructions: 100, stack: 0, why: "five rounds" },
    alone: { instructions: 100, stack: 200, why: "an array" },
  },
  size: { textAndRodata: 4096, linearMemory: 65536, sourceLines: PLENTY },
};
type Budgets = Record<string, unknown>;

function check(budgets: Budgets = BUDGETS, source: Source = { c: C, assembly: ASSEMBLY }): Report {
  const file = join(folder, "budgets.yaml");
  writeFileSync(file, JSON.stringify(budgets)); // JSON is YAML
  return withElf(source, (elf) => verify(elf, wasm, AARCH64, file));
}

const codes = ({ problems }: Report): string[] => problems.map(({ code }) => code).sort();
const withEntry = (name: string, change: object): Budgets => ({ ...BUDGETS, entries: { ...BUDGETS.entries, [name]: change } });

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

  test("sizes and what is left of the stack", () => {
    const { sizes, stack } = check();
    expect(sizes.map(({ name }) => name)).toEqual(["textAndRodata", "linearMemory", "sourceLines"]);
    expect(sizes[0]?.value).toBeGreaterThan(40);
    expect(sizes[1]?.value).toBe(65536);
    expect(sizes[2]?.value).toBeGreaterThan(1000);
    expect(stack).toMatchObject({ entry: "vector", available: 4096 });
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

describe("budgets passed", () => {
  test("instructions: says what, where and by how much", () => {
    const report = check(withEntry("outer", { instructions: 7, stack: 0, why: "too small" }));
    expect(codes(report)).toEqual(["over-budget"]);
    const found = report.entries[0]?.instructions ?? NaN;
    expect(report.problems[0]?.message).toContain(`outer: instructions: ${found}, budget 7 (`);
    expect(report.problems[0]?.message).toContain(`${found - 7} too many`);
    expect(formatReport(report).join("\n")).toContain(" 7 !");
  });

  test("stack", () => {
    expect(codes(check(withEntry("alone", { instructions: 100, stack: 8, why: "too small" })))).toEqual(["over-budget"]);
  });

  test.each(["textAndRodata", "linearMemory", "sourceLines"])("%s", (name) => {
    const report = check({ ...BUDGETS, size: { ...BUDGETS.size, [name]: 1 } });
    expect(codes(report)).toEqual(["over-budget"]);
    expect(report.problems[0]?.message).toContain(name);
  });

  test("a loop as long as a byte count needs a budget per iteration", () => {
    const c = C.replace("1; return room", "1; for (u32 i = 0; i < room[1]; i++) { BYTES_LOOP; *at = i; } return room");
    const source = { c, assembly: ASSEMBLY };
    expect(codes(check(BUDGETS, source))).toEqual(["over-budget"]);
    const allowed = withEntry("alone", { instructions: 100, stack: 200, perIteration: 10, why: "copies" });
    expect(codes(check(allowed, source))).toEqual([]);
    expect(formatReport(check(allowed, source)).join("\n")).toMatch(/a: iterations of the loop in inner/);
  });
});

describe("a budgets file that does not fit", () => {
  test("an entry point without a budget", () => {
    expect(codes(check({ ...BUDGETS, entries: { outer: BUDGETS.entries.outer } }))).toEqual(["budget-missing"]);
  });

  test("a budget for what is not there", () => {
    expect(codes(check(withEntry("gone", { instructions: 1, stack: 1, why: "renamed" })))).toEqual(["budget-unknown"]);
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
      expect(withElf({ c: C, assembly: ASSEMBLY }, (elf) => codes(verify(elf, wasm, AARCH64, file)))).toEqual([
        "budgets-malformed",
      ]);
    }
  });
});

describe("a program that cannot be proven", () => {
  test("all that is wrong is said at once", () => {
    const assembly = `${BOUNDED}${ASSEMBLY} a: 1: nop\n cbnz x0, 1b\n ret\n b: br x0`;
    expect(codes(check(BUDGETS, { c: C, assembly }))).toEqual(["indirect-branch", "loop-unmarked"]);
  });

  test("a stack that is too small", () => {
    const report = check(BUDGETS, { c: C, assembly: ASSEMBLY.replace("axv_stack_size, 4096", "axv_stack_size, 64") });
    expect(codes(report)).toEqual(["stack-too-small"]);
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
    expect(codes(check(BUDGETS, { c: C, assembly: ASSEMBLY.replace(/.*axv.*\n/g, "") }))).toEqual([
      "symbol-missing",
      "symbol-missing",
    ]);
  });

  test("a marker that is not of this WebAssembly", () => {
    expect(codes(check(BUDGETS, { c: C.replace("BOUND(5)", "BOUND(6)"), assembly: ASSEMBLY }))).toEqual(["markers-malformed"]);
  });

  test("a file that is no ELF", () => {
    const file = join(folder, "budgets.yaml");
    writeFileSync(file, JSON.stringify(BUDGETS));
    expect(codes(verify("package.json", wasm, AARCH64, file))).toEqual(["elf-malformed"]);
  });
});
