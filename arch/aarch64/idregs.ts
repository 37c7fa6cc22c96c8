// What a guest reads from the ID registers (Arm ARM D24.2; HCR_EL2.TID3): of the pCPU's own what aarch64.table.ts allows
// (ID_KEPT), and what the hypervisor makes of it: no EL2, no EL3, and the PMU only if it is given.

import { readIdKept } from "../../build/generated/aarch64";
import { isGicV2 } from "./gic";
import { DFR0_PMUVER, PARANGE_40_BITS, PARANGE_MASK } from "./sysregs";

// By CRm and op2.
const ID_AA64PFR0: u32 = 0o40;
const ID_AA64DFR0: u32 = 0o50;
const ID_AA64MMFR0: u32 = 0o70;

const PFR0_EL1_AARCH64: u64 = 1 << 4;
const PFR0_GIC_SYSREG: u64 = 1 << 24;
/** CSV2: from 2 on there is SCXTNUM_EL1, which is trapped (HCR_EL2.EnSCXT). */
const PFR0_CSV2: u64 = (<u64>0xf) << 56;
const PFR0_CSV2_1: u64 = (<u64>1) << 56;
// ID_AA64DFR0_EL1: Armv8 debug architecture (debug.ts), no double lock.
const DFR0_DEBUG_V8: u64 = 6;
const DFR0_NO_DOUBLE_LOCK: u64 = (<u64>0xf) << 36;

/** Value of the ID register S3_0_C0_C<crm>_<op2>, crm 1…7. What has no name there reads 0, as the architecture says. */
export function readIdRegister(crm: u32, op2: u32, pmu: bool): u64 {
  const n = (crm << 3) | op2;
  const value = readIdKept(n);
  if (n == ID_AA64PFR0)
    return value & ~PFR0_CSV2 | min<u64>(value & PFR0_CSV2, PFR0_CSV2_1) | PFR0_EL1_AARCH64 | (isGicV2() ? 0 : PFR0_GIC_SYSREG);
  if (n == ID_AA64DFR0) return (pmu ? value : value & ~DFR0_PMUVER) | DFR0_NO_DOUBLE_LOCK | DFR0_DEBUG_V8;
  if (n == ID_AA64MMFR0) return (value & ~PARANGE_MASK) | min<u64>(value & PARANGE_MASK, PARANGE_40_BITS);
  return value;
}
