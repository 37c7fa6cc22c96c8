// What the proof of a plan finds, and how it tells whose addresses are over whose.
import type { PromiseId } from "../blob/promises.table.ts";

/** A promise that a plan breaks, and how, in words. */
export interface Violation {
  readonly promise: PromiseId;
  readonly reason: string;
}

export const breaks = (promise: PromiseId, reason: string): Violation => ({ promise, reason });

/** Addresses [from, to), and whose they are. */
export interface Claim {
  readonly from: number;
  readonly to: number;
  readonly by: string;
}

export const claim = (from: number, size: number, by: string): Claim => ({ from, to: from + size, by });

/** Sorted by their beginnings, each claim must end before the next one begins. */
export function collisions(claims: readonly Claim[]): string[] {
  const sorted = [...claims].sort((a, b) => a.from - b.from);
  return sorted.flatMap((claim, index) => {
    const next = sorted[index + 1];
    if (next === undefined || claim.to <= next.from) return [];
    return [`${claim.by} and ${next.by} both have 0x${next.from.toString(16)}`];
  });
}

/** Of [low, high]. */
export const isBetween = (value: number, low: number, high: number): boolean => value >= low && value <= high;
