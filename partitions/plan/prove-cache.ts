// Proves of a finished plan what it promises about cache and bandwidth. As prove.ts, it reads the plan only, and works out
// from the planned pages which sets of the cache they are in; what was asked for it does not know.
import { ofPlan } from "../isas.ts";
import type { Plan, PlannedPartition, PlannedRegion } from "./plan.ts";
import { inRange } from "./prove-range.ts";
import { breaks } from "./violation.ts";
import type { Violation } from "./violation.ts";

const PAGE_BYTES = 4096;
/** Coloured memory begins at a multiple of it, so that it can be mapped as a whole in the hypervisor itself. */
const STRETCH_STEP = 0x200000;

/** PAs [from, to) that a region consists of, in order: of a coloured one only the pages of its colours. */
export function stretchesOf(plan: Plan, { pa, size, colours }: PlannedRegion): { from: number; to: number }[] {
  if (colours === undefined) return [{ from: pa, to: pa + size }];
  if (!colours.some((colour) => colour < plan.cache.colours)) return [];
  const found: { from: number; to: number }[] = [];
  for (let page = pa, left = size; left > 0; page += PAGE_BYTES) {
    if (!colours.includes((page / PAGE_BYTES) % plan.cache.colours)) continue;
    found.push({ from: page, to: page + PAGE_BYTES });
    left -= PAGE_BYTES;
  }
  return found;
}

export function proveCache(plan: Plan): Violation[] {
  return [...proveColours(plan), ...proveWays(plan), ...plan.partitions.flatMap((each) => proveBandwidth(plan, each))];
}

const isColoured = ({ regions }: PlannedPartition): boolean => regions.some(({ colours }) => colours !== undefined);

/** Indices of all sets that some of these regions have a line in. */
function setsOf(plan: Plan, regions: readonly PlannedRegion[]): Set<number> {
  const { sets, line } = plan.cache;
  const way = sets * line;
  const offsets = new Set<number>();
  for (const region of regions) {
    for (const { from, to } of stretchesOf(plan, region)) {
      // A whole way long, and it has been everywhere.
      for (let at = from; at < Math.min(to, from + way); at += PAGE_BYTES) offsets.add(at % way);
    }
  }
  const found = new Set<number>();
  for (const offset of offsets) {
    for (let byte = 0; byte < PAGE_BYTES; byte += line) found.add(((offset + byte) / line) % sets);
  }
  return found;
}

/** No set has lines of two coloured partitions, but for a channel's between the two. */
function proveColours(plan: Plan): Violation[] {
  const wrong: Violation[] = [];
  const coloured = plan.partitions.filter(isColoured);
  const reach = coloured.map((partition) => {
    const cached = partition.regions.filter(({ kind }) => kind === "ram" || kind === "mailbox");
    const channels = partition.regions.filter(({ kind }) => kind === "channel");
    if (partition.regions.some(({ kind, colours }) => (kind === "ram") !== (colours !== undefined)))
      wrong.push(breaks("colours", `not all the memory of ${partition.name}, and only that, is coloured`));
    for (const { name, pa, colours } of partition.regions) {
      if (colours?.every((colour) => colour < plan.cache.colours) === false || colours?.length === 0)
        wrong.push(breaks("colours", `"${name}" of ${partition.name} has colours that are not there`));
      if (colours !== undefined && pa % STRETCH_STEP !== 0)
        wrong.push(breaks("colours", `"${name}" of ${partition.name} does not begin at a multiple of 2M`));
    }
    return { partition, own: setsOf(plan, cached), channels };
  });
  for (const [index, one] of reach.entries()) {
    for (const other of reach.slice(index + 1)) {
      if (shares(one.own, other.own))
        wrong.push(breaks("colours", `${one.partition.name} and ${other.partition.name} share sets of the cache`));
    }
    for (const other of reach.filter((each) => each !== one)) {
      const foreign = one.channels.filter(({ pa }) => !other.channels.some((channel) => channel.pa === pa));
      if (shares(setsOf(plan, foreign), other.own))
        wrong.push(
          breaks("colours", `a channel of ${one.partition.name} is in sets of the cache that ${other.partition.name} has`),
        );
    }
  }
  return wrong;
}

const shares = (one: ReadonlySet<number>, other: ReadonlySet<number>): boolean =>
  [...one].some((set) => other.has(set));

/** A way group has at most one owner, and one has none. */
function proveWays({ partitions, cache }: Plan): Violation[] {
  const owned = partitions.flatMap(({ ways }) => ways);
  const wrong: Violation[] = [];
  if (new Set(owned).size !== owned.length) wrong.push(breaks("ways", "a way group of the cache is in two partitions"));
  if (owned.some((group) => group < 0 || group >= cache.wayGroups)) wrong.push(breaks("ways", "a way group is not there"));
  if (owned.length > 0 && owned.length >= cache.wayGroups)
    wrong.push(breaks("ways", "no way group of the cache is left for the rest"));
  return wrong;
}

function proveBandwidth(plan: Plan, partition: PlannedPartition): Violation[] {
  const { name, bandwidth, cpus, direct } = partition;
  if (bandwidth === null) return [];
  const wrong = inRange(plan, "Partition", "bandwidthMicroseconds", bandwidth.periodMicroseconds, ` of ${name}`);
  const { budget, refills, periodMicroseconds } = bandwidth;
  if (refills < 1 || periodMicroseconds < 1) wrong.push(breaks("bandwidth", `${name} would never run: it has no budget`));
  if (refills * plan.cache.line * cpus.length > budget)
    wrong.push(breaks("bandwidth", `the vCPUs of ${name} have more than its budget`));
  wrong.push(...ofPlan(plan).proveCounter(plan, partition));
  if (direct) wrong.push(breaks("bandwidth", `${name} has a bandwidth, but cannot be held: its interrupts are direct`));
  return wrong;
}
