import { describe, expect, test } from "vitest";
import type { Distribution } from "./distribution.ts";
import { quantile } from "./distribution.ts";
import type { Cell, Company, Setting } from "./matrix.ts";
import { inSetting, missingPaths, pathRows, type PathRow } from "./rows.ts";

const cell = (setting: Setting, company: Company, paths: Readonly<Record<string, Distribution>>): Cell => ({
  gic: 3,
  setting,
  company,
  paths: new Map(Object.entries(paths)),
});
const bareTimer = cell("bare", "alone", { timer: new Map([[2, 100]]) });
const row = (rows: readonly PathRow[], id: string): PathRow => {
  const found = rows.find(({ gic, figure }) => gic === 3 && figure.id === id);
  if (found === undefined) throw new Error(`no row ${id}`);
  return found;
};
const timer = (setting: Setting, company: Company, samples: Distribution) =>
  inSetting(row(pathRows([bareTimer, cell(setting, company, { timer: samples })], 0), "timer"), setting, company);

describe("a goal", () => {
  test("may be reached, not passed; and the worst sample counts", () => {
    expect(timer("injected", "alone", new Map([[58, 10_000]]))).toMatchObject({ most: 58, goal: 58, isOver: false });
    expect(timer("injected", "alone", new Map([[55, 9_999], [59, 1]]))).toMatchObject({ least: 55, most: 59, isOver: true });
  });

  test("of direct interrupts is what the same guest needs without a hypervisor", () => {
    expect(timer("direct", "alone", new Map([[2, 10_000]]))).toMatchObject({ goal: 2, isOver: false });
    expect(timer("direct", "alone", new Map([[2, 9_999], [3, 1]]))).toMatchObject({ goal: 2, isOver: true });
  });

  test("is not there for bare metal", () => {
    expect(timer("bare", "alone", new Map([[1000, 1]]))).toMatchObject({ isOver: false });
  });
});

describe("beside Linux", () => {
  test("five samples in a hundred may have a turn of Linux's CPU in it, and is counted apart", () => {
    expect(
      timer(
        "injected",
        "linux",
        new Map([
          [58, 9_501],
          [338_000, 499],
        ]),
      ),
    ).toMatchObject({ most: 58, turns: 499, isOver: false });
    expect(timer("injected", "linux", new Map([[58, 9_490], [338_000, 510]]))).toMatchObject({ most: 338_000, isOver: true });
  });

  test("alone none may", () => {
    expect(timer("injected", "alone", new Map([[58, 9_999], [338_000, 1]]))).toMatchObject({ turns: 0, isOver: true });
  });
});

test("a quantile leaves out the highest samples, as many as the share and no more", () => {
  const samples = new Map([[1, 97], [5, 2], [9, 1]]);
  expect([0, 0.01, 0.02, 0.03, 0.05].map((share) => quantile(samples, share))).toEqual([9, 5, 5, 1, 1]);
});

test("what copying takes is taken off a restart", () => {
  const pair = cell("direct", "alone", { restart: new Map([[400_100, 1]]), copied: new Map([[1000, 1]]) });
  expect(inSetting(row(pathRows([pair], 0.25), "restart"), "direct", "alone")).toMatchObject({ most: 399_850, isOver: false });
});

test("a path that was not taken is missed", () => {
  expect(missingPaths(pathRows([bareTimer], 0), "alone")).toContain("timer, GICv3, injected");
  expect(missingPaths(pathRows([bareTimer], 0), "linux")).not.toContain("doorbell, GICv3, injected");
});
