// The guest's timing statistics: minimum, average, maximum, histogram (rtos-guests/channel/timing.ts).
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { HISTOGRAM_BUCKETS, HISTOGRAM_BYTES, HISTOGRAM_CYCLE } from "../../rtos-guests/channel/timing.ts";
import { ChannelMemory } from "./channelMemory.ts";
import { CHANNEL, loadLogic, type Logic } from "./logicProgram.ts";

let channel: ChannelMemory;
let cleaned: bigint[];
let logic: Logic;
beforeEach(async () => {
  channel = new ChannelMemory(CHANNEL);
  cleaned = [];
  logic = await loadLogic(channel, cleaned);
});

const ROW = CHANNEL + BigInt(HISTOGRAM_CYCLE);

function buckets(): number[] {
  logic.statisticsPublish(ROW);
  return Array.from({ length: HISTOGRAM_BUCKETS }, (_, n) => channel.u32(HISTOGRAM_CYCLE + 4 * n));
}

/** Of a distance: the width of its binary number, the last bucket for all above. */
const bucketOf = (distance: bigint): number => Math.min(distance === 0n ? 0 : distance.toString(2).length, HISTOGRAM_BUCKETS - 1);

test("nothing recorded: all zero, and no division by zero", () => {
  expect([logic.statisticsMinimum(), logic.statisticsAverage(), logic.statisticsMaximum()]).toEqual([0n, 0n, 0n]);
  expect(buckets().every((count) => count === 0)).toBe(true);
});

test("the histogram counts the distance from the nominal value, to either side", () => {
  logic.statisticsNominal(1_000_000n);
  for (const value of [1_000_000n, 1_000_001n, 999_999n, 1_000_100n, 1_000_128n, 0n]) logic.statisticsRecord(value);
  const counts = buckets();
  expect(counts[0]).toBe(1);
  expect(counts[1]).toBe(2);
  expect(counts[7]).toBe(1); // 100: 64 … 127
  expect(counts[8]).toBe(1); // 128 … 255
  expect(counts[20]).toBe(1); // 1,000,000: 2^19 … 2^20 - 1
  expect(counts.reduce((sum, count) => sum + count)).toBe(6);
});

test("both of the row's cache lines are written back, and nothing outside of the row is touched", () => {
  logic.statisticsRecord(5n);
  buckets();
  expect(cleaned).toEqual([ROW, ROW + 64n]);
  const outside = channel.bytes.filter(
    (byte, at) => byte !== 0 && (at < HISTOGRAM_CYCLE || at >= HISTOGRAM_CYCLE + HISTOGRAM_BYTES),
  );
  expect(outside).toHaveLength(0);
});

test("against exact arithmetic", async () => {
  const values = fc.array(fc.bigInt({ min: 0n, max: 1n << 48n }), { minLength: 1, maxLength: 40 });
  const nominal = fc.bigInt({ min: 0n, max: 1n << 40n });
  await fc.assert(
    fc.asyncProperty(values, nominal, async (run, center) => {
      channel = new ChannelMemory(CHANNEL);
      logic = await loadLogic(channel);
      logic.statisticsNominal(center);
      for (const value of run) logic.statisticsRecord(value);
      const sum = run.reduce((total, value) => total + value);
      expect(logic.statisticsMinimum()).toBe(run.reduce((a, b) => (a < b ? a : b)));
      expect(logic.statisticsMaximum()).toBe(run.reduce((a, b) => (a > b ? a : b)));
      expect(logic.statisticsAverage()).toBe(sum / BigInt(run.length));
      const expected = new Array<number>(HISTOGRAM_BUCKETS).fill(0);
      for (const value of run) {
        const bucket = bucketOf(value > center ? value - center : center - value);
        expected[bucket] = (expected[bucket] ?? 0) + 1;
      }
      expect(buckets()).toEqual(expected);
    }),
  );
});
