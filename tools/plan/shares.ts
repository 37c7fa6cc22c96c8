// What a partition has of that which all share, in words: interrupts, cache, bandwidth. For the tables and the picture.
import { cacheBytes, spreadOf } from "../../partitions/plan/cache.ts";
import { ofPlan } from "../../partitions/isas.ts";
import { isaOfPlan } from "../../partitions/plan/plan.ts";
import type { Plan, PlannedPartition } from "../../partitions/plan/plan.ts";
import { formatDuration, formatSize, formatSpan } from "../../partitions/units.ts";

export const interruptsOf = ({ direct }: PlannedPartition): string => (direct ? "direct" : "injected");

/** In the picture and in `plan`: what the others have to put up with from it. */
export const trustOf = (partition: PlannedPartition): string | undefined =>
  sgisOf(partition) === "trusted" ? "trusted with SGIs" : undefined;

/** Undefined: its ISA has none. */
const sgisOf = (partition: PlannedPartition): "trusted" | "sent for it" | undefined =>
  !("trustedSgi" in partition) ? undefined : partition.trustedSgi === true ? "trusted" : "sent for it";

/** What that means: nobody is to think otherwise. */
/**
 * What no hypervisor can see of a direct partition: EOIR ends whatever is active, whoever handles it (IHI 0069 §4.1.1,
 * IHI 0048B §4.4.5).
 */
export const directNotes = ({ partitions }: Plan): string[] =>
  partitions
    .filter((partition) => partition.direct && sgisOf(partition) === "sent for it" && partitions.length > 1)
    .map(
      ({ name }) =>
        `${name} has direct interrupts: by EOIR it can end another partition's interrupt that is being handled. That ` +
          "costs its owner, if injected, one exit more and a maintenance interrupt each time it comes.",
    );

export const trustNotes = ({ partitions }: Plan): string[] =>
  partitions
    .filter((partition) => sgisOf(partition) === "trusted")
    .map(
      ({ name }) =>
        `${name} is trusted with its SGIs: it can interrupt every pCPU at any time, end other partitions' ` +
          "interrupts, and, asleep with its interrupts masked (PMR), it does not wake for a stop.",
    );

/** Who hears what others print. */
export const telemetryNotes = ({ partitions }: Plan): string[] =>
  partitions
    .filter(({ telemetry }) => telemetry)
    .map(({ name, controls }) => {
      const others = controls.flatMap((index) => partitions[index]?.name ?? []);
      const commands = others.length === 0 ? "" : ` It may start, stop, restart and pause ${others.join(", ")}.`;
      return `${name} reads along what leaves by the UART: states, events, and what every partition prints.${commands}`;
    });

export const cacheName = ({ cache }: Plan): string => (cache.unknown === undefined ? `L${cache.level} cache` : "caches");
export const cacheOf = (plan: Plan): string =>
  `${cacheName(plan)}, ${plan.cache.unknown === undefined ? formatSize(cacheBytes(plan.cache)) : "unknown"}`;

/** What of its memory is coloured; undefined: nothing is. */
const colouredOf = ({
  regions,
}: PlannedPartition): { pa: number; size: number; colours: readonly number[] } | undefined =>
  regions.flatMap(({ pa, size, colours }) => (colours === undefined ? [] : [{ pa, size, colours }]))[0];

/** "4 of 16 colours = 256K"; undefined: nothing of the cache is its own. */
function ownCache({ cache }: Plan, partition: PlannedPartition): string | undefined {
  const share = (own: number, all: number, what: string): string =>
    `${own} of ${all} ${what} = ${formatSize((cacheBytes(cache) * own) / all)}`;
  const colours = colouredOf(partition)?.colours.length;
  if (colours !== undefined) return share(colours, cache.colours, "colours");
  return partition.ways.length > 0 ? share(partition.ways.length, cache.wayGroups, "way groups") : undefined;
}

/** Whose counters tell what the hypervisor does on their pCPUs. */
export function pmuNotes(plan: Plan): string[] {
  const owners = plan.partitions.filter((partition) => ofPlan(plan).seesHypervisor(plan, partition));
  const mode = isaOfPlan(plan) === "riscv64" ? "HS" : "EL2";
  const names = owners.map(({ name }) => name).join(", ");
  return owners.length === 0 ? [] : [`performance counters count the hypervisor (${mode}), too: ${names}`];
}

/** Short, for the picture. */
export function cacheInBrief(plan: Plan, partition: PlannedPartition): string {
  const others = colouredNames(plan) === "" ? "shared" : `all ${plan.cache.colours} colours, shared`;
  return `${cacheName(plan)}: ${ownCache(plan, partition) ?? others}`;
}

export function cacheShare(plan: Plan, partition: PlannedPartition): string {
  const own = ownCache(plan, partition);
  if (own !== undefined) return own;
  const { cache, partitions } = plan;
  const given = partitions.reduce((sum, { ways }) => sum + ways.length, 0);
  const groups = given === 0 ? "" : `, in ${cache.wayGroups - given} of ${cache.wayGroups} way groups`;
  const owners = colouredNames(plan);
  return owners === "" ? `shared${groups}` : `all ${cache.colours} colours, also ${owners}'s${groups}`;
}

const colouredNames = ({ partitions }: Plan): string =>
  partitions
    .filter((partition) => colouredOf(partition) !== undefined)
    .map(({ name }) => name)
    .join("'s and ");

/** "64K per 1ms"; undefined: it is not limited. */
export const bandwidthOf = ({ bandwidth }: PlannedPartition): string | undefined =>
  bandwidth === null
    ? undefined
    : `${formatSize(bandwidth.budget)} per ${formatDuration(bandwidth.periodMicroseconds)}`;

const reaching = ({ devices }: PlannedPartition): string =>
  devices.flatMap(({ name, reachesAllMemory }) => (reachesAllMemory ? [name] : [])).join(", ");

/** "linux (virtio0, virtio1)": whom nothing keeps out of anybody's memory; "nobody". */
export function dmaNote({ partitions }: Plan): string {
  const found = partitions.flatMap((partition) => {
    const devices = reaching(partition);
    return devices === "" ? [] : [`${partition.name} (${devices})`];
  });
  return `reaches all memory by DMA: ${found.length === 0 ? "nobody" : found.join(", ")}`;
}

/** Short, for the picture. */
export const reachInBrief = (partition: PlannedPartition): string =>
  reaching(partition) === "" ? "" : " · DMA: reaches all memory";

/** What colours do not do, and what they cost: nobody is to think otherwise. */
export function colourNotes(plan: Plan): string[] {
  const { partitions, cache } = plan;
  const owners = colouredNames(plan);
  const coloured = partitions.flatMap((partition) => colouredOf(partition) ?? []);
  const [first] = coloured;
  if (first === undefined) return [];
  const others = partitions.filter((partition) => colouredOf(partition) === undefined);
  const size = Math.max(...coloured.map((part) => spreadOf(cache, part.size, part.colours)));
  const idle = size - coloured.reduce((sum, part) => sum + part.size, 0);
  return [
    ...others.map(
      ({ name }) => `${name} is not coloured: its memory uses all ${cache.colours} colours, also ${owners}'s.`,
    ),
    "The hypervisor is not coloured either: its code and data use all colours.",
    `Coloured memory: ${formatSpan({ base: first.pa, size })}, of which ${formatSize(idle)} lie idle.`,
  ];
}
