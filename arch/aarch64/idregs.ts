// What a guest reads from the ID registers (Arm ARM D24.2; HCR_EL2.TID3): the pCPU's own, without EL2 and EL3, and without
// whatever the hypervisor traps or does not hand on: SVE, SME, MTE, MPAM, AMU, RAS, trace, profiling, LORegions, nested
// virtualization, and the PMU unless it is given.

import {
  mrs_ID_AA64DFR0_EL1, mrs_ID_AA64ISAR0_EL1, mrs_ID_AA64ISAR1_EL1, mrs_ID_AA64ISAR2_EL1, mrs_ID_AA64MMFR0_EL1, mrs_ID_AA64MMFR1_EL1,
  mrs_ID_AA64MMFR2_EL1, mrs_ID_AA64PFR0_EL1, mrs_ID_AA64PFR1_EL1, mrs_ID_ISAR0_EL1, mrs_ID_ISAR1_EL1, mrs_ID_ISAR2_EL1, mrs_ID_ISAR3_EL1,
  mrs_ID_ISAR4_EL1, mrs_ID_ISAR5_EL1, mrs_ID_MMFR0_EL1, mrs_ID_MMFR1_EL1, mrs_ID_MMFR2_EL1, mrs_ID_MMFR3_EL1, mrs_ID_MMFR4_EL1,
  mrs_ID_PFR0_EL1, mrs_ID_PFR1_EL1, mrs_MVFR0_EL1, mrs_MVFR1_EL1, mrs_MVFR2_EL1,
} from "../../build/generated/aarch64";
import { isGicV2 } from "../../core/blob";
import { DFR0_PMUVER, PARANGE_40_BITS, PARANGE_MASK } from "./sysregs";

// Masks of what is kept; each hexadecimal digit is one field.
//                                    CSV3 CSV2      DIT                  SIMD FP   EL0
const PFR0_KEPT: u64 = 0xff0f_0000_00ff_000f;
const PFR0_EL1_AARCH64: u64 = 1 << 4;
const PFR0_GIC_SYSREG: u64 = 1 << 24;
const PFR1_KEPT: u64 = 0xff; // SSBS, BT
const ISAR0_KEPT: u64 = ~(<u64>0xf << 24); // all but TME
const MMFR0_KEPT: u64 = 0x0000_ffff_ffff_fff0 & ~(<u64>0xf << 12); // no ECV, FGT; SNSMem 0; PARange apart
const MMFR1_KEPT: u64 = 0x0000_00f0_00f0_f00f; // HAFDBS, HPDS, PAN, ETS
const MMFR2_KEPT: u64 = 0xf0ff_00ff_f0ff_0fff; // no IESB, NV, FWB, EVT

// ID_AA64DFR0_EL1: Armv8 debug architecture, the smallest number of breakpoints, watchpoints and context comparators that
// it allows (the registers are RAZ/WI).
const DFR0_DEBUG_V8: u64 = 6;
const DFR0_MINIMUM: u64 = ((<u64>1) << 12) | ((<u64>1) << 20) | DFR0_DEBUG_V8;

const PFR1_AARCH32_KEPT: u64 = ~((<u64>0xf << 4) | (<u64>0xf << 12)); // no Security, no Virtualization extension

/** Value of the ID register S3_0_C0_C<crm>_<op2>, crm 1…7. What has no name there reads 0, as the architecture says. */
export function readIdRegister(crm: u32, op2: u32, pmu: bool): u64 {
  if (crm == 4) {
    if (op2 == 0) return (mrs_ID_AA64PFR0_EL1() & PFR0_KEPT) | PFR0_EL1_AARCH64 | (isGicV2() ? 0 : PFR0_GIC_SYSREG);
    return op2 == 1 ? mrs_ID_AA64PFR1_EL1() & PFR1_KEPT : 0;
  }
  if (crm == 5) return op2 == 0 ? DFR0_MINIMUM | (pmu ? mrs_ID_AA64DFR0_EL1() & DFR0_PMUVER : 0) : 0;
  if (crm == 6) {
    if (op2 == 0) return mrs_ID_AA64ISAR0_EL1() & ISAR0_KEPT;
    if (op2 == 1) return mrs_ID_AA64ISAR1_EL1();
    return op2 == 2 ? mrs_ID_AA64ISAR2_EL1() : 0;
  }
  if (crm == 7) return readMemoryModel(op2);
  return readAarch32(crm, op2);
}

function readMemoryModel(op2: u32): u64 {
  if (op2 == 0) {
    const physical = mrs_ID_AA64MMFR0_EL1();
    return (physical & MMFR0_KEPT) | min<u64>(physical & PARANGE_MASK, PARANGE_40_BITS);
  }
  if (op2 == 1) return mrs_ID_AA64MMFR1_EL1() & MMFR1_KEPT;
  return op2 == 2 ? mrs_ID_AA64MMFR2_EL1() & MMFR2_KEPT : 0;
}

/** ID_PFR0…ID_MMFR4 and MVFR0…2: of use to AArch32 programs at EL0. */
function readAarch32(crm: u32, op2: u32): u64 {
  if (crm == 1) {
    if (op2 == 0) return mrs_ID_PFR0_EL1();
    if (op2 == 1) return mrs_ID_PFR1_EL1() & PFR1_AARCH32_KEPT;
    if (op2 == 4) return mrs_ID_MMFR0_EL1();
    if (op2 == 5) return mrs_ID_MMFR1_EL1();
    if (op2 == 6) return mrs_ID_MMFR2_EL1();
    return op2 == 7 ? mrs_ID_MMFR3_EL1() : 0; // ID_DFR0, ID_AFR0: 0
  }
  if (crm == 2) {
    if (op2 == 0) return mrs_ID_ISAR0_EL1();
    if (op2 == 1) return mrs_ID_ISAR1_EL1();
    if (op2 == 2) return mrs_ID_ISAR2_EL1();
    if (op2 == 3) return mrs_ID_ISAR3_EL1();
    if (op2 == 4) return mrs_ID_ISAR4_EL1();
    if (op2 == 5) return mrs_ID_ISAR5_EL1();
    return op2 == 6 ? mrs_ID_MMFR4_EL1() : 0;
  }
  if (crm == 3) {
    if (op2 == 0) return mrs_MVFR0_EL1();
    if (op2 == 1) return mrs_MVFR1_EL1();
    return op2 == 2 ? mrs_MVFR2_EL1() : 0;
  }
  return 0;
}
