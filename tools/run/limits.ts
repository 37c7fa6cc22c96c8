// Limits of what partitions publish, which a run must keep: `--limit jitter=50us`. A limit names a tag, or one of which the
// guest publishes the maximum ("jitter" is "jitter max"), of every partition that has it, or of one: `--limit plc.jitter=50us`.
import type { PlannedTag } from "../../partitions/plan/plan.ts";
import type { Check, Judge } from "./checks.ts";
import { RunError } from "./errors.ts";
import type { PartitionPlan } from "../../industrial/live/monitor.ts";
import { showTime } from "../../industrial/live/show.ts";

export interface Limit {
  /** Indices. */
  readonly partition: number;
  readonly tag: number;
  readonly name: string;
  readonly unit: PlannedTag["unit"];
  readonly most: bigint;
}

const NANOSECONDS: ReadonlyMap<string, number> = new Map([
  ["ns", 1],
  ["us", 1e3],
  ["µs", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
]);
const MAXIMUM = " max";
/** [PARTITION.]NAME=NUMBER[UNIT] */
const LIMIT = /^(?:([a-z0-9-]+)\.)?([^=.]+)=(\d+(?:\.\d+)?)(ns|us|µs|ms|s)?$/;

/** Throws when nobody publishes such a thing, or its value has the wrong unit. */
export function parseLimit(text: string, partitions: readonly PartitionPlan[]): Limit[] {
  const [, whose, name = "", number, unit = ""] = LIMIT.exec(text.trim()) ?? [];
  const found = partitions.flatMap((partition, index) => {
    if (whose !== undefined && partition.name !== whose) return [];
    const tags = [...partition.tags.entries()];
    const meant = [name, name + MAXIMUM].flatMap((wanted) => tags.filter(([, tag]) => tag.name === wanted));
    return meant.slice(0, 1).map(([tag, { name: found, unit: ofTag }]) =>
      ({ partition: index, tag, name: `${partition.name}: ${found}`, unit: ofTag }));
  });
  if (number === undefined || found.length === 0) throw new RunError("AXV_LIMIT", text, known(partitions));
  return found.map((limit) => {
    const scale = limit.unit === "ns" ? NANOSECONDS.get(unit) : unit === "" ? 1 : undefined;
    if (scale === undefined) {
      throw new RunError("AXV_LIMIT_UNIT", text, limit.unit === "ns" ? "a time, such as 50us" : "a plain number");
    }
    return { ...limit, most: BigInt(Math.round(Number(number) * scale)) };
  });
}

/** Short names, as they are written in a limit. */
function known(partitions: readonly PartitionPlan[]): string {
  const shorten = (name: string): string => (name.endsWith(MAXIMUM) ? name.slice(0, -MAXIMUM.length) : name);
  const names = partitions.flatMap(({ tags }) => tags.map(({ name }) => shorten(name)));
  return names.length === 0 ? "no partition publishes any" : [...new Set(names)].join(", ");
}

/** Each is judged by the largest value that was published, in whatever life of the partition. */
export const judgeLimits = (limits: readonly Limit[]): Judge => (session) => {
  const largest = new Map<Limit, bigint>();
  session.on("partition", ({ partition, tags }) => {
    for (const limit of limits) {
      const value = limit.partition === partition ? tags.get(limit.tag) : undefined;
      if (value !== undefined && value >= (largest.get(limit) ?? 0n)) largest.set(limit, value);
    }
  });
  return () => limits.map((limit) => check(limit, largest.get(limit)));
};

function check({ name, unit, most }: Limit, value: bigint | undefined): Check {
  const shown = (number: bigint): string => (unit === "ns" ? showTime(number) : String(number));
  const title = `${name} at most ${shown(most)}`;
  if (value === undefined) return { name: title, verdict: "pending", detail: "it has published none" };
  if (value <= most) return { name: title, verdict: "passed", detail: shown(value) };
  return { name: title, verdict: "failed", detail: `${shown(value)}, which is ${shown(value - most)} more` };
}

/** All of them, in turn. */
export const judgeAll = (...judges: readonly Judge[]): Judge => (session) => {
  const checks = judges.map((judge) => judge(session));
  return () => checks.flatMap((each) => each());
};
