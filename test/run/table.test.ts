import { encode } from "cborg";
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { decodePartition, decodeVcpu } from "../../industrial/link/telemetry.ts";
import { displayWidth } from "../../tools/run/columns.ts";
import { Monitor } from "../../industrial/live/monitor.ts";
import { coloured, plain } from "../../tools/run/paint.ts";
import { liveTable, summaryTable } from "../../tools/run/table.ts";
import { demoPartitions, LINUX, PLC } from "./fake-board.ts";

const keyed = (values: readonly unknown[]): Uint8Array => encode(new Map(values.map((value, key) => [key, value])));
const SECOND = 1_000_000_000n;

let monitor: Monitor;
beforeEach(() => {
  monitor = new Monitor(demoPartitions);
});

function partition(index: number, state: number, time: bigint, tags = new Map<number, bigint>()): void {
  monitor.take(
    decodePartition({ kind: abi.FRAME_PARTITION, partition: index, payload: keyed([time, state, time, 1, 0, 0, tags, 0]) }),
  );
}

function vcpu(
  index: number,
  number: number,
  time: bigint,
  exits: Partial<Record<number, number>>,
  held = 0n,
  throttled = 0,
): void {
  const counters = Array.from({ length: abi.EXIT_CAUSES }, (_, cause) => exits[cause] ?? 0);
  monitor.takeVcpu(
    decodeVcpu({
      kind: abi.FRAME_VCPU,
      partition: index,
      payload: keyed([number, number, abi.VCPU_ON, counters, held, time, throttled]),
    }),
  );
}

test("before any telemetry: everybody is there, nothing is made up", () => {
  expect(liveTable(monitor, 200, plain)).toEqual([
    "PARTITION  STATE     UPTIME  RESTARTS  HELD  IRQ MODE  EXITS  SINCE READY  EXITS/s  timer    irq    sgi  maint    hvc  " +
      "  smc    gic  sgi-tx    con    sys  fault   tick     bw",
    "linux      –              –         –     –  injected      –            –        –      –      –      –      –      –  " +
      "    –      –       –      –      –      –      –      –",
    "plc        –              –         –     –  direct        –            –        –      –      –      –      –      –  " +
      "    –      –       –      –      –      –      –      –",
    "PLC     SCANS  OVERRUNS  CYCLE µs min/avg/max  JITTER µs  EXECUTION µs  LOAD  LAST µs cycle/jitter/exec  MAX SINCE " +
      "CLEARED µs",
    "plc         –         –             – / – / –  – / – / –     – / – / –     –                  – / – / –             – " +
      "/ – / –",
  ]);
});

test("of what can be updated by itself: what runs, and how far a new image has come", () => {
  const image = [abi.IMAGE_RECEIVING, 0, 0x4_0000, 0x10_0000, 8, 8, 7];
  const payload = keyed([SECOND, abi.STATE_RUNNING, SECOND, 0, 0, 0, new Map(), 0, image]);
  monitor.take(decodePartition({ kind: abi.FRAME_PARTITION, partition: PLC, payload }));
  const [titles = "", linux = "", plc = ""] = liveTable(monitor, 300, plain);
  const at = titles.indexOf("IMAGE");
  const shown = "8 runs, 7 from its next start on; receiving: 25 % of 1024 KiB";
  expect([plc.slice(at, at + shown.length), linux.slice(at, at + shown.length).trim()]).toEqual([shown, ""]);
});

test("which slot it is stands above all, where that is told; without a PLC there is no table of one", () => {
  monitor = new Monitor(demoPartitions.slice(0, 1));
  monitor.takeSystem({ time: 1n, slot: "b", update: "pending" });
  const [first, ...others] = liveTable(monitor, 300, plain);
  expect(first).toBe("slot b, update pending");
  expect(others.map((line) => line.split(" ")[0])).toEqual(["PARTITION", "linux"]);
  expect(liveTable(monitor, 300, coloured)[1]).toMatch(/^\u001b\[1mPARTITION .*\u001b\[22m$/);
});

describe("with telemetry", () => {
  beforeEach(() => {
    partition(LINUX, abi.STATE_RUNNING, 62n * SECOND);
    partition(
      PLC,
      abi.STATE_FAILED,
      62n * SECOND,
      new Map(
        [
          31_000n,
          2n,
          998_100n,
          1_000_000n,
          1_002_400n,
          100n,
          900n,
          12_300n,
          2_100n,
          2_400n,
          9_900n,
          1_000_100n,
          800n,
          2_300n,
          1_001_000n,
          5_000n,
          3_000n,
        ].map((v, n) => [n, v]),
      ),
    );
    // Two vCPUs, whose frames come at different times: 100 exits in 1 s, and 100 in 2 s.
    vcpu(LINUX, 0, 60n * SECOND, { [abi.EXIT_TIMER]: 1000 });
    vcpu(LINUX, 0, 61n * SECOND, { [abi.EXIT_TIMER]: 1100 });
    vcpu(LINUX, 1, 60n * SECOND, { [abi.EXIT_TIMER]: 500, [abi.EXIT_CONTROLLER]: 3 });
    vcpu(LINUX, 1, 62n * SECOND, { [abi.EXIT_TIMER]: 600, [abi.EXIT_CONTROLLER]: 4 });
    vcpu(PLC, 0, 62n * SECOND, {}, 5_250n);
  });

  test("rates are per second of the board's time, over all vCPUs", () => {
    expect(liveTable(monitor, 200, plain)).toEqual([
      "PARTITION  STATE     UPTIME  RESTARTS    HELD  IRQ MODE  EXITS  SINCE READY  EXITS/s  timer    irq    sgi  maint    " +
        "hvc    smc    gic  sgi-tx    con    sys  fault   tick     bw",
      "linux      running    01:02         1       0  injected   1704            –      151    150      0      0      0     " +
        " 0      0    0.5       0      0      0      0      0      0",
      "plc        failed     01:02         1  5.3 µs  direct        0            –        0      0      0      0      0     " +
        " 0      0      0       0      0      0      0      0      0",
      "PLC     SCANS  OVERRUNS     CYCLE µs min/avg/max         JITTER µs     EXECUTION µs   LOAD  LAST µs " +
        "cycle/jitter/exec  MAX SINCE CLEARED µs",
      "plc     31000         2  998.1 / 1000.0 / 1002.4  0.1 / 0.9 / 12.3  2.1 / 2.4 / 9.9  0.2 %         1000.1 / 0.8 / " +
        "2.3    1001.0 / 5.0 / 3.0",
    ]);
  });

  test("at every width everything is shown, and nothing is cut", () => {
    const words = (width: number): Set<string> => new Set(liveTable(monitor, width, plain).join(" ").split(/ +/));
    const all = words(90);
    for (let width = 40; width < 90; width++) {
      expect(Math.max(...liveTable(monitor, width, plain).map(displayWidth))).toBeLessThanOrEqual(width);
      expect([...words(width)].sort()).toEqual([...all].sort());
    }
  });

  test("the summary has mean rates since the start", () => {
    // 1100/61 + 600/62
    expect(summaryTable(monitor, 200, plain)[1]).toMatch(/^linux +running +01:02 +1 +0 +injected +1704 +– +28 +28 +0/);
  });

  test("a narrow terminal gets the causes that occurred, below", () => {
    expect(liveTable(monitor, 80, plain)).toEqual([
      "PARTITION  STATE     UPTIME  RESTARTS    HELD  IRQ MODE  EXITS  SINCE READY",
      "linux      running    01:02         1       0  injected   1704            –",
      "plc        failed     01:02         1  5.3 µs  direct        0            –",
      "EXITS/s  all  timer  gic",
      "linux    151    150  0.5",
      "plc        0      0    0",
      "PLC     SCANS  OVERRUNS     CYCLE µs min/avg/max         JITTER µs",
      "plc     31000         2  998.1 / 1000.0 / 1002.4  0.1 / 0.9 / 12.3",
      "PLC     EXECUTION µs   LOAD  LAST µs cycle/jitter/exec  MAX SINCE CLEARED µs",
      "plc  2.1 / 2.4 / 9.9  0.2 %         1000.1 / 0.8 / 2.3    1001.0 / 5.0 / 3.0",
    ]);
  });

  test("colours change no width", () => {
    const widths = (lines: readonly string[]): number[] => lines.map(displayWidth);
    expect(widths(liveTable(monitor, 200, coloured))).toEqual(widths(liveTable(monitor, 200, plain)));
    expect(liveTable(monitor, 200, coloured).join()).toContain("\u001b[");
  });

  test("a counter that goes back, or a frame of the same time, is no rate", () => {
    vcpu(LINUX, 0, 62n * SECOND, { [abi.EXIT_TIMER]: 3 });
    vcpu(LINUX, 1, 62n * SECOND, { [abi.EXIT_TIMER]: 9999 });
    expect(liveTable(monitor, 200, plain)[1]).toMatch(/^linux +running +01:02 +1 +0 +injected +10002 +– +0 +0/);
  });

  test("telemetry of a partition that is not in the plan is ignored", () => {
    partition(7, abi.STATE_RUNNING, 1n);
    vcpu(7, 0, 1n, {});
    expect(monitor.partitions).toHaveLength(2);
    expect(monitor.nameOf(7)).toBe("#7");
    expect(monitor.nameOf(abi.FRAME_HYPERVISOR)).toBe("axv");
  });
});

describe("partitions with a bandwidth", () => {
  const bandwidth = { budget: 65536, refills: 512, periodMicroseconds: 1000 };
  beforeEach(() => {
    monitor = new Monitor(demoPartitions.map((plan) => (plan.name === "linux" ? { ...plan, bandwidth } : plan)));
  });

  test("show how often they were held for it; the others have no such number", () => {
    expect(liveTable(monitor, 85, plain).slice(0, 3)).toEqual([
      "PARTITION  STATE     UPTIME  RESTARTS  HELD  THROTTLED  IRQ MODE  EXITS  SINCE READY",
      "linux      –              –         –     –          –  injected      –            –",
      "plc        –              –         –     –             direct        –            –",
    ]);
    vcpu(LINUX, 0, SECOND, {}, 0n, 17);
    vcpu(LINUX, 1, SECOND, {}, 0n, 25);
    expect(liveTable(monitor, 80, plain)[1]).toMatch(/^linux +– +– +– +0 +42 +injected/);
  });
});

describe("exits since a guest was ready", () => {
  const tags = new Map([[0, 1n]]);
  const plcRow = (paint = plain): string => liveTable(monitor, 200, paint)[2] ?? "";
  beforeEach(() => {
    partition(PLC, abi.STATE_RUNNING, 2n * SECOND, tags);
    vcpu(PLC, 0, 2n * SECOND, { [abi.EXIT_CONTROLLER]: 30, [abi.EXIT_HYPERCALL]: 2 });
    partition(PLC, abi.STATE_RUNNING, 33n * SECOND, tags);
  });

  test("none of a direct partition, however many it had while it started", () => {
    vcpu(PLC, 0, 33n * SECOND, { [abi.EXIT_CONTROLLER]: 30, [abi.EXIT_HYPERCALL]: 2 });
    expect(plcRow()).toMatch(/^plc +running +00:33 +1 +0 +direct +32 +0 in 00:31 +0 +0/);
    expect(plcRow(coloured)).toContain("\u001b[32m\u001b[1m0 in 00:31");
  });

  test("a single one of a direct partition is seen", () => {
    vcpu(PLC, 0, 33n * SECOND, { [abi.EXIT_CONTROLLER]: 30, [abi.EXIT_HYPERCALL]: 2, [abi.EXIT_KICK]: 1 });
    expect(plcRow()).toMatch(/^plc +running +00:33 +1 +0 +direct +33 +1 in 00:31 +0.0 /);
    expect(plcRow(coloured)).toContain("\u001b[31m\u001b[1m1 in 00:31");
  });

  test("a partition whose interrupts are injected has them, without alarm", () => {
    partition(LINUX, abi.STATE_RUNNING, 2n * SECOND, tags);
    vcpu(LINUX, 0, 2n * SECOND, { [abi.EXIT_TIMER]: 100 });
    vcpu(LINUX, 0, 33n * SECOND, { [abi.EXIT_TIMER]: 31_100 });
    expect(liveTable(monitor, 200, plain)[1]).toMatch(/injected +31100 +31000 in 00:31 +1000 +1000/);
    expect(liveTable(monitor, 200, coloured)[1]).not.toContain("\u001b[31m");
  });

  test("a paused partition says so, and keeps its count", () => {
    partition(PLC, abi.STATE_PAUSED, 34n * SECOND, tags);
    vcpu(PLC, 0, 34n * SECOND, { [abi.EXIT_CONTROLLER]: 30, [abi.EXIT_HYPERCALL]: 2, [abi.EXIT_KICK]: 1 });
    expect(plcRow()).toMatch(/^plc +paused .* direct +33 +1 in 00:32/);
  });
});
