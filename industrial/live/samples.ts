// The newest values of a time, counted by their size: a histogram whose bounds fit what there is. Times are what a guest
// publishes as "NAME last", in nanoseconds.
import type { PartitionTelemetry } from "../link/telemetry.ts";
import type { PlannedTag } from "../../partitions/plan/plan.ts";

const LAST = " last";

/** Of a time. Nanoseconds. */
export interface Histogram {
  readonly name: string;
  readonly samples: number;
  /** Of the first count; each takes `step`. */
  readonly from: number;
  readonly step: number;
  readonly counts: readonly number[];
  /** Samples that lie too far out to be among the counts. */
  readonly far: number;
  readonly median: number;
  readonly p99: number;
  readonly largest: number;
}

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
  #histogram: Histogram | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  add(value: number): void {
    this.#values[this.#count++ % CAPACITY] = value;
    this.#histogram = undefined;
  }

  clear(): void {
    this.#count = 0;
    this.#histogram = undefined;
  }

  /** Undefined: there is nothing to count. */
  get histogram(): Histogram | undefined {
    if (this.#count === 0) return undefined;
    this.#histogram ??= histogramOf(this.#name, this.#values.slice(0, Math.min(this.#count, CAPACITY)).sort());
    return this.#histogram;
  }
}

/** All times that a partition publishes. */
export class Times {
  /** By the index of each one's tag. */
  readonly #samples: ReadonlyMap<number, Samples>;
  readonly names: readonly string[];

  constructor(tags: readonly Pick<PlannedTag, "name" | "unit">[]) {
    const times = [...tags.entries()].filter(([, { name, unit }]) => unit === "ns" && name.endsWith(LAST));
    const named = times.map(([tag, { name }]) => [tag, name.slice(0, -LAST.length)] as const);
    this.names = named.map(([, name]) => name);
    this.#samples = new Map(named.map(([tag, name]) => [tag, new Samples(name)]));
  }

  /** Of those of which there is a sample. */
  get histograms(): Histogram[] {
    return [...this.#samples.values()].flatMap(({ histogram }) => histogram ?? []);
  }

  take({ state, tags }: PartitionTelemetry): void {
    if (state !== "running") return; // what it published last is no sample of now
    for (const [tag, samples] of this.#samples) {
      const value = tags.get(tag);
      if (value !== undefined) samples.add(Number(value));
    }
  }

  clear(): void {
    for (const samples of this.#samples.values()) samples.clear();
  }
}

/** Of sorted values. A few that lie far out would leave one bar to all others: they are told, and not drawn. */
function histogramOf(name: string, sorted: Float64Array): Histogram {
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
