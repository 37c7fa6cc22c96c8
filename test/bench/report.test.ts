import { describe, expect, test } from "vitest";
import { coloured, plain } from "../../tools/run/paint.ts";
import { exactly, formatJson, formatTable, isOverBar, type Row } from "./report.ts";

const row = (most: number, bar?: number): Row => ({
  figure: { id: "path", title: "a path", unit: "instructions", goal: 80, bao: "196", ...(bar === undefined ? {} : { bar }) },
  bare: exactly(4),
  measured: { least: 90, most },
});

describe("the bar", () => {
  test("may be reached, not passed; and the worst sample counts", () => {
    expect(isOverBar(row(100, 100))).toBe(false);
    expect(isOverBar(row(101, 100))).toBe(true);
  });

  test("is not there for every figure", () => {
    expect(isOverBar(row(1e9))).toBe(false);
  });
});

describe("the table", () => {
  test("has a line a figure, marks what is over its bar, and shows what is not known as a dash", () => {
    const lines = formatTable([row(90, 100), row(1234, 100)], plain);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^a path +instructions +4 +90 +100 +80 +196 +–$/);
    expect(lines[2]).toMatch(/ 90…1,234 .*OVER THE BAR$/);
  });

  test("paints the line over the bar, not the one below it", () => {
    const red = formatTable([row(90, 100), row(101, 100)], coloured).map((line) => line.includes("\u001b[31m"));
    expect(red).toEqual([false, false, true]);
  });
});

test("JSON has everything that the table has", () => {
  expect(JSON.parse(formatJson([row(101, 100)]))).toEqual([
    { id: "path", title: "a path", unit: "instructions", bar: 100, goal: 80, bao: "196", bare: { least: 4, most: 4 }, measured: { least: 90, most: 101 }, overBar: true },
  ]);
});
