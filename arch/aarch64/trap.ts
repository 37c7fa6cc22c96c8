// A synchronous exception from the guest: what it asks for, or what it did.

import {
  mrs_CNTPCT_EL0, mrs_ELR_EL2, mrs_ESR_EL2, mrs_FAR_EL2, mrs_HPFAR_EL2, msr_HCR_EL2, translateGuest,
} from "../../build/generated/aarch64";
import {
  CALLS, CALL_VERSION_MAJOR, CALL_VERSION_MINOR, EVENT_FAULT, EXIT_FAULT, EXIT_FIRMWARE_CALL, EXIT_HYPERCALL, EXIT_REGISTER,
  STATE_RUNNING, STOP_FAULT,
} from "../../core/abi";
import { recordEvent } from "../../core/events";
import { otherCall, quickCall } from "../../core/hypercall";
import { ownerOf, Partition, stateOf } from "../../core/partition";
import {
  HYP_UID_0, HYP_UID_1, HYP_UID_2, HYP_UID_3, HYPERCALL_DOORBELL, HYPERCALL_VERSION, SMCCC_HYP_REVISION, SMCCC_HYP_UID,
} from "./calls";
import { Vcpu } from "./vcpu";
import {
  accessRegister, accessShift, EC_DATA_ABORT_LOWER, EC_INSTRUCTION_ABORT_LOWER, EC_SMC64, EC_SYSREG, EC_WFX, ESR_IL,
  exceptionClass, faultingIpa, INSTRUCTION_BYTES, is64BitRegister, isEmulatable, isPermissionFault, isTranslationFault, isWrite,
  PAR_F, signExtends,
} from "./esr";
import { advance, injectUndefined } from "./inject";
import { baseOf, beginAccess, deviceAt, endAccess, loadDevice, NO_DEVICE, storeDevice } from "./devices";
import { accessByInstruction } from "./emptySyndrome";
import { obey, RESUME, stopOwn } from "../../core/lifecycle";
import { interruptsEnabled } from "./cpuInterface";
import { asLoaded } from "./loadStore";
import { psci, PSCI_1_1, PSCI_VERSION } from "./psci";
import { letCache, trapSystemRegister } from "./sysregTrap";
import { HCR_TWI } from "./sysregs";

/** HVC. RESUME or PARK. */
export function handleCall(vcpu: Vcpu): u32 {
  vcpu.countExit(EXIT_HYPERCALL);
  return call(vcpu, ownerOf(vcpu));
}

/** SError: the guest's own doing, on a pCPU that is its own. */
export function handleSerror(vcpu: Vcpu): u32 {
  vcpu.countExit(EXIT_FAULT);
  return fault(vcpu, ownerOf(vcpu), mrs_ESR_EL2());
}

/** Any other synchronous exception. RESUME or PARK. */
export function handleSync(vcpu: Vcpu): u32 {
  const esr = mrs_ESR_EL2();
  const ec = exceptionClass(esr);
  const partition = ownerOf(vcpu);
  if (ec == EC_DATA_ABORT_LOWER) return dataAbort(vcpu, partition, esr);
  if (ec == EC_SMC64) {
    vcpu.countExit(EXIT_FIRMWARE_CALL);
    advance(); // an SMC that is trapped has not been executed
    return call(vcpu, partition);
  }
  if (ec == EC_SYSREG) {
    if (trapSystemRegister(vcpu, partition, esr)) advance();
    else if (!letCache(vcpu, partition, esr)) injectUndefined();
    return RESUME;
  }
  if (ec == EC_WFX && vcpu.direct != 0) return waitForInterrupt(vcpu);
  if (ec == EC_INSTRUCTION_ABORT_LOWER) return faultCounted(vcpu, partition, esr);
  vcpu.countExit(EXIT_FAULT);
  injectUndefined(); // AArch32 traps and the like
  return RESUME;
}

/** WFI of a direct guest that has not enabled its interrupts: nothing could wake it, so it goes on. Afterwards WFI is its own. */
function waitForInterrupt(vcpu: Vcpu): u32 {
  vcpu.countExit(EXIT_REGISTER);
  if (interruptsEnabled()) {
    vcpu.hcr &= ~HCR_TWI;
    msr_HCR_EL2(vcpu.hcr);
  } else {
    advance();
  }
  return RESUME;
}

/** HVC or SMC: our own functions, else PSCI and SMCCC. ELR_EL2 is behind the instruction already. */
@inline function call(vcpu: Vcpu, partition: Partition): u32 {
  const id = <u32>vcpu.x0;
  const own = id - HYPERCALL_VERSION;
  if (own <= HYPERCALL_DOORBELL - HYPERCALL_VERSION) {
    vcpu.x0 = quickCall(vcpu, partition, own);
    return RESUME;
  }
  if (id == PSCI_VERSION) {
    vcpu.x0 = PSCI_1_1;
    return RESUME;
  }
  return slowCall(vcpu, partition, id);
}

function slowCall(vcpu: Vcpu, partition: Partition, id: u32): u32 {
  const own = id - HYPERCALL_VERSION;
  if (own < CALLS) {
    vcpu.x0 = otherCall(vcpu, partition, own);
  } else if (id == SMCCC_HYP_UID) {
    vcpu.x0 = HYP_UID_0;
    vcpu.x1 = HYP_UID_1;
    vcpu.x2 = HYP_UID_2;
    vcpu.x3 = HYP_UID_3;
  } else if (id == SMCCC_HYP_REVISION) {
    vcpu.x0 = CALL_VERSION_MAJOR;
    vcpu.x1 = CALL_VERSION_MINOR;
  } else {
    return psci(vcpu, partition, id);
  }
  return RESUME;
}

/** An access that stage 2 does not map: an emulated device, or something the partition does not own. */
function dataAbort(vcpu: Vcpu, partition: Partition, esr: u64): u32 {
  if (!isTranslationFault(esr)) return faultCounted(vcpu, partition, esr);
  const ipa = faultingIpa(mrs_HPFAR_EL2(), mrs_FAR_EL2());
  const device = deviceAt(partition, ipa);
  if (device == NO_DEVICE) return faultCounted(vcpu, partition, esr);
  const offset = <u32>(ipa - baseOf(partition, device));
  if (!isEmulatable(esr)) return accessByInstruction(vcpu, partition, esr, device, offset);
  beginAccess(vcpu, device);
  const n = accessRegister(esr);
  const shift = accessShift(esr);
  let value: u64 = 0;
  if (isWrite(esr)) storeDevice(vcpu, partition, device, offset, shift, vcpu.register(n));
  else value = loadDevice(vcpu, partition, device, offset, shift);
  if (!endAccess(vcpu, device)) return RESUME;
  if (!isWrite(esr)) vcpu.setRegister(n, asLoaded(value, shift, signExtends(esr), is64BitRegister(esr)));
  // A 16-bit T32 instruction of an AArch32 program is shorter (ESR_EL2.IL = 0).
  advance((esr & ESR_IL) != 0 ? INSTRUCTION_BYTES : INSTRUCTION_BYTES / 2);
  return RESUME;
}

function faultCounted(vcpu: Vcpu, partition: Partition, esr: u64): u32 {
  if (vcpu.direct != 0) {
    // It may have found its memory taken away: because it has to leave, or (given back by now) had to.
    if (stateOf(partition) != STATE_RUNNING) return obey(vcpu, partition);
    if (isTranslationFault(esr) && (translateGuest(mrs_FAR_EL2()) & PAR_F) == 0) return RESUME;
  }
  vcpu.countExit(EXIT_FAULT);
  return fault(vcpu, partition, esr);
}

/** The partition has touched what it does not own: its on_failure decides. */
function fault(vcpu: Vcpu, partition: Partition, esr: u64): u32 {
  // HPFAR_EL2 is UNKNOWN after a permission fault (D17.2.66): the guest's own address is the best there is then.
  const far = mrs_FAR_EL2();
  const at = isPermissionFault(esr) ? far : faultingIpa(mrs_HPFAR_EL2(), far);
  recordEvent(EVENT_FAULT, partition.index, mrs_CNTPCT_EL0(), esr, at, mrs_ELR_EL2());
  return stopOwn(vcpu, partition, STOP_FAULT);
}
