// Which of all mutants are tried: a sample that a seed decides, spread over the files as they are large.
import type { Mutant } from "./mutations.ts";

/** Numerical Recipes' linear congruential generator: as good as it needs to be, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function sample<One extends Mutant>(mutants: readonly One[], count: number, seed: number): One[] {
  const random = generator(seed);
  const files = [...new Set(mutants.map(({ file }) => file))].map((file) => mutants.filter((mutant) => mutant.file === file));
  const piles = files.map((all) => ({ size: all.length, taken: 0, left: shuffled(all, random) }));
  const chosen: One[] = [];
  while (chosen.length < count) {
    // The file that has the least of its share so far; each has one at first.
    const pile = piles.filter(({ left }) => left.length > 0).sort((a, b) => a.taken / a.size - b.taken / b.size)[0];
    const next = pile?.left.pop();
    if (pile === undefined || next === undefined) break;
    pile.taken++;
    chosen.push(next);
  }
  return shuffled(chosen, random);
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items.map((item) => ({ item, key: random() })).sort((a, b) => a.key - b.key).map(({ item }) => item);
}
