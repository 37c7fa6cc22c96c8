// GICC: the registers of a pCPU's physical CPU interface (IHI 0048B §4.4), for the hypervisor, or for a guest with direct
// interrupts that has them mapped.
import type { Actor, CpuInterface } from "./cpuInterface.ts";
import type { OwnInterrupts } from "./gicd.ts";
import {
  ABPR, APR0, BPR, CTLR, CTLR_ENABLE, CTLR_EOIMODE, CTLR_WRITABLE, DIR, EOIR, HPPIR, IAR, IAR_CPUID_SHIFT, IAR_INTID, IIDR,
  IIDR_GIC400, PMR, RPR,
} from "./gicv2Registers.ts";
import { INTID_PPI_FIRST, UNMODELLED } from "./registers.ts";

export class Gicc {
  /** Bits of GICC_CTLR that only keep what is written: group 1, AckCtl, FIQEn, CBPR. */
  private otherControl = 0;
  private aliasedPoint = 3;
  private readonly physical: CpuInterface;
  private readonly own: OwnInterrupts;

  constructor(physical: CpuInterface, own: OwnInterrupts) {
    this.physical = physical;
    this.own = own;
  }

  read(offset: number, bytes: number, by: Actor): number {
    if (bytes !== 4) return UNMODELLED;
    const { physical } = this;
    switch (offset) {
      case CTLR: return this.otherControl | (physical.enabled ? CTLR_ENABLE : 0) | (physical.eoiMode ? CTLR_EOIMODE : 0);
      case PMR: return physical.priorityMask;
      case BPR: return physical.binaryPoint;
      case ABPR: return this.aliasedPoint;
      case IAR: return this.acknowledge(by);
      case RPR: return physical.runningPriority;
      case HPPIR: {
        const intid = physical.highestPending();
        if (intid >= INTID_PPI_FIRST) return intid;
        const senders = this.own.senders[intid] ?? 0;
        return intid | ((31 - Math.clz32(senders & -senders)) << IAR_CPUID_SHIFT);
      }
      case APR0: return physical.activePriorities;
      case IIDR: return IIDR_GIC400;
      case DIR + IIDR: return 0;
      default: return UNMODELLED;
    }
  }

  write(offset: number, bytes: number, value: number, by: Actor): boolean {
    if (bytes !== 4) return false;
    const { physical } = this;
    switch (offset) {
      case CTLR:
        physical.enabled = (value & CTLR_ENABLE) !== 0;
        physical.eoiMode = (value & CTLR_EOIMODE) !== 0;
        this.otherControl = value & CTLR_WRITABLE & ~(CTLR_ENABLE | CTLR_EOIMODE);
        return true;
      case PMR: physical.priorityMask = value; return true;
      case BPR: physical.binaryPoint = value; return true;
      case ABPR: this.aliasedPoint = Math.max(value & 7, 3); return true;
      case EOIR: physical.endOfInterrupt(value & IAR_INTID, by); return true;
      case APR0: physical.activePriorities = value; return true;
      case DIR: physical.deactivate(value & IAR_INTID, by); return true;
      default: return false;
    }
  }

  private acknowledge(by: Actor): number {
    const intid = this.physical.acknowledge(by);
    return intid < INTID_PPI_FIRST ? intid | (this.own.takeSender(intid) << IAR_CPUID_SHIFT) : intid;
  }
}
