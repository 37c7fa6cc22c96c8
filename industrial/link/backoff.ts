// How long it is waited before something that has failed is tried again: each time twice as long, up to a limit.
export class Backoff {
  readonly #first: number;
  readonly #most: number;
  #next: number;

  /** Milliseconds: the first and the longest. */
  constructor(first: number, most: number) {
    this.#first = first;
    this.#most = most;
    this.#next = first;
  }

  /** How long now. */
  next(): number {
    const pause = this.#next;
    this.#next = Math.min(2 * pause, this.#most);
    return pause;
  }

  /** It works. */
  reset(): void {
    this.#next = this.#first;
  }
}
