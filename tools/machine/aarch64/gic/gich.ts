// GICH: how the hypervisor steers a pCPU's virtual CPU interface (IHI 0048B §5.3). The same things as ICH_*, in 32 bits:
//
//  GICH_LR<n>, §5.3.9
//   31  30  29 28 27      23 22 20 19        10 9          0
//  ┌───┬───┬─────┬──────────┬─────┬────────────┬────────────┐   HW = 0: bit 19 is EOI, bits 12…10 are the CPUID of the sender
//  │HW │Grp│state│ priority │  0  │  pINTID    │   vINTID   │
//  └───┴───┴─────┴──────────┴─────┴────────────┴────────────┘
import { hex, MachineError } from "../../errors.ts";
import type { Actor } from "./cpuInterface.ts";
import {
  GICH_APR, GICH_EISR0, GICH_EISR1, GICH_ELRSR0, GICH_ELRSR1, GICH_HCR, GICH_LR0, GICH_LR_END, GICH_MISR, GICH_VMCR, GICH_VTR,
} from "./gicv2Registers.ts";
import { UNMODELLED } from "./registers.ts";
import type { VirtualInterface } from "./virtualInterface.ts";

/** PRIbits and PREbits: five each. ListRegs is added. */
const VTR = 0x9000_0000;
const VMCR_WRITABLE = 0xfffc_021f & ~(7 << 24);

const LR_RESERVED = 0x0070_0000;
const LR_HW = 0x8000_0000;
const PHYSICAL = 0x3ff;
/** HW = 0. */
const CPUID = 7;
const EOI_IN_PHYSICAL = 1 << 9;

export class Gich {
  private readonly virtual: VirtualInterface;

  constructor(virtual: VirtualInterface) {
    this.virtual = virtual;
  }

  read(offset: number, bytes: number, _by: Actor): number {
    if (bytes !== 4) return UNMODELLED;
    const { virtual } = this;
    if (offset >= GICH_LR0 && offset < GICH_LR_END) return narrow(virtual.read((offset - GICH_LR0) >> 2));
    switch (offset) {
      case GICH_HCR: return virtual.hypervisorControl;
      case GICH_VTR: return VTR + virtual.count - 1;
      case GICH_VMCR: return virtual.control;
      case GICH_MISR: return virtual.reasons;
      case GICH_EISR0: return virtual.ended(0);
      case GICH_EISR1: return virtual.ended(1);
      case GICH_ELRSR0: return virtual.empty(0);
      case GICH_ELRSR1: return virtual.empty(1);
      case GICH_APR: return virtual.activePriorities;
      default: return UNMODELLED;
    }
  }

  write(offset: number, bytes: number, value: number, _by: Actor): boolean {
    if (bytes !== 4) return false;
    const { virtual } = this;
    if (offset >= GICH_LR0 && offset < GICH_LR_END) {
      virtual.write((offset - GICH_LR0) >> 2, widen(value));
      return true;
    }
    switch (offset) {
      case GICH_HCR: virtual.hypervisorControl = value; return true;
      case GICH_VMCR: virtual.control = (value & VMCR_WRITABLE) >>> 0; return true;
      case GICH_APR: virtual.activePriorities = value; return true;
      default: return false;
    }
  }
}

/** GICH_LR<n> → ICH_LR<n>_EL2. */
function widen(value: number): bigint {
  if ((value & LR_RESERVED) !== 0) {
    throw new MachineError("MACHINE_GIC_PROTOCOL", `GICH_LR = ${hex(value)}: reserved bits are set`);
  }
  const hardware = (value & LR_HW) !== 0;
  const state = (value >>> 28) & 3;
  const group = (value >>> 30) & 1;
  const priority = ((value >>> 23) & 31) << 3;
  const physical = (value >>> 10) & (hardware ? PHYSICAL : CPUID | EOI_IN_PHYSICAL);
  return (BigInt(state) << 62n) | (hardware ? 1n << 61n : 0n) | (BigInt(group) << 60n) | (BigInt(priority) << 48n)
    | (BigInt(physical) << 32n) | BigInt(value & 0x3ff);
}

/** ICH_LR<n>_EL2 → GICH_LR<n>. */
function narrow(value: bigint): number {
  const high = Number(value >> 32n);
  const hardware = (high & (1 << 29)) !== 0;
  return (
    (hardware ? LR_HW : 0) | (((high >>> 28) & 1) << 30) | ((high >>> 30) << 28) | (((high >>> 19) & 31) << 23)
      | ((high & PHYSICAL) << 10) | Number(value & 0x3ffn)
  ) >>> 0;
}
