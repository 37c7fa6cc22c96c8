// How times spread that guests publish: industrial/live/samples.ts.
import { describe, expect, test } from "vitest";
import type { PartitionTelemetry } from "../../industrial/link/telemetry.ts";
import { Monitor } from "../../industrial/live/monitor.ts";
import { Samples, Times } from "../../industrial/live/samples.ts";
import { demoPartitions, PLC } from "../run/fake-board.ts";

describe("a histogram", () => {
  const of = (...values: number[]): Samples => {
    const samples = new Samples("t");
    for (const value of values) samples.add(value);
    return samples;
  };

  test("of nothing is none", () => expect(of().histogram).toBe(undefined));

  test("counts each value once, between bounds that can be read", () => {
    const values = Array.from({ length: 1000 }, (_, at) => 1_000_000 + at * 7);
    const { from = 0, step = 0, counts = [], ...said } = of(...values).histogram ?? {};
    expect([from, step]).toEqual([1_000_000, 200]);
    expect(said).toMatchObject({ samples: 1000, far: 0, median: 1_003_500, p99: 1_006_930, largest: 1_006_993 });
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1000);
    const barOf = (value: number): number => Math.floor((value - from) / step);
    for (const [bar, count] of counts.entries()) expect(count).toBe(values.filter((value) => barOf(value) === bar).length);
  });

  test("of one value has it in the middle of some that are empty", () => {
    const counts = [0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0];
    expect(of(800, 800).histogram).toMatchObject({ from: 795, step: 1, counts, median: 800, largest: 800 });
    expect(of(0).histogram).toMatchObject({ from: 0, counts: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] });
  });

  test("tells of those that lie far out, and does not draw them: the others would be one bar", () => {
    const usual = Array.from({ length: 200 }, (_, at) => 1000 + at);
    for (const wild of [1e6, 1e12, 2 ** 63, 2 ** 64]) {
      const { counts = [], far, largest, step } = of(...usual, wild, 0).histogram ?? {};
      const drawn = counts.reduce((sum, count) => sum + count, 0);
      expect([counts.length, drawn, far, largest, step]).toEqual([40, 200, 2, wild, 5]);
    }
    for (const wild of [1e6, 2 ** 64]) {
      expect(of(1, wild).histogram?.counts.length, "of two nobody knows which is wild").toBeLessThan(50);
    }
  });

  test("forgets the oldest, and all when it is cleared", () => {
    const samples = of(1_000_000);
    for (let at = 0; at < 2048; at++) samples.add(5);
    expect(samples.histogram?.largest).toBe(5);
    samples.clear();
    expect(samples.histogram).toBe(undefined);
  });
});

/** A frame whose guest has published these, by the indices of their tags. */
const frame = (tags: readonly (readonly [tag: number, value: bigint])[], state: PartitionTelemetry["state"] = "running") =>
  ({
    partition: PLC,
    time: 1n,
    state,
    uptime: 1n,
    restarts: 0,
    consoleDropped: 0,
    watchdogExpired: 0,
    doorbells: 0,
    tags: new Map(tags),
  }) satisfies PartitionTelemetry;

describe("the times of a partition", () => {
  const tags = [
    { name: "scans", unit: "count" },
    { name: "jitter last", unit: "ns" },
    { name: "jitter max", unit: "ns" },
    { name: "doors last", unit: "count" },
    { name: "cycle last", unit: "ns" },
  ] as const;

  test("are those of which it publishes the last one", () => {
    expect(new Times(tags).names).toEqual(["jitter", "cycle"]);
    expect(new Times([]).names).toEqual([]);
  });

  test("each has its own samples; of one that has not come yet there is no histogram", () => {
    const times = new Times(tags);
    expect(times.histograms).toEqual([]);
    for (const jitter of [80n, 90n]) times.take(frame([[0, 7n], [1, jitter], [2, 1000n], [3, 5n]]));
    expect(times.histograms).toMatchObject([{ name: "jitter", samples: 2, largest: 90 }]);
    times.take(frame([[1, 85n], [4, 1_000_000n]]));
    expect(times.histograms).toMatchObject([{ name: "jitter", samples: 3 }, { name: "cycle", samples: 1, median: 1_000_000 }]);
  });

  test("what it has published before it was paused is no sample of now", () => {
    const times = new Times(tags);
    for (const state of ["paused", "off", "failed"] as const) times.take(frame([[1, 80n]], state));
    expect(times.histograms).toEqual([]);
  });

  test("begin anew together with its maxima", () => {
    const monitor = new Monitor(demoPartitions);
    const plc = monitor.named("plc");
    const last = plc?.plan.tags.findIndex(({ name }) => name === "jitter last") ?? -1;
    monitor.take(frame([[last, 800n]]));
    expect(plc?.times.histograms).toMatchObject([{ name: "jitter", samples: 1 }]);
    plc?.clearMaxima();
    expect(plc?.times.histograms).toEqual([]);
    monitor.take(frame([[last, 700n]]));
    expect(plc?.times.histograms).toMatchObject([{ name: "jitter", samples: 1, largest: 700 }]);
  });
});
