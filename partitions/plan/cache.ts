// The cache that all pCPUs share, the last one before memory, and what of it can be parted.
//
// Where a line goes in it follows from its PA alone: set = PA / line mod sets. So pages that differ in the bits of the PA
// between page and set index, their colour, never share a set:
//
//   PA:   ┌──────────────────┬────────┬──────────────┐
//         │                  │ colour │ byte of page │   colours = sets × line / page
//         └──────────────────┴────────┴──────────────┘
import type { Board } from "../../boards/schema.ts";
import { isaOf } from "../isas.ts";
import type { PartitionRequest } from "../request.ts";
import { alignUp, BLOCK, PAGE } from "../units.ts";
import type { PlannedCache } from "./plan.ts";

/** Region.colours of the blob has a bit for each. With more in the cache, several of its colours make one of ours. */
const COLOURS_MAX = 32;

export function sharedCache(board: Board): PlannedCache {
  const { caches } = board.cpus;
  if (!Array.isArray(caches)) return { level: 0, sets: 0, ways: 0, line: 0, colours: 1, wayGroups: 0, unknown: caches.none };
  const last = caches.reduce((one, other) => (other.level > one.level ? other : one));
  const { level, sets, ways, line } = last;
  return { level, sets, ways, line, colours: coloursOf(sets * line), wayGroups: isaOf(board).wayGroups(board) };
}

/** The largest power of two that divides the pages of a way. */
function coloursOf(way: number): number {
  let colours = 1;
  while (colours < COLOURS_MAX && way % (2 * colours * PAGE) === 0) colours *= 2;
  return colours;
}

export const cacheBytes = ({ sets, ways, line }: PlannedCache): number => sets * ways * line;

export const colourOf = ({ colours }: PlannedCache, pa: number): number => (pa / PAGE) % colours;

/** Colours that a partition's memory is made of; undefined: it is not coloured. What the board does not have is left out. */
export function ownColours({ colours }: PlannedCache, { fields }: PartitionRequest): readonly number[] | undefined {
  const own = fields.cache?.colours?.filter((colour) => colour < colours) ?? [];
  return own.length === 0 ? undefined : own;
}

/** Physical memory over which so many bytes of some colours are spread, in whole blocks of 2 MiB. */
export function spreadOf({ colours }: PlannedCache, size: number, own: readonly number[]): number {
  const rounds = Math.ceil(size / PAGE / own.length);
  return alignUp(rounds * colours * PAGE, BLOCK);
}
