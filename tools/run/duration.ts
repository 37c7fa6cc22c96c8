// Durations as people write them: 500ms, 30s, 2m, 1h.
import { RunError } from "./errors.ts";

const MILLISECONDS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** Milliseconds. Something that never ends is no duration, and nor is nothing. */
export function parseDuration(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim()) ?? [];
  const milliseconds = Number(number) * (MILLISECONDS.get(unit ?? "") ?? Number.NaN);
  // A timer of Node holds 31 bits of milliseconds: 24 days.
  if (!(milliseconds >= 1 && milliseconds < 2 ** 31)) throw new RunError("AXV_DURATION", text);
  return milliseconds;
}
