// The run as JSON lines, for programs: one object a line, its kind in "type". Times are nanoseconds; an integer above 2^53
// is a string of digits, since a JSON reader would round it.
import { FRAME_HYPERVISOR } from "../../core/abi.ts";
import { describeEvent } from "../../industrial/link/events.ts";
import { EXIT_NAMES } from "../../industrial/link/exits.ts";
import type { HypervisorEvent, PartitionTelemetry, SystemTelemetry, VcpuTelemetry } from "../../industrial/link/telemetry.ts";
import type { Check } from "./checks.ts";
import type { View } from "./display.ts";
import { printable } from "../../industrial/live/lines.ts";
import type { Monitor, PartitionRecord } from "../../industrial/live/monitor.ts";
import type { Histogram } from "../../industrial/live/samples.ts";
import type { Session } from "./session.ts";

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const integer = (value: bigint): Json => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString());

export class JsonView implements View {
  readonly #stdout: NodeJS.WriteStream;

  constructor(session: Session, stdout: NodeJS.WriteStream) {
    this.#stdout = stdout;
    const { monitor } = session;
    session.on("line", ({ partition, kind, text }) => {
      if (kind === "event") return; // comes as an event below, with its numbers
      const from = partition === FRAME_HYPERVISOR ? {} : { partition: monitor.nameOf(partition) };
      this.#write({ type: kind, ...from, text: printable(text, false) });
    });
    session.on("event", (event) => this.#write(eventJson(event, monitor)));
    session.on("partition", (telemetry) => this.#write(partitionJson(telemetry, monitor)));
    session.on("system", (telemetry) => this.#write(systemJson(telemetry)));
    session.on("vcpu", (telemetry) => this.#write(vcpuJson(telemetry, monitor)));
  }

  note(text: string): void {
    this.#write({ type: "note", text });
  }

  close(): void {}

  summarize(checks: readonly Check[]): void {
    this.#write({ type: "end", checks: checks.map(({ name, verdict, detail }) => ({ name, verdict, detail })) });
  }

  #write(value: Json): void {
    this.#stdout.write(`${JSON.stringify(value)}\n`);
  }
}

function eventJson(event: HypervisorEvent, monitor: Monitor): Json {
  const { code, a, b, c } = event;
  const about = event.partition === FRAME_HYPERVISOR ? {} : { partition: monitor.nameOf(event.partition) };
  const numbers = { time_ns: integer(event.time), code, a: integer(a), b: integer(b), c: integer(c) };
  return { type: "event", ...about, ...numbers, text: describeEvent(event) };
}

const systemJson = ({ time, slot, update }: SystemTelemetry): Json => ({ type: "system", time_ns: integer(time), slot, update });

function partitionJson(telemetry: PartitionTelemetry, monitor: Monitor): Json {
  const record = monitor.partitions[telemetry.partition];
  const tags = record?.plan.tags ?? [];
  return {
    type: "partition",
    partition: monitor.nameOf(telemetry.partition),
    time_ns: integer(telemetry.time),
    state: telemetry.state,
    uptime_ns: integer(telemetry.uptime),
    restarts: telemetry.restarts,
    console_dropped: telemetry.consoleDropped,
    watchdog_expired: telemetry.watchdogExpired,
    doorbells: telemetry.doorbells,
    ...(telemetry.update !== undefined && { update: { ...telemetry.update } }),
    ...(record === undefined ? {} : { ...steadyJson(record), ...timingJson(record) }),
    tags: Object.fromEntries([...telemetry.tags].map(([tag, value]) => [tags[tag]?.name ?? String(tag), integer(value)])),
  };
}

/** `exits_since_ready`: null as long as it is not known to be ready; `since_ready_ns`: the time in which they were counted. */
function steadyJson({ plan, sinceReady }: PartitionRecord): Record<string, Json> {
  return {
    interrupts: plan.direct ? "direct" : "injected",
    exits_since_ready: sinceReady.exits ?? null,
    since_ready_ns: integer(sinceReady.time),
  };
}

/**
 * `load`: 0 … 1. `maxima`: since `maxima_since_ns` of the board's time, null: since the start. `histograms`: of the newest
 * samples since then; the first count is of times from `from_ns` on, each takes `step_ns`.
 */
function timingJson({ load, maxima, times }: PartitionRecord): Record<string, Json> {
  const values = Object.fromEntries([...maxima.values].map(([name, value]) => [name, integer(value)]));
  return {
    ...(load === undefined ? {} : { load }),
    ...(maxima.isPossible
      ? { maxima: values, maxima_since_ns: maxima.clearedAt === undefined ? null : integer(maxima.clearedAt) }
      : {}),
    ...(times.names.length > 0 ? { histograms: times.histograms.map(histogramJson) } : {}),
  };
}

const nanoseconds = (value: number): Json => integer(BigInt(Math.round(value)));

const histogramJson = ({ name, samples, from, step, counts, far, median, p99, largest }: Histogram): Json => ({
  name,
  samples,
  from_ns: nanoseconds(from),
  step_ns: nanoseconds(step),
  counts: [...counts],
  far,
  median_ns: nanoseconds(median),
  p99_ns: nanoseconds(p99),
  largest_ns: nanoseconds(largest),
});

function vcpuJson(telemetry: VcpuTelemetry, monitor: Monitor): Json {
  return {
    type: "vcpu",
    partition: monitor.nameOf(telemetry.partition),
    vcpu: telemetry.index,
    pcpu: telemetry.pcpu,
    time_ns: integer(telemetry.time),
    state: telemetry.state,
    held_ns: integer(telemetry.held),
    throttled: telemetry.throttled,
    exits: Object.fromEntries(telemetry.exits.map((count, cause) => [EXIT_NAMES[cause] ?? String(cause), count])),
  };
}
