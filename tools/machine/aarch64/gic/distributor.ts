// GICD: the distributor, for SPIs (IHI 0069 §12.8, §12.9), with affinity routing.
// Like hardware it takes its time: GICD_CTLR.RWP stays set for a few reads after a write that software has to wait for.
import { hex, MachineError } from "../../errors.ts";
import { InterruptBank } from "./bank.ts";
import {
  BANK_END, CTLR_RWP, GICD_CPENDSGIR, GICD_CTLR, GICD_CTLR_ARE, GICD_CTLR_DS, GICD_CTLR_ENABLE_GRP0, GICD_CTLR_ENABLE_GRP1,
  GICD_IIDR, GICD_IROUTER, GICD_IROUTER_END, GICD_SGIR, GICD_SPENDSGIR_END, GICD_STATUSR, GICD_TYPER, GICD_TYPER2, ICENABLER,
  IGROUPR, IIDR_ARM, INTID_SPI_FIRST, IPRIORITYR, IROUTER_IRM, ITARGETSR, PIDR2, PIDR2_GICV3, PIDR2_GICV4, PIDR_FIRST,
  FRAME_BYTES, ISPENDR, UNMODELLED,
} from "./registers.ts";
import { GICD_PIDR2 } from "./gicv2Registers.ts";
import type { SecurityView } from "./securityView.ts";

const TYPER_NO_1_OF_N = 1 << 25;
const TYPER_A3V = 1 << 24;
const TYPER_IDBITS_16 = 15 << 19;

const TYPER_ESPI = 1 << 8;
const TYPER_ESPI_RANGE_SHIFT = 27;
const ICENABLER_EXTENDED = 0x1400;
const AFFINITY_MASK_LOW = 0x00ff_ffff;

export class Distributor {
  readonly bank: InterruptBank;
  readonly spiLimit: number;
  control = 0;
  /** IROUTER<n>: low word (Aff2.Aff1.Aff0 and IRM), high word (Aff3). */
  readonly routeLow: Uint32Array;
  readonly routeHigh: Uint32Array;
  readonly routes: readonly Uint32Array[];
  private readonly view: SecurityView;
  /** Extended SPIs that are enabled, as firmware has left them: 32 a word. */
  readonly extended: Uint32Array;
  private readonly revision: number;
  /** How many reads of GICD_CTLR show RWP after a write: long enough to catch software that does not wait. */
  rwpReads = 2;
  private rwp = 0;
  /** GICD_CTLR has been written, and nobody has seen RWP clear since. */
  private changing = false;

  /** `spiLimit`: first INTID above the implemented SPIs: a multiple of 32, or 1020. */
  constructor(spiLimit: number, view: SecurityView, virtualLpis = false, extendedSpis = 0) {
    this.extended = new Uint32Array(extendedSpis / 32).fill(0xffff_ffff);
    this.revision = virtualLpis ? PIDR2_GICV4 : PIDR2_GICV3;
    this.view = view;
    this.spiLimit = spiLimit;
    const words = Math.ceil(spiLimit / 32);
    // Word 0 belongs to the redistributors: RAZ/WI here while affinity routing is on (§12.9.5 and others).
    const implemented = Array.from(
      { length: words }, (_, word) => (word === 0 ? 0 : 2 ** Math.min(32, spiLimit - 32 * word) - 1),
    );
    this.bank = new InterruptBank(implemented, Array.from({ length: words }, () => 0), 1, view);
    this.bank.lingers = true;
    this.routeLow = new Uint32Array(spiLimit);
    this.routeHigh = new Uint32Array(spiLimit);
    this.routes = [this.routeLow, this.routeHigh];
  }

  /** Interrupts of group 1 go out only with affinity routing: the machine has no GICv2 mode. */
  get forwards(): boolean {
    return (this.control & (GICD_CTLR_ENABLE_GRP1 | GICD_CTLR_ARE)) === (GICD_CTLR_ENABLE_GRP1 | GICD_CTLR_ARE);
  }

  /** Does IROUTER<intid> name the pCPU with this affinity? (§12.9.22) */
  routesTo(intid: number, affinityLow: number, affinityHigh: number): boolean {
    const low = this.routeLow[intid] ?? 0;
    if ((low & IROUTER_IRM) !== 0) return true;
    return (low & AFFINITY_MASK_LOW) === affinityLow && (this.routeHigh[intid] ?? 0) === affinityHigh;
  }

  /** UNMODELLED where there is no register of that width. */
  read(offset: number, bytes: number): number {
    if (bytes === 1) return offset >= IPRIORITYR && offset < ITARGETSR ? this.bank.readPriority(offset - IPRIORITYR) : UNMODELLED;
    if (bytes !== 4) return UNMODELLED;
    if (offset >= IGROUPR && offset < BANK_END) return this.bank.read32(offset);
    if (offset >= GICD_IROUTER && offset < GICD_IROUTER_END) {
      const intid = (offset - GICD_IROUTER) >> 3;
      return ((offset & 4) === 0 ? this.routeLow[intid] : this.routeHigh[intid]) ?? 0;
    }
    switch (offset) {
      case GICD_CTLR: {
        const waiting = this.rwp > 0 ? CTLR_RWP : 0;
        if (this.rwp > 0) this.rwp--;
        else this.settle();
        return (this.control | (this.view.twoStates ? 0 : GICD_CTLR_DS) | waiting) >>> 0;
      }
      case GICD_TYPER:
        return (
          TYPER_NO_1_OF_N | TYPER_A3V | TYPER_IDBITS_16 | (Math.ceil(this.spiLimit / 32) - 1)
            | (this.extended.length === 0 ? 0 : TYPER_ESPI | ((this.extended.length - 1) << TYPER_ESPI_RANGE_SHIFT))
        ) >>> 0;
      case GICD_IIDR: return IIDR_ARM;
      case GICD_TYPER2: case GICD_STATUSR: case GICD_SGIR: return 0;
      case PIDR2: return this.revision;
      case GICD_PIDR2: return 0; // GICv2's; reserved here
      default:
        if (offset >= PIDR_FIRST && offset < FRAME_BYTES) return 0;
        return offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_END ? 0 : UNMODELLED;
    }
  }

  read64(offset: number): bigint {
    if (offset < GICD_IROUTER || offset >= GICD_IROUTER_END || (offset & 7) !== 0) return BigInt(UNMODELLED);
    return (BigInt(this.read(offset + 4, 4)) << 32n) | BigInt(this.read(offset, 4));
  }

  /** False where there is no register of that width. */
  write(offset: number, bytes: number, value: number): boolean {
    if (bytes === 1) {
      if (offset < IPRIORITYR || offset >= ITARGETSR) return false;
      this.bank.writePriority(offset - IPRIORITYR, value);
      return true;
    }
    if (bytes !== 4) return false;
    if (this.changing && offset !== GICD_CTLR) {
      throw new MachineError(
        "MACHINE_GIC_PROTOCOL", `GICD + ${hex(offset)} is written while GICD_CTLR is changing: RWP first (§12.9.4)`,
      );
    }
    if (offset >= IGROUPR && offset < BANK_END) {
      if (offset >= ICENABLER && offset < ISPENDR) this.rwp = this.rwpReads;
      return this.bank.write32(offset, value);
    }
    if (offset >= GICD_IROUTER && offset < GICD_IROUTER_END) {
      const intid = (offset - GICD_IROUTER) >> 3;
      if (intid < INTID_SPI_FIRST || intid >= this.spiLimit) return true;
      if ((offset & 4) === 0) this.routeLow[intid] = value & (IROUTER_IRM | AFFINITY_MASK_LOW);
      else this.routeHigh[intid] = value & 0xff;
      return true;
    }
    if (offset >= ICENABLER_EXTENDED && offset < ICENABLER_EXTENDED + 4 * this.extended.length) {
      const word = (offset - ICENABLER_EXTENDED) >> 2;
      this.extended[word] = (this.extended[word] ?? 0) & ~value;
      return true;
    }
    if (offset === GICD_CTLR) {
      const turnsOn = (value & ~this.control & GICD_CTLR_ARE) !== 0;
      if (turnsOn && (this.control & (GICD_CTLR_ENABLE_GRP0 | GICD_CTLR_ENABLE_GRP1)) !== 0) {
        throw new MachineError("MACHINE_GIC_PROTOCOL", "GICD_CTLR.ARE is set while a group is enabled (§12.9.4)");
      }
      this.control = value & (GICD_CTLR_ENABLE_GRP0 | GICD_CTLR_ENABLE_GRP1 | GICD_CTLR_ARE);
      this.rwp = this.rwpReads;
      this.changing = true;
      return true;
    }
    return offset === GICD_STATUSR || offset === GICD_SGIR || (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_END);
  }

  /** Software has seen RWP clear. */
  private settle(): void {
    this.bank.settle();
    this.changing = false;
  }

  write64(offset: number, value: bigint): boolean {
    if (offset < GICD_IROUTER || offset >= GICD_IROUTER_END || (offset & 7) !== 0) return false;
    return this.write(offset, 4, Number(value & 0xffff_ffffn)) && this.write(offset + 4, 4, Number(value >> 32n));
  }
}
