// When a scan was, in the world's time. A guest stamps its image with its counter (CNTVCT_EL0); when the image arrives, the
// wall clock and a clock that nobody sets are read. What an image takes to arrive is never negative, so the least
// difference seen is the nearest to the truth.
//
// Told times never go back. A wall clock that is set forward is followed at once; one that is set back is approached, while
// told time goes on more slowly than true time, by one part in SLEW.
export interface Instant {
  /** Milliseconds since 1970, as the wall clock has it. */
  readonly wall: number;
  /** Milliseconds of a clock that nobody sets. */
  readonly steady: number;
}

export const systemClock = (): Instant => ({ wall: Date.now(), steady: performance.now() });

const MILLISECONDS = 1000;
export const SLEW = 8;
/** Crystals differ: a difference is forgotten after twice this. */
const WINDOW_MS = 60_000;

export class ScanClock {
  readonly #ticksPerMs: number;
  readonly #now: () => Instant;
  /** Counts are told from here, so that a double has room for fractions. */
  #base: bigint | undefined;
  /** Least differences between the steady clock and the counter: of this window and of the one before. */
  #least = Number.POSITIVE_INFINITY;
  #before = Number.POSITIVE_INFINITY;
  #windowFrom = Number.NEGATIVE_INFINITY;
  /** Of the scan that was told last: its counter in ms, and what was added to that. */
  #counted = 0;
  #added = Number.NEGATIVE_INFINITY;
  #told = Number.NEGATIVE_INFINITY;

  constructor(counterHz: number, now: () => Instant = systemClock) {
    this.#ticksPerMs = counterHz / MILLISECONDS;
    this.#now = now;
  }

  /** The time of a scan whose image has just arrived. */
  scan(ticks: bigint): number {
    if (this.#base !== undefined && this.#count(ticks, this.#base) < this.#counted) this.restart(); // the counter began anew
    const base = (this.#base ??= ticks);
    const { wall, steady } = this.#now();
    const counted = this.#count(ticks, base);
    this.#measure(steady, steady - counted);
    const wanted = Math.min(this.#least, this.#before) + wall - steady;
    const slowest = this.#added - (counted - this.#counted) / SLEW;
    this.#added = Math.max(wanted, slowest);
    this.#counted = counted;
    return this.#tell(counted + this.#added);
  }

  /** The present moment, for what no scan has made: that no images come any more. */
  moment(): number {
    return this.#tell(this.#now().wall);
  }

  /** The guest's counter has stood still, or begun anew: what was measured is worth nothing. */
  restart(): void {
    this.#base = undefined;
    this.#least = this.#before = Number.POSITIVE_INFINITY;
    this.#windowFrom = Number.NEGATIVE_INFINITY;
    this.#counted = 0;
    this.#added = Number.NEGATIVE_INFINITY;
  }

  #count(ticks: bigint, base: bigint): number {
    return Number(ticks - base) / this.#ticksPerMs;
  }

  #measure(steady: number, difference: number): void {
    if (steady - this.#windowFrom >= WINDOW_MS) {
      this.#before = steady - this.#windowFrom >= 2 * WINDOW_MS ? difference : this.#least;
      this.#least = difference;
      this.#windowFrom = steady;
    }
    this.#least = Math.min(this.#least, difference);
  }

  #tell(time: number): number {
    this.#told = Math.max(this.#told, time);
    return this.#told;
  }
}
