// The CPU interface of the pCPU, whichever GIC it has: the physical one, what comes through to it, acknowledging, ending; and the
// virtual one. A list register has the form of ICH_LR<n>_EL2 here:
//
//   63 62  61 60 59 56 55      48 47 45 44      32 31              0
//  ┌─────┬──┬──┬─────┬──────────┬─────┬──────────┬─────────────────┐
//  │State│HW│G │     │ Priority │     │  pINTID  │     vINTID      │
//  └─────┴──┴──┴─────┴──────────┴─────┴──────────┴─────────────────┘
//   State: 0 invalid, 1 pending, 2 active, 3 both. HW = 1: the guest's EOI also deactivates physical interrupt pINTID.
//   HW = 0: bit 41 (EOI) asks for maintenance once the guest has ended it; GICv2: bits 34…32 are the vCPU that sent an SGI.

import {
  bound, clearVirtual, isb, mmioWrite32, mrs_ICC_IAR1_EL1, mrs_ICC_IGRPEN1_EL1, mrs_ICC_PMR_EL1, mrs_ICH_ELRSR_EL2,
  mrs_ICH_HCR_EL2, mrs_ICH_VTR_EL2, msr_HCR_EL2, msr_ICC_DIR_EL1, msr_ICC_EOIR1_EL1, msr_ICH_HCR_EL2, msr_ICH_VMCR_EL2,
  restoreListRegisters as restore, saveListRegisters as save,
} from "../../build/generated/aarch64";
import { ICACTIVER, initBank, isGicV2, KICK_SGI } from "./gic";
import { MAX_LIST_REGISTERS, Vcpu } from "./vcpu";
import {
  acknowledgeV2, closeV2, deactivateV2, dropPriorityV2, emptyListRegistersV2, interruptsEnabledV2, openV2, parkV2, readControlV2,
  resetDirectV2, resetVirtualV2, restoreListRegistersV2, saveListRegistersV2, typeV2, writeControlV2,
} from "./gicv2";
import { closeV3, initInterfaceV3, openV3, resetDirectV3 } from "./gicv3";
import { HCR_GUEST } from "./sysregs";

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

export function acknowledge(): u32 { return isGicV2() ? acknowledgeV2() : <u32>mrs_ICC_IAR1_EL1(); }

/** Priority drop alone: the guest deactivates it. `iar` as it was acknowledged. */
export function dropPriority(iar: u32): void {
  if (isGicV2()) dropPriorityV2(iar);
  else msr_ICC_EOIR1_EL1(iar);
}

/** Priority drop, and deactivation too: an interrupt that the hypervisor itself has handled. `iar` as it was acknowledged. */
export function endInterrupt(iar: u32): void {
  dropPriority(iar);
  if (isGicV2()) deactivateV2(iar);
  else msr_ICC_DIR_EL1(iar);
}

// ICH_HCR_EL2, GICH_HCR: maintenance interrupts, and how many interrupts that no list register holds the guest has ended.
export const HCR_LRENPIE: u32 = 1 << 2;
export const HCR_NPIE: u32 = 1 << 3;
/** GICv3, where ICH_VTR_EL2.TDS says so: ICC_DIR_EL1 is trapped. */
export const HCR_TDIR: u32 = 1 << 14;
const VTR_TDS: u32 = 1 << 19;
export const HCR_EOI_COUNT_SHIFT: u32 = 27;

@inline function type(): u32 { return isGicV2() ? typeV2() : <u32>mrs_ICH_VTR_EL2(); }

/** Counts this pCPU's list registers: ListRegs + 1 (GICv2: 64 at most, of which ELRSR0 shows half). */
export function findListRegisters(vcpu: Vcpu): void {
  const count = min<u32>((type() & 63) + 1, 32);
  vcpu.listRegisters = ((<u32>1) << min<u32>(count, MAX_LIST_REGISTERS)) - 1;
  vcpu.unused = ~(<u32>0) >> (32 - count);
  vcpu.idle = vcpu.unused;
}

/** PRIbits + 1: how many upper bits of a priority the virtual interface has. */
@inline export function priorityBits(): u32 { return (type() >> 29) + 1; }

/** From the list registers into the vCPU's record. Gives back a mask of those that hold an interrupt, or tell of an end (EOI). */
export function saveListRegisters(vcpu: Vcpu): u32 {
  const used = emptyListRegisters(isGicV2()) & vcpu.listRegisters ^ vcpu.listRegisters;
  for (let n: u32 = 0; n < MAX_LIST_REGISTERS; n++) {
    bound(n, MAX_LIST_REGISTERS);
    vcpu.setListRegister(n, 0);
  }
  if (used == 0) return 0;
  if (isGicV2()) saveListRegistersV2(vcpu, used);
  else save(changetype<u32>(vcpu) + offsetof<Vcpu>("lr0"), used);
  return used;
}

/** And back. */
export function restoreListRegisters(vcpu: Vcpu): void {
  if (isGicV2()) restoreListRegistersV2(vcpu);
  else restore(changetype<u32>(vcpu) + offsetof<Vcpu>("lr0"), vcpu.listRegisters);
}

@inline export function emptyListRegisters(v2: bool): u32 { return v2 ? emptyListRegistersV2() : <u32>mrs_ICH_ELRSR_EL2(); }

/** What of HCR_* makes the guest's ends of interrupts known that no list register holds. */
export function watchEnds(): u32 {
  return !isGicV2() && (<u32>mrs_ICH_VTR_EL2() & VTR_TDS) != 0 ? HCR_LRENPIE | HCR_TDIR : HCR_LRENPIE;
}

export function readControl(): u32 { return isGicV2() ? readControlV2() : <u32>mrs_ICH_HCR_EL2(); }

/** HCR_*: the interface on or off, and when it asks for maintenance. */
@inline export function writeControl(value: u32): void {
  if (isGicV2()) writeControlV2(value);
  else msr_ICH_HCR_EL2(value);
}

/** Nothing active, interrupts off, and the mask closed until the guest opens them. ICH_HCR_EL2 is written when it runs. */
export function resetVirtualInterface(): void {
  if (isGicV2()) return resetVirtualV2();
  clearVirtual();
  msr_ICH_VMCR_EL2(0);
}
