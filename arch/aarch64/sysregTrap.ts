// Trapped system registers and system instructions (EC 0x18). What is answered: SGIs, ID registers, debug registers (RAZ/WI),
// ACTLR_EL1 (RAZ/WI), cache maintenance by set/way, with direct interrupts part of the CPU interface (directSysregs.ts). Everything else is UNDEFINED for a guest, and gets exactly that.

import { dcCisw } from "../../build/generated/aarch64";
import { PARTITION_PMU } from "../../build/generated/blob";
import { EXIT_SGI_SEND, EXIT_SYSREG } from "../../core/abi";
import { Partition } from "../../core/partition";
import { Vcpu } from "../../core/vcpu";
import { trapInterface } from "./directSysregs";
import { sysreg, SYSREG_MASK, sysregCrm, sysregCrn, sysregIsRead, sysregOp0, sysregOp1, sysregOp2, sysregRt } from "./esr";
import { readIdRegister } from "./idregs";
import { injectUndefined } from "./inject";
import { sendSgi } from "./sgi";

const ICC_SGI1R_EL1: u32 = sysreg(3, 0, 12, 11, 5);
const ICC_ASGI1R_EL1: u32 = sysreg(3, 0, 12, 11, 6);
const ICC_SGI0R_EL1: u32 = sysreg(3, 0, 12, 11, 7);
const ACTLR_EL1: u32 = sysreg(3, 0, 1, 0, 1);
const DC_ISW: u32 = sysreg(1, 0, 7, 6, 2);
const DC_CSW: u32 = sysreg(1, 0, 7, 10, 2);
const DC_CISW: u32 = sysreg(1, 0, 7, 14, 2);
const OP0_DEBUG: u32 = 2;
const OP1_TRACE: u32 = 1;
/** Operand of DC by set/way: Level, bits 3…1, 0 is L1. */
const SET_WAY_LEVEL: u64 = 7 << 1;

/** Carries out the access, or injects UNDEF. True: the instruction is done, go on behind it. */
export function trapSystemRegister(vcpu: Vcpu, partition: Partition, esr: u64): bool {
  const iss = <u32>esr;
  const register = iss & SYSREG_MASK;
  const rt = sysregRt(esr);
  if (register == ICC_SGI1R_EL1 && !sysregIsRead(esr)) {
    vcpu.countExit(EXIT_SGI_SEND);
    sendSgi(vcpu, partition, vcpu.register(rt));
    return true;
  }
  vcpu.countExit(EXIT_SYSREG);
  if (!sysregIsRead(esr) && (register == ICC_ASGI1R_EL1 || register == ICC_SGI0R_EL1)) return true; // no group 0, no Secure group 1
  if (sysregOp0(iss) == OP0_DEBUG && sysregOp1(iss) != OP1_TRACE || register == ACTLR_EL1) {
    if (sysregIsRead(esr)) vcpu.setRegister(rt, 0);
    return true;
  }
  if (sysregOp0(iss) == 3 && sysregOp1(iss) == 0 && sysregCrn(iss) == 0 && sysregIsRead(esr)) {
    vcpu.setRegister(rt, readIdRegister(sysregCrm(iss), sysregOp2(iss), (partition.plan.flags & PARTITION_PMU) != 0));
    return true;
  }
  if (register == DC_ISW || register == DC_CSW || register == DC_CISW) {
    // The guest's own L1 is flushed, never only invalidated. Further levels are shared with other partitions: there a flush
    // by set/way would throw their lines out, and says nothing about coherency anyway (Arm ARM, D7.5.9.7).
    const operand = vcpu.register(rt);
    if ((operand & SET_WAY_LEVEL) == 0) dcCisw(operand);
    return true;
  }
  if ((vcpu.direct & ~vcpu.gicv2) != 0 && trapInterface(vcpu, register, sysregIsRead(esr), rt)) return true;
  injectUndefined();
  return false;
}
