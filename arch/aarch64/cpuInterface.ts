// The physical CPU interface of the pCPU, whichever GIC it has: what comes through to it, acknowledging, ending.

import {
  isb, mmioWrite32, msr_HCR_EL2, msr_ICC_DIR_EL1, msr_ICC_EOIR1_EL1, mrs_ICC_IAR1_EL1, mrs_ICC_IGRPEN1_EL1, mrs_ICC_PMR_EL1,
} from "../../build/generated/aarch64";
import { isGicV2 } from "./machine";
import { Vcpu } from "./vcpu";
import { ICACTIVER, initBank, KICK_SGI } from "./gic";
import {
  acknowledgeV2, closeV2, deactivateV2, dropPriorityV2, interruptsEnabledV2, openV2, parkV2, resetDirectV2,
} from "./gicv2";
import { closeV3, initInterfaceV3, openV3, resetDirectV3 } from "./gicv3";
import { HCR_GUEST } from "./sysregs";
import { writeControl } from "./virtualInterface";

/** Each pCPU, once. False: it cannot be used, and that is said. */
export function initCpuInterface(vcpu: Vcpu): bool {
  if (!initBank(vcpu)) return false;
  if (isGicV2()) parkV2();
  else initInterfaceV3();
  writeControl(0); // maintenance that somebody before us has asked for would never end
  return true;
}

/** The pCPU has no guest to run: only the hypervisor's own interrupts come, and to EL2. */
export function closeInterrupts(vcpu: Vcpu): void {
  vcpu.inGuest = 0;
  if (isGicV2()) closeV2(vcpu);
  else closeV3(vcpu);
  if (vcpu.direct != 0) mmioWrite32(vcpu.bank + ICACTIVER, <u32>1 << KICK_SGI); // the guest may have used that number, too
  msr_HCR_EL2(HCR_GUEST);
  isb();
}

/** The pCPU runs its guest: all of them come, to EL2 or, with direct interrupts, to the guest. */
export function openInterrupts(vcpu: Vcpu): void {
  vcpu.inGuest = 1;
  if (isGicV2()) openV2(vcpu);
  else openV3(vcpu);
  msr_HCR_EL2(vcpu.hcr);
  isb();
}

/** A direct guest is about to begin: the interface's state at reset, for openInterrupts. */
export function resetDirect(vcpu: Vcpu): void {
  vcpu.priorityMask = 0;
  if (isGicV2()) resetDirectV2(vcpu);
  else resetDirectV3(vcpu);
}

/** A direct guest has enabled its interrupts: an SGI can wake it. */
export function interruptsEnabled(): bool {
  return isGicV2() ? interruptsEnabledV2() : (mrs_ICC_IGRPEN1_EL1() & 1) != 0 && mrs_ICC_PMR_EL1() != 0;
}

/** IAR. */
export function acknowledge(): u32 { return isGicV2() ? acknowledgeV2() : <u32>mrs_ICC_IAR1_EL1(); }

/** Priority drop alone: the guest deactivates it. `iar` as it was acknowledged. */
export function dropPriority(iar: u32): void {
  if (isGicV2()) dropPriorityV2(iar);
  else msr_ICC_EOIR1_EL1(iar);
}

/** Priority drop, and deactivation too: an interrupt that the hypervisor itself has handled. `iar` as it was acknowledged. */
export function endInterrupt(iar: u32): void {
  if (isGicV2()) {
    dropPriorityV2(iar);
    deactivateV2(iar);
  } else {
    msr_ICC_EOIR1_EL1(iar);
    msr_ICC_DIR_EL1(iar);
  }
}
