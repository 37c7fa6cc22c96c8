import { expect, test } from "vitest";
import { showCount, showRate, showTime, showUpdate, showUptime } from "../../industrial/live/show.ts";

test.each([
  [0, "0"],
  [99_999, "99999"],
  [100_000, "100k"],
  [999_499, "999k"],
  [999_500, "1.0M"],
  [45_600_000, "45.6M"],
])("count %i", (count, shown) => expect(showCount(count)).toBe(shown));

test.each([
  [0, "0"],
  [0.04, "0.0"],
  [9.94, "9.9"],
  [9.96, "10"],
  [9999, "9999"],
  [12_345, "12.3k"],
  [999_949, "999.9k"],
  [4_500_000, "4.5M"],
])("rate %f", (rate, shown) => expect(showRate(rate)).toBe(shown));

test.each([
  [0n, "0"],
  [850n, "850 ns"],
  [12_300n, "12.3 µs"],
  [4_500_000n, "4.5 ms"],
  [2_000_000_000n, "2.0 s"],
])("time %i", (nanoseconds, shown) => expect(showTime(nanoseconds)).toBe(shown));

const SECOND = 1_000_000_000n;
test.each([
  [0n, "00:00"],
  [7n * SECOND + 900_000_000n, "00:07"],
  [65n * SECOND, "01:05"],
  [7207n * SECOND, "2:00:07"],
  [(3n * 86_400n + 4n * 3600n) * SECOND, "3d 04:00:00"],
])("uptime of %i ns", (nanoseconds, shown) => expect(showUptime(nanoseconds)).toBe(shown));

const UPDATE = { received: 0, size: 0, version: 7, running: 7, next: 7 };
test.each([
  [{ ...UPDATE, state: "idle" }, "7 runs"],
  [{ ...UPDATE, state: "checking" }, "7 runs; checking"],
  [{ ...UPDATE, state: "receiving" }, "7 runs; receiving: 0 % of 0 KiB"],
  [{ ...UPDATE, state: "receiving", received: 422_000, size: 1_048_000 }, "7 runs; receiving: 40 % of 1024 KiB"],
  [{ ...UPDATE, state: "ready", version: 8, next: 8 }, "7 runs, 8 from its next start on"],
  [{ ...UPDATE, state: "ready", version: 8, running: 8, next: 8 }, "8 runs"],
  [{ ...UPDATE, state: "ready", version: 8, running: 8 }, "8 runs, 7 from its next start on"],
  [{ ...UPDATE, state: "ready", version: 8 }, "7 runs; newest 8"],
  [{ ...UPDATE, state: "refused", refused: "signature" }, "7 runs; refused: wrong signature"],
] as const)("an update %j", (update, shown) => expect(showUpdate(update)).toBe(shown));
