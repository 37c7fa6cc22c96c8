// A worst case: a number of instructions, and what each iteration of the loops adds that are as long as a byte count.
export interface Cost {
  readonly instructions: number;
  /** Place of the loop → instructions per iteration; the iterations are those of the whole run together. */
  readonly perIteration: ReadonlyMap<string, number>;
}

export const FREE: Cost = { instructions: 0, perIteration: new Map() };

export const instructions = (count: number): Cost => ({ ...FREE, instructions: count });

/** One after the other. */
export const plus = (a: Cost, b: Cost): Cost => ({ instructions: a.instructions + b.instructions, perIteration: merge(a, b) });

/** The one or the other. */
export const worse = (a: Cost, b: Cost): Cost => ({
  instructions: Math.max(a.instructions, b.instructions),
  perIteration: merge(a, b),
});

/** Iterations are counted over the whole run, so that repeating a byte loop does not change its cost per iteration. */
export const times = (a: Cost, count: number): Cost => ({ ...a, instructions: a.instructions * count });

function merge(a: Cost, b: Cost): ReadonlyMap<string, number> {
  if (b.perIteration.size === 0) return a.perIteration;
  if (a.perIteration.size === 0) return b.perIteration;
  const all = new Map(a.perIteration);
  for (const [place, cost] of b.perIteration) all.set(place, Math.max(cost, all.get(place) ?? 0));
  return all;
}
