// How values went, for charts: what guests publish always, so that a chart begins with the last minutes; tags of the tag
// table from the moment on when somebody looks at them, for there may be thousands.
import type { Points, TrendName } from "./protocol.ts";

/** Points that a trend keeps. */
const CAPACITY = 600;
/** Milliseconds between two points: five minutes are kept at least. */
const LEAST_MS = 500;

class Trend {
  readonly #times = new Float64Array(CAPACITY);
  readonly #values = new Float64Array(CAPACITY);
  #count = 0;
  #told = 0;

  add(at: number, value: number): void {
    const before = this.#times[(this.#count - 1) % CAPACITY] ?? 0;
    if (this.#count > 0 && at - before < LEAST_MS) return;
    this.#times[this.#count % CAPACITY] = at;
    this.#values[this.#count % CAPACITY] = value;
    this.#count++;
  }

  get all(): Points {
    return this.#since(0);
  }

  takeNew(): Points | undefined {
    const from = this.#told;
    this.#told = this.#count;
    return from === this.#count ? undefined : this.#since(from);
  }

  #since(from: number): Points {
    const first = Math.max(from, this.#count - CAPACITY);
    const numbers = Array.from({ length: this.#count - first }, (_, index) => (first + index) % CAPACITY);
    const known = (value = Number.NaN): number | null => (Number.isFinite(value) ? value : null);
    return [numbers.map((at) => this.#times[at] ?? 0), numbers.map((at) => known(this.#values[at]))];
  }
}

export class Trends {
  readonly names: readonly TrendName[];
  /** Those that are kept whether somebody looks or not. */
  readonly #always: ReadonlySet<string>;
  readonly #known: ReadonlySet<string>;
  readonly #trends = new Map<string, Trend>();
  readonly #watchers = new Map<string, number>();

  constructor(always: readonly TrendName[], asked: readonly TrendName[]) {
    this.names = [...always, ...asked];
    this.#always = new Set(always.map(({ name }) => name));
    this.#known = new Set(this.names.map(({ name }) => name));
  }

  isKnown(name: string): boolean {
    return this.#known.has(name);
  }

  get watched(): Iterable<string> {
    return this.#watchers.keys();
  }

  /** `value`: NaN where it is not known. Of a trend that is not kept: nothing happens. */
  add(name: string, at: number, value: number): void {
    if (!this.#always.has(name) && !this.#watchers.has(name)) return;
    let trend = this.#trends.get(name);
    if (trend === undefined) this.#trends.set(name, (trend = new Trend()));
    trend.add(at, value);
  }

  watch(name: string): void {
    this.#watchers.set(name, (this.#watchers.get(name) ?? 0) + 1);
  }

  unwatch(name: string): void {
    const left = (this.#watchers.get(name) ?? 0) - 1;
    if (left > 0) {
      this.#watchers.set(name, left);
      return;
    }
    this.#watchers.delete(name);
    if (!this.#always.has(name)) this.#trends.delete(name);
  }

  history(name: string): Points {
    return this.#trends.get(name)?.all ?? [[], []];
  }

  /** Of all that are watched: what has come since this was called last. */
  takeNew(): Map<string, string> {
    const found = new Map<string, string>();
    for (const [name, trend] of this.#trends) {
      const points = trend.takeNew();
      if (points !== undefined && this.#watchers.has(name)) found.set(name, JSON.stringify(points));
    }
    return found;
  }
}
