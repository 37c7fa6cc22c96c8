// The ring of a tag's last values, against a plain list of all of them.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bytesPerValue, Series } from "../../industrial/history/series.ts";
import { QUALITIES } from "../../industrial/tags/plant.ts";
import type { Quality } from "../../industrial/tags/plant.ts";
import { writeValue } from "../../industrial/tags/value.ts";
import type { TagValue } from "../../industrial/tags/value.ts";
import { SCALARS, parseType } from "../../partitions/tags/type.ts";

const CAPACITY = 7;
const OFFSET = 3;

function record(series: Series, typeName: string, time: number, quality: Quality, value: TagValue | undefined): void {
  const image = new DataView(new ArrayBuffer(100));
  if (value !== undefined) writeValue(image, OFFSET, parseType(typeName), value);
  series.record(time, quality, value === undefined ? undefined : image, OFFSET);
}

const entries = fc.array(
  fc.record({
    time: fc.integer({ min: 0, max: 50 }),
    quality: fc.constantFrom(...QUALITIES),
    value: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined }),
  }),
  { maxLength: 25 },
);

test("what is there is the last of all that came, whole; what is gone is gone; times never go back", () => {
  fc.assert(
    fc.property(entries, (all) => {
      const series = new Series(parseType("i64"), CAPACITY);
      let last = 0;
      const list = all.map(({ time, quality, value }) => {
        record(series, "i64", time, quality, value);
        last = Math.max(last, time);
        return { time: last, quality, value };
      });
      expect([series.first, series.next]).toEqual([Math.max(0, list.length - CAPACITY), list.length]);
      for (const [number, entry] of list.entries())
        expect(series.entry(number)).toEqual(number < series.first ? undefined : entry);
      expect([series.entry(list.length), series.entry(-1)]).toEqual([undefined, undefined]);
    }),
  );
});

test("a time is found, first and after", () => {
  fc.assert(
    fc.property(entries, fc.integer({ min: -1, max: 51 }), (all, time) => {
      const series = new Series(parseType("u8"), CAPACITY);
      for (const entry of all) record(series, "u8", entry.time, entry.quality, undefined);
      const times = Array.from({ length: series.next - series.first }, (_, k) => series.entry(series.first + k)?.time ?? 0);
      expect(series.from(time)).toBe(series.first + times.filter((each) => each < time).length);
      expect(series.after(time)).toBe(series.first + times.filter((each) => each <= time).length);
    }),
  );
});

test.each([
  ["bool", true],
  ["f32", 1.5],
  ["f64", Number.MIN_VALUE],
  ["u64", 2n ** 64n - 1n],
  ["string[6]", "é!"],
  ["i16[3]", [-1, 0, 1]],
] as const)("%s comes back whole", (type, value) => {
  const series = new Series(parseType(type), CAPACITY);
  record(series, type, 1, "good", value);
  expect(series.entry(0)?.value).toEqual(value);
});

test("no number takes more than 17 bytes", () => {
  for (const scalar of SCALARS.filter((name) => name !== "string"))
    expect(bytesPerValue(parseType(scalar))).toBeLessThanOrEqual(17);
});
