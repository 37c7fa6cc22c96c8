// Numbers said by regular expressions: exactly those from the least to the most.
import { describe, expect, test } from "vitest";
import { decimals, durations, pages, ranges, sizes } from "../../partitions/patterns.ts";
import { GIB, KIB, MIB, PAGE, parseDuration, parseSize } from "../../partitions/units.ts";

test.each([
  [0, 0], [0, 9], [0, 10], [1, 99], [7, 13], [10, 19], [99, 101], [1, 1024], [123, 4567], [100, 1000], [999, 1001], [1090, 2110],
])("decimals(%i, %i)", (least, most) => {
  const pattern = new RegExp(`^${decimals(least, most)}$`);
  const taken = Array.from({ length: 12_000 }, (_, n) => n).filter((n) => pattern.test(String(n)));
  expect(taken).toEqual(Array.from({ length: most - least + 1 }, (_, n) => least + n));
  expect([`0${most}`, "", "-1", "1.0"].filter((text) => pattern.test(text))).toEqual([]);
});

describe.each([
  ["sizes", sizes(0, 16 * GIB), 0, 16 * GIB, 1],
  ["pages", pages(2 ** 40), PAGE, 2 ** 40, PAGE],
] as const)("%s", (_, pattern, least, most, step) => {
  test.each([["K", KIB], ["M", MIB], ["G", GIB]] as const)("in %s", (unit, bytes) => {
    const edges = [
      0,
      1,
      2,
      3,
      4,
      8,
      10,
      11,
      12,
      16,
      99,
      100,
      102,
      104,
      1022,
      1024,
      most / bytes - 4,
      most / bytes - 1,
      most / bytes,
      most / bytes + 1,
      most / bytes + 4,
    ];
    for (const count of edges) {
      const size = parseSize(`${count}${unit}`) ?? 0;
      expect([count, pattern.test(`${count}${unit}`)]).toEqual([count, size >= least && size <= most && size % step === 0]);
    }
  });
});

test("durations", () => {
  const pattern = durations(100, 1_000_000);
  for (const text of ["99us", "100us", "999us", "1000000us", "1000001us", "0ms", "1ms", "1000ms", "1001ms", "0s", "1s", "2s"]) {
    const microseconds = parseDuration(text) ?? 0;
    expect([text, pattern.test(text)]).toEqual([text, microseconds >= 100 && microseconds <= 1_000_000]);
  }
});

test("ranges", () => {
  const taken = Array.from({ length: 13 }, (_, a) => Array.from({ length: 13 }, (__, b) => `${a}-${b}`))
    .flat()
    .filter((text) => ranges(11).test(text));
  expect(taken.length).toBe((12 * 13) / 2);
  expect(taken.every((text) => Number(text.split("-")[0]) <= Number(text.split("-")[1]))).toBe(true);
});
