// Who has what, of a plan, as the live page shows it: the same as in the picture.
import type { Owner, SystemMap } from "../../industrial/web/protocol.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { describe, ownedStretches } from "./picture.ts";
import { cacheOf, cacheShare, colourNotes, directNotes, dmaNote, pmuNotes, telemetryNotes, trustNotes } from "./shares.ts";
import { hue } from "./svg.ts";

export function systemMap(plan: Plan): SystemMap {
  const { board, cpus, partitions, cache, housekeeper } = plan;
  const styles = new Map(partitions.map((_, index) => [hue(index), index] as const));
  const others: Readonly<Record<string, Owner>> = { core: "hypervisor", free: "firmware" };
  const owner = (style: string): Owner => styles.get(style) ?? others[style] ?? "shared";
  const who = (has: (index: number) => boolean): number[] => [...partitions.keys()].filter(has);
  const coloursOf = (index: number): readonly number[] | undefined =>
    partitions[index]?.regions.find(({ colours }) => colours !== undefined)?.colours;
  const isColoured = partitions.some((_, index) => coloursOf(index) !== undefined);
  const hasWays = partitions.some(({ ways }) => ways.length > 0);
  return {
    board,
    memory: ownedStretches(plan).map(({ pa, end, style, label, detail }) => ({
      at: pa,
      size: end - pa,
      label,
      detail,
      owner: owner(style),
    })),
    cache: {
      name: cacheOf(plan),
      colours: Array.from({ length: isColoured ? cache.colours : 0 }, (_, colour) =>
        who((index) => coloursOf(index)?.includes(colour) ?? true),
      ),
      ways: Array.from({ length: hasWays ? cache.wayGroups : 0 }, (_, way) =>
        who((index) => partitions[index]?.ways.includes(way) === true),
      ),
    },
    cpus: cpus.map(({ partition, vcpu }, cpu) => ({ partition, vcpu, isHousekeeper: cpu === housekeeper })),
    partitions: partitions.map((partition) => ({
      facts: describe(plan, partition).filter((line) => line !== ""),
      cache: cacheShare(plan, partition),
    })),
    notes: [dmaNote(plan), ...[colourNotes, directNotes, trustNotes, telemetryNotes, pmuNotes].flatMap((notes) => notes(plan))],
  };
}
