// Free places in RAM: what is nobody's, and the highest place in it whose pages have none of the colours that are others'.
import { expect, test } from "vitest";
import { highestWithout } from "../../partitions/plan/gaps.ts";
import { gapsOf, PAGE } from "../../partitions/units.ts";

const span = (base: number, pages: number) => ({ base, size: pages * PAGE });
const CACHE = { level: 2, sets: 256, ways: 4, line: 64, colours: 4, wayGroups: 0 };

test("gaps are in ascending order, whatever the board's banks are in, and none is empty", () => {
  expect(gapsOf([span(0x8000_0000, 1), span(0x4000_0000, 2)], [])).toEqual([span(0x4000_0000, 2), span(0x8000_0000, 1)]);
  expect(gapsOf([span(0x4000, 1)], [span(0x4000, 1)])).toEqual([]);
  expect(gapsOf([span(0, 3)], [span(0, 1)])).toEqual([span(0x1000, 2)]);
  expect(gapsOf([span(0, 3)], [span(0x2000, 1)])).toEqual([span(0, 2)]);
  expect(gapsOf([span(0, 3)], [span(0x1000, 1)])).toEqual([span(0, 1), span(0x2000, 1)]);
});

test.each([
  ["as high as it can be", 2, [], 0x2000],
  ["a page lower, where its last page would be another's colour", 2, [3], 0x1000],
  ["at the beginning of a gap", 1, [1, 2, 3], 0],
  ["all of a gap", 4, [], 0],
  ["nowhere: one of its pages would always be", 4, [2], undefined],
])("of four pages in four colours: %s", (_, pages, avoided, expected) => {
  expect(highestWithout([span(0, 4)], pages * PAGE, CACHE, new Set(avoided))?.base).toBe(expected);
});
