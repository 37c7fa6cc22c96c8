// The virtual CPU interface of the pCPU, whichever GIC it has. A list register has the form of ICH_LR<n>_EL2 here:
//
//   63 62  61 60 59 56 55      48 47 45 44      32 31              0
//  ┌─────┬──┬──┬─────┬──────────┬─────┬──────────┬─────────────────┐
//  │State│HW│G │     │ Priority │     │  pINTID  │     vINTID      │
//  └─────┴──┴──┴─────┴──────────┴─────┴──────────┴─────────────────┘
//   State: 0 invalid, 1 pending, 2 active, 3 both. HW = 1: the guest's EOI also deactivates physical interrupt pINTID.
//   HW = 0: bit 41 (EOI) asks for maintenance once the guest has ended it; GICv2: bits 34…32 are the vCPU that sent an SGI.

import {
  clearVirtual, mrs_ICH_ELRSR_EL2, mrs_ICH_HCR_EL2, mrs_ICH_VTR_EL2, msr_ICH_HCR_EL2, msr_ICH_VMCR_EL2,
  restoreListRegisters as restore, saveListRegisters as save,
} from "../../build/generated/aarch64";
import { bound } from "../../build/generated/cpu";
import { isGicV2 } from "./machine";
import { MAX_LIST_REGISTERS, Vcpu } from "./vcpu";
import {
  emptyListRegistersV2, readControlV2, resetVirtualV2, restoreListRegistersV2, saveListRegistersV2, typeV2, writeControlV2,
} from "./gicv2";

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
  const used = (isGicV2() ? emptyListRegistersV2() : <u32>mrs_ICH_ELRSR_EL2()) & vcpu.listRegisters ^ vcpu.listRegisters;
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

/** True if none at all is in use, and nothing waits elsewhere. */
@inline export function isIdle(vcpu: Vcpu): bool {
  return (vcpu.gicv2 != 0 ? emptyListRegistersV2() : <u32>mrs_ICH_ELRSR_EL2()) == vcpu.idle;
}

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

/** Nothing active, interrupts off, and the priority mask closed until the guest opens them. ICH_HCR_EL2 gets its value when the
 *  guest runs. */
export function resetVirtualInterface(): void {
  if (isGicV2()) return resetVirtualV2();
  clearVirtual();
  msr_ICH_VMCR_EL2(0);
}
