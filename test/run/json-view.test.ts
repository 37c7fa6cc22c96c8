// A run as JSON lines, each whole: tools/run/json-view.ts.
import { afterEach, beforeEach, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import type { PartitionTelemetry, VcpuTelemetry } from "../../industrial/link/telemetry.ts";
import { JsonView } from "../../tools/run/json-view.ts";
import { Session } from "../../tools/run/session.ts";
import { demoPartitions, LINUX, PLC } from "./fake-board.ts";
import { FakeOutput } from "./fake-output.ts";
import { pair } from "./pair.ts";

let session: Session;
let output: FakeOutput;
let view: JsonView;
beforeEach(() => begin());
afterEach(() => session.link.close());

function begin(partitions = demoPartitions): void {
  const [host] = pair();
  session = new Session(host, partitions);
  output = new FakeOutput();
  view = new JsonView(session, output.stream);
}

function lines(): unknown[] {
  const text = output.take();
  if (text === "") return [];
  expect(text.endsWith("\n")).toBe(true);
  return text.slice(0, -1).split("\n").map((line) => JSON.parse(line) as unknown);
}

const partition = (index: number, more: Partial<PartitionTelemetry> = {}): PartitionTelemetry => ({
  partition: index,
  time: 5_000_000_000n,
  state: "running",
  uptime: 4_000_000_000n,
  restarts: 1,
  consoleDropped: 2,
  watchdogExpired: 3,
  doorbells: 4,
  tags: new Map(),
  ...more,
});

const vcpu = (index: number, exits: readonly number[], time = 5_000_000_000n): VcpuTelemetry => ({
  partition: index, index: 0, pcpu: 3, state: "on", exits, held: 6n, throttled: 7, time,
});

/** As the link tells of it: the monitor knows first. */
function hear(telemetry: PartitionTelemetry): void {
  session.monitor.take(telemetry);
  session.emit("partition", telemetry);
}

test("lines, without their colours, and whose they are; the hypervisor's are nobody's", () => {
  session.emit("line", { partition: LINUX, kind: "console", text: "\u001b[1mBoot\u001b[0ming" });
  session.emit("line", { partition: abi.FRAME_HYPERVISOR, kind: "text", text: "axv: image" });
  session.emit("line", { partition: abi.FRAME_HYPERVISOR, kind: "warning", text: "lost" });
  session.emit("line", { partition: PLC, kind: "event", text: "told with its numbers" });
  expect(lines()).toEqual([
    { type: "console", partition: "linux", text: "Booting" },
    { type: "text", text: "axv: image" },
    { type: "warning", text: "lost" },
  ]);
});

test("events, with their numbers: above 2^53 as digits", () => {
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  session.emit("event", { partition: PLC, time: 1n, code: abi.EVENT_STARTED, a: 0x4000_0000n, b: 0n, c: most });
  session.emit("event", { partition: abi.FRAME_HYPERVISOR, time: most + 1n, code: 99, a: 1n, b: 2n, c: 3n });
  expect(lines()).toEqual([
    { type: "event", partition: "plc", time_ns: 1, code: 2, a: 0x4000_0000, b: 0, c: Number.MAX_SAFE_INTEGER,
      text: "started at 0x40000000" },
    { type: "event", time_ns: "9007199254740992", code: 99, a: 1, b: 2, c: 3, text: "event 99 (0x1, 0x2, 0x3)" },
  ]);
});

test("a partition: all that is told of it, and what is known besides", () => {
  hear(partition(LINUX));
  expect(lines()).toEqual([
    {
      type: "partition", partition: "linux", time_ns: 5e9, state: "running", uptime_ns: 4e9, restarts: 1, console_dropped: 2,
      watchdog_expired: 3, doorbells: 4, interrupts: "injected", exits_since_ready: null, since_ready_ns: 0, tags: {},
    },
  ]);
});

test("one that publishes: its values by name, exits since it was ready, load, maxima and histograms", () => {
  const tags = new Map([[0, 3000n], [3, 1_000_000n], [9, 2400n], [12, 800n], [14, 1_001_000n], [99, 1n]]);
  hear(partition(PLC, { tags }));
  session.monitor.takeVcpu(vcpu(PLC, [1, 2]));
  session.monitor.takeVcpu(vcpu(PLC, [1, 5], 7_000_000_000n));
  lines();
  const update = { state: "receiving", received: 1, size: 2, version: 8, running: 7, next: 7 } as const;
  hear(partition(PLC, { tags, update }));
  expect(lines()).toEqual([
    {
      type: "partition", partition: "plc", time_ns: 5e9, state: "running", uptime_ns: 4e9, restarts: 1, console_dropped: 2,
      watchdog_expired: 3, doorbells: 4, update: { ...update }, interrupts: "direct", exits_since_ready: 3, since_ready_ns: 2e9,
      load: 0.0024,
      maxima: { cycle: 1_001_000 }, maxima_since_ns: null,
      histograms: [
        { name: "jitter", samples: 2, from_ns: 795, step_ns: 1, counts: [0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0], far: 0, median_ns: 800,
          p99_ns: 800, largest_ns: 800 },
      ],
      tags: {
        "scans": 3000, "cycle avg": 1_000_000, "execution avg": 2400, "jitter last": 800, "cycle recent": 1_001_000, "99": 1,
      },
    },
  ]);
});

test("since when maxima are, once they were cleared; times that are no whole nanoseconds are rounded", () => {
  hear(partition(PLC, { tags: new Map([[0, 1n]]) }));
  session.monitor.named("plc")?.clearMaxima();
  lines();
  hear(partition(PLC, { tags: new Map([[12, 800n]]) }));
  expect(lines()).toMatchObject([{ maxima: {}, maxima_since_ns: 5e9, histograms: [{ largest_ns: 800 }] }]);
});

test("one that publishes nothing of which these are made has none of them", () => {
  begin(demoPartitions.map((plan) => ({ ...plan, tags: [{ name: "scans", unit: "count" as const }] })));
  hear(partition(PLC, { tags: new Map([[0, 1n]]) }));
  const [told] = lines() as [Record<string, unknown>];
  expect(Object.keys(told)).toEqual(expect.not.arrayContaining(["load", "maxima", "maxima_since_ns", "histograms"]));
});

test("one that is not in the plan is told by its number", () => {
  hear(partition(7, { tags: new Map([[0, 1n]]) }));
  session.emit("vcpu", vcpu(7, []));
  expect(lines()).toEqual([
    {
      type: "partition", partition: "#7", time_ns: 5e9, state: "running", uptime_ns: 4e9, restarts: 1, console_dropped: 2,
      watchdog_expired: 3, doorbells: 4, tags: { 0: 1 },
    },
    { type: "vcpu", partition: "#7", vcpu: 0, pcpu: 3, time_ns: 5e9, state: "on", held_ns: 6, throttled: 7, exits: {} },
  ]);
});

test("a vCPU, with its exits by their causes", () => {
  const exits = Array.from({ length: abi.EXIT_CAUSES + 1 }, (_, cause) => cause * 10);
  session.emit("vcpu", vcpu(PLC, exits));
  expect(lines()).toEqual([
    {
      type: "vcpu", partition: "plc", vcpu: 0, pcpu: 3, time_ns: 5e9, state: "on", held_ns: 6, throttled: 7,
      exits: {
        "timer": 0, "irq": 10, "sgi": 20, "maint": 30, "hvc": 40, "smc": 50, "gic": 60, "sgi-tx": 70, "con": 80, "sys": 90,
        "fault": 100, "tick": 110, "bw": 120, "13": 130,
      },
    },
  ]);
});

test("which slot it is; notes; the end, with how it was judged", () => {
  session.emit("system", { time: 5n, slot: "b", update: "healthy" });
  view.note("a note");
  view.close();
  view.summarize([]);
  view.summarize([{ name: "plc prints", verdict: "passed", detail: "first line" }]);
  expect(lines()).toEqual([
    { type: "system", time_ns: 5, slot: "b", update: "healthy" },
    { type: "note", text: "a note" },
    { type: "end", checks: [] },
    { type: "end", checks: [{ name: "plc prints", verdict: "passed", detail: "first line" }] },
  ]);
});
