// The newest values of a time, counted by their size: a histogram whose bounds fit what there is.
import type { HistogramShown } from "./protocol.ts";

/** So many are kept. */
const CAPACITY = 2048;
/** Of a histogram, about. */
const BARS = 40;
/** Fewer would be broad, and say nothing of their size: empty ones stand on both sides then. */
const BARS_LEAST = 11;
/** What lies farther from the middle half than so often its width is not drawn. */
const FAR = 8;
/** A step is one of these times a power of ten: so that it can be read. */
const STEPS = [1, 2, 5, 10] as const;

export class Samples {
  readonly #name: string;
  readonly #values = new Float64Array(CAPACITY);
  #count = 0;
  #shown: HistogramShown | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  add(value: number): void {
    this.#values[this.#count++ % CAPACITY] = value;
    this.#shown = undefined;
  }

  clear(): void {
    this.#count = 0;
    this.#shown = undefined;
  }

  /** Undefined: there is nothing to count. */
  get shown(): HistogramShown | undefined {
    if (this.#count > 0) this.#shown ??= histogram(this.#name, this.#values.slice(0, Math.min(this.#count, CAPACITY)).sort());
    return this.#shown;
  }
}

/** Of sorted values. A few that lie far out would leave one bar to all others: they are told, and not drawn. */
function histogram(name: string, sorted: Float64Array): HistogramShown {
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
  const [quarter, three] = [at(1 / 4), at(3 / 4)];
  const reach = FAR * Math.max(1, three - quarter);
  const drawn = sorted.filter((value) => value >= quarter - reach && value <= three + reach);
  const [least, most] = [drawn[0] ?? 0, drawn.at(-1) ?? 0];
  const step = niceStep((most - least) / BARS);
  const first = Math.floor(least / step);
  const bars = Math.floor(most / step) - first + 1;
  const before = Math.max(0, Math.min(first, Math.floor((BARS_LEAST - bars) / 2)));
  const from = (first - before) * step;
  const counts = new Array<number>(Math.max(BARS_LEAST, before + bars)).fill(0);
  for (const value of drawn) {
    const bar = Math.min(counts.length - 1, Math.floor((value - from) / step));
    counts[bar] = (counts[bar] ?? 0) + 1;
  }
  const far = sorted.length - drawn.length;
  return { name, samples: sorted.length, from, step, counts, far, median: at(1 / 2), p99: at(99 / 100), largest: at(1) };
}

/** No less than `least`; at least 1, for nanoseconds are whole. */
function niceStep(least: number): number {
  if (least <= 1) return 1;
  const decade = 10 ** Math.floor(Math.log10(least));
  return decade * (STEPS.find((step) => step * decade >= least) ?? 10);
}
