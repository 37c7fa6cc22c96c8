// The cache that all pCPUs share, the last one before memory, and what of it can be parted.
//
// Where a line goes in it follows from its PA alone: set = PA / line mod sets. So pages that differ in the bits of the PA
// between page and set index, their colour, never share a set:
//
//   PA:   ┌──────────────────┬────────┬──────────────┐
//         │                  │ colour │ byte of page │   colours = sets × line / page
//         └──────────────────┴────────┴──────────────┘
import type { Board } from "../../boards/schema.ts";
import { PAGE } from "../units.ts";
import type { PlannedCache } from "./plan.ts";

/** Region.colours of the blob has a bit for each. With more in the cache, several of its colours make one of ours. */
const COLOURS_MAX = 32;

export function sharedCache(board: Board): PlannedCache {
  const last = board.cpus.caches.reduce((one, other) => (other.level > one.level ? other : one));
  const { level, sets, ways, line } = last;
  return { level, sets, ways, line, colours: coloursOf(sets * line), wayGroups: board.cluster?.way_groups ?? 0 };
}

/** The largest power of two that divides the pages of a way. */
function coloursOf(way: number): number {
  let colours = 1;
  while (colours < COLOURS_MAX && way % (2 * colours * PAGE) === 0) colours *= 2;
  return colours;
}

export const cacheBytes = ({ sets, ways, line }: PlannedCache): number => sets * ways * line;
