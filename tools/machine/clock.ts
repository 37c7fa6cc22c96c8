// The system counter (ARM ARM D11.1): one for the whole machine, read by CNTPCT_EL0. It moves when a test says so, and by
// one tick at every read, so that software which polls for time to pass sees it pass.

/** What QEMU's virt machine has. */
export const COUNTER_FREQUENCY = 62_500_000;
const NANOSECONDS = 1_000_000_000;

export class Clock {
  private ticks = 0;

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
    return Math.ceil((nanoseconds * COUNTER_FREQUENCY) / NANOSECONDS);
  }
}
