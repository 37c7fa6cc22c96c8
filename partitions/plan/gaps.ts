// Free places in RAM: the highest one that suits.
import { alignDown, end, PAGE } from "../units.ts";
import type { Span } from "../units.ts";
import { colourOf } from "./cache.ts";
import type { PlannedCache } from "./plan.ts";

/** The highest place, aligned as well as can be between the two alignments. */
export function highest(gaps: readonly Span[], size: number, least: number, most: number): Span | undefined {
  for (let alignment = most; alignment >= least; alignment /= 2) {
    for (const gap of gaps.toReversed()) {
      const base = alignDown(end(gap) - size, alignment);
      if (base >= gap.base) return { base, size };
    }
  }
  return undefined;
}

/** The highest place in whole pages, none of which has one of these colours. */
export function highestWithout(
  gaps: readonly Span[],
  size: number,
  cache: PlannedCache,
  avoided: ReadonlySet<number>,
): Span | undefined {
  for (const gap of gaps.toReversed()) {
    const top = alignDown(end(gap) - size, PAGE);
    // Colours repeat after as many pages as there are colours.
    for (let step = 0; step < cache.colours; step++) {
      const base = top - step * PAGE;
      if (base < gap.base) break;
      const pages = Array.from({ length: Math.min(size / PAGE, cache.colours) }, (_, n) => base + n * PAGE);
      if (!pages.some((pa) => avoided.has(colourOf(cache, pa)))) return { base, size };
    }
  }
  return undefined;
}
