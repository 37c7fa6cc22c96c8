// List registers: how an injected interrupt reaches the guest (Arm IHI 0069, ICH_LR<n>_EL2; form: virtualInterface.ts).
//
// An interrupt that finds no free list register waits in the vCPU's UNDELIVERED bitmap. Every pending interrupt in a list
// register is at least as urgent as whatever waits, and a maintenance interrupt brings us back when there is room: when no
// list register is pending any more (NPIE), or at most one is in use (UIE).

import { isb, mmioRead32, mmioWrite32 } from "../../build/generated/aarch64";
import { atomicAnd32, atomicOr32, bound, loadAcquire32 } from "../../build/generated/cpu";
import { header, MAX_INTERRUPTS } from "../../core/blob";
import { deferInterrupt, FIRST_SPI, forgetDeferred, NO_INTERRUPT, priorityOf, takeAnyDeferred, takeDeferred } from "../../core/interrupts";
import { INTID_WORDS, Vcpu } from "../../core/vcpu";
import { deactivatePhysical } from "./cpuInterface";
import { ICFGR, ISPENDR, SGI_COUNT } from "./gic";
import {
  emptyListRegisters, HCR_EN, HCR_NPIE, HCR_UIE, MAX_LIST_REGISTERS, readListRegister, resetVirtualInterface, writeControl,
  writeListRegister,
} from "./virtualInterface";

const LR_PENDING: u64 = (<u64>1) << 62;
const LR_ACTIVE: u64 = (<u64>2) << 62;
const LR_STATE: u64 = (<u64>3) << 62;
const LR_HW: u64 = (<u64>1) << 61;
const LR_GROUP1: u64 = (<u64>1) << 60;
const LR_PRIORITY_SHIFT: u64 = 48;
const LR_PINTID_SHIFT: u64 = 32;
const LR_VINTID: u64 = 0xffffffff;

/** Bit n: list register n holds an interrupt. */
@inline function usedListRegisters(vcpu: Vcpu): u32 { return emptyListRegisters(vcpu) ^ vcpu.listRegisters; }
@inline function priorityIn(lr: u64): u32 { return <u32>(lr >> LR_PRIORITY_SHIFT) & 0xff; }

@inline export function hardwareInterrupt(intid: u32, priority: u8): u64 {
  return LR_PENDING | LR_HW | LR_GROUP1 | (<u64>priority << LR_PRIORITY_SHIFT) | (<u64>intid << LR_PINTID_SHIFT) | intid;
}

/** An SGI: no physical interrupt is behind it. */
@inline export function softwareInterrupt(intid: u32, priority: u8): u64 {
  return LR_PENDING | LR_GROUP1 | (<u64>priority << LR_PRIORITY_SHIFT) | intid;
}

/** A fresh vCPU: nothing pending or active, interrupts off and the priority mask closed until the guest opens them. */
export function resetListRegisters(vcpu: Vcpu): void {
  let left = vcpu.listRegisters;
  for (let n: u32 = 0; left != 0; n++) {
    bound(n, MAX_LIST_REGISTERS);
    left >>= 1;
    const lr = readListRegister(n);
    // An interrupt that the guest never finished stays active in the distributor for ever, if nobody ends it.
    if ((lr & LR_HW) != 0 && (lr & LR_STATE) != 0) deactivatePhysical(<u32>(lr >> LR_PINTID_SHIFT) & 0x1fff);
    writeListRegister(n, 0);
  }
  let word: u32 = 0;
  for (let i: u32 = 0; word < INTID_WORDS; i++) {
    bound(i, INTID_WORDS + MAX_INTERRUPTS + FIRST_SPI);
    const intid = takeAnyDeferred(vcpu, word);
    if (intid == NO_INTERRUPT) word++;
    else if (intid >= SGI_COUNT) deactivatePhysical(intid);
  }
  resetVirtualInterface();
}

/**
 * Gives the guest a physical interrupt that it owns and that has been acknowledged (and its priority dropped). Others wait
 * already, or are in list registers. If it is there itself, somebody else has deactivated it early (a partition with direct
 * interrupts can, by EOIR1): then the guest's own end of it, still to come, is the end of this one too.
 */
export function deliverBeside(vcpu: Vcpu, intid: u32): void {
  if (listRegisterOf(vcpu, intid) < MAX_LIST_REGISTERS) return;
  const free = emptyListRegisters(vcpu);
  if (free == 0 || vcpu.undelivered != 0) {
    deferInterrupt(vcpu, intid);
    refill(vcpu);
  } else {
    writeListRegister(<u32>ctz(free), hardwareInterrupt(intid, priorityOf(vcpu, intid)));
  }
}

/** Puts an interrupt into a list register: its own (an SGI that is active there), or a free one. False: there is none. */
function place(vcpu: Vcpu, intid: u32): bool {
  const free = emptyListRegisters(vcpu);
  if (intid < SGI_COUNT && free != vcpu.listRegisters) {
    const own = listRegisterOf(vcpu, intid);
    if (own < MAX_LIST_REGISTERS) {
      writeListRegister(own, readListRegister(own) | LR_PENDING);
      return true;
    }
  }
  if (free == 0) return false;
  const entry = entryFor(vcpu, intid);
  writeListRegister(ctz(free), entry);
  return true;
}

@inline function entryFor(vcpu: Vcpu, intid: u32): u64 {
  if (intid >= SGI_COUNT) return hardwareInterrupt(intid, priorityOf(vcpu, intid));
  const source: u64 = vcpu.gicv2 != 0 ? vcpu.sgiSource(intid) : 0;
  return LR_PENDING | LR_GROUP1 | (<u64>vcpu.privatePriority(intid) << LR_PRIORITY_SHIFT) | (source << LR_PINTID_SHIFT) | intid;
}

/** The list register that holds that vINTID; MAX_LIST_REGISTERS: none does. */
function listRegisterOf(vcpu: Vcpu, intid: u32): u32 {
  let used = usedListRegisters(vcpu);
  for (let i: u32 = 0; used != 0; i++) {
    bound(i, MAX_LIST_REGISTERS);
    const n = <u32>ctz(used);
    if ((readListRegister(n) & LR_VINTID) == intid) return n;
    used &= used - 1;
  }
  return MAX_LIST_REGISTERS;
}

/** Exchanges an interrupt that waits for the least urgent one that is only pending, if that is less urgent. False: none is. */
function displace(vcpu: Vcpu, intid: u32): bool {
  let victim: u32 = MAX_LIST_REGISTERS;
  let leastUrgent = <u32>priorityOf(vcpu, intid);
  let used = usedListRegisters(vcpu);
  for (let i: u32 = 0; used != 0; i++) {
    bound(i, MAX_LIST_REGISTERS);
    const n = <u32>ctz(used);
    const lr = readListRegister(n);
    if ((lr & LR_STATE) == LR_PENDING && priorityIn(lr) > leastUrgent) {
      victim = n;
      leastUrgent = priorityIn(lr);
    }
    used &= used - 1;
  }
  if (victim == MAX_LIST_REGISTERS) return false;
  deferInterrupt(vcpu, <u32>(readListRegister(victim) & LR_VINTID));
  writeListRegister(victim, entryFor(vcpu, intid));
  return true;
}

/** Moves what waits into list registers, the most urgent first; whenever something new waits, or room may have come. */
export function refill(vcpu: Vcpu): void {
  collectSgis(vcpu);
  // Each round fills a free register or displaces a less urgent interrupt, and none is displaced twice.
  for (let i: u32 = 0; vcpu.undelivered != 0; i++) {
    bound(i, 2 * MAX_LIST_REGISTERS + SGI_COUNT);
    const intid = takeDeferred(vcpu);
    const placed = place(vcpu, intid) || displace(vcpu, intid);
    isb(); // ELRSR tells of it from here on
    if (placed) continue;
    deferInterrupt(vcpu, intid);
    break;
  }
  control(vcpu);
}

/** Enabled SGIs that others have sent join what waits. */
function collectSgis(vcpu: Vcpu): void {
  let bits = loadAcquire32(vcpu.sgiPendingAt()) & vcpu.sgiEnabled;
  if (bits == 0) return;
  atomicAnd32(vcpu.sgiPendingAt(), ~bits);
  for (let i: u32 = 0; bits != 0; i++) {
    bound(i, SGI_COUNT);
    deferInterrupt(vcpu, <u32>ctz(bits));
    bits &= bits - 1;
  }
}

/** The virtual interface is on when the guest's GICD_CTLR.EnableGrp1 is; maintenance interrupts as long as something waits. */
function control(vcpu: Vcpu): void {
  let value: u32 = vcpu.groupEnabled != 0 ? HCR_EN : 0;
  if (vcpu.undelivered != 0) {
    value |= HCR_UIE;
    // Where nothing is pending (all registers active), NPIE would be true at once, and for ever.
    if (anyPending(vcpu)) value |= HCR_NPIE;
  }
  writeControl(value);
}

function anyPending(vcpu: Vcpu): bool {
  let used = usedListRegisters(vcpu);
  for (let i: u32 = 0; used != 0; i++) {
    bound(i, MAX_LIST_REGISTERS);
    if ((readListRegister(<u32>ctz(used)) & LR_STATE) == LR_PENDING) return true;
    used &= used - 1;
  }
  return false;
}

/** An SGI from the vCPU to itself: no physical SGI needed. */
@inline export function sendToSelf(vcpu: Vcpu, intid: u32): void {
  if (((vcpu.sgiEnabled >> intid) & 1) == 0) {
    atomicOr32(vcpu.sgiPendingAt(), (<u32>1) << intid);
  } else if (vcpu.undelivered != 0 || !place(vcpu, intid)) {
    deferInterrupt(vcpu, intid);
    refill(vcpu);
  }
}

/** Bits of word `word` (INTIDs 32·word…) that are pending in this pCPU's list registers or wait for one. */
export function pendingHere(vcpu: Vcpu, word: u32): u32 { return inListRegisters(vcpu, word, LR_PENDING) | vcpu.undeliveredWord(word); }

/** Bits of word `word` that are pending here but not active for the guest: physically active, though. */
export function onlyPendingHere(vcpu: Vcpu, word: u32): u32 {
  return (inListRegisters(vcpu, word, LR_PENDING) & ~inListRegisters(vcpu, word, LR_ACTIVE)) | vcpu.undeliveredWord(word);
}

function inListRegisters(vcpu: Vcpu, word: u32, state: u64): u32 {
  let bits: u32 = 0;
  let used = usedListRegisters(vcpu);
  for (let i: u32 = 0; used != 0; i++) {
    bound(i, MAX_LIST_REGISTERS);
    const lr = readListRegister(<u32>ctz(used));
    const intid = <u32>(lr & LR_VINTID);
    if (intid >> 5 == word && (lr & state) != 0) bits |= (<u32>1) << (intid & 31);
    used &= used - 1;
  }
  return bits;
}

/** The guest takes back the pending state of the interrupts in `bits` of a word (ICPENDR): they leave this pCPU. */
export function withdraw(vcpu: Vcpu, word: u32, bits: u32): void { takeBack(vcpu, word, bits, false); }

/** The guest disables the interrupts in `bits` of a word (ICENABLER): they leave this pCPU, and stay pending where they came from. */
export function holdBack(vcpu: Vcpu, word: u32, bits: u32): void { takeBack(vcpu, word, bits, true); }

function takeBack(vcpu: Vcpu, word: u32, bits: u32, stayPending: bool): void {
  let waiting = vcpu.undeliveredWord(word) & bits;
  for (let i: u32 = 0; waiting != 0; i++) {
    bound(i, 32);
    const intid = (word << 5) + ctz(waiting);
    forgetDeferred(vcpu, intid);
    giveBack(vcpu, intid, stayPending);
    waiting &= waiting - 1;
  }
  let used = usedListRegisters(vcpu);
  for (let i: u32 = 0; used != 0; i++) {
    bound(i, MAX_LIST_REGISTERS);
    const n = <u32>ctz(used);
    const lr = readListRegister(n);
    const intid = <u32>(lr & LR_VINTID);
    used &= used - 1;
    if (intid >> 5 != word || ((bits >> (intid & 31)) & 1) == 0 || (lr & LR_PENDING) == 0) continue;
    const active = (lr & LR_ACTIVE) != 0;
    writeListRegister(n, active ? lr & ~LR_PENDING : 0);
    if (!active || intid < SGI_COUNT) giveBack(vcpu, intid, stayPending);
  }
}

/** An interrupt has left this pCPU undelivered: its source is deactivated, and made pending again if it stays so. */
function giveBack(vcpu: Vcpu, intid: u32, stayPending: bool): void {
  const bit = (<u32>1) << (intid & 31);
  if (intid < SGI_COUNT) {
    if (stayPending) atomicOr32(vcpu.sgiPendingAt(), bit);
    return;
  }
  // A level-triggered source is still asserted, and pends by itself; an edge has to be remembered.
  const base = intid < FIRST_SPI ? vcpu.bank : header().gicd;
  const isEdge = ((mmioRead32(base + ICFGR + ((intid >> 4) << 2)) >> ((intid & 15) << 1)) & 2) != 0;
  if (stayPending && isEdge) mmioWrite32(base + ISPENDR + ((intid >> 5) << 2), bit);
  deactivatePhysical(intid);
}

/**
 * The guest ends the active state of the interrupts in `bits` of a word by ICACTIVER, not by its EOI. Only those in this pCPU's own
 * list registers: an interrupt is active in the distributor exactly as long as one pCPU holds it, so it never comes twice.
 */
export function deactivate(vcpu: Vcpu, word: u32, bits: u32): void {
  let used = usedListRegisters(vcpu);
  for (let i: u32 = 0; used != 0; i++) {
    bound(i, MAX_LIST_REGISTERS);
    const n = <u32>ctz(used);
    const lr = readListRegister(n);
    const intid = <u32>(lr & LR_VINTID);
    used &= used - 1;
    if (intid >> 5 != word || ((bits >> (intid & 31)) & 1) == 0 || (lr & LR_ACTIVE) == 0) continue;
    writeListRegister(n, (lr & LR_PENDING) != 0 ? lr & ~LR_ACTIVE : 0);
    if ((lr & LR_HW) != 0) deactivatePhysical(intid);
  }
}

/** No virtual interrupt is on its way to the guest: a WFI on its behalf may sleep. */
export function nothingWaits(vcpu: Vcpu): bool {
  const used = usedListRegisters(vcpu);
  return used == 0 && vcpu.undelivered == 0 && (loadAcquire32(vcpu.sgiPendingAt()) & vcpu.sgiEnabled) == 0;
}
