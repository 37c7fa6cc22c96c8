// How many translation tables the hypervisor needs for itself and for the partitions' memory: it has a fixed number of
// them. One of 4 KiB maps 2 MiB page by page, or 1 GiB in blocks of 2 MiB; coloured memory is always mapped page by page.
import type { Board } from "../../boards/schema.ts";
import { isaOf } from "../isas.ts";
import { BLOCK, end, GIB, PAGE } from "../units.ts";
import type { Span } from "../units.ts";
import { sharedCache, spreadOf } from "./cache.ts";
import type { PlannedRegion } from "./plan.ts";

/** Of core/tables.ts. */
export const POOL_TABLES = 94;

type Mapping = Pick<PlannedRegion, "ipa" | "pa" | "size" | "colours">;

/** Below the root: of one partition. */
export function tablesFor(mappings: readonly Mapping[]): number {
  const ofBlocks = new Set<number>();
  const ofPages = new Set<number>();
  for (const { ipa, pa, size, colours } of mappings) {
    const isBlock = (at: number, block: number): boolean =>
      colours === undefined &&
      at % block === 0 &&
      (at - ipa + pa) % block === 0 &&
      at + block <= end({ base: ipa, size });
    for (let at = ipa; at < ipa + size; ) {
      if (isBlock(at, GIB)) at += GIB;
      else {
        ofBlocks.add(Math.floor(at / GIB));
        if (!isBlock(at, BLOCK)) ofPages.add(Math.floor(at / BLOCK));
        at = (Math.floor(at / BLOCK) + 1) * BLOCK;
      }
    }
  }
  return ofBlocks.size + ofPages.size;
}

/** Of all partitions, by their regions; and of the hypervisor, which sees at VA = PA what it drives and what it copies. */
export function tablesNeeded(board: Board, image: Span, partitions: readonly (readonly PlannedRegion[])[]): number {
  const cache = sharedCache(board);
  const seen = ({ base, size }: Span): Mapping => ({ ipa: base, pa: base, size });
  const controller = isaOf(board).framesOf(board).flatMap(({ span, isDriven }) => (isDriven ? [seen(span)] : []));
  const memory = partitions
    .flat()
    .filter(({ kind }) => kind !== "interface")
    .map(({ pa, size, colours }) =>
      seen({ base: pa, size: colours === undefined ? size : spreadOf(cache, size, colours) }),
    );
  const watchdog = board.watchdog === undefined ? [] : [seen({ base: board.watchdog.reg, size: PAGE })];
  const own = [seen({ base: board.uart.reg, size: PAGE }), ...watchdog, seen(image)];
  const stage1 = tablesFor([...own, ...controller, ...memory]);
  return partitions.reduce((sum, regions) => sum + isaOf(board).ROOT_TABLES + tablesFor(regions), stage1);
}
