// List registers: how an injected interrupt reaches the guest (Arm IHI 0069, ICH_LR<n>_EL2; form: virtualInterface.ts).
//
// What a vCPU holds is physically active, and only its own pCPU touches it. It stands in a list register; or it is *filed*: pending, and
// waits for one; or *spilled*: active, and had to make room (core/waiting.ts). Every pending interrupt in a list register is at least as
// urgent as whatever is filed, and a maintenance interrupt brings us back when none in a list register is pending any more (NPIE), or
// when the guest has ended one that is spilled (LRENPIE). Whatever else an interrupt is, the physical distributor knows.

import { isb, mmioRead32, mmioWrite32, msr_ICH_LR0_EL2 } from "../../build/generated/aarch64";
import { atomicAnd32, atomicOr32, bound, loadAcquire32, storeRelease32 } from "../../build/generated/cpu";
import { header } from "../../core/blob";
import { edgesAt, enabledAt, FIRST_SPI, latchedAt, mutedAt, priorityOf } from "../../core/interrupts";
import { INTID_WORDS, SOMETHING_WAITS, Vcpu } from "../../core/vcpu";
import { clear, filed, LEVEL_SHIFT, put, spilled, take, TAKEN_INTID, TAKEN_LEVEL_SHIFT, takeWord } from "../../core/waiting";
import { CTLR_RWP, GICD_CTLR, ICACTIVER, ICENABLER, ISENABLER, ISPENDR, SGI_COUNT, SGIS } from "./gic";
import {
  emptyListRegisters, HCR_EN, HCR_EOI_COUNT_SHIFT, HCR_NPIE, isIdle, MAX_LIST_REGISTERS, readControl, readListRegister, resetVirtualInterface,
  watchEnds, writeControl, writeListRegister,
} from "./virtualInterface";

const LR_PENDING: u64 = (<u64>1) << 62;
const LR_ACTIVE: u64 = (<u64>2) << 62;
const LR_STATE: u64 = (<u64>3) << 62;
const LR_HW: u64 = (<u64>1) << 61;
const LR_GROUP1: u64 = (<u64>1) << 60;
const LR_EOI: u64 = (<u64>1) << 41;
const LR_PRIORITY_SHIFT: u64 = 48;
const LR_LEVEL_SHIFT: u64 = LR_PRIORITY_SHIFT + LEVEL_SHIFT;
const LR_PINTID_SHIFT: u64 = 32;
const LR_PINTID: u64 = (<u64>0x1fff) << LR_PINTID_SHIFT;
const LR_VINTID: u64 = 0xffffffff;

/** Interrupts that one reload looks at (some may turn out not to be pending any more), and ends of spilled ones: if there are more, maintenance comes again. */
const LOADS: u32 = MAX_LIST_REGISTERS + 2;
const ENDS: u32 = 2;
const NO_LIST_REGISTER: u32 = 32;
const LOOKS: u32 = 8;

// What is done with interrupts of a word that are held here.
export const HELD_RELOAD: u32 = 1; // nothing: the most urgent go into list registers
export const HELD_RETURN: u32 = 2; // pending ones go back to where they came from: disabled, or sent elsewhere
export const HELD_WITHDRAW: u32 = 3; // pending ones are not pending any more
export const HELD_DEACTIVATE: u32 = 4; // active ones are not active any more
export const HELD_REORDER: u32 = 5; // priorities have changed: what waits is filed anew
export const HELD_ACTIVATE: u32 = 6; // made active by the guest's own hand, which ends them like others

/** Bit n: list register n holds an interrupt, or tells of the end of a muted one. */
function usedListRegisters(vcpu: Vcpu): u32 { return emptyListRegisters(vcpu) ^ vcpu.listRegisters; }
@inline function levelIn(lr: u64): u32 { return <u32>(lr >> LR_LEVEL_SHIFT) & 31; }
@inline function intidIn(lr: u64): u32 { return <u32>(lr & LR_VINTID); }
@inline function senderIn(lr: u64): u32 { return <u32>(lr >> LR_PINTID_SHIFT) & 7; }
@inline function bitOf(intid: u32): u32 { return (<u32>1) << (intid & 31); }
function levelOf(vcpu: Vcpu, intid: u32): u32 { return (<u32>priorityOf(vcpu, intid)) >> LEVEL_SHIFT; }

/** Registers of word k of the vCPU's interrupts: SGIs and PPIs have a bank. */
export function bankOf(vcpu: Vcpu, k: u32): u64 { return (k == 0 ? vcpu.bank : header().gicd) + (k << 2); }

@inline export function hardwareInterrupt(intid: u32, priority: u8): u64 {
  return LR_PENDING | LR_HW | LR_GROUP1 | (<u64>priority << LR_PRIORITY_SHIFT) | (<u64>intid << LR_PINTID_SHIFT) | intid;
}

/** An SGI: no physical interrupt is behind it. */
@inline export function softwareInterrupt(intid: u32, priority: u8): u64 {
  return LR_PENDING | LR_GROUP1 | (<u64>priority << LR_PRIORITY_SHIFT) | intid;
}

/** An interrupt that `take` gave, pending or active. A muted one's end is ours to carry out. */
@inline function entryOf(found: u32, state: u64): u64 {
  const intid = found & TAKEN_INTID;
  const entry = state | LR_GROUP1 | (<u64>(found >> TAKEN_LEVEL_SHIFT) << LR_LEVEL_SHIFT) | intid;
  if (intid < SGI_COUNT) return entry;
  return (loadAcquire32(mutedAt(intid >> 5)) & bitOf(intid)) != 0 ? entry | LR_EOI : entry | LR_HW | (<u64>intid << LR_PINTID_SHIFT);
}

/** The vCPU leaves its guest, or begins anew, and holds nothing. What was pending is so where it came from; an active SPI stays active, as on hardware. */
export function resetListRegisters(vcpu: Vcpu): void {
  let left = unload(vcpu, SGIS, 0, 0);
  for (let i: u32 = 0; left != 0; i++, left &= left - 1) {
    bound(i, MAX_LIST_REGISTERS);
    const intid = intidIn(readListRegister(<u32>ctz(left)));
    writeListRegister(<u32>ctz(left), 0);
    unmute(intid >> 5, bitOf(intid));
  }
  for (let k: u32 = 0; k < INTID_WORDS; k++) {
    bound(k, INTID_WORDS);
    giveBack(vcpu, k, filed(vcpu).all(k));
    unmute(k, spilled(vcpu).all(k));
  }
  clear(filed(vcpu));
  clear(spilled(vcpu));
  isb(); // ELRSR tells of it from here on
  vcpu.idle = vcpu.unused;
  vcpu.latched = 0;
  storeRelease32(vcpu.sgiPendingAt(), 0);
  for (let n: u32 = 0; n < SGI_COUNT; n += 4) {
    bound(n >> 2, SGI_COUNT >> 2);
    storeRelease32(vcpu.sgiSendersAt(n), 0);
  }
  resetVirtualInterface();
}

/** Gives the guest a physical interrupt of its own that has been acknowledged (and its priority dropped). Others are here already. */
export function deliverBeside(vcpu: Vcpu, intid: u32): void {
  if ((heldHere(vcpu, intid >> 5) & bitOf(intid)) != 0) mute(vcpu, intid);
  else put(filed(vcpu), intid, levelOf(vcpu, intid));
  reload(vcpu);
}

/**
 * An SPI comes that is held already: somebody else (a direct partition can, by EOIR1) has deactivated it, and might do so again and again. So it is
 * disabled until the guest's own end of it, of which maintenance tells (EOI). An edge beside an active one stays pending in the distributor.
 */
function mute(vcpu: Vcpu, intid: u32): void {
  if (intid < FIRST_SPI) return;
  const k = intid >> 5;
  const bit = bitOf(intid);
  atomicOr32(mutedAt(k), bit);
  mmioWrite32(bankOf(vcpu, k) + ICENABLER, bit);
  // It may come once more before the GIC has followed, which takes it some clocks: no longer than a few looks.
  for (let i: u32 = 0; i < LOOKS && (mmioRead32(header().gicd + GICD_CTLR) & CTLR_RWP) != 0; i++) bound(i, LOOKS);
  if ((activeHere(vcpu, k) & load<u32>(edgesAt(k)) & bit) != 0) mmioWrite32(bankOf(vcpu, k) + ISPENDR, bit);
}

/** Those of `bits` that are muted are so no more: enabled, if the guest wants them so. */
function unmute(k: u32, bits: u32): void {
  const muted = loadAcquire32(mutedAt(k)) & bits;
  if (muted == 0) return;
  const at = header().gicd + (k << 2);
  atomicAnd32(mutedAt(k), ~muted);
  const enabled = loadAcquire32(enabledAt(k)) & muted;
  mmioWrite32(at + ISENABLER, enabled);
  // Another vCPU may have disabled it meanwhile: that is what has to last.
  const disabled = enabled & ~loadAcquire32(enabledAt(k));
  if (disabled != 0) mmioWrite32(at + ICENABLER, disabled);
}

/** Interrupts held here are over: physically, too. */
function retire(vcpu: Vcpu, k: u32, bits: u32): void {
  const physical = k == 0 ? bits & ~SGIS : bits;
  if (physical == 0) return;
  mmioWrite32(bankOf(vcpu, k) + ICACTIVER, physical);
  unmute(k, physical);
}

/** Interrupts that were held pending go back to where they came from. A level-triggered source is asserted still; an edge is remembered. */
function giveBack(vcpu: Vcpu, k: u32, bits: u32): void {
  const remembered = bits & (load<u32>(edgesAt(k)) | loadAcquire32(latchedAt(vcpu, k)));
  if (remembered != 0) mmioWrite32(bankOf(vcpu, k) + ISPENDR, k == 0 ? remembered & ~SGIS : remembered);
  retire(vcpu, k, bits);
}

/**
 * A level-sensitive interrupt that is held pending, but whose wire is low again: it is not pending any more, and leaves the list registers at the
 * next reload. Between two exits the hardware has no way to tell us: then the guest gets one that is over.
 */
function isOver(vcpu: Vcpu, intid: u32): bool {
  const k = intid >> 5;
  if (((load<u32>(edgesAt(k)) | loadAcquire32(latchedAt(vcpu, k))) & bitOf(intid)) != 0) return false;
  return (pendingInGic(vcpu, k) & bitOf(intid)) == 0;
}

function pendingInGic(vcpu: Vcpu, k: u32): u32 { return mmioRead32(bankOf(vcpu, k) + ISPENDR); }

/** An SGI is taken from those that were sent: false: it was not. */
@inline function takeSgi(vcpu: Vcpu, intid: u32, sender: u32): bool {
  if (vcpu.gicv2 == 0) return (atomicAnd32(vcpu.sgiPendingAt(), ~bitOf(intid)) & bitOf(intid)) != 0;
  const bit = bitOf((intid & 3) << 3 | sender);
  return (atomicAnd32(vcpu.sgiSendersAt(intid), ~bit) & bit) != 0;
}

/** An SGI has been sent, or goes back to those that were. */
export function putSgi(vcpu: Vcpu, intid: u32, sender: u32): void {
  if (vcpu.gicv2 != 0) atomicOr32(vcpu.sgiSendersAt(intid), bitOf((intid & 3) << 3 | sender));
  atomicOr32(vcpu.sgiPendingAt(), bitOf(intid));
}

/** GICv2: who has sent that SGI, as a mask. */
export function sendersOf(vcpu: Vcpu, intid: u32): u32 { return (loadAcquire32(vcpu.sgiSendersAt(intid)) >> ((intid & 3) << 3)) & 0xff; }

/**
 * What is only pending leaves the list registers, and is filed or goes back to the SGIs sent; what the guest has ended is carried out, and `ended`
 * ones of word k are. An active SGI that was sent again becomes pending too, but for `stripped` ones. Gives back the registers still in use.
 */
function unload(vcpu: Vcpu, stripped: u32, k: u32, ended: u32): u32 {
  carryOutEnds(vcpu);
  vcpu.clearActiveSenders();
  let kept: u32 = 0;
  let used = usedListRegisters(vcpu);
  for (let i: u32 = 0; used != 0; i++, used &= used - 1) {
    bound(i, MAX_LIST_REGISTERS);
    const n = <u32>ctz(used);
    const lr = readListRegister(n);
    const intid = intidIn(lr);
    if ((lr & LR_ACTIVE) != 0 && (intid >> 5 != k || (ended & bitOf(intid)) == 0)) {
      kept |= bitOf(n);
      const entry = intid < SGI_COUNT ? keptSgi(vcpu, lr, (stripped & bitOf(intid)) != 0) : keptEntry(vcpu, lr);
      if (entry != lr) writeListRegister(n, entry);
      continue;
    }
    writeListRegister(n, 0);
    if ((lr & LR_STATE) != LR_PENDING) retire(vcpu, intid >> 5, bitOf(intid));
    if ((lr & LR_PENDING) == 0) continue;
    if (intid < SGI_COUNT) putSgi(vcpu, intid, senderIn(lr));
    else put(filed(vcpu), intid, levelOf(vcpu, intid));
  }
  return kept;
}

/** What stays in a list register of an active SGI. */
function keptSgi(vcpu: Vcpu, lr: u64, isStripped: bool): u64 {
  const intid = intidIn(lr);
  const sender = senderIn(lr);
  vcpu.setActiveSenders(intid, vcpu.activeSenders(intid) | (<u32>1) << sender);
  if (!isStripped) return (lr & LR_PENDING) == 0 && takeSgi(vcpu, intid, sender) ? lr | LR_PENDING : lr;
  if ((lr & LR_PENDING) != 0) putSgi(vcpu, intid, sender);
  return lr & ~LR_PENDING;
}

/** And of another interrupt, which the guest has taken: its latch is spent, if it is not pending again; its end may be ours to carry out now. */
function keptEntry(vcpu: Vcpu, lr: u64): u64 {
  const k = intidIn(lr) >> 5;
  const bit = bitOf(intidIn(lr));
  if ((loadAcquire32(latchedAt(vcpu, k)) & bit) != 0 && (pendingInGic(vcpu, k) & bit) == 0) atomicAnd32(latchedAt(vcpu, k), ~bit);
  return (loadAcquire32(mutedAt(k)) & bit) != 0 ? (lr & ~(LR_HW | LR_PINTID)) | LR_EOI : lr;
}

/** The guest has ended interrupts that no list register holds: with EOImode 0 the most urgent ones of those that are spilled. */
function carryOutEnds(vcpu: Vcpu): void {
  const waiting = spilled(vcpu);
  if (waiting.levels == 0) return;
  const control = readControl();
  const ends = min<u32>(control >> HCR_EOI_COUNT_SHIFT, ENDS);
  for (let i: u32 = 0; i < ends && waiting.levels != 0; i++) {
    bound(i, ENDS);
    const intid = take(waiting) & TAKEN_INTID;
    retire(vcpu, intid >> 5, bitOf(intid));
  }
  writeControl(control - (ends << HCR_EOI_COUNT_SHIFT));
}

/** Fills the list registers that are not `kept`: with the most urgent of what is filed, then with what is spilled. */
function fill(vcpu: Vcpu, kept: u32): void {
  fileSgis(vcpu);
  const waiting = filed(vcpu);
  const active = spilled(vcpu);
  let free = vcpu.listRegisters & ~kept;
  if (free == 0 && waiting.levels != 0) free = spill(vcpu, kept);
  for (let i: u32 = 0; i < LOADS && free != 0 && waiting.levels != 0; i++) {
    bound(i, LOADS);
    const found = take(waiting);
    const entry = stillPending(vcpu, found, found & TAKEN_INTID);
    if (entry == 0) continue;
    writeListRegister(<u32>ctz(free), entry);
    free &= free - 1;
  }
  if (active.levels != 0 && readControl() >> HCR_EOI_COUNT_SHIFT != 0) free = 0; // one of these has been ended
  for (let i: u32 = 0; free != 0 && waiting.levels == 0 && active.levels != 0; i++) {
    bound(i, MAX_LIST_REGISTERS);
    const found = take(active);
    const intid = found & TAKEN_INTID;
    const sender: u64 = intid < SGI_COUNT ? vcpu.spilledSender(intid) : 0;
    writeListRegister(<u32>ctz(free), entryOf(found, LR_ACTIVE) | sender << LR_PINTID_SHIFT);
    free &= free - 1;
  }
  isb(); // ELRSR tells of it from here on
  vcpu.idle = (waiting.levels | active.levels) != 0 ? SOMETHING_WAITS : vcpu.unused;
  control(vcpu);
}

/** What of an interrupt that was filed goes into a list register; 0: it is not pending any more. */
function stillPending(vcpu: Vcpu, found: u32, intid: u32): u64 {
  const entry = entryOf(found, LR_PENDING);
  if (intid < SGI_COUNT) return sgiOf(vcpu, found, entry);
  if (!isOver(vcpu, intid)) return entry;
  retire(vcpu, intid >> 5, bitOf(intid));
  return 0;
}

/** Enabled SGIs that have been sent are filed; not beside one of that number that is spilled. */
function fileSgis(vcpu: Vcpu): void {
  let bits = loadAcquire32(vcpu.sgiPendingAt()) & vcpu.sgiEnabled & ~spilled(vcpu).all(0);
  for (let i: u32 = 0; bits != 0; i++, bits &= bits - 1) {
    bound(i, SGI_COUNT);
    put(filed(vcpu), <u32>ctz(bits), levelOf(vcpu, <u32>ctz(bits)));
  }
}

/** The same of an SGI. GICv2: one sender's goes, and the others' are filed again. */
function sgiOf(vcpu: Vcpu, found: u32, entry: u64): u64 {
  const intid = found & TAKEN_INTID;
  if ((vcpu.sgiEnabled & bitOf(intid)) == 0) return 0;
  if (vcpu.gicv2 == 0) return vcpu.activeSenders(intid) == 0 && takeSgi(vcpu, intid, 0) ? entry : 0;
  atomicAnd32(vcpu.sgiPendingAt(), ~bitOf(intid));
  const senders = sendersOf(vcpu, intid) & ~vcpu.activeSenders(intid);
  if (senders == 0) return 0;
  takeSgi(vcpu, intid, <u32>ctz(senders));
  if ((senders & (senders - 1)) != 0) {
    atomicOr32(vcpu.sgiPendingAt(), bitOf(intid));
    put(filed(vcpu), intid, found >> TAKEN_LEVEL_SHIFT);
  }
  return entry | <u64>ctz(senders) << LR_PINTID_SHIFT;
}

/** All list registers are active, and something waits: the least urgent makes room. Gives back its register as a mask; 0: none can. */
function spill(vcpu: Vcpu, kept: u32): u32 {
  let victim = NO_LIST_REGISTER;
  let least: u32 = 0;
  for (let i: u32 = 0; kept != 0; i++, kept &= kept - 1) {
    bound(i, MAX_LIST_REGISTERS);
    const lr = readListRegister(<u32>ctz(kept));
    if (levelIn(lr) < least || intidIn(lr) < SGI_COUNT && (spilled(vcpu).all(0) & bitOf(intidIn(lr))) != 0) continue;
    victim = <u32>ctz(kept);
    least = levelIn(lr);
  }
  if (victim == NO_LIST_REGISTER) return 0;
  const lr = readListRegister(victim);
  const intid = intidIn(lr);
  if (intid < SGI_COUNT) {
    vcpu.setSpilledSender(intid, senderIn(lr));
    if ((lr & LR_PENDING) != 0) putSgi(vcpu, intid, senderIn(lr));
  }
  put(spilled(vcpu), intid, least);
  writeListRegister(victim, 0);
  return bitOf(victim);
}

/** The virtual interface is on when the guest's GICD_CTLR.EnableGrp1 is, and it runs. */
function control(vcpu: Vcpu): void {
  let value: u32 = (vcpu.groupEnabled & vcpu.inGuest) != 0 ? HCR_EN : 0;
  if (filed(vcpu).levels != 0) value |= HCR_NPIE;
  if (spilled(vcpu).levels != 0) value |= watchEnds() | (readControl() >> HCR_EOI_COUNT_SHIFT) << HCR_EOI_COUNT_SHIFT;
  writeControl(value);
}

/** Does that (HELD_*) with what is held here of word k, and puts the most urgent of all that is pending into list registers. */
export function rework(vcpu: Vcpu, what: u32, k: u32, bits: u32): void {
  const withdrawn = what == HELD_WITHDRAW && k == 0 ? bits & SGIS : 0;
  const kept = unload(vcpu, withdrawn | ~vcpu.sgiEnabled, k, what == HELD_DEACTIVATE ? bits : 0);
  if (withdrawn != 0) atomicAnd32(vcpu.sgiPendingAt(), ~withdrawn);
  let taken = what == HELD_RELOAD ? 0 : what == HELD_ACTIVATE ? bits : takeWord(what == HELD_DEACTIVATE ? spilled(vcpu) : filed(vcpu), k, bits);
  if (what == HELD_RETURN) giveBack(vcpu, k, taken);
  else if (what < HELD_REORDER) retire(vcpu, k, taken);
  for (let i: u32 = 0; what >= HELD_REORDER && taken != 0; i++, taken &= taken - 1) {
    bound(i, 32);
    const intid = (k << 5) + ctz(taken);
    put(what == HELD_ACTIVATE ? spilled(vcpu) : filed(vcpu), intid, levelOf(vcpu, intid));
  }
  fill(vcpu, kept);
}

/** Whenever something new waits, room may have come, or something may be over. */
export function reload(vcpu: Vcpu): void { rework(vcpu, HELD_RELOAD, 0, 0); }

/** An SGI from the vCPU to itself: no physical SGI needed. */
@inline export function sendToSelf(vcpu: Vcpu, intid: u32): void {
  if (vcpu.gicv2 == 0 && ((vcpu.sgiEnabled >> intid) & 1) != 0 && isIdle(vcpu)) {
    msr_ICH_LR0_EL2(LR_PENDING | LR_GROUP1 | (<u64>vcpu.privatePriority(intid) << LR_PRIORITY_SHIFT) | intid);
  } else {
    putSgi(vcpu, intid, vcpu.index);
    reload(vcpu);
  }
}

/** Bits of word k (INTIDs 32·k…) that are held pending here. */
export function pendingHere(vcpu: Vcpu, k: u32): u32 {
  return inListRegisters(vcpu, k, LR_PENDING) | (k == 0 ? filed(vcpu).all(0) & ~SGIS : filed(vcpu).all(k));
}
export function activeHere(vcpu: Vcpu, k: u32): u32 { return inListRegisters(vcpu, k, LR_ACTIVE) | spilled(vcpu).all(k); }
/** That are held here at all. */
export function heldHere(vcpu: Vcpu, k: u32): u32 { return inListRegisters(vcpu, k, LR_STATE) | filed(vcpu).all(k) | spilled(vcpu).all(k); }

function inListRegisters(vcpu: Vcpu, k: u32, state: u64): u32 {
  let bits: u32 = 0;
  let used = usedListRegisters(vcpu);
  for (let i: u32 = 0; used != 0; i++, used &= used - 1) {
    bound(i, MAX_LIST_REGISTERS);
    const lr = readListRegister(<u32>ctz(used));
    if (intidIn(lr) >> 5 == k && (lr & state) != 0) bits |= bitOf(intidIn(lr));
  }
  return bits;
}

/** GICv2: SGIs that are pending in list registers go back to those sent, so that their senders can be looked at; then reload. */
export function recallSgis(vcpu: Vcpu): void {
  unload(vcpu, SGIS, 0, 0);
  isb(); // ELRSR tells of it from here on
}

/** The guest stands still: no maintenance meanwhile, as nobody makes room. */
export function suspend(vcpu: Vcpu): void {
  carryOutEnds(vcpu);
  writeControl(0);
}

/** No virtual interrupt is on its way to the guest: a WFI on its behalf may sleep. */
export function nothingWaits(vcpu: Vcpu): bool { return isIdle(vcpu) && (loadAcquire32(vcpu.sgiPendingAt()) & vcpu.sgiEnabled) == 0; }
