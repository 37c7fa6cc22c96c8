import { describe, expect, test } from "vitest";
import { coloured, plain } from "../../tools/run/paint.ts";
import { PATHS } from "./figures.ts";
import type { Cell } from "./matrix.ts";
import { formatJson, formatTable, isBad, type Result } from "./report.ts";
import { pathRows } from "./rows.ts";

const figure = { id: "copy", title: "copying", unit: "instructions/byte", goal: 0.3, bao: "1.2" } as const;

/** A timer that takes so long when injected. */
function result(injected: number, more: Partial<Result> = {}): Result {
  const cells: Cell[] = [
    { gic: 3, setting: "bare", company: "alone", paths: new Map([["timer", new Map([[2, 9]])]]) },
    { gic: 3, setting: "injected", company: "alone", paths: new Map([["timer", new Map([[55, 5], [injected, 4]])]]) },
    { gic: 3, setting: "direct", company: "alone", paths: new Map([["timer", new Map([[2, 9]])]]) },
  ];
  return { paths: pathRows(cells, 0), figures: [{ figure, value: 0.25, isOver: false }], checks: [], handlers: [], ...more };
}

describe("the table", () => {
  test("has bare metal and hypervisor side by side, the goals, the others' figures, and a verdict", () => {
    const lines = formatTable(result(58), plain);
    expect(lines.find((line) => line.startsWith("virtual timer"))).toMatch(
      /^virtual timer → handler +2 +55…58 +2 +58 +as bare +202 +1,088 +ok$/,
    );
    expect(lines.filter((line) => line.startsWith("virtual timer"))).toHaveLength(2); // GICv3 and GICv2
    expect(lines.find((line) => line.startsWith("copying"))).toMatch(/^copying +instructions\/byte +0.25 +0.3 +1.2 +– +ok$/);
  });

  test("marks what is over its goal, and paints that line alone", () => {
    const lines = formatTable(result(61), coloured);
    const red = lines.filter((line) => line.includes("\u001b[31m"));
    expect(red).toHaveLength(1);
    expect(red[0]).toMatch(/virtual timer.* 55…61 ! .*OVER/);
  });

  test("says of a handler what is proven and what was measured", () => {
    const handlers = [
      {
        name: "trapIrq",
        kind: "export" as const,
        bound: 1000,
        bySize: false,
        measured: { instructions: 161, besidesSizes: 161 },
      },
      { name: "park", kind: "export" as const, bound: 10, bySize: true, measured: undefined },
    ];
    const lines = formatTable(result(58, { handlers }), plain);
    expect(lines.find((line) => line.startsWith("trapIrq"))).toMatch(/^trapIrq +1,000 +161 +ok$/);
    expect(lines.find((line) => line.startsWith("park"))).toMatch(/^park +10 \+ sizes +– +not executed$/);
  });
});

describe("something is bad", () => {
  test("if a path, a check, a figure or a proof is", () => {
    expect(isBad(result(58))).toBe(false);
    expect(isBad(result(61))).toBe(true);
    expect(isBad(result(58, { checks: [{ title: "exits", holds: false, detail: "1" }] }))).toBe(true);
    expect(isBad(result(58, { figures: [{ figure, value: 1, isOver: true }] }))).toBe(true);
    expect(
      isBad(
        result(58, {
          handlers: [
            { name: "park", kind: "export", bound: 10, bySize: false, measured: { instructions: 11, besidesSizes: 11 } },
          ],
        }),
      ),
    ).toBe(true);
  });
});

test("JSON has every sample", () => {
  const { paths } = JSON.parse(formatJson(result(61))) as { paths: { id: string; gic: number; measured: unknown[] }[] };
  expect(paths).toHaveLength(2 * PATHS.length);
  const timer = paths.find(({ id, gic }) => id === "timer" && gic === 3);
  expect(timer?.measured[1]).toEqual({
    setting: "injected",
    company: "alone",
    samples: [
      [55, 5],
      [61, 4],
    ],
    least: 55,
    most: 61,
    turns: 0,
    goal: 58,
    isOver: true,
  });
});
