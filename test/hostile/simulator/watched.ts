// What of the machine may not change, set by set: a copy of each as it was, and what of it may change all the same.
import type { LineBits, LineEntries } from "../../../tools/machine/lines.ts";
import { Snapshot } from "../../core/property/snapshot.ts";

export interface Watched {
  readonly what: string;
  readonly set: Snapshot<Uint32Array> | Snapshot<Uint8Array>;
  /** By word or byte of the set: bits that may change. */
  readonly allowed: readonly number[];
}

const WORD_BITS = 32;
const ALL = ~0;

/** Bits of the lines of which something may change, by words. */
export const bitsFor = (lines: readonly number[], words: number): number[] =>
  Array.from(
    { length: words }, (_, word) => lines.filter((line) => line >> 5 === word).reduce((set, line) => set | (1 << (line & 31)), 0),
  );

/** `own`, `pending`: bits that may change of all sets but what is pending, and of that. */
export function watchedBits(
  what: string, bits: readonly LineBits[], own: readonly number[], pending: readonly number[],
): (Watched & { readonly role: LineBits["role"] })[] {
  return bits.map(
    ({ name, role, set }) =>
      ({ what: `${name} of ${what}`, role, set: new Snapshot(set), allowed: role === "pending" ? pending : own })
  );
}

/** `own`: bits of the lines whose entries may change. */
export function watchedEntries(what: string, entries: readonly LineEntries[], own: readonly number[]): Watched[] {
  return entries.map(({ name, set }) => ({
    what: `${name} of ${what}`,
    set: set instanceof Uint8Array ? new Snapshot(set) : new Snapshot(set),
    allowed: Array.from(set, (_, n) => (((own[Math.floor(n / WORD_BITS)] ?? 0) & (1 << (n % WORD_BITS))) !== 0 ? ALL : 0)),
  }));
}
