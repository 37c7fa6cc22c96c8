// How many translation tables the hypervisor needs for the partitions' memory: it has a fixed number of them. One of 4 KiB
// maps 2 MiB page by page, or 1 GiB in blocks of 2 MiB; coloured memory is always mapped page by page.
import { BLOCK, end, GIB } from "../units.ts";
import type { PlannedRegion } from "./plan.ts";

/** POOL_TABLES of arch/aarch64/tables.ts. */
export const POOL_TABLES = 96;
/** At most so many are for the hypervisor's own mappings: its devices, the images, and the RAM it copies them to. */
const OWN_TABLES = 16;
export const TABLES = POOL_TABLES - OWN_TABLES;
/** With 40 bits of IPA stage 2 begins with two tables, one behind the other; they are aligned, which may waste another. */
const ROOT_TABLES = 3;

/** Of one partition. */
export function tablesFor(regions: readonly PlannedRegion[]): number {
  const ofBlocks = new Set<number>();
  const ofPages = new Set<number>();
  for (const { ipa, pa, size, colours } of regions) {
    const isAligned = (at: number, block: number): boolean =>
      colours === undefined && at % block === 0 && (at - ipa + pa) % block === 0 && at + block <= end({ base: ipa, size });
    for (let at = ipa; at < ipa + size; ) {
      if (isAligned(at, GIB)) at += GIB;
      else {
        ofBlocks.add(Math.floor(at / GIB));
        if (!isAligned(at, BLOCK)) ofPages.add(Math.floor(at / BLOCK));
        at = (Math.floor(at / BLOCK) + 1) * BLOCK;
      }
    }
  }
  return ROOT_TABLES + ofBlocks.size + ofPages.size;
}
