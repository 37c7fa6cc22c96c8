// The report as people read it: whole tables, line by line.
import { expect, test } from "vitest";
import { formatReport } from "../../tools/verify/table.ts";
import type { EntryRow, Report } from "../../tools/verify/verify.ts";

/** Behind a report with no measurement. */
const HINT = "`npm run bench` measures what handlers take, and then it is shown here too.";
const EMPTY: Report = { entries: [], sizes: [], stack: undefined, notes: [], problems: [] };
const budget = (instructions: number, stack: number): EntryRow["budget"] => ({ instructions, stack, why: "so it is" });
const row = (said: Partial<EntryRow>): EntryRow => ({
  name: "f", kind: "export", instructions: 1, perIteration: [], stack: 0, budget: undefined, ...said,
});

test("of nothing", () => {
  expect(formatReport(EMPTY)).toEqual(["entry  instructions  budget  by size  stack  budget", "", "size    budget", "", HINT]);
});

test("of everything: thousands, what has no budget, what passes one and what just does not", () => {
  const report: Report = {
    ...EMPTY,
    entries: [
      row({ name: "exact", instructions: 1234, stack: 1000, budget: budget(1234, 1000) }),
      row({ name: "passing", instructions: 1235, stack: 1001, budget: budget(1234, 1000) }),
      row({ name: "reset", kind: "assembly", instructions: 9 }),
      row({ name: "inside", kind: "function", instructions: 7, stack: 8, budget: budget(70, 80) }),
    ],
    sizes: [
      { name: "textAndRodata", value: 65536, budget: 65535 },
      { name: "linearMemory", value: 720896, budget: 720896 },
      { name: "sourceLines", value: 7300, budget: 7301 },
    ],
    stack: { entry: "passing", needed: 1501, available: 4096 },
    notes: ["One.", "Two."],
  };
  expect(formatReport(report)).toEqual([
    "entry      instructions   budget  by size  stack   budget",
    "called by assembly",
    "  exact           1,234    1,234           1,000    1,000",
    "  passing         1,235  1,234 !           1,001  1,000 !",
    "assembly",
    "  reset               9                        0",
    "inside",
    "  inside              7       70               8       80",
    "",
    "size                             budget",
    "text + rodata, bytes   65,536  65,535 !",
    "linear memory, bytes  720,896   720,896",
    "source lines            7,300     7,301",
    "",
    "the hypervisor's stack: 1,501 of 4,096 bytes (passing), 2,595 left",
    "One.",
    "Two.",
    HINT,
  ]);
});

test("what was measured: nothing of one, a mark for what is more than proven, rounds as long as a size left out", () => {
  const entries = [
    row({ name: "never", instructions: 10 }),
    row({ name: "within", instructions: 10 }),
    row({ name: "beyond", instructions: 10 }),
    row({ name: "rounds", instructions: 10 }),
  ];
  const measured = new Map([
    ["within", { instructions: 10, besidesSizes: 10 }],
    ["beyond", { instructions: 11, besidesSizes: 11 }],
    ["rounds", { instructions: 5000, besidesSizes: 10 }],
  ]);
  expect(formatReport({ ...EMPTY, entries }, measured)).toEqual([
    "entry     instructions  measured  budget  by size  stack  budget",
    "called by assembly",
    "  never             10         –                       0",
    "  within            10        10                       0",
    "  beyond            10      11 !                       0",
    "  rounds            10     5,000                       0",
    "",
    "size    budget",
    "",
  ]);
});

test("vectors that are alike have one row, others each its own", () => {
  const vector = { kind: "assembly", instructions: 50 } as const;
  const entries = [
    row({ ...vector, name: "one" }),
    row({ ...vector, name: "longer", instructions: 51 }),
    row({ ...vector, name: "two" }),
    row({ ...vector, name: "three" }),
    row({ ...vector, name: "held", budget: budget(50, 0) }),
    row({ ...vector, name: "also held", budget: budget(50, 0) }),
    row({ name: "f", instructions: 50 }),
    row({ name: "g", instructions: 50 }),
  ];
  expect(formatReport({ ...EMPTY, entries }).slice(0, -4)).toEqual([
    "entry              instructions  budget  by size  stack  budget",
    "assembly",
    "  one and 2 alike            50                       0",
    "  longer                     51                       0",
    "  held                       50      50               0       0",
    "  also held                  50      50               0       0",
    "called by assembly",
    "  f                          50                       0",
    "  g                          50                       0",
  ]);
});

test("loops as long as a size have letters, in the order in which they are met: a … z, aa, ab … ba", () => {
  const loop = (n: number): EntryRow["perIteration"][number] => ({ place: `loop ${n}`, instructions: n });
  const entries = [
    row({ name: "f", perIteration: [loop(3), loop(7)] }),
    row({ name: "g", perIteration: [loop(7)] }),
    ...Array.from({ length: 51 }, (_, n) => row({ name: `h${n}`, perIteration: [loop(100 + n)] })),
  ];
  const lines = formatReport({ ...EMPTY, entries });
  expect(lines.slice(0, 4)).toEqual([
    "entry  instructions  budget  by size  stack  budget",
    "called by assembly",
    "  f               1          3a + 7b      0",
    "  g               1               7b      0",
  ]);
  const letters = lines.filter((line) => line.includes("iterations of the loop in"));
  expect(letters).toHaveLength(53);
  expect(letters.slice(0, 2)).toEqual(["  a: iterations of the loop in loop 3", "  b: iterations of the loop in loop 7"]);
  expect(letters.map((line) => line.split(":")[0]?.trim()).slice(23, 29)).toEqual(["x", "y", "z", "aa", "ab", "ac"]);
  expect(letters.at(-1)).toBe("  ba: iterations of the loop in loop 150");
});
