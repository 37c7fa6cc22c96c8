// What must be true of a run for it to have worked. A judge listens to a session from its start, and at any time gives its
// checks as they stand.
import * as abi from "../../core/abi.ts";
import { describeEvent } from "../../industrial/link/events.ts";
import type { HypervisorEvent } from "../../industrial/link/telemetry.ts";
import { layOut } from "./columns.ts";
import type { PartitionRecord } from "../../industrial/live/monitor.ts";
import { type Paint, titled } from "./paint.ts";
import type { Session } from "./session.ts";

export interface Check {
  readonly name: string;
  /** pending: not yet, but it still may. At the end that is as good as failed. */
  readonly verdict: "passed" | "failed" | "pending";
  /** What was seen. */
  readonly detail: string;
}

const MS_PER_SECOND = 1000;
const NS_PER_SECOND = 1e9;

export type Judge = (session: Session) => () => Check[];

export const verdict = (passed: boolean): "passed" | "failed" => (passed ? "passed" : "failed");

/** It has been started, by what it said itself or the hypervisor said of it. */
export function hasStarted(partition: PartitionRecord): boolean {
  return partition.telemetry?.state === "running" || partition.events.some(({ code }) => code === abi.EVENT_STARTED);
}

const TROUBLE: ReadonlySet<number> = new Set([abi.EVENT_FAULT, abi.EVENT_WATCHDOG, abi.EVENT_PANIC, abi.EVENT_STOP_HANGS]);

/** Of every system: all that should start has started, and prints if its guest does; none has faulted, hung, or panicked. */
export const judgeHealth: Judge = (session) => {
  const trouble: HypervisorEvent[] = [];
  const seen = session.monitor.partitions.map(() => new Sight());
  session.on("event", (event) => {
    if (TROUBLE.has(event.code)) trouble.push(event);
    if (event.code === abi.EVENT_STARTED) seen[event.partition]?.start();
  });
  session.on("partition", ({ partition, time, state }) => {
    if (state === "running") seen[partition]?.start();
    seen[partition]?.hear(time);
  });
  session.on("console", (partition) => seen[partition]?.print());
  return () => {
    const { partitions } = session.monitor;
    const of = (at: number): HypervisorEvent[] => trouble.filter(({ partition }) => partition === at);
    const longest = seen.reduce(
      (most, { heard }) => (heard !== undefined && heard > (most ?? 0n) ? heard : most),
      undefined as bigint | undefined,
    );
    return [
      ...partitions.filter(({ plan }) => plan.autostart).map((partition) => started(partition, seen[partition.index])),
      ...partitions
        .filter(({ plan }) => plan.autostart && plan.prints)
        .map((partition) => prints(partition, seen[partition.index])),
      ...partitions.map(({ name, index }) => noTrouble(name, of(index), seen[index]?.heard)),
      noTrouble("hypervisor", of(abi.FRAME_HYPERVISOR), longest),
      ...partitions.flatMap((partition) => protections(partition)),
    ];
  };
};

/** When each thing was first seen of a partition, in the host's milliseconds since the judge began; how long it was heard of. */
class Sight {
  readonly #begun = performance.now();
  started: number | undefined;
  printed: number | undefined;
  /** The board's nanoseconds until its last telemetry; undefined: there is none. */
  heard: bigint | undefined;

  start(): void {
    this.started ??= performance.now() - this.#begun;
  }

  print(): void {
    this.printed ??= performance.now() - this.#begun;
  }

  hear(time: bigint): void {
    this.heard = time;
  }
}

const after = (milliseconds: number): string => `after ${(milliseconds / MS_PER_SECOND).toFixed(1)} s`;

function started(partition: PartitionRecord, seen: Sight | undefined): Check {
  const event = partition.events.find(({ code }) => code === abi.EVENT_STARTED);
  const name = `${partition.name} started`;
  if (!hasStarted(partition) || seen?.started === undefined) {
    return { name, verdict: "pending", detail: "the hypervisor has not reported it" };
  }
  const detail = event === undefined ? "it runs, by its telemetry" : describeEvent(event);
  return { name, verdict: "passed", detail: `${detail}, ${after(seen.started)}` };
}

function prints(partition: PartitionRecord, seen: Sight | undefined): Check {
  const printed = seen?.printed;
  const name = `${partition.name} prints`;
  if (printed === undefined) return { name, verdict: "pending", detail: "nothing so far" };
  return { name, verdict: "passed", detail: `first line ${after(Math.max(0, printed - (seen?.started ?? 0)))}` };
}

/** What keeps the memory traffic of partitions apart, where the plan asks for it: not every board has it. */
function protections(partition: PartitionRecord): Check[] {
  const { name, plan, events, throttled } = partition;
  return [
    {
      asked: plan.ways.length > 0,
      feature: abi.FEATURE_CLUSTER_WAYS,
      what: "has its cache ways",
      found: "the board has not said that it cannot",
    },
    {
      asked: plan.bandwidth !== null,
      feature: abi.FEATURE_BANDWIDTH,
      what: "is held to its bandwidth",
      found: `held for it ${throttled} times`,
    },
  ]
    .filter(({ asked }) => asked)
    .map(({ feature, what, found }) => {
      const lack = events.find(({ code, a }) => code === abi.EVENT_UNAVAILABLE && a === BigInt(feature));
      if (lack !== undefined) return { name: `${name} ${what}`, verdict: "failed", detail: describeEvent(lack) };
      return hasStarted(partition)
        ? { name: `${name} ${what}`, verdict: "passed", detail: found }
        : { name: `${name} ${what}`, verdict: "pending", detail: "it has not started" };
    });
}

/** `heard`: until when there was telemetry. Without any, that nothing bad was told says nothing. */
function noTrouble(who: string, events: readonly HypervisorEvent[], heard: bigint | undefined): Check {
  const name = `${who} without fault, hang or panic`;
  const [first] = events;
  if (first !== undefined) {
    const detail = events.length === 1 ? describeEvent(first) : `${describeEvent(first)} (and ${events.length - 1} more)`;
    return { name, verdict: "failed", detail };
  }
  if (heard === undefined) return { name, verdict: "pending", detail: "no telemetry" };
  return { name, verdict: "passed", detail: `none until ${(Number(heard) / NS_PER_SECOND).toFixed(1)} s after boot` };
}

export const allPassed = (checks: readonly Check[]): boolean => checks.every((check) => check.verdict === "passed");

export function checkTable(checks: readonly Check[], paint: Paint): string[] {
  const bad = ["red", "bold"] as const;
  const shown = { passed: paint("green", "ok"), failed: paint([...bad], "FAILED"), pending: paint([...bad], "NOT SEEN") };
  const table = layOut(
    [
      { title: "CHECK", align: "left", cell: ({ name }: Check) => name },
      { title: "RESULT", align: "left", cell: (check) => shown[check.verdict] },
      { title: "SEEN", align: "left", cell: ({ detail }) => detail },
    ],
    checks,
  );
  return titled(table, paint);
}
