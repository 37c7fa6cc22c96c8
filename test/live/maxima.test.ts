import { beforeEach, expect, test } from "vitest";
import type { PartitionState } from "../../industrial/link/telemetry.ts";
import { Maxima } from "../../industrial/live/maxima.ts";
import { PartitionRecord } from "../../industrial/live/monitor.ts";
import { demoPartitions, PLC } from "../run/fake-board.ts";

const MILLISECOND = 1_000_000n;

let maxima: Maxima;
beforeEach(() => {
  maxima = new Maxima([{ name: "scans" }, { name: "jitter recent" }, { name: "cycle recent" }]);
});

function frame(milliseconds: number, jitter: bigint, state: PartitionState = "running"): Parameters<Maxima["take"]>[0] {
  const tags = new Map([[0, 5n], [1, jitter]]);
  const counts = { uptime: 0n, restarts: 0, consoleDropped: 0, watchdogExpired: 0, doorbells: 0 };
  return { partition: 0, time: BigInt(milliseconds) * MILLISECOND, state, ...counts, tags };
}

test("the largest of the recent values, from the start on, of those that were published", () => {
  for (const [time, jitter] of [[0, 7n], [500, 90n], [1000, 8n]] as const) maxima.take(frame(time, jitter));
  expect(maxima.values).toEqual(new Map([["jitter", 90n]]));
  expect(maxima.clearedAt).toBeUndefined();
});

test("cleared: what happened before counts no more, however long it is still called recent; what comes after does", () => {
  maxima.take(frame(10_000, 90n));
  maxima.clear(10_000n * MILLISECOND);
  expect(maxima.values.size).toBe(0);
  for (let time = 10_500; time <= 12_000; time += 500) maxima.take(frame(time, 90n)); // remembered for up to two seconds
  expect(maxima.values.size).toBe(0);
  maxima.take(frame(12_500, 12n));
  maxima.take(frame(13_000, 3n));
  expect(maxima.values).toEqual(new Map([["jitter", 12n]]));
  expect(maxima.clearedAt).toBe(10_000n * MILLISECOND);
});

test("cleared while it is paused: what its standing clock keeps is not taken for new", () => {
  maxima.clear(1000n * MILLISECOND);
  for (let time = 1500; time <= 60_000; time += 500) maxima.take(frame(time, 90n, "paused"));
  for (let time = 60_500; time <= 62_000; time += 500) maxima.take(frame(time, 90n));
  expect(maxima.values.size).toBe(0);
  maxima.take(frame(62_500, 4n));
  expect(maxima.values).toEqual(new Map([["jitter", 4n]]));
});

test("a guest that publishes no recent value has none", () => {
  expect(maxima.isPossible).toBe(true);
  expect(new Maxima([{ name: "jitter max" }, { name: "recent" }]).isPossible).toBe(false);
});

test("the load of a task is its mean execution time by its mean cycle, where it publishes both", () => {
  const [, plan] = demoPartitions;
  if (plan === undefined) throw new Error("the demo has a PLC");
  const names = (all: readonly string[]): PartitionRecord =>
    new PartitionRecord(PLC, { ...plan, tags: all.map((name) => ({ name, unit: "ns" as const })) });
  const record = names(["cycle avg", "execution avg"]);
  expect(record.load).toBeUndefined(); // nothing has come yet
  record.take({ ...frame(0, 0n), tags: new Map([[0, 1_000_000n], [1, 123_000n]]) });
  expect(record.load).toBe(0.123);
  const other = names(["scans"]);
  other.take(frame(0, 0n));
  expect(other.load).toBeUndefined();
});
