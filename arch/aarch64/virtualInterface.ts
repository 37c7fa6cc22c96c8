// The virtual CPU interface of the pCPU, whichever GIC it has. A list register has the form of ICH_LR<n>_EL2 here:
//
//   63 62  61 60 59 56 55      48 47 45 44      32 31              0
//  ┌─────┬──┬──┬─────┬──────────┬─────┬──────────┬─────────────────┐
//  │State│HW│G │     │ Priority │     │  pINTID  │     vINTID      │
//  └─────┴──┴──┴─────┴──────────┴─────┴──────────┴─────────────────┘
//   State: 0 invalid, 1 pending, 2 active, 3 both. HW = 1: the guest's EOI also deactivates physical interrupt pINTID.

import {
  clearVirtual, mrs_ICH_ELRSR_EL2, mrs_ICH_LR, mrs_ICH_VTR_EL2, msr_ICH_HCR_EL2, msr_ICH_LR, msr_ICH_VMCR_EL2,
} from "../../build/generated/aarch64";
import { isGicV2 } from "../../core/blob";
import { Vcpu } from "../../core/vcpu";
import { emptyListRegistersV2, readListRegisterV2, resetVirtualV2, typeV2, writeControlV2, writeListRegisterV2 } from "./gicv2";

export const MAX_LIST_REGISTERS: u32 = 16;

// ICH_HCR_EL2, GICH_HCR.
export const HCR_EN: u32 = 1;
export const HCR_UIE: u32 = 1 << 1;
export const HCR_NPIE: u32 = 1 << 3;

@inline function type(): u32 { return isGicV2() ? typeV2() : <u32>mrs_ICH_VTR_EL2(); }

/** Bit n: this pCPU has a list register n (ListRegs + 1 of them; GICv2 could have more than we use). It is what ELRSR is when none is in use. */
export function findListRegisters(): u32 { return ((<u32>1) << min<u32>((type() & 31) + 1, MAX_LIST_REGISTERS)) - 1; }

/** PRIbits + 1: how many upper bits of a priority the virtual interface has. */
@inline export function priorityBits(): u32 { return (type() >> 29) + 1; }

/** Bit n: list register n holds nothing. */
@inline export function emptyListRegisters(vcpu: Vcpu): u32 {
  return (isGicV2() ? emptyListRegistersV2() : <u32>mrs_ICH_ELRSR_EL2()) & vcpu.listRegisters;
}

@inline export function readListRegister(n: u32): u64 { return isGicV2() ? readListRegisterV2(n) : mrs_ICH_LR(n); }

@inline export function writeListRegister(n: u32, lr: u64): void {
  if (isGicV2()) writeListRegisterV2(n, lr);
  else msr_ICH_LR(n, lr);
}

/** HCR_*: the interface on or off, and when it asks for maintenance. */
@inline export function writeControl(value: u32): void {
  if (isGicV2()) writeControlV2(value);
  else msr_ICH_HCR_EL2(value);
}

/** Nothing active, interrupts off, and the priority mask closed until the guest opens them. */
export function resetVirtualInterface(): void {
  if (isGicV2()) {
    resetVirtualV2();
    return;
  }
  clearVirtual();
  msr_ICH_VMCR_EL2(0);
  msr_ICH_HCR_EL2(0);
}
