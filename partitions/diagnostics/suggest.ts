// "Did you mean": the known name that is closest to a wrong one.

/** Levenshtein distance: insertions, deletions and replacements that lead from `a` to `b`. */
export function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/** Nothing that anybody would call a name is longer. */
const NAME_MAX = 100;

/** At most a third of the letters may differ: a guess further off would mislead. */
export function closest(wrong: string, known: readonly string[]): string | undefined {
  if (wrong.length > NAME_MAX) return undefined;
  const limit = Math.max(1, Math.floor(wrong.length / 3));
  const ranked = known
    .map((name) => ({ name, distance: distance(wrong.toLowerCase(), name.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.name;
}

const LISTED_MAX = 12;

/** A remedy that names the closest known name, or else all of them. */
export function suggest(wrong: string, known: readonly string[]): string {
  const guess = closest(wrong, known);
  if (guess !== undefined) return `did you mean "${guess}"?`;
  if (known.length === 0) return "there is none to choose from";
  const listed = known.slice(0, LISTED_MAX).join(", ");
  return `write one of: ${listed}${known.length > LISTED_MAX ? `, … (${known.length} in all)` : ""}`;
}
