// What a guest's interrupt controller driver does, instruction by instruction: with GICv3's system registers, or with the CPU
// interface that GICv2 has in memory. Whether a physical or a virtual interface answers is the machine's to say.
import {
  APR0, BPR, CTLR, CTLR_ENABLE, CTLR_EOIMODE, DIR, EOIR, IAR, IAR_CPUID_SHIFT, IAR_INTID, PMR,
} from "./gic/gicv2Registers.ts";
import { INTID_PPI_FIRST, INTID_SPURIOUS } from "./gic/registers.ts";
import type { Outcome } from "../outcome.ts";
import type { SystemRegister } from "./systemRegisters.ts";

/** Where guests see the distributor, and, on a board with GICv2, the CPU interface. */
export const GUEST_GICD = 0x0800_0000;
export const GUEST_GICC = 0x0801_0000;

const GICD_SGIR = 0xf00;
const SGIR_TARGETS_SHIFT = 16;
const SGI1R_INTID_SHIFT = 24n;
const ICC_CTLR_EOIMODE = 2n;

/** The instructions that a driver executes: a guest's. */
interface Instructions {
  load(ipa: number, bytes: number): Outcome;
  store(ipa: number, bytes: number, value: bigint): Outcome;
  mrs(register: SystemRegister): Outcome;
  msr(register: SystemRegister, value: bigint, from?: number): Outcome;
}

export interface GicDriver {
  /** Priority mask, binary point (the finest), enable. */
  open(mask: number): void;
  /** Priorities from `mask` on are held off. */
  mask(mask: number): void;
  enable(on: boolean): void;
  /** How many lower bits of a priority, and more, do not make an interrupt preempt. */
  binaryPoint(point: number): void;
  /** Makes up what is active. */
  activePriorities(bits: number): void;
  /** Whether EOIR deactivates, too. */
  splitEnd(split: boolean): void;
  /** The INTID; INTID_SPURIOUS if there is none, or if the guest did not get that far. */
  acknowledge(): number;
  endOfInterrupt(intid: number): Outcome;
  deactivate(intid: number): Outcome;
  /** To vCPUs of its partition: a bit each. */
  sendSgi(intid: number, targets: number): Outcome;
}

const XZR = 31;

export class SystemRegisterDriver implements GicDriver {
  private readonly guest: Instructions;

  constructor(guest: Instructions) {
    this.guest = guest;
  }

  open(mask: number): void {
    this.mask(mask);
    this.binaryPoint(0);
    this.enable(true);
  }

  binaryPoint(point: number): void {
    this.guest.msr("ICC_BPR1_EL1", BigInt(point));
  }

  activePriorities(bits: number): void {
    this.guest.msr("ICC_AP1R0_EL1", BigInt(bits));
  }

  mask(mask: number): void {
    this.guest.msr("ICC_PMR_EL1", BigInt(mask));
  }

  enable(on: boolean): void {
    this.guest.msr("ICC_IGRPEN1_EL1", on ? 1n : 0n);
  }

  splitEnd(split: boolean): void {
    this.guest.msr("ICC_CTLR_EL1", split ? ICC_CTLR_EOIMODE : 0n);
  }

  acknowledge(): number {
    return numberOf(this.guest.mrs("ICC_IAR1_EL1"));
  }

  endOfInterrupt(intid: number): Outcome {
    return this.guest.msr("ICC_EOIR1_EL1", BigInt(intid));
  }

  deactivate(intid: number): Outcome {
    return this.guest.msr("ICC_DIR_EL1", BigInt(intid), intid % XZR); // whichever register
  }

  sendSgi(intid: number, targets: number): Outcome {
    return this.guest.msr("ICC_SGI1R_EL1", (BigInt(intid) << SGI1R_INTID_SHIFT) | BigInt(targets));
  }
}

export class MemoryMappedDriver implements GicDriver {
  private readonly guest: Instructions;
  /** Senders of the SGIs acknowledged last: EOIR and DIR want what IAR said. */
  private readonly senders = new Map<number, number>();

  constructor(guest: Instructions) {
    this.guest = guest;
  }

  open(mask: number): void {
    this.mask(mask);
    this.binaryPoint(0);
    this.enable(true);
  }

  binaryPoint(point: number): void {
    this.write(BPR, point);
  }

  activePriorities(bits: number): void {
    this.write(APR0, bits);
  }

  mask(mask: number): void {
    this.write(PMR, mask);
  }

  enable(on: boolean): void {
    this.write(CTLR, on ? CTLR_ENABLE : 0);
  }

  splitEnd(split: boolean): void {
    this.write(CTLR, CTLR_ENABLE | (split ? CTLR_EOIMODE : 0));
  }

  acknowledge(): number {
    const iar = numberOf(this.guest.load(GUEST_GICC + IAR, 4));
    const intid = iar & IAR_INTID;
    if (intid < INTID_PPI_FIRST) this.senders.set(intid, iar >> IAR_CPUID_SHIFT);
    return intid;
  }

  endOfInterrupt(intid: number): Outcome {
    return this.write(EOIR, this.named(intid));
  }

  deactivate(intid: number): Outcome {
    return this.write(DIR, this.named(intid));
  }

  sendSgi(intid: number, targets: number): Outcome {
    return this.guest.store(GUEST_GICD + GICD_SGIR, 4, BigInt((targets << SGIR_TARGETS_SHIFT) | intid));
  }

  private named(intid: number): number {
    return intid | ((this.senders.get(intid) ?? 0) << IAR_CPUID_SHIFT);
  }

  private write(register: number, value: number): Outcome {
    return this.guest.store(GUEST_GICC + register, 4, BigInt(value));
  }
}

const numberOf = (outcome: Outcome): number => (outcome.kind === "done" ? Number(outcome.value) : INTID_SPURIOUS);
