// Trapped system registers and system instructions (EC 0x18). What is answered: SGIs, ID registers, debug registers (debug.ts),
// ACTLR_EL1 (RAZ/WI), cache maintenance by set/way, with direct interrupts part of the CPU interface. Everything else is
// UNDEFINED for a guest, and gets exactly that (trap.ts). All but SGIs to others are quick traps (quickTraps.ts).

import {
  mrs_ICC_CTLR_EL1, mrs_ICC_RPR_EL1, msr_HCR_EL2, msr_ICC_CTLR_EL1, msr_ICC_DIR_EL1, readIdKept,
} from "../../build/generated/aarch64";
import { directMask, ICC_CTLR_CBPR, ICC_CTLR_EOIMODE, ICC_PMR_EL1, writeMask } from "./gicv3";
import { PARTITION_PMU } from "../../build/generated/blob";
import { EXIT_IPI, EXIT_REGISTER } from "../../core/abi";
import { FIRST_PPI, FIRST_SPECIAL, NO_INTERRUPT } from "./interrupts";
import { ownerOf, Partition } from "../../core/partition";
import { Vcpu } from "./vcpu";
import { flushLine } from "./caches";
import { readDebug, writeDebug } from "./debug";
import {
  EC_SYSREG, esrOf, ISS_READ, sysreg, SYSREG_MASK, sysregCrm, sysregCrn, sysregOp0, sysregOp1, sysregOp2, sysregRt,
} from "./esr";
import { DONE, REFUSED, refuse } from "./quickTraps";
import { isGicV2, SGI1R_INTID_SHIFT } from "./gic";
import { deactivateHeld, refill, reload, unload } from "./listRegisters";
import { sendQuickly, sendSgi, sgi1rToSelf } from "./sgi";
import { DFR0_PMUVER, HCR_TVM, PARANGE_40_BITS, PARANGE_MASK } from "./sysregs";

const ICC_SGI1R_EL1: u32 = sysreg(3, 0, 12, 11, 5);
const ICC_ASGI1R_EL1: u32 = sysreg(3, 0, 12, 11, 6);
const ICC_SGI0R_EL1: u32 = sysreg(3, 0, 12, 11, 7);
const ICC_DIR_EL1: u32 = sysreg(3, 0, 12, 11, 1);
// The CPU interface of a direct guest.
const ICC_RPR_EL1: u32 = sysreg(3, 0, 12, 11, 3);
const ICC_CTLR_EL1: u32 = sysreg(3, 0, 12, 12, 4);
const ICC_IGRPEN0_EL1: u32 = sysreg(3, 0, 12, 12, 6);
const ICC_IAR0_EL1: u32 = sysreg(3, 0, 12, 8, 0);
const ICC_HPPIR0_EL1: u32 = sysreg(3, 0, 12, 8, 2);
const OP2_MASK: u32 = ~(<u32>7 << 17); // IAR0, EOIR0, HPPIR0, BPR0, AP0R0…3: S3_0_C12_C8_<op2>

const CTLR_GUEST: u64 = ICC_CTLR_CBPR | ICC_CTLR_EOIMODE;
const PRIORITY_MASK: u64 = 0xff;
const INTID_MASK: u64 = 0xffffff;
const ACTLR_EL1: u32 = sysreg(3, 0, 1, 0, 1);
const DC_ISW: u32 = sysreg(1, 0, 7, 6, 2);
const DC_CSW: u32 = sysreg(1, 0, 7, 10, 2);
const DC_CISW: u32 = sysreg(1, 0, 7, 14, 2);
/** CRn of what HCR_EL2.TVM traps: SCTLR; TTBR0, TTBR1, TCR; AFSR0, AFSR1, ESR; FAR; MAIR, AMAIR; CONTEXTIDR. */
const STAGE1: u32 = 1 << 1 | 1 << 2 | 1 << 5 | 1 << 6 | 1 << 10 | 1 << 13;
const OP0_DEBUG: u32 = 2;
const OP1_TRACE: u32 = 1;
const SET_WAY_LEVEL: u64 = 7 << 1; // Operand of DC by set/way: Level, bits 3…1, 0 is L1

const TRAPPED: u64 = esrOf(EC_SYSREG);
const NAMES: u64 = 0xffff_ffff & ~(<u64>31 << 5); // All of ESR_EL2 but Rt
/** All of it but Rt, CRm and op2; and what that is for a read of the ID space: op0 3, op1 0, CRn 0. */
const ID_SPACE: u64 = NAMES & ~<u64>sysreg(0, 0, 0, 15, 7);
const ID_READ: u64 = TRAPPED | ISS_READ | <u64>sysreg(3, 0, 0, 0, 0);
const SGI1R_WRITE: u64 = TRAPPED | <u64>ICC_SGI1R_EL1;
const DIR_WRITE: u64 = TRAPPED | <u64>ICC_DIR_EL1;
/** All of it but the register's name and Rt; and what that is for a read, for a write. */
const KIND: u64 = NAMES & ~<u64>SYSREG_MASK;

@inline function isDebug(iss: u32): bool { return sysregOp0(iss) == OP0_DEBUG && sysregOp1(iss) != OP1_TRACE; }

/** A trapped read; gives back the register's value. */
export function readRegister(vcpu: Vcpu, esr: u64): u64 {
  const iss = <u32>esr;
  if ((esr & ID_SPACE) == ID_READ) {
    vcpu.countExit(EXIT_REGISTER);
    return readIdRegister(sysregCrm(iss), sysregOp2(iss), (ownerOf(vcpu).plan.flags & PARTITION_PMU) != 0);
  }
  return readOther(vcpu, esr);
}

function readOther(vcpu: Vcpu, esr: u64): u64 {
  if ((esr & KIND) != (TRAPPED | ISS_READ)) return refuse(vcpu);
  vcpu.countExit(EXIT_REGISTER);
  const register = <u32>esr & SYSREG_MASK;
  if (isDebug(<u32>esr) || register == ACTLR_EL1) return readDebug(register);
  return (vcpu.direct & ~vcpu.gicv2) != 0 ? readInterface(vcpu, register) : refuse(vcpu);
}

export function writeRegister(vcpu: Vcpu, esr: u64, value: u64): u32 {
  if ((esr & NAMES) == SGI1R_WRITE) {
    if (!sgi1rToSelf(vcpu, value) || !sendQuickly(vcpu, (<u32>value >> SGI1R_INTID_SHIFT) & 15)) return REFUSED;
    vcpu.countExit(EXIT_IPI);
    return DONE;
  }
  return writeOther(vcpu, esr, value);
}

function writeOther(vcpu: Vcpu, esr: u64, value: u64): u32 {
  if ((esr & KIND) != TRAPPED) return REFUSED;
  const register = <u32>esr & SYSREG_MASK;
  vcpu.countExit(EXIT_REGISTER);
  if (register == ICC_ASGI1R_EL1 || register == ICC_SGI0R_EL1) return DONE; // no group 0, no Secure group 1
  if (isDebug(<u32>esr) || register == ACTLR_EL1) {
    writeDebug(register, value);
    return DONE;
  }
  return (vcpu.direct & ~vcpu.gicv2) != 0 && writeInterface(vcpu, register, value) ? DONE : REFUSED;
}

/** What is left, with all registers saved: set/way, SGIs to others, DIR. False: there is no such register. */
export function trapSystemRegister(vcpu: Vcpu, partition: Partition, esr: u64): bool {
  const register = <u32>esr & SYSREG_MASK;
  if ((esr & KIND) == TRAPPED && (register == DC_ISW || register == DC_CSW || register == DC_CISW)) {
    // The guest's own L1 is flushed, never only invalidated. Further levels are shared with other partitions: there a flush
    // by set/way would throw their lines out, and says nothing about coherency anyway (Arm ARM, D7.5.9.7).
    const operand = vcpu.register(sysregRt(esr));
    if ((operand & SET_WAY_LEVEL) == 0) flushLine(operand);
    return true;
  }
  if ((esr & NAMES) == DIR_WRITE && vcpu.direct == 0) { // trapped while an interrupt is spilled (HCR_TDIR)
    const intid = vcpu.register(sysregRt(esr));
    unload(vcpu);
    if (intid < FIRST_SPECIAL) deactivateHeld(vcpu, <u32>intid >> 5, (<u32>1) << (<u32>intid & 31));
    refill(vcpu);
    return true;
  }
  if ((esr & NAMES) != SGI1R_WRITE) return false;
  vcpu.countExit(EXIT_IPI);
  if (sendSgi(vcpu, partition, vcpu.register(sysregRt(esr))) && vcpu.direct == 0) reload(vcpu);
  return true;
}

/** The first write, in a life, of a register that steers stage 1. True: the guest executes it itself now, nothing trapped. */
export function letCache(vcpu: Vcpu, partition: Partition, esr: u64): bool {
  const iss = <u32>esr;
  if ((vcpu.hcr & HCR_TVM) == 0 || (esr & KIND) != TRAPPED || sysregOp0(iss) != 3 || sysregOp1(iss) != 0 ||
    ((STAGE1 >> sysregCrn(iss)) & 1) == 0) return false;
  // It may be about to turn its MMU and caches on: from here on they may hold what it writes.
  partition.cached = 1;
  vcpu.hcr &= ~HCR_TVM;
  msr_HCR_EL2(vcpu.hcr);
  return true;
}

// What a guest with direct interrupts does not get of the CPU interface (ICH_HCR_EL2.TC and TALL0): the registers common to both
// groups, by which it could reach other pCPUs (SGIs: sgi.ts), end other partitions' interrupts, or shut the hypervisor's kick
// out; and group 0, which may belong to firmware: an access that it does not allow would trap to EL3.

/** A read of one of those registers; any other is refused. */
function readInterface(vcpu: Vcpu, register: u32): u64 {
  if (register == ICC_PMR_EL1) return vcpu.priorityMask;
  if (register == ICC_CTLR_EL1) return mrs_ICC_CTLR_EL1();
  if (register == ICC_RPR_EL1) return mrs_ICC_RPR_EL1();
  if (register == ICC_IAR0_EL1 || register == ICC_HPPIR0_EL1) return NO_INTERRUPT;
  return isGroup0(register) ? 0 : refuse(vcpu);
}

/** A write; false: it is none of those registers, or one that cannot be written. */
function writeInterface(vcpu: Vcpu, register: u32, value: u64): bool {
  if (register == ICC_PMR_EL1) {
    vcpu.priorityMask = <u32>(value & PRIORITY_MASK);
    writeMask(directMask(vcpu));
  } else if (register == ICC_CTLR_EL1) {
    msr_ICC_CTLR_EL1((mrs_ICC_CTLR_EL1() & ~CTLR_GUEST) | (value & CTLR_GUEST));
  } else if (register == ICC_DIR_EL1) {
    const intid = <u32>(value & INTID_MASK);
    if ((mrs_ICC_CTLR_EL1() & ICC_CTLR_EOIMODE) == 0) return true; // EOIR1 deactivates; DIR may answer with an SError
    if (intid < FIRST_PPI || intid < FIRST_SPECIAL && vcpu.owns(intid)) msr_ICC_DIR_EL1(intid);
  } else {
    return isGroup0(register);
  }
  return true;
}

@inline function isGroup0(register: u32): bool { return (register & OP2_MASK) == ICC_IAR0_EL1 || register == ICC_IGRPEN0_EL1; }

// What a guest reads from the ID registers (Arm ARM D24.2; HCR_EL2.TID3): of the pCPU's own what aarch64.table.ts allows
// (ID_KEPT), and what the hypervisor makes of it: no EL2, no EL3, and the PMU only if it is given.

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
function readIdRegister(crm: u32, op2: u32, pmu: bool): u64 {
  const n = (crm << 3) | op2;
  const value = readIdKept(n);
  if (n == ID_AA64PFR0)
    return value & ~PFR0_CSV2 | min<u64>(value & PFR0_CSV2, PFR0_CSV2_1) | PFR0_EL1_AARCH64 | (isGicV2() ? 0 : PFR0_GIC_SYSREG);
  if (n == ID_AA64DFR0) return (pmu ? value : value & ~DFR0_PMUVER) | DFR0_NO_DOUBLE_LOCK | DFR0_DEBUG_V8;
  if (n == ID_AA64MMFR0) return (value & ~PARANGE_MASK) | min<u64>(value & PARANGE_MASK, PARANGE_40_BITS);
  return value;
}
