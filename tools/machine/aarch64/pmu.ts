// A pCPU's performance monitors (ARM ARM D13; PMUv3): event counters that a test makes count, their overflow flags, and the
// wire of the overflow interrupt. HPMN splits the counters: those below it are EL1's, the others EL2's own (D13.3.2).
import { hex, MachineError } from "../errors.ts";
import { UNKNOWN } from "./registers.ts";
import type { Registers } from "./registers.ts";

/** Cortex-A53: six event counters (PMCR_EL0.N). */
export const COUNTERS = 6;
const N_SHIFT = 11n;
const PMCR_READ_ONLY = 0x4103_0000n | (BigInt(COUNTERS) << N_SHIFT);
const PMCR_E = 1n;
const PMCR_P = 2n;
const PMCR_C = 4n;
/** E, D, X, DP and LC are kept; P and C read as zero. */
const PMCR_KEPT = 0x79n;

const CYCLE_COUNTER = 1n << 31n;
const IMPLEMENTED = CYCLE_COUNTER | ((1n << BigInt(COUNTERS)) - 1n);
const MASK32 = 0xffff_ffffn;

// MDCR_EL2 (D17.3.19)
const HPMN = 0x1fn;
const HPME = 1n << 7n;
// PMEVTYPER<n>_EL0 (D17.5.9)
const TYPE_EVENT = 0xffffn;
/** P: not counted at EL1; NSK differs from it: the same for the Non-secure state. */
const TYPE_P = 1n << 31n;
const TYPE_NSK = 1n << 29n;
const TYPE_WRITABLE = 0xfe00_ffffn;
/** PMSELR_EL0.SEL */
const SELECT_CYCLES = 31;

/** What a Cortex-A53 can count of the common events 0…31 (TRM DDI 0500, PMCEID0_EL0). */
const COMMON_EVENTS = 0x7fff_0f3fn;
export const EVENT_CPU_CYCLES = 0x11;
export const EVENT_L2D_CACHE_REFILL = 0x17;
export const EVENT_BUS_ACCESS = 0x19;

const EVENT_REGISTER = /^PMEV(TYPER|CNTR)(\d+)_EL0$/;

export class Pmu {
  private readonly registers: Registers;
  private readonly present: boolean;
  private readonly events: bigint;
  private control = PMCR_READ_ONLY;
  /** PMCNTENSET_EL0, PMINTENSET_EL1, PMOVSSET_EL0: UNKNOWN at reset. */
  private enabled = UNKNOWN & IMPLEMENTED;
  private interrupting = UNKNOWN & IMPLEMENTED;
  private overflowed = UNKNOWN & IMPLEMENTED;
  private selected = 0;
  private cycles = 0n;
  private cyclesType = 0n;
  private readonly counts = new Array<bigint>(COUNTERS).fill(UNKNOWN & MASK32);
  private readonly types = new Array<bigint>(COUNTERS).fill(UNKNOWN & TYPE_WRITABLE);

  /** `registers`: of its pCPU, for MDCR_EL2. `events`: the common ones 0…63, PMCEID0_EL0 and PMCEID1_EL0. */
  constructor(registers: Registers, present = true, events = COMMON_EVENTS) {
    this.registers = registers;
    this.present = present;
    this.events = events;
  }

  /** What its pCPU's guest does now: `times` events, each counted by every counter that is set to it and may. */
  count(event: number, times: number): void {
    for (let n = 0; n < COUNTERS; n++) {
      const type = this.types[n] ?? 0n;
      const atEl1 = (type & TYPE_P) === 0n === ((type & TYPE_NSK) === 0n);
      if (!this.counts32(n) || (type & TYPE_EVENT) !== BigInt(event) || !atEl1) continue;
      const sum = (this.counts[n] ?? 0n) + BigInt(times);
      this.counts[n] = sum & MASK32;
      if (sum > MASK32) this.overflowed |= 1n << BigInt(n);
    }
  }

  /** The overflow interrupt's wire (D13.3.4). */
  get interrupt(): boolean {
    if (!this.present) return false;
    const asking = this.overflowed & this.interrupting;
    if (asking === 0n) return false;
    if ((asking & CYCLE_COUNTER) !== 0n && (this.control & PMCR_E) !== 0n) return true;
    return this.counts.some((_, n) => (asking & (1n << BigInt(n))) !== 0n && this.on(n));
  }

  /** Everything that is set to be counted or to interrupt: 0 after a reset by software. */
  get inUse(): bigint {
    return this.enabled | this.interrupting | this.overflowed;
  }

  read(name: string): bigint {
    this.mustExist(name);
    const [, kind, number] = EVENT_REGISTER.exec(name) ?? [];
    if (kind !== undefined) return (kind === "CNTR" ? this.counts : this.types)[this.check(Number(number))] ?? 0n;
    switch (name) {
      case "PMCR_EL0": return this.control;
      case "PMCEID0_EL0": return this.events & 0xffff_ffffn;
      case "PMCEID1_EL0": return this.events >> 32n;
      case "PMCNTENSET_EL0": case "PMCNTENCLR_EL0": return this.enabled;
      case "PMINTENSET_EL1": case "PMINTENCLR_EL1": return this.interrupting;
      case "PMOVSSET_EL0": case "PMOVSCLR_EL0": return this.overflowed;
      case "PMSELR_EL0": return BigInt(this.selected);
      case "PMXEVCNTR_EL0": return this.counts[this.check(this.selected)] ?? 0n;
      case "PMXEVTYPER_EL0":
        return this.selected === SELECT_CYCLES ? this.cyclesType : this.types[this.check(this.selected)] ?? 0n;
      case "PMCCNTR_EL0": return this.cycles;
      case "PMCCFILTR_EL0": return this.cyclesType;
      default: throw new MachineError("MACHINE_STATE", `the machine's PMU has no ${name}`);
    }
  }

  write(name: string, value: bigint): void {
    this.mustExist(name);
    const [, kind, number] = EVENT_REGISTER.exec(name) ?? [];
    if (kind !== undefined) return kind === "CNTR" ? this.setCount(Number(number), value) : this.setType(Number(number), value);
    switch (name) {
      case "PMCR_EL0":
        this.control = PMCR_READ_ONLY | (value & PMCR_KEPT);
        if ((value & PMCR_P) !== 0n) this.counts.fill(0n);
        if ((value & PMCR_C) !== 0n) this.cycles = 0n;
        return;
      case "PMCNTENSET_EL0": this.enabled |= value & IMPLEMENTED; return;
      case "PMCNTENCLR_EL0": this.enabled &= ~value; return;
      case "PMINTENSET_EL1": this.interrupting |= value & IMPLEMENTED; return;
      case "PMINTENCLR_EL1": this.interrupting &= ~value; return;
      case "PMOVSSET_EL0": this.overflowed |= value & IMPLEMENTED; return;
      case "PMOVSCLR_EL0": this.overflowed &= ~value; return;
      case "PMSELR_EL0": this.selected = Number(value & 0x1fn); return;
      case "PMXEVCNTR_EL0": this.setCount(this.selected, value); return;
      case "PMXEVTYPER_EL0":
        if (this.selected === SELECT_CYCLES) this.cyclesType = value & TYPE_WRITABLE;
        else this.setType(this.selected, value);
        return;
      case "PMCCNTR_EL0": this.cycles = value; return;
      case "PMCCFILTR_EL0": this.cyclesType = value & TYPE_WRITABLE; return;
      default: throw new MachineError("MACHINE_STATE", `the machine's PMU has no ${name} that can be written`);
    }
  }

  private mustExist(name: string): void {
    if (!this.present) {
      throw new MachineError("MACHINE_UNDEFINED", `${name}: these pCPUs have no performance monitors (ID_AA64DFR0_EL1.PMUVer)`);
    }
  }

  private setCount(n: number, value: bigint): void {
    this.counts[this.check(n)] = value & MASK32;
  }

  private setType(n: number, value: bigint): void {
    this.types[this.check(n)] = value & TYPE_WRITABLE;
  }

  private counts32(n: number): boolean {
    return (this.enabled & (1n << BigInt(n))) !== 0n && this.on(n);
  }

  /** PMCR_EL0.E switches EL1's counters, MDCR_EL2.HPME the others. */
  private on(n: number): boolean {
    const mdcr = this.registers.MDCR_EL2;
    return BigInt(n) < (mdcr & HPMN) ? (this.control & PMCR_E) !== 0n : (mdcr & HPME) !== 0n;
  }

  private check(n: number): number {
    if (n >= COUNTERS) {
      throw new MachineError("MACHINE_UNDEFINED", `event counter ${n}: PMCR_EL0 = ${hex(this.control)} has ${COUNTERS}`);
    }
    return n;
  }
}
