// List registers: how an interrupt reaches the guest (Arm IHI 0069, ICH_LR<n>_EL2).
//
//   63 62  61 60 59 56 55      48 47 45 44      32 31              0
//  ┌─────┬──┬──┬─────┬──────────┬─────┬──────────┬─────────────────┐
//  │State│HW│G │     │ Priority │     │  pINTID  │     vINTID      │
//  └─────┴──┴──┴─────┴──────────┴─────┴──────────┴─────────────────┘
//   State: 0 invalid, 1 pending, 2 active, 3 both. HW = 1: the guest's EOI also deactivates physical interrupt pINTID.
//
// An interrupt for which no list register is free waits in the vCPU's UNDELIVERED bitmap (SGIs: in sgiPending), and the
// underflow maintenance interrupt (ICH_HCR_EL2.UIE) brings us back when at most one register is still in use.

import {
  mrs_ICH_ELRSR_EL2, mrs_ICH_LR, msr_ICC_DIR_EL1, msr_ICH_AP0R0_EL2, msr_ICH_AP1R0_EL2, msr_ICH_HCR_EL2, msr_ICH_LR,
  msr_ICH_VMCR_EL2,
} from "../../build/generated/aarch64";
import { atomicAnd32, atomicOr32, bound, loadAcquire32 } from "../../build/generated/cpu";
import { deferInterrupt, FIRST_SPI, forgetDeferred, NO_INTERRUPT, priorityOf, takeDeferred } from "../../core/interrupts";
import { Vcpu } from "../../core/vcpu";
import { listRegisterCount } from "./gicv3";

const LR_PENDING: u64 = (<u64>1) << 62;
const LR_ACTIVE: u64 = (<u64>2) << 62;
const LR_STATE: u64 = (<u64>3) << 62;
const LR_HW: u64 = (<u64>1) << 61;
const LR_GROUP1: u64 = (<u64>1) << 60;
const LR_PRIORITY_SHIFT: u64 = 48;
const LR_PINTID_SHIFT: u64 = 32;
const LR_VINTID: u64 = 0xffffffff;

const ICH_HCR_EN: u64 = 1;
const ICH_HCR_UIE: u64 = 1 << 1;
const ICH_VMCR_VPMR_SHIFT: u64 = 24;
const SGIS: u32 = 16;
const MAX_LIST_REGISTERS: u32 = 16;

/** Bit n: list register n holds an interrupt. */
@inline function usedListRegisters(): u32 {
  return <u32>~mrs_ICH_ELRSR_EL2() & (((<u32>1) << listRegisterCount()) - 1);
}

/** A fresh vCPU: nothing pending or active, group 1 off and priority mask closed until the guest opens them. */
export function resetListRegisters(vcpu: Vcpu): void {
  const count = listRegisterCount();
  for (let n: u32 = 0; n < count; n++) {
    bound(n, MAX_LIST_REGISTERS);
    const lr = mrs_ICH_LR(n);
    // An interrupt that the guest never finished stays active in the distributor for ever, if nobody ends it.
    if ((lr & LR_HW) != 0 && (lr & LR_STATE) != 0) msr_ICC_DIR_EL1((lr >> LR_PINTID_SHIFT) & 0x1fff);
    msr_ICH_LR(n, 0);
  }
  for (let i: u32 = 0; vcpu.undelivered != 0; i++) {
    bound(i, 1024);
    msr_ICC_DIR_EL1(takeDeferred(vcpu));
  }
  msr_ICH_AP0R0_EL2(0);
  msr_ICH_AP1R0_EL2(0);
  msr_ICH_VMCR_EL2(<u64>0 << ICH_VMCR_VPMR_SHIFT);
  msr_ICH_HCR_EL2(ICH_HCR_EN);
}

/** Gives the guest a physical interrupt that it owns and that has been acknowledged (and its priority dropped). */
@inline export function deliver(vcpu: Vcpu, intid: u32): void {
  const free = mrs_ICH_ELRSR_EL2();
  if (free == 0 || vcpu.groupEnabled == 0) {
    deferInterrupt(vcpu, intid);
    if (vcpu.groupEnabled != 0) msr_ICH_HCR_EL2(ICH_HCR_EN | ICH_HCR_UIE);
    return;
  }
  msr_ICH_LR(<u32>ctz(free), LR_PENDING | LR_HW | LR_GROUP1 | (<u64>priorityOf(vcpu, intid) << LR_PRIORITY_SHIFT) | (<u64>intid << LR_PINTID_SHIFT) | intid);
}

/** Gives the guest an SGI; false: there is no room, it has to wait. */
function deliverSgi(vcpu: Vcpu, intid: u32): bool {
  const free = mrs_ICH_ELRSR_EL2();
  // The same SGI may be in a register already: then it becomes (or stays) pending there.
  let rest = usedListRegisters();
  for (let i: u32 = 0; rest != 0; i++) {
    bound(i, MAX_LIST_REGISTERS);
    const n = <u32>ctz(rest);
    const lr = mrs_ICH_LR(n);
    if ((lr & LR_VINTID) == intid) {
      msr_ICH_LR(n, lr | LR_PENDING);
      return true;
    }
    rest &= rest - 1;
  }
  if (free == 0) return false;
  msr_ICH_LR(<u32>ctz(free), LR_PENDING | LR_GROUP1 | (<u64>vcpu.privatePriority(intid) << LR_PRIORITY_SHIFT) | intid);
  return true;
}

/** Moves what waits into free list registers; asks for a maintenance interrupt when something must go on waiting. */
export function refill(vcpu: Vcpu): void {
  if (vcpu.groupEnabled == 0) return;
  let waiting = false;
  for (let i: u32 = 0; vcpu.undelivered != 0; i++) {
    bound(i, MAX_LIST_REGISTERS + 1);
    if (mrs_ICH_ELRSR_EL2() == 0) {
      waiting = true;
      break;
    }
    const intid = takeDeferred(vcpu);
    if (intid == NO_INTERRUPT) break;
    deliver(vcpu, intid);
  }
  if (deliverSgis(vcpu)) waiting = true;
  msr_ICH_HCR_EL2(waiting ? ICH_HCR_EN | ICH_HCR_UIE : ICH_HCR_EN);
}

/** Moves enabled pending SGIs into list registers; true: one had no room. */
function deliverSgis(vcpu: Vcpu): bool {
  let bits = loadAcquire32(vcpu.sgiPendingAt()) & vcpu.sgiEnabled;
  for (let i: u32 = 0; bits != 0; i++) {
    bound(i, SGIS);
    const intid = <u32>ctz(bits);
    bits &= bits - 1;
    // Cleared first: one that comes in between is a new one.
    atomicAnd32(vcpu.sgiPendingAt(), ~((<u32>1) << intid));
    if (!deliverSgi(vcpu, intid)) {
      atomicOr32(vcpu.sgiPendingAt(), (<u32>1) << intid);
      return true;
    }
  }
  return false;
}

/** An SGI from the vCPU to itself: no physical SGI needed. */
@inline export function sendToSelf(vcpu: Vcpu, intid: u32): void {
  const enabled = vcpu.groupEnabled != 0 && ((vcpu.sgiEnabled >> intid) & 1) != 0;
  if (enabled && deliverSgi(vcpu, intid)) return;
  atomicOr32(vcpu.sgiPendingAt(), (<u32>1) << intid);
  if (enabled) msr_ICH_HCR_EL2(ICH_HCR_EN | ICH_HCR_UIE);
}

/** Bits of word `word` (INTIDs 32·word…) that are pending in this pCPU's list registers or wait for one. */
export function pendingHere(vcpu: Vcpu, word: u32): u32 {
  return inListRegisters(word, LR_PENDING) | vcpu.undeliveredWord(word);
}

/** Bits of word `word` that are pending here but not active for the guest: physically active, though. */
export function onlyPendingHere(vcpu: Vcpu, word: u32): u32 {
  return (inListRegisters(word, LR_PENDING) & ~inListRegisters(word, LR_ACTIVE)) | vcpu.undeliveredWord(word);
}

function inListRegisters(word: u32, state: u64): u32 {
  let bits: u32 = 0;
  let used = usedListRegisters();
  for (let i: u32 = 0; used != 0; i++) {
    bound(i, MAX_LIST_REGISTERS);
    const lr = mrs_ICH_LR(<u32>ctz(used));
    const intid = <u32>(lr & LR_VINTID);
    if (intid >> 5 == word && (lr & state) != 0) bits |= (<u32>1) << (intid & 31);
    used &= used - 1;
  }
  return bits;
}

/** The guest takes back the pending state of the interrupts in `bits` of a word: they leave this pCPU's list registers. */
export function withdraw(vcpu: Vcpu, word: u32, bits: u32): void {
  let waiting = vcpu.undeliveredWord(word) & bits;
  for (let i: u32 = 0; waiting != 0; i++) {
    bound(i, 32);
    const intid = (word << 5) + ctz(waiting);
    forgetDeferred(vcpu, intid);
    msr_ICC_DIR_EL1(intid);
    waiting &= waiting - 1;
  }
  let used = usedListRegisters();
  for (let i: u32 = 0; used != 0; i++) {
    bound(i, MAX_LIST_REGISTERS);
    const n = <u32>ctz(used);
    const lr = mrs_ICH_LR(n);
    const intid = <u32>(lr & LR_VINTID);
    used &= used - 1;
    if (intid >> 5 != word || ((bits >> (intid & 31)) & 1) == 0 || (lr & LR_PENDING) == 0) continue;
    if ((lr & LR_ACTIVE) != 0) {
      msr_ICH_LR(n, lr & ~LR_PENDING);
      continue;
    }
    msr_ICH_LR(n, 0);
    if (intid >= FIRST_SPI || (lr & LR_HW) != 0) msr_ICC_DIR_EL1(intid);
  }
}

/**
 * The guest ends the active state of the interrupts in `bits` of a word by GICD_ICACTIVER, not by its EOI: they leave this pCPU's
 * list registers. Gives back which of them to deactivate physically: one that is only pending here must stay active there, or it
 * would come a second time.
 */
export function deactivate(vcpu: Vcpu, word: u32, bits: u32): u32 {
  bits &= ~onlyPendingHere(vcpu, word);
  let used = usedListRegisters();
  for (let i: u32 = 0; used != 0; i++) {
    bound(i, MAX_LIST_REGISTERS);
    const n = <u32>ctz(used);
    const lr = mrs_ICH_LR(n);
    const intid = <u32>(lr & LR_VINTID);
    used &= used - 1;
    if (intid >> 5 == word && ((bits >> (intid & 31)) & 1) != 0) msr_ICH_LR(n, (lr & LR_PENDING) != 0 ? lr & ~LR_ACTIVE : 0);
  }
  return bits;
}

/** No virtual interrupt is on its way to the guest: a WFI on its behalf may sleep. */
export function nothingWaits(vcpu: Vcpu): bool {
  const used = usedListRegisters();
  return used == 0 && vcpu.undelivered == 0 && (loadAcquire32(vcpu.sgiPendingAt()) & vcpu.sgiEnabled) == 0;
}
