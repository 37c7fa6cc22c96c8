// GICV: the registers of a pCPU's virtual CPU interface (IHI 0048B §5.4), which stage 2 shows a guest where it looks for GICC.
import type { Actor } from "./cpuInterface.ts";
import {
  ABPR, APR0, BPR, CTLR, CTLR_WRITABLE, DIR, EOIR, HPPIR, IAR, IAR_CPUID_SHIFT, IAR_INTID, IIDR, IIDR_GIC400, PMR, RPR,
} from "./gicv2Registers.ts";
import { INTID_PPI_FIRST, INTID_SPURIOUS, PRIORITY_MASK, UNMODELLED } from "./registers.ts";
import type { ListRegister, VirtualInterface } from "./virtualInterface.ts";

// GICH_VMCR, through which GICV's controls are kept: the low bits are GICV_CTLR's (§5.3.3).
const VMBP_SHIFT = 21;
const VMABP_SHIFT = 18;
const VMPR_SHIFT = 24;
const BINARY_POINT_MIN = 2;

export class Gicv {
  private readonly virtual: VirtualInterface;

  constructor(virtual: VirtualInterface) {
    this.virtual = virtual;
  }

  read(offset: number, bytes: number, _by: Actor): number {
    if (bytes !== 4) return UNMODELLED;
    const { virtual } = this;
    switch (offset) {
      case CTLR: return virtual.control & CTLR_WRITABLE;
      case PMR: return virtual.control >>> VMPR_SHIFT;
      case BPR: return (virtual.control >>> VMBP_SHIFT) & 7;
      case ABPR: return (virtual.control >>> VMABP_SHIFT) & 7;
      case IAR: return named(virtual.take());
      case RPR: return virtual.runningPriority;
      case HPPIR: return named(virtual.highestPending);
      case APR0: return virtual.activePriorities;
      case IIDR: return IIDR_GIC400;
      default: return UNMODELLED;
    }
  }

  write(offset: number, bytes: number, value: number, _by: Actor): boolean {
    if (bytes !== 4) return false;
    const { virtual } = this;
    const keep = (mask: number, bits: number): void => {
      virtual.control = ((virtual.control & ~mask) | bits) >>> 0;
    };
    switch (offset) {
      case CTLR: keep(CTLR_WRITABLE, value & CTLR_WRITABLE); return true;
      case PMR: keep(0xff << VMPR_SHIFT, (value & PRIORITY_MASK) << VMPR_SHIFT); return true;
      case BPR: keep(7 << VMBP_SHIFT, Math.max(value & 7, BINARY_POINT_MIN) << VMBP_SHIFT); return true;
      case ABPR: keep(7 << VMABP_SHIFT, Math.max(value & 7, BINARY_POINT_MIN + 1) << VMABP_SHIFT); return true;
      case EOIR: virtual.endOfInterrupt(value & IAR_INTID); return true;
      case DIR: virtual.deactivate(value & IAR_INTID); return true;
      case APR0: virtual.activePriorities = value; return true;
      default: return false;
    }
  }
}

/** INTID, and who sent it if it is an SGI. */
function named(found: ListRegister | undefined): number {
  if (found === undefined) return INTID_SPURIOUS;
  return found.virtual < INTID_PPI_FIRST ? found.virtual | ((found.physical & 7) << IAR_CPUID_SHIFT) : found.virtual;
}
