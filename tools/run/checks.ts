// What must be true of a run for it to have worked. A judge listens to a session from its start, and at any time gives its
// checks as they stand.
import * as abi from "../../core/abi.ts";
import { describeEvent } from "../../industrial/link/events.ts";
import type { HypervisorEvent } from "../../industrial/link/telemetry.ts";
import { layOut } from "./columns.ts";
import type { PartitionRecord } from "./monitor.ts";
import type { Paint } from "./paint.ts";
import type { Session } from "./session.ts";

export interface Check {
  readonly name: string;
  /** pending: not yet, but it still may. At the end that is as good as failed. */
  readonly verdict: "passed" | "failed" | "pending";
  /** What was seen. */
  readonly detail: string;
}

export type Judge = (session: Session) => () => Check[];

export const verdict = (passed: boolean): "passed" | "failed" => (passed ? "passed" : "failed");

/** It has been started, by what it said itself or the hypervisor said of it. */
export function hasStarted(partition: PartitionRecord): boolean {
  return partition.telemetry?.state === "running" || partition.events.some(({ code }) => code === abi.EVENT_STARTED);
}

const TROUBLE: ReadonlySet<number> = new Set([abi.EVENT_FAULT, abi.EVENT_WATCHDOG, abi.EVENT_PANIC, abi.EVENT_STOP_HANGS]);

/** Of every system: all that should start has started, and nobody has faulted, hung, or panicked. */
export const judgeHealth: Judge = (session) => {
  const trouble: HypervisorEvent[] = [];
  session.on("event", (event) => {
    if (TROUBLE.has(event.code)) trouble.push(event);
  });
  return () => [
    ...session.monitor.partitions.filter(({ plan }) => plan.autostart).map((partition) => started(partition)),
    ...session.monitor.partitions.map((partition) => noTrouble(partition.name, trouble.filter((event) => event.partition === partition.index))),
    noTrouble("hypervisor", trouble.filter((event) => event.partition === abi.FRAME_HYPERVISOR)),
    ...session.monitor.partitions.flatMap((partition) => protections(partition)),
  ];
};

function started(partition: PartitionRecord): Check {
  const passed = hasStarted(partition);
  return { name: `${partition.name} started`, verdict: passed ? "passed" : "pending", detail: passed ? "" : "the hypervisor has not reported it" };
}

/** What keeps a partition from the others' memory traffic, or them from its own, where the plan asks for it: not every board has it. */
function protections(partition: PartitionRecord): Check[] {
  const { name, plan, events } = partition;
  return [
    { asked: plan.ways.length > 0, feature: abi.FEATURE_CLUSTER_WAYS, what: "has its cache ways" },
    { asked: plan.bandwidth !== null, feature: abi.FEATURE_BANDWIDTH, what: "is held to its bandwidth" },
  ]
    .filter(({ asked }) => asked)
    .map(({ feature, what }) => {
      const lack = events.find(({ code, a }) => code === abi.EVENT_UNAVAILABLE && a === BigInt(feature));
      const seen = lack === undefined ? (hasStarted(partition) ? "passed" : "pending") : "failed";
      return { name: `${name} ${what}`, verdict: seen, detail: lack === undefined ? "" : describeEvent(lack) };
    });
}

function noTrouble(name: string, events: readonly HypervisorEvent[]): Check {
  const [first] = events;
  const detail = first === undefined ? "" : events.length === 1 ? describeEvent(first) : `${describeEvent(first)} (and ${events.length - 1} more)`;
  return { name: `${name} without fault, hang or panic`, verdict: verdict(first === undefined), detail };
}

export const allPassed = (checks: readonly Check[]): boolean => checks.every((check) => check.verdict === "passed");

export function checkTable(checks: readonly Check[], paint: Paint): string[] {
  const shown = { passed: paint("green", "ok"), failed: paint(["red", "bold"], "FAILED"), pending: paint(["red", "bold"], "NOT SEEN") };
  const [titles = "", ...rows] = layOut(
    [
      { title: "CHECK", align: "left", cell: ({ name }: Check) => name },
      { title: "RESULT", align: "left", cell: (check) => shown[check.verdict] },
      { title: "SEEN", align: "left", cell: ({ detail }) => detail },
    ],
    checks,
  );
  return [paint("bold", titles), ...rows];
}
