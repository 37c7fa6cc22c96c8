// Sizes, durations and addresses: as people write them in system.yaml, and as tools print them.
//
// Addresses are plain numbers all through the planner: every PA and IPA is below 2^48, so a double holds it exactly.
// Bit operators would cut them to 32 bits; that is why alignment is arithmetic here.

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
export const TIB = 1024 * GIB;
/** The granule of stage 2. */
export const PAGE = 4 * KIB;
/** What a level-2 block entry of a 4 KiB granule maps. */
export const BLOCK = 2 * MIB;

const SIZE_PATTERN = /^([0-9]+)([KMG])$/;
const DURATION_PATTERN = /^([0-9]+)(us|ms|s)$/;

const SIZE_UNITS: Readonly<Record<string, number>> = { K: KIB, M: MIB, G: GIB };
const MICROSECONDS: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };

function scaled(text: string, pattern: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit] = pattern.exec(text) ?? [];
  const factor = unit === undefined ? undefined : units[unit];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

/** "512M" → bytes; undefined when it is no size. */
export const parseSize = (text: string): number | undefined => scaled(text, SIZE_PATTERN, SIZE_UNITS);

/** "50ms" → microseconds; undefined when it is no duration. */
export const parseDuration = (text: string): number | undefined => scaled(text, DURATION_PATTERN, MICROSECONDS);

/** 536870912 → "512M", in the largest unit that divides it; bytes when none does. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of [
    ["G", GIB],
    ["M", MIB],
    ["K", KIB],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes} bytes`;
}

/** 50000 µs → "50ms". */
export function formatDuration(microseconds: number): string {
  if (microseconds % 1_000_000 === 0) return `${microseconds / 1_000_000}s`;
  return microseconds % 1000 === 0 ? `${microseconds / 1000}ms` : `${microseconds}us`;
}

/** [0, 1, 2, 7] → "0-2, 7"; ascending. */
export function formatNumbers(numbers: readonly number[]): string {
  const runs: { first: number; last: number }[] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run?.last === number - 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(", ");
}

/** 0x9000000 → "0x09000000": eight digits, more when needed. */
export const hex = (value: number): string => `0x${value.toString(16).padStart(8, "0")}`;

export const alignUp = (value: number, alignment: number): number => Math.ceil(value / alignment) * alignment;
export const alignDown = (value: number, alignment: number): number => Math.floor(value / alignment) * alignment;

/** A stretch of addresses, [base, base + size). */
export interface Span {
  readonly base: number;
  readonly size: number;
}

export const end = (span: Span): number => span.base + span.size;
export const overlaps = (a: Span, b: Span): boolean => a.base < end(b) && b.base < end(a);
export const contains = (outer: Span, inner: Span): boolean => outer.base <= inner.base && end(inner) <= end(outer);
/** What both have: nothing, or one. */
export function common(a: Span, b: Span): Span[] {
  const base = Math.max(a.base, b.base);
  const size = Math.min(end(a), end(b)) - base;
  return size > 0 ? [{ base, size }] : [];
}
/** "0x60000000…0x80000000" */
export const formatSpan = (span: Span): string => `${hex(span.base)}…${hex(end(span))}`;
/** Every 4 KiB page a span touches. */
export const pagesOf = (span: Span): Span => {
  const base = alignDown(span.base, PAGE);
  return { base, size: alignUp(end(span), PAGE) - base };
};

/** What of these nobody has taken, in ascending order. */
export function gapsOf(spans: readonly Span[], taken: readonly Span[]): Span[] {
  let gaps = [...spans].sort((a, b) => a.base - b.base);
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
