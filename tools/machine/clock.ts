// The system counter (CNTPCT_EL0, time): one for the whole machine. It moves when a test says so, and by one tick at every read,
// so that software which polls for time to pass sees it pass.

const NANOSECONDS = 1_000_000_000;

export class Clock {
  private ticks = 0;
  private readonly frequency: number;

  /** `frequency`: ticks in a second. */
  constructor(frequency: number) {
    this.frequency = frequency;
  }

  get now(): number {
    return this.ticks;
  }

  read(): bigint {
    return BigInt(this.ticks++);
  }

  advance(nanoseconds: number): void {
    this.forward(this.ticksOf(nanoseconds));
  }

  forward(ticks: number): void {
    this.ticks += ticks;
  }

  ticksOf(nanoseconds: number): number {
    return Math.ceil((nanoseconds * this.frequency) / NANOSECONDS);
  }
}
