// i.MX's watchdog (fsl,imx21-wdt), as far as the hypervisor can tell: registers of 16 bits; once on it stays on, and expires
// (WT + 1) / 2 s after its last service, which is two writes in order.
import type { Clock } from "./clock.ts";
import { hex, MachineError } from "./errors.ts";
import type { Watchdog } from "./watchdog.ts";

const [CONTROL, SERVICE] = [0x00, 0x02];
const ENABLE = 1 << 2;
const [FIRST, SECOND] = [0x5555, 0xaaaa];
const HALF_SECOND = 500_000_000;
/** After a reset: WDA and SRS, which are no request while they are 1. */
const CONTROL_RESET = 0x30;
/** Written once after a reset: WDW, WDBG, WDZST. */
const WRITTEN_ONCE = 0x83;

export class ImxWatchdog implements Watchdog {
  readonly accessBytes = 2;
  readonly at: number;
  /** As somebody may have left it. */
  control = CONTROL_RESET;
  services = 0;
  private deadline = Infinity;
  private expired = false;
  private isHalfway = false;
  private readonly clock: Clock;

  constructor(at: number, clock: Clock) {
    this.at = at;
    this.clock = clock;
  }

  get isArmed(): boolean {
    return (this.control & ENABLE) !== 0;
  }

  get hasExpired(): boolean {
    return this.expired || (this.isArmed && this.clock.now >= this.deadline);
  }

  owns(pa: number): boolean {
    return pa >= this.at && pa < this.at + 0x10;
  }

  read(pa: number): number {
    if (pa - this.at === CONTROL) return this.control;
    throw new MachineError("MACHINE_BUS", `nobody has reason to read the watchdog's register at ${hex(pa)}`);
  }

  write(pa: number, value: number): void {
    this.expired = this.hasExpired; // a service that comes too late changes nothing
    const register = pa - this.at;
    if (register === CONTROL) {
      if (this.isArmed && (value & ENABLE) === 0) throw new MachineError("MACHINE_BUS", "a watchdog that is on stays on");
      if (((value ^ this.control) & (CONTROL_RESET | WRITTEN_ONCE)) !== 0)
        throw new MachineError("MACHINE_BUS", `control becomes ${hex(value)}: that resets the board, or is firmware's`);
      if (!this.isArmed) this.start(value);
      this.control = value;
    } else if (register === SERVICE && (value === FIRST || (value === SECOND && this.isHalfway))) {
      this.isHalfway = value === FIRST;
      if (this.isHalfway) return;
      this.services++;
      this.start(this.control);
    } else throw new MachineError("MACHINE_BUS", `the watchdog takes no ${hex(value)} at ${hex(pa)}`);
  }

  private start(control: number): void {
    this.deadline = this.clock.now + this.clock.ticksOf(((control >> 8) + 1) * HALF_SECOND);
  }
}
