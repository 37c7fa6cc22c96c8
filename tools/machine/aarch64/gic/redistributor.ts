// GICR: a pCPU's redistributor, for its SGIs and PPIs (IHI 0069 §12.10…§12.12). RD_base frame, then SGI_base 64 KiB above.
import { InterruptBank } from "./bank.ts";
import {
  BANK_END, FRAME_BYTES, GICR_BYTES, GICR_CTLR, GICR_CTLR_RWP, GICR_IIDR, GICR_PENDBASER_END, GICR_PROPBASER, GICR_SGI_BASE,
  GICR_STATUSR,
  GICR_TYPER, GICR_TYPER_LAST, GICR_TYPER_PPINUM_SHIFT, GICR_TYPER_VLPIS, GICR_WAKER, GICR_WAKER_CHILDREN_ASLEEP,
  GICR_WAKER_PROCESSOR_SLEEP, ICENABLER, ICFGR, IGROUPR, IGRPMODR, IIDR_ARM, IPRIORITYR, ISPENDR, ITARGETSR, PIDR2, PIDR2_GICV3,
  PIDR_FIRST, UNMODELLED,
} from "./registers.ts";
import type { SecurityView } from "./securityView.ts";

/** How many reads show RWP after LPIs are disabled: what is pending goes to memory first (§5.1.1). */
const LPI_READS = 100;
const SGIS = 0xffff;

export class Redistributor {
  readonly bank: InterruptBank;
  /** Aff2.Aff1.Aff0, as GICD_IROUTER's low word has it. */
  readonly affinityLow: number;
  /** Aff3. */
  readonly affinityHigh: number;
  private readonly typerLow: number;
  private readonly typerHigh: number;
  /**
   * GICR_CTLR.EnableLPIs, as firmware has left it; that none comes is all that is modelled. Disabled, they may until RWP says so.
   */
  lpis = true;
  lpisEnabled = true;
  /** Not every GIC lets go of them. */
  keepsLpis = false;
  /** Extended PPIs that are enabled, as firmware has left them: 32 a word. */
  readonly extended: Uint32Array;
  /** How many reads show RWP after an ICENABLER write, and ChildrenAsleep after a wake-up. */
  rwpReads = 2;
  wakeReads = 2;
  private asleep = true;
  private waking = 0;
  private rwp = 0;

  constructor(mpidr: bigint, processorNumber: number, last: boolean, view: SecurityView, virtualLpis = false, extendedPpis = 0) {
    this.extended = new Uint32Array(extendedPpis / 32).fill(0xffff_ffff);
    this.bank = new InterruptBank([0xffff_ffff], [SGIS], 1, view);
    this.bank.lingers = true;
    this.affinityLow = Number(mpidr & 0xff_ffffn);
    this.affinityHigh = Number((mpidr >> 32n) & 0xffn);
    this.typerLow = (processorNumber << 8) | (last ? GICR_TYPER_LAST : 0) | (virtualLpis ? GICR_TYPER_VLPIS : 0)
      | ((extendedPpis / 32) << GICR_TYPER_PPINUM_SHIFT);
    this.typerHigh = ((this.affinityHigh << 24) | this.affinityLow) >>> 0;
  }

  /** Nothing is forwarded to a pCPU that GICR_WAKER says is asleep, or that is still waking up (§11.1). */
  get forwards(): boolean {
    return !this.asleep && this.waking === 0;
  }

  read(offset: number, bytes: number): number {
    if (offset >= GICR_BYTES) return 0;
    const inBank = offset - GICR_SGI_BASE;
    if (bytes === 1) {
      return inBank >= IPRIORITYR && inBank < IPRIORITYR + 32 ? this.bank.readPriority(inBank - IPRIORITYR) : UNMODELLED;
    }
    if (bytes !== 4) return UNMODELLED;
    if (inBank >= 0) {
      if (this.isBankRegister(inBank)) return this.bank.read32(inBank);
      return inBank >= PIDR_FIRST && inBank < FRAME_BYTES ? 0 : UNMODELLED;
    }
    switch (offset) {
      case GICR_CTLR: {
        const waiting = this.rwp > 0 ? GICR_CTLR_RWP : 0;
        if (this.rwp > 0) this.rwp--;
        else this.settle();
        return waiting | (this.lpisEnabled ? 1 : 0);
      }
      case GICR_IIDR: return IIDR_ARM;
      case GICR_TYPER: return this.typerLow >>> 0;
      case GICR_TYPER + 4: return this.typerHigh;
      case GICR_STATUSR: return 0;
      case GICR_WAKER: {
        const sleeping = this.asleep || this.waking > 0;
        if (this.waking > 0) this.waking--;
        return (this.asleep ? GICR_WAKER_PROCESSOR_SLEEP : 0) | (sleeping ? GICR_WAKER_CHILDREN_ASLEEP : 0);
      }
      case PIDR2: return PIDR2_GICV3;
      default:
        if (offset >= PIDR_FIRST) return 0;
        return offset >= GICR_PROPBASER && offset < GICR_PENDBASER_END ? 0 : UNMODELLED; // no LPIs
    }
  }

  read64(offset: number): bigint {
    if (offset >= GICR_BYTES) return 0n;
    if (offset === GICR_TYPER) return (BigInt(this.typerHigh) << 32n) | BigInt(this.typerLow >>> 0);
    return offset >= GICR_PROPBASER && offset < GICR_PENDBASER_END && (offset & 7) === 0 ? 0n : BigInt(UNMODELLED);
  }

  write(offset: number, bytes: number, value: number): boolean {
    const inBank = offset - GICR_SGI_BASE;
    if (bytes === 1) {
      if (inBank < IPRIORITYR || inBank >= IPRIORITYR + 32) return false;
      this.bank.writePriority(inBank - IPRIORITYR, value);
      return true;
    }
    if (bytes !== 4) return false;
    if (inBank >= 0) {
      const word = ((inBank - ICENABLER) >> 2) - 1;
      if (word in this.extended) {
        this.extended[word] = (this.extended[word] ?? 0) & ~value;
        this.rwp = this.rwpReads;
        return true;
      }
      if (!this.isBankRegister(inBank)) return false;
      if (inBank >= ICENABLER && inBank < ISPENDR) this.rwp = this.rwpReads;
      return this.bank.write32(inBank, value);
    }
    switch (offset) {
      case GICR_CTLR:
        this.lpisEnabled = (value & 1) !== 0 || (this.lpis && this.keepsLpis);
        if (this.lpis && !this.lpisEnabled) this.rwp = Math.max(LPI_READS, this.rwpReads);
        return true;
      case GICR_STATUSR: return true;
      case GICR_WAKER: {
        const asleep = (value & GICR_WAKER_PROCESSOR_SLEEP) !== 0;
        if (this.asleep && !asleep) this.waking = this.wakeReads;
        this.asleep = asleep;
        return true;
      }
      default: return offset >= GICR_PROPBASER && offset < GICR_PENDBASER_END;
    }
  }

  /** Software has seen RWP clear. */
  private settle(): void {
    this.bank.settle();
    this.lpis = this.lpisEnabled;
  }

  /** SGI_base has one word of each register, 32 priorities and two ICFGRs; ITARGETSR does not exist there. */
  private isBankRegister(offset: number): boolean {
    if (offset < IGROUPR || offset >= BANK_END) return false;
    if (offset >= IPRIORITYR && offset < ITARGETSR) return offset < IPRIORITYR + 32;
    if (offset >= ITARGETSR && offset < ICFGR) return false;
    if (offset >= ICFGR && offset < IGRPMODR) return offset < ICFGR + 8;
    return (offset & 0x7f) === 0;
  }
}
