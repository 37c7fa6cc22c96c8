// The board's watchdog, as far as the hypervisor can tell. DesignWare's (snps,dw-wdt) counts the machine's clock down from
// 2^(16 + TOP) at each restart, and notes that the board would be reset. What it was last set to counts from the next restart on.
import type { Clock } from "./clock.ts";
import { hex, MachineError } from "./errors.ts";

const [CONTROL, TIMEOUT, RESTART] = [0x00, 0x04, 0x0c];
const ENABLE = 1;
const INTERRUPT_FIRST = 2;
const RESTART_KEY = 0x76;
/** After a reset: with an interrupt first, and the longest pulse. */
const CONTROL_RESET = 0x1e;

/** Whichever kind it is. */
export interface Watchdog {
  /** The board has been reset by it. */
  readonly hasExpired: boolean;
  /** Of its registers. */
  readonly accessBytes: number;
  owns(pa: number): boolean;
  read(pa: number): number;
  write(pa: number, value: number): void;
}

export class BoardWatchdog implements Watchdog {
  readonly accessBytes = 4;
  readonly at: number;
  /** As somebody may have left it. */
  control = CONTROL_RESET;
  timeout = 0;
  restarts = 0;
  private deadline = Infinity;
  private expired = false;
  private readonly clock: Clock;

  constructor(at: number, clock: Clock) {
    this.at = at;
    this.clock = clock;
  }

  get isArmed(): boolean {
    return (this.control & (ENABLE | INTERRUPT_FIRST)) === ENABLE;
  }

  /** The board has been reset by it. */
  get hasExpired(): boolean {
    return this.expired || (this.isArmed && this.clock.now >= this.deadline);
  }

  owns(pa: number): boolean {
    return pa >= this.at && pa < this.at + 0x100;
  }

  read(pa: number): number {
    if (pa - this.at === CONTROL) return this.control;
    if (pa - this.at === TIMEOUT) return this.timeout;
    throw new MachineError("MACHINE_BUS", `nobody has reason to read the watchdog's register at ${hex(pa)}`);
  }

  write(pa: number, value: number): void {
    this.expired = this.hasExpired; // a restart that comes too late changes nothing
    if (pa - this.at === CONTROL) {
      if (this.isArmed && (value & ENABLE) === 0) throw new MachineError("MACHINE_BUS", "a watchdog that is on stays on");
      this.control = value;
    } else if (pa - this.at === TIMEOUT) this.timeout = value;
    else if (pa - this.at === RESTART && value === RESTART_KEY) {
      this.restarts++;
      this.deadline = this.clock.now + 2 ** (16 + (this.timeout & 15));
    } else throw new MachineError("MACHINE_BUS", `the watchdog takes no ${hex(value)} at ${hex(pa)}`);
  }
}
