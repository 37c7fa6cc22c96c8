// The generic timers of a pCPU (ARM ARM D11.2): EL1 virtual, EL1 physical, EL2 physical. Each is a comparator whose output
// is a level on its PPI while ENABLE is set, IMASK is clear, and its counter has reached CVAL.
import type { Clock } from "../clock.ts";

/** CNTFRQ_EL0: what QEMU's virt machine has. */
export const COUNTER_FREQUENCY = 62_500_000;

const ENABLE = 1n;
const IMASK = 2n;
const ISTATUS = 4n;
const MASK64 = 0xffff_ffff_ffff_ffffn;

export class Timer {
  control = 0n;
  compare = 0n;
  private readonly clock: Clock;
  private readonly offset: () => bigint;

  /** `offset`: how far the timer's counter is behind the system counter. */
  constructor(clock: Clock, offset: () => bigint) {
    this.clock = clock;
    this.offset = offset;
  }

  private get met(): boolean {
    return (this.control & ENABLE) !== 0n && ((BigInt(this.clock.now) - this.offset()) & MASK64) >= this.compare;
  }

  /** When it will go off; Infinity: it is off. */
  get deadline(): number {
    return this.control === ENABLE ? Number(this.compare + this.offset()) : Infinity;
  }

  get output(): boolean {
    return this.control !== 0n && (this.control & IMASK) === 0n && this.met;
  }

  /** CNTx_CTL: ISTATUS is read-only. */
  read(): bigint {
    return this.control | (this.met ? ISTATUS : 0n);
  }

  write(value: bigint): void {
    this.control = value & (ENABLE | IMASK);
  }
}
