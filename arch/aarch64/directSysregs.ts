// What a guest with direct interrupts does not get of the CPU interface (ICH_HCR_EL2.TC and TALL0): the registers common to both
// groups, by which it could reach other pCPUs (SGIs: sgi.ts), end other partitions' interrupts, or shut the hypervisor's kick
// out; and group 0, which may belong to firmware: an access that it does not allow would trap to EL3.

import { mrs_ICC_CTLR_EL1, mrs_ICC_RPR_EL1, msr_ICC_CTLR_EL1, msr_ICC_DIR_EL1 } from "../../build/generated/aarch64";
import { FIRST_PPI, FIRST_SPECIAL, NO_INTERRUPT } from "./interrupts";
import { Vcpu } from "./vcpu";
import { sysreg } from "./esr";
import { refuse } from "./quickTraps";
import { directMask, ICC_CTLR_CBPR, ICC_CTLR_EOIMODE, ICC_PMR_EL1, writeMask } from "./gicv3";

const ICC_DIR_EL1: u32 = sysreg(3, 0, 12, 11, 1);
const ICC_RPR_EL1: u32 = sysreg(3, 0, 12, 11, 3);
const ICC_CTLR_EL1: u32 = sysreg(3, 0, 12, 12, 4);
const ICC_IGRPEN0_EL1: u32 = sysreg(3, 0, 12, 12, 6);
const ICC_IAR0_EL1: u32 = sysreg(3, 0, 12, 8, 0);
const ICC_HPPIR0_EL1: u32 = sysreg(3, 0, 12, 8, 2);
/** IAR0, EOIR0, HPPIR0, BPR0, AP0R0…3: S3_0_C12_C8_<op2>. */
const OP2_MASK: u32 = ~(<u32>7 << 17);

const CTLR_GUEST: u64 = ICC_CTLR_CBPR | ICC_CTLR_EOIMODE;
const PRIORITY_MASK: u64 = 0xff;
const INTID_MASK: u64 = 0xffffff;

/** A read of one of those registers; any other is refused. */
export function readInterface(vcpu: Vcpu, register: u32): u64 {
  if (register == ICC_PMR_EL1) return vcpu.priorityMask;
  if (register == ICC_CTLR_EL1) return mrs_ICC_CTLR_EL1();
  if (register == ICC_RPR_EL1) return mrs_ICC_RPR_EL1();
  if (register == ICC_IAR0_EL1 || register == ICC_HPPIR0_EL1) return NO_INTERRUPT;
  return isGroup0(register) ? 0 : refuse(vcpu);
}

/** A write; false: it is none of those registers, or one that cannot be written. */
export function writeInterface(vcpu: Vcpu, register: u32, value: u64): bool {
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
