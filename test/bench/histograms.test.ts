// The picture is looked at by people; what can be said of it without: every count that came has a bar, and nothing else has.
import { expect, test } from "vitest";
import { histograms } from "./histograms.ts";
import type { Cell } from "./matrix.ts";
import { pathRows } from "./rows.ts";

const CELLS: readonly Cell[] = [
  { gic: 3, setting: "bare", company: "alone", paths: new Map([["timer", new Map([[2, 10_000]])]]) },
  { gic: 3, setting: "injected", company: "alone", paths: new Map([["timer", new Map([[58, 9_990], [60, 10]])]]) },
  { gic: 3, setting: "direct", company: "alone", paths: new Map([["timer", new Map([[2, 10_000]])]]) },
  { gic: 3, setting: "direct", company: "linux", paths: new Map([["timer", new Map([[2, 9_999], [338_000, 1]])]]) },
];

const bars = (svg: string, style: string): number => svg.split(`<rect class="${style}"`).length - 1;
const LEGEND = 1;

test("a bar for each count that came, and none for a turn of Linux's CPU, which is told", () => {
  const svg = histograms(pathRows(CELLS, 0));
  expect(bars(svg, "p7") - LEGEND).toBe(1);
  expect(bars(svg, "p0") - LEGEND).toBe(2);
  expect(bars(svg, "p1") - LEGEND).toBe(2);
  expect(svg).toContain("+ 1 with a turn of Linux's CPU");
  expect(svg).not.toContain("338000");
});

test("only what was measured is drawn", () => {
  const svg = histograms(pathRows(CELLS, 0));
  expect(svg).toContain("virtual timer → handler");
  expect(svg).not.toContain("SGI to self");
  expect(svg).not.toContain("GICv2");
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});
