// ICC_*: a pCPU's physical CPU interface (IHI 0069 §2.2, §4.8, §12.2). What the hypervisor acknowledges, drops and
// deactivates. Only group 1; what the architecture calls UNPREDICTABLE is an error here.
import { hex, MachineError } from "../errors.ts";
import type { Distributor } from "./distributor.ts";
import type { Redistributor } from "./redistributor.ts";
import { INTID_SPI_END, INTID_SPI_FIRST, INTID_SPURIOUS, PRIORITY_IDLE, PRIORITY_MASK } from "./registers.ts";

export const ICC_CTLR_EOIMODE = 1n << 1n;
/** PRIbits: five; A3V: Aff3 may be nonzero. */
const ICC_CTLR_READ_ONLY = (4n << 8n) | (1n << 15n);

export class CpuInterface {
  priorityMask = 0;
  group1Enabled = false;
  /** ICC_CTLR_EL1.EOImode: EOIR only drops the priority, DIR deactivates. */
  eoiMode = false;
  binaryPoint = 0;
  /** Acknowledged and not yet dropped, oldest first: the active priorities, with their INTIDs to check the order by. */
  private readonly running: { intid: number; priority: number }[] = [];
  private readonly redistributor: Redistributor;
  private readonly distributor: Distributor;
  /** Brings level-sensitive PPIs (timers, maintenance) up to date. */
  private readonly refresh: () => void;

  constructor(redistributor: Redistributor, distributor: Distributor, refresh: () => void) {
    this.redistributor = redistributor;
    this.distributor = distributor;
    this.refresh = refresh;
  }

  get runningPriority(): number {
    return this.running.at(-1)?.priority ?? PRIORITY_IDLE;
  }

  /** INTIDs acknowledged whose priority has not been dropped. */
  get undropped(): readonly number[] {
    return this.running.map((entry) => entry.intid);
  }

  /** The interrupt that ICC_IAR1_EL1 would give: the most urgent one that PMR and the running priority let through. */
  highestPending(): number {
    if (!this.group1Enabled || !this.distributor.forwards || !this.redistributor.forwards) return INTID_SPURIOUS;
    this.refresh();
    let best = INTID_SPURIOUS;
    let bestPriority = Math.min(this.priorityMask, this.runningPriority);
    for (let bits = this.redistributor.bank.candidates(0); bits !== 0; bits &= bits - 1) {
      const intid = 31 - Math.clz32(bits & -bits);
      const priority = this.redistributor.bank.priorityAt(intid);
      if (priority < bestPriority) [best, bestPriority] = [intid, priority];
    }
    const { bank, routeLow } = this.distributor;
    for (let word = 1; word < bank.words; word++) {
      for (let bits = bank.candidates(word); bits !== 0; bits &= bits - 1) {
        const intid = word * 32 + 31 - Math.clz32(bits & -bits);
        const priority = bank.priorityAt(intid);
        if (priority >= bestPriority || intid >= routeLow.length) continue;
        if (this.distributor.routesTo(intid, this.redistributor.affinityLow, this.redistributor.affinityHigh)) [best, bestPriority] = [intid, priority];
      }
    }
    return best;
  }

  /** ICC_IAR1_EL1 */
  acknowledge(): number {
    const intid = this.highestPending();
    if (intid === INTID_SPURIOUS) return intid;
    const bank = this.bankOf(intid);
    this.running.push({ intid, priority: bank.priorityAt(intid) & PRIORITY_MASK });
    bank.activate(intid);
    return intid;
  }

  /** ICC_EOIR1_EL1: in the reverse order of acknowledging, or UNPREDICTABLE (§4.1.1). */
  endOfInterrupt(intid: number): void {
    if (intid >= INTID_SPI_END) throw new MachineError("MACHINE_GIC_PROTOCOL", `ICC_EOIR1_EL1 written with the special INTID ${intid}: end only what IAR gave`);
    const last = this.running.pop();
    if (last === undefined || last.intid !== intid) {
      throw new MachineError("MACHINE_GIC_PROTOCOL", `ICC_EOIR1_EL1 written with INTID ${intid}, but the last one acknowledged is ${last === undefined ? "none" : last.intid}`);
    }
    if (!this.eoiMode) this.bankOf(intid).deactivate(intid);
  }

  /** ICC_DIR_EL1 */
  deactivate(intid: number): void {
    if (!this.eoiMode) throw new MachineError("MACHINE_GIC_PROTOCOL", "ICC_DIR_EL1 written while ICC_CTLR_EL1.EOImode is 0");
    this.deactivateForGuest(intid);
  }

  /** A virtual interrupt with LR.HW = 1 was deactivated (§4.6, "HW"): the physical one goes with it. */
  deactivateForGuest(intid: number): void {
    if (intid >= this.distributor.spiLimit) throw new MachineError("MACHINE_GIC_PROTOCOL", `deactivating INTID ${intid}, which is not implemented`);
    this.bankOf(intid).deactivate(intid);
  }

  get control(): bigint {
    return ICC_CTLR_READ_ONLY | (this.eoiMode ? ICC_CTLR_EOIMODE : 0n);
  }

  set control(value: bigint) {
    this.eoiMode = (value & ICC_CTLR_EOIMODE) !== 0n;
  }

  private bankOf(intid: number) {
    return intid < INTID_SPI_FIRST ? this.redistributor.bank : this.distributor.bank;
  }
}

/** ICC_SGI1R_EL1 (§12.2.20): which pCPUs a value names. */
export interface SgiRequest {
  readonly intid: number;
  /** Interrupt_Routing_Mode: everyone but the sender. */
  readonly allButSelf: boolean;
  /** Aff2.Aff1 of the targets, as in the low word of GICD_IROUTER (Aff0 is 0). */
  readonly clusterLow: number;
  readonly clusterHigh: number;
  /** Bit n: Aff0 = RS · 16 + n. */
  readonly targets: number;
  readonly rangeSelector: number;
}

const SGI_RESERVED = ~0x00ff_f1ff_0fff_ffffn & 0xffff_ffff_ffff_ffffn;

export function decodeSgi(value: bigint): SgiRequest {
  if ((value & SGI_RESERVED) !== 0n) throw new MachineError("MACHINE_GIC_PROTOCOL", `ICC_SGI1R_EL1 = ${hex(value)}: reserved bits are set`);
  const low = Number(value & 0xffff_ffffn);
  const high = Number(value >> 32n);
  return {
    intid: (low >>> 24) & 0xf,
    allButSelf: (high & 0x100) !== 0,
    clusterLow: (((high & 0xff) << 16) | (((low >>> 16) & 0xff) << 8)) >>> 0,
    clusterHigh: (high >>> 16) & 0xff,
    targets: low & 0xffff,
    rangeSelector: (high >>> 12) & 0xf,
  };
}
