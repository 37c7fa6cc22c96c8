// Values that could not be told when they were made: kept while the broker, or the host that is to take them, is away, and
// told after the births when it is back, as what they are: historical (Sparkplug 3.0.0, 6.4.22). Bounded: the oldest go
// first, and are counted. Not MQTT's own queue, which would leave before the births.
export class StoredQueue<T> {
  readonly #most: number;
  readonly #kept: T[] = [];
  #first = 0;
  #lost = 0;

  constructor(most: number) {
    this.#most = most;
  }

  put(value: T): void {
    if (this.#most === 0) {
      this.#lost++;
      return;
    }
    if (this.#kept.length < this.#most) {
      this.#kept.push(value);
      return;
    }
    this.#kept[this.#first] = value;
    this.#first = (this.#first + 1) % this.#most;
    this.#lost++;
  }

  /** All of them, the oldest first; none is kept. */
  take(): T[] {
    const all = [...this.#kept.slice(this.#first), ...this.#kept.slice(0, this.#first)];
    this.#kept.length = 0;
    this.#first = 0;
    return all;
  }

  get length(): number {
    return this.#kept.length;
  }

  /** That had to go. */
  get lost(): number {
    return this.#lost;
  }
}
