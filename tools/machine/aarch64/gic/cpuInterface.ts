// A pCPU's physical CPU interface: which interrupt is signalled, and what acknowledging, dropping and deactivating do. The same
// for ICC_* (IHI 0069 §2.2, §4.8, §12.2) and GICC (IHI 0048B §3.2, §4.4). Two use it: the hypervisor, for whom what the
// architecture calls UNPREDICTABLE is an error here, and a guest with direct interrupts, who may do as it likes.
import { MachineError } from "../../errors.ts";
import type { Group, InterruptBank } from "./bank.ts";
import { INTID_SPI_END, INTID_SPI_FIRST, INTID_SPURIOUS, PRIORITY_IDLE, PRIORITY_MASK } from "./registers.ts";
import type { SecurityView } from "./securityView.ts";

export const ICC_CTLR_CBPR = 1n << 0n;
export const ICC_CTLR_EOIMODE = 1n << 1n;
/** PRIbits: five; A3V: Aff3 may be nonzero. */
const ICC_CTLR_READ_ONLY = (4n << 8n) | (1n << 15n);

/** Five priority bits, all of them for preemption: one bit of AP1R0 or APR0 for each priority. */
const PRIORITY_SHIFT = 3;
/** Smallest binary point: of group 1 (BPR1), and of group 0 (GICC_BPR), which splits one bit further to the left (§4.8.4). */
const BINARY_POINT_MIN = { 0: 2, 1: 3 } as const;

/** Where a CPU interface's interrupts come from: a distributor, and what of it is this pCPU's own. */
export interface InterruptSource {
  /** SGIs and PPIs. */
  readonly bank: InterruptBank;
  readonly spis: InterruptBank;
  readonly spiLimit: number;
  /** Anything is forwarded to this pCPU at all. */
  readonly forwards: boolean;
  /** An SPI is routed to this pCPU. */
  takes(intid: number): boolean;
}

/** Whose doing something is. */
export type Actor = "hypervisor" | "guest";

export class CpuInterface {
  /** The group is enabled: ICC_IGRPEN1_EL1, GICC_CTLR bit 0. */
  enabled = false;
  /** EOIR only drops the priority, DIR deactivates. */
  eoiMode = false;
  /** ICC_CTLR_EL1.CBPR: BPR0 is the binary point of group 1, too. Nobody but reset writes BPR0: it is at its minimum. */
  private commonBinaryPoint = false;
  private point: number;
  private mask = 0;
  /** ICC_AP1R0_EL1, GICC_APR0: bit n is the active priority 8·n. */
  private active = 0;
  /** Acknowledged and not yet dropped, oldest first. */
  private readonly running: { intid: number; by: Actor }[] = [];
  private readonly group: Group;
  /** What software sees of PMR and RPR. */
  private readonly maskView: SecurityView;
  private readonly source: InterruptSource;
  /** Brings level-sensitive PPIs (timers, maintenance) up to date. */
  private readonly refresh: () => void;

  constructor(group: Group, maskView: SecurityView, source: InterruptSource, refresh: () => void) {
    this.group = group;
    this.maskView = maskView;
    this.point = BINARY_POINT_MIN[group];
    this.source = source;
    this.refresh = refresh;
  }

  get priorityMask(): number {
    return this.maskView.seen(this.mask);
  }

  set priorityMask(value: number) {
    this.mask = this.maskView.kept(value);
  }

  get binaryPoint(): number {
    return this.commonBinaryPoint ? BINARY_POINT_MIN[0] + 1 : this.point;
  }

  set binaryPoint(value: number) {
    if (!this.commonBinaryPoint) this.point = Math.max(value & 7, BINARY_POINT_MIN[this.group]);
  }

  get activePriorities(): number {
    return this.active;
  }

  /** Written by software: from then on it knows what it has acknowledged. */
  set activePriorities(value: number) {
    this.active = value >>> 0;
    this.running.length = 0;
  }

  /** ICC_RPR_EL1, GICC_RPR */
  get runningPriority(): number {
    return this.maskView.seen(this.highestActive);
  }

  private get highestActive(): number {
    const lowest = this.active & -this.active;
    return lowest === 0 ? PRIORITY_IDLE : (31 - Math.clz32(lowest)) << PRIORITY_SHIFT;
  }

  /** INTIDs that the hypervisor has acknowledged and whose priority it has not dropped. */
  get undropped(): readonly number[] {
    return this.running.filter(({ by }) => by === "hypervisor").map(({ intid }) => intid);
  }

  /**
   * The interrupt that IAR would give: the most urgent one that PMR and the running priority let through; also what is signalled.
   */
  highestPending(): number {
    const { source } = this;
    if (!this.enabled || !source.forwards) return INTID_SPURIOUS;
    this.refresh();
    const running = this.highestActive;
    let best = INTID_SPURIOUS;
    let bestPriority = running === PRIORITY_IDLE ? this.mask : Math.min(this.mask, running & this.preemptionMask);
    for (let bits = source.bank.candidates(0); bits !== 0; bits &= bits - 1) {
      const intid = 31 - Math.clz32(bits & -bits);
      const priority = source.bank.priorityAt(intid);
      if (priority < bestPriority) [best, bestPriority] = [intid, priority];
    }
    for (let word = 1; word < source.spis.words; word++) {
      for (let bits = source.spis.candidates(word); bits !== 0; bits &= bits - 1) {
        const intid = word * 32 + 31 - Math.clz32(bits & -bits);
        const priority = source.spis.priorityAt(intid);
        if (priority < bestPriority && intid < source.spiLimit && source.takes(intid)) [best, bestPriority] = [intid, priority];
      }
    }
    return best;
  }

  /** IAR */
  acknowledge(by: Actor): number {
    const intid = this.highestPending();
    if (intid === INTID_SPURIOUS) return intid;
    const bank = this.bankOf(intid);
    this.active = (this.active | (1 << ((bank.priorityAt(intid) & this.preemptionMask) >> PRIORITY_SHIFT))) >>> 0;
    this.running.push({ intid, by });
    bank.activate(intid);
    return intid;
  }

  /**
   * EOIR: in the reverse order of acknowledging, or UNPREDICTABLE (§4.1.1). What hardware does then is to drop the highest
   * priority; a special INTID does nothing.
   */
  endOfInterrupt(intid: number, by: Actor): void {
    if (by === "hypervisor") this.checkOrder(intid);
    if (intid >= this.source.spiLimit) return;
    this.running.pop();
    this.active = (this.active & (this.active - 1)) >>> 0;
    if (!this.eoiMode) this.bankOf(intid).deactivate(intid);
  }

  private checkOrder(intid: number): void {
    if (intid >= INTID_SPI_END) {
      throw new MachineError("MACHINE_GIC_PROTOCOL", `EOIR written with the special INTID ${intid}: end only what IAR gave`);
    }
    const last = this.running.at(-1)?.intid;
    if (last !== intid) {
      throw new MachineError(
        "MACHINE_GIC_PROTOCOL", `EOIR written with INTID ${intid}, but the last one acknowledged is ${last ?? "none"}`,
      );
    }
  }

  /** DIR: without effect while EOImode is 0. */
  deactivate(intid: number, by: Actor): void {
    if (by === "hypervisor" && this.undropped.includes(intid)) {
      throw new MachineError(
        "MACHINE_GIC_PROTOCOL", `DIR written with INTID ${intid}, whose priority has not been dropped: EOIR first (§4.1.1)`,
      );
    }
    if (!this.eoiMode && by === "hypervisor") throw new MachineError("MACHINE_GIC_PROTOCOL", "DIR written while EOImode is 0");
    if (this.eoiMode && (by === "hypervisor" || intid < this.source.spiLimit)) this.deactivateForGuest(intid);
  }

  /** A virtual interrupt with LR.HW = 1 was deactivated (§4.6, "HW"): the physical one goes with it. */
  deactivateForGuest(intid: number): void {
    if (intid >= this.source.spiLimit) {
      throw new MachineError("MACHINE_GIC_PROTOCOL", `deactivating INTID ${intid}, which is not implemented`);
    }
    this.bankOf(intid).deactivate(intid);
  }

  /** ICC_CTLR_EL1 */
  get control(): bigint {
    return ICC_CTLR_READ_ONLY | (this.eoiMode ? ICC_CTLR_EOIMODE : 0n) | (this.commonBinaryPoint ? ICC_CTLR_CBPR : 0n);
  }

  set control(value: bigint) {
    this.eoiMode = (value & ICC_CTLR_EOIMODE) !== 0n;
    this.commonBinaryPoint = (value & ICC_CTLR_CBPR) !== 0n;
  }

  /** Bits of a priority that count for preemption (§4.8.4). */
  private get preemptionMask(): number {
    return PRIORITY_MASK & (0xff << (this.group === 1 ? this.binaryPoint : this.binaryPoint + 1));
  }

  private bankOf(intid: number): InterruptBank {
    return intid < INTID_SPI_FIRST ? this.source.bank : this.source.spis;
  }
}
