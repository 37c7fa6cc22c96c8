// Makes a list that fails shorter, as long as it still fails: delta debugging (Zeller, Hildebrandt: "Simplifying and Isolating
// Failure-Inducing Input", IEEE TSE 28, 2002), with a limit to how often it tries.

/** The shortest list that was found; `fails` says whether one does. */
export function reduce<T>(list: readonly T[], fails: (shorter: readonly T[]) => boolean, tries: number): T[] {
  let best = [...list];
  let left = tries;
  for (let size = Math.ceil(best.length / 2); size >= 1 && left > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = best.length - size; from > -size && left > 0; from -= size) {
      const start = Math.max(from, 0);
      const shorter = [...best.slice(0, start), ...best.slice(from + size)];
      if (shorter.length === best.length || shorter.length === 0) continue;
      left--;
      if (fails(shorter)) best = shorter;
    }
  }
  return best;
}
