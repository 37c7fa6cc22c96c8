// Free places in RAM: what nobody has yet, and the highest place in it that suits.
import { alignDown, end, overlaps, PAGE } from "../units.ts";
import type { Span } from "../units.ts";
import { colourOf } from "./cache.ts";
import type { PlannedCache } from "./plan.ts";

/** What of RAM nobody has, in ascending order. */
export function gapsOf(ram: readonly Span[], taken: readonly Span[]): Span[] {
  let gaps = [...ram].sort((a, b) => a.base - b.base);
  for (const span of taken) {
    gaps = gaps.flatMap((gap) => {
      if (!overlaps(gap, span)) return [gap];
      const below = { base: gap.base, size: span.base - gap.base };
      const above = { base: end(span), size: end(gap) - end(span) };
      return [below, above].filter((rest) => rest.size > 0);
    });
  }
  return gaps;
}

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
