// List registers: how an injected interrupt reaches the guest (Arm IHI 0069, ICH_LR<n>_EL2; form: cpuInterface.ts).
//
// What a vCPU holds is physically active, and only its own pCPU touches it. It stands in a list register; or it is *filed*:
// pending, and waits for one; or *spilled*: active, and had to make room (core/waiting.ts). Every pending interrupt in a list
// register is at least as urgent as whatever is filed, and a maintenance interrupt brings us back when none in a list register is
// pending any more (NPIE), or when the guest has ended one that is spilled (LRENPIE). Whatever else an interrupt is, the physical
// distributor knows.
//
// Whoever changes what is held takes everything pending out of the list registers (unload), changes it, and puts the most urgent
// back (refill): once an exit, so that an exit has a bound.

import { atomicAnd32, atomicOr32, bound, isb, loadAcquire32, mmioRead32, mmioWrite32 } from "../../build/generated/aarch64";
import { machine } from "../../build/generated/blob";
import { edgesAt, enabledAt, FIRST_SPI, latchedAt, mutedAt } from "./interrupts";
import { spiPriority } from "./priorities";
import { ownerOf } from "../../core/partition";
import { newSgis, putSgi, sendersOf, sentSgis, SGI_COUNT, SGIS, takeSgi } from "./sgis";
import { INTID_WORDS, MAX_LIST_REGISTERS, SOMETHING_WAITS, Vcpu } from "./vcpu";
import {
  filed, LEAST_URGENT, LEVEL_SHIFT, NOTHING_TAKEN, put, spilled, take, TAKEN_INTID, TAKEN_LEVEL_SHIFT, takeWord,
} from "./waiting";
import { CTLR_RWP, GICD_CTLR, ICACTIVER, ICENABLER, ISACTIVER, ISENABLER, ISPENDR, kick } from "./gic";
import {
  emptyListRegisters, HCR_EOI_COUNT_SHIFT, HCR_NPIE, readControl, restoreListRegisters, saveListRegisters, watchEnds,
  writeControl,
} from "./cpuInterface";

const LR_PENDING: u64 = (<u64>1) << 62;
const LR_ACTIVE: u64 = (<u64>2) << 62;
const LR_HW: u64 = (<u64>1) << 61;
const LR_GROUP1: u64 = (<u64>1) << 60;
const LR_EOI: u64 = (<u64>1) << 41;
const LR_PRIORITY_SHIFT: u64 = 48;
const LR_LEVEL_SHIFT: u64 = LR_PRIORITY_SHIFT + LEVEL_SHIFT;
const LR_PINTID_SHIFT: u64 = 32;
const LR_PINTID: u64 = (<u64>0x1fff) << LR_PINTID_SHIFT;

/** Interrupts that one refill looks at (some may not be pending any more): if there are more, maintenance comes again. */
const LOADS: u32 = 2;
/** SGIs that one refill files: if there are more, a kick comes again. */
const FILED_SGIS: u32 = 2;
const NO_LIST_REGISTER: u32 = 32;
const LOOKS: u32 = 8;
const INTERRUPTS_A_PRIORITY_WORD: u32 = 4;

// What a vCPU is asked to do with interrupts of a word that it holds (interruptState.ts).
export const HELD_LOOK: u32 = 1; // nothing: it says what it holds
export const HELD_RETURN: u32 = 2; // pending ones go back to where they came from: disabled, or sent elsewhere
export const HELD_WITHDRAW: u32 = 3; // pending ones are not pending any more
export const HELD_DEACTIVATE: u32 = 4; // active ones are not active any more
export const HELD_REFILE: u32 = 5; // pending ones (of one IPRIORITYR) have other priorities now
export const HELD_ACTIVATE: u32 = 6; // pending ones (PPIs) go back, and one more of them all is active

@inline function levelIn(lr: u64): u32 { return <u32>(lr >> LR_LEVEL_SHIFT) & 31; }
@inline function intidIn(lr: u64): u32 { return <u32>lr; } // vINTID
@inline function senderIn(lr: u64): u32 { return <u32>(lr >> LR_PINTID_SHIFT) & 7; }
@inline function bitOf(intid: u32): u32 { return (<u32>1) << (intid & 31); }
function levelOf(vcpu: Vcpu, intid: u32): u32 {
  return (<u32>(intid < FIRST_SPI ? vcpu.privatePriority(intid) : spiPriority(intid))) >> LEVEL_SHIFT;
}

/** Registers of word k of the vCPU's interrupts: SGIs and PPIs have a bank. */
export function bankOf(vcpu: Vcpu, k: u32): u64 { return (k == 0 ? vcpu.bank : machine().gicd) + (k << 2); }

@inline export function hardwareInterrupt(intid: u32, priority: u8): u64 {
  return LR_PENDING | LR_HW | LR_GROUP1 | (<u64>priority << LR_PRIORITY_SHIFT) | (<u64>intid << LR_PINTID_SHIFT) | intid;
}

/** An SGI: no physical interrupt is behind it. */
@inline export function softwareInterrupt(intid: u32, priority: u8): u64 {
  return LR_PENDING | LR_GROUP1 | (<u64>priority << LR_PRIORITY_SHIFT) | intid;
}

/** An interrupt that `take` gave, pending or active. A muted one's end is ours to carry out. */
function entryOf(found: u32, state: u64): u64 {
  const intid = found & TAKEN_INTID;
  const entry = state | LR_GROUP1 | (<u64>(found >> TAKEN_LEVEL_SHIFT) << LR_LEVEL_SHIFT) | intid;
  if (intid < SGI_COUNT) return entry;
  return (loadAcquire32(mutedAt(intid >> 5)) & bitOf(intid)) != 0 ? entry | LR_EOI :
    entry | LR_HW | (<u64>intid << LR_PINTID_SHIFT);
}

// ── What was held goes back ────────────────────────────────────────────────────────────────────────────────────────────────────

/** The vCPU leaves its guest, and holds nothing. What was pending is so where it came from; an active SPI stays active. */
export function releaseHeld(vcpu: Vcpu): void {
  unload(vcpu);
  for (let i: u32 = 0; vcpu.kept != 0; i++, vcpu.kept &= vcpu.kept - 1) {
    bound(i, MAX_LIST_REGISTERS);
    const intid = intidIn(vcpu.listRegister(<u32>ctz(vcpu.kept)));
    unmute(intid >> 5, bitOf(intid));
  }
  for (let i: u32 = 0, words = filed(vcpu).words | spilled(vcpu).words; words != 0; i++, words &= words - 1) {
    bound(i, INTID_WORDS);
    const k = <u32>ctz(words);
    giveBack(vcpu, k, takeWord(filed(vcpu), k, ~0));
    unmute(k, takeWord(spilled(vcpu), k, ~0));
  }
  writeControl(0);
  vcpu.latched = 0;
}

/** Interrupts held here are over: physically, too. */
function retire(vcpu: Vcpu, k: u32, bits: u32): void {
  const physical = k == 0 ? bits & ~SGIS : bits;
  if (physical == 0) return;
  mmioWrite32(bankOf(vcpu, k) + ICACTIVER, physical);
  unmute(k, physical);
}

/** What was held pending goes back to where it came from. A level-triggered source is asserted still; an edge is remembered. */
function giveBack(vcpu: Vcpu, k: u32, bits: u32): void {
  const remembered = bits & (load<u32>(edgesAt(k)) | loadAcquire32(latchedAt(vcpu, k)));
  if (remembered != 0) mmioWrite32(bankOf(vcpu, k) + ISPENDR, k == 0 ? remembered & ~SGIS : remembered);
  retire(vcpu, k, bits);
}

/**
 * An SPI comes that is held already: somebody else (a direct partition can, by EOIR1) has deactivated it, and might do so again
 * and again. So it is disabled until the guest's own end of it, of which maintenance tells (EOI). An edge beside an active one
 * stays pending in the distributor.
 */
function mute(vcpu: Vcpu, intid: u32): void {
  if (intid < FIRST_SPI) return;
  const k = intid >> 5;
  const bit = bitOf(intid);
  atomicOr32(mutedAt(k), bit);
  mmioWrite32(bankOf(vcpu, k) + ICENABLER, bit);
  // It may come once more before the GIC has followed, which takes it some clocks: no longer than a few looks.
  for (let i: u32 = 0; i < LOOKS && (mmioRead32(machine().gicd + GICD_CTLR) & CTLR_RWP) != 0; i++) bound(i, LOOKS);
  for (let i: u32 = 0, kept = vcpu.kept; kept != 0; i++, kept &= kept - 1) {
    bound(i, MAX_LIST_REGISTERS);
    const lr = vcpu.listRegister(<u32>ctz(kept));
    if (intidIn(lr) == intid) vcpu.setListRegister(<u32>ctz(kept), lr & ~(LR_HW | LR_PINTID) | LR_EOI);
  }
  if ((activeHere(vcpu, k) & load<u32>(edgesAt(k)) & bit) != 0) mmioWrite32(bankOf(vcpu, k) + ISPENDR, bit);
}

/** Those of `bits` that are muted are so no more: enabled, if the guest wants them so. */
function unmute(k: u32, bits: u32): void {
  const muted = loadAcquire32(mutedAt(k)) & bits;
  if (muted == 0) return;
  const at = machine().gicd + (k << 2);
  atomicAnd32(mutedAt(k), ~muted);
  const enabled = loadAcquire32(enabledAt(k)) & muted;
  mmioWrite32(at + ISENABLER, enabled);
  // Another vCPU may have disabled it meanwhile: that is what has to last.
  const disabled = enabled & ~loadAcquire32(enabledAt(k));
  if (disabled != 0) mmioWrite32(at + ICENABLER, disabled);
}

// ── Out of the list registers ──────────────────────────────────────────────────────────────────────────────────────────────────

/** What is only pending leaves the list registers: filed, or back to the SGIs sent; what the guest has ended is carried out. */
export function unload(vcpu: Vcpu): void {
  vcpu.kept = 0;
  vcpu.clearActiveSenders();
  for (let i: u32 = 0, left = saveListRegisters(vcpu); left != 0; i++, left &= left - 1) {
    bound(i, MAX_LIST_REGISTERS);
    const n = <u32>ctz(left);
    const lr = vcpu.listRegister(n);
    const intid = intidIn(lr);
    const bit = bitOf(intid);
    if ((lr & LR_ACTIVE) != 0) {
      vcpu.kept |= bitOf(n);
      if (intid < SGI_COUNT) {
        vcpu.setActiveSenders(intid, vcpu.activeSenders(intid) | (<u32>1) << senderIn(lr));
        vcpu.setListRegister(n, lr | LR_EOI); // it may have been sent again: we look at its end
      } else if ((loadAcquire32(latchedAt(vcpu, intid >> 5)) & ~pendingInGic(vcpu, intid >> 5) & bit) != 0) {
        atomicAnd32(latchedAt(vcpu, intid >> 5), ~bit); // it is spent, and not pending again
      }
      continue;
    }
    vcpu.setListRegister(n, 0);
    if ((lr & LR_PENDING) == 0) {
      retire(vcpu, intid >> 5, bit);
      continue;
    }
    if (intid < SGI_COUNT) putSgi(vcpu, intid, senderIn(lr));
    put(filed(vcpu), intid, levelOf(vcpu, intid));
  }
}

/** Maintenance: the guest has ended an interrupt that no list register holds, with EOImode 0 the most urgent one of those that
 *  are spilled. */
export function carryOutEnd(vcpu: Vcpu): void {
  const waiting = spilled(vcpu);
  const control = readControl();
  if (waiting.words == 0 || control >> HCR_EOI_COUNT_SHIFT == 0) return;
  const found = take(waiting);
  if (found == NOTHING_TAKEN) return; // maintenance comes again
  retire(vcpu, (found & TAKEN_INTID) >> 5, bitOf(found & TAKEN_INTID));
  writeControl(control - (1 << HCR_EOI_COUNT_SHIFT));
}

// ── What is done with it meanwhile ─────────────────────────────────────────────────────────────────────────────────────────────

/** Those of `bits` in word k that are filed here go back, or are not pending any more; that are active here, are so no more. */
export function giveBackFiled(vcpu: Vcpu, k: u32, bits: u32): void { giveBack(vcpu, k, takeWord(filed(vcpu), k, bits)); }
export function withdrawFiled(vcpu: Vcpu, k: u32, bits: u32): void { retire(vcpu, k, takeWord(filed(vcpu), k, bits)); }
export function deactivateHeld(vcpu: Vcpu, k: u32, bits: u32): void {
  retire(vcpu, k, takeWord(spilled(vcpu), k, bits) | dropKept(vcpu, k, bits));
}

/** The first one that is not active is so by a guest's hand, which ends it by DIR: with EOImode 0 whatever was acknowledged is
 *  ended ahead of it. */
export function activate(vcpu: Vcpu, k: u32, bits: u32): void {
  const at = bankOf(vcpu, k) + ISACTIVER;
  // Somebody else may have deactivated it there.
  const inactive = bits & ~(k == 0 ? activeHere(vcpu, 0) : activeHere(vcpu, k) | mmioRead32(at));
  if (inactive == 0) return;
  mmioWrite32(at, inactive & (0 - inactive));
  put(spilled(vcpu), (k << 5) + ctz(inactive), LEAST_URGENT);
}

/** Priorities have changed, of those that one IPRIORITYR<n> is about: what is filed of them is filed anew. */
export function refile(vcpu: Vcpu, k: u32, bits: u32): void {
  for (let i: u32 = 0, taken = takeWord(filed(vcpu), k, bits); taken != 0; i++, taken &= taken - 1) {
    bound(i, INTERRUPTS_A_PRIORITY_WORD);
    const intid = (k << 5) + ctz(taken);
    put(filed(vcpu), intid, levelOf(vcpu, intid));
  }
}

/** List registers with any of `bits` of word k are empty from here on; gives back which bits those were. */
function dropKept(vcpu: Vcpu, k: u32, bits: u32): u32 {
  let dropped: u32 = 0;
  for (let i: u32 = 0, kept = vcpu.kept; kept != 0; i++, kept &= kept - 1) {
    bound(i, MAX_LIST_REGISTERS);
    const n = <u32>ctz(kept);
    const intid = intidIn(vcpu.listRegister(n));
    if (intid >> 5 != k || (bits & bitOf(intid)) == 0) continue;
    vcpu.setListRegister(n, 0);
    vcpu.kept &= ~bitOf(n);
    dropped |= bitOf(intid);
    if (intid < SGI_COUNT) vcpu.setActiveSenders(intid, 0);
  }
  return dropped;
}

/** Bits of word k (INTIDs 32·k…) that are held pending here; active; held at all. */
export function pendingHere(vcpu: Vcpu, k: u32): u32 {
  return k == 0 ? filed(vcpu).all(0) & ~SGIS | sentSgis(vcpu) : filed(vcpu).all(k);
}
export function activeHere(vcpu: Vcpu, k: u32): u32 {
  let bits = spilled(vcpu).all(k);
  for (let i: u32 = 0, kept = vcpu.kept; kept != 0; i++, kept &= kept - 1) {
    bound(i, MAX_LIST_REGISTERS);
    const intid = intidIn(vcpu.listRegister(<u32>ctz(kept)));
    if (intid >> 5 == k) bits |= bitOf(intid);
  }
  return bits;
}
export function heldHere(vcpu: Vcpu, k: u32): u32 { return activeHere(vcpu, k) | filed(vcpu).all(k); }

// ── Into the list registers ────────────────────────────────────────────────────────────────────────────────────────────────────

/** Fills the list registers that are free: with the most urgent of what is filed, then with what is spilled. */
export function refill(vcpu: Vcpu): void {
  fileSgis(vcpu);
  const waiting = filed(vcpu);
  const active = spilled(vcpu);
  const free = vcpu.listRegisters & ~vcpu.kept;
  if (free == 0) spill(vcpu);
  else fill(vcpu, free);
  restoreListRegisters(vcpu);
  isb(); // ELRSR tells of it from here on
  vcpu.idle = (waiting.words | active.words) != 0 ? SOMETHING_WAITS : vcpu.unused;
  control(vcpu);
}

function fill(vcpu: Vcpu, registers: u32): void {
  let free = registers;
  for (let i: u32 = 0; i < LOADS && free != 0; i++) {
    bound(i, LOADS);
    if (fillOne(vcpu, <u32>ctz(free))) free &= free - 1;
  }
}

/** Fills list register n, if there is anything for it. False: it is free still. */
function fillOne(vcpu: Vcpu, n: u32): bool {
  // A spilled one only if none of those has been ended.
  if (filed(vcpu).words != 0) vcpu.setListRegister(n, nextPending(vcpu));
  else if (spilled(vcpu).words != 0 && ends() == 0) vcpu.setListRegister(n, nextSpilled(vcpu));
  return vcpu.listRegister(n) != 0;
}

/** Enabled SGIs that have been sent are filed; not beside one of that number that is spilled. */
function fileSgis(vcpu: Vcpu): void {
  let bits = newSgis(vcpu) & vcpu.sgiEnabled & ~(spilled(vcpu).all(0) | filed(vcpu).all(0));
  for (let i: u32 = 0; i < FILED_SGIS && bits != 0; i++, bits &= bits - 1) {
    bound(i, FILED_SGIS);
    put(filed(vcpu), <u32>ctz(bits), levelOf(vcpu, <u32>ctz(bits)));
  }
  if (bits != 0) kick(vcpu);
}

/** The most urgent one that is filed, for a list register; 0: that one is not pending any more. */
function nextPending(vcpu: Vcpu): u64 {
  const found = take(filed(vcpu));
  if (found == NOTHING_TAKEN) return 0;
  const intid = found & TAKEN_INTID;
  const entry = entryOf(found, LR_PENDING);
  if (intid < SGI_COUNT) return nextSgi(vcpu, found, entry);
  if (!isOver(vcpu, intid)) return entry;
  retire(vcpu, intid >> 5, bitOf(intid));
  return 0;
}

/** One sender's SGI goes; if there are others, it is filed again. */
function nextSgi(vcpu: Vcpu, found: u32, entry: u64): u64 {
  const intid = found & TAKEN_INTID;
  const senders = sendersOf(vcpu, intid) & ~vcpu.activeSenders(intid);
  if (senders == 0 || (vcpu.sgiEnabled & bitOf(intid)) == 0) return 0;
  takeSgi(vcpu, intid, senders & (0 - senders));
  if ((senders & (senders - 1)) != 0) put(filed(vcpu), intid, found >> TAKEN_LEVEL_SHIFT);
  return entry | <u64>ctz(senders) << LR_PINTID_SHIFT;
}

/** A level-sensitive interrupt that is held pending, but whose wire is low again: it is not pending any more. Between two exits
 *  the hardware has no way to tell us: then the guest gets one that is over. */
function isOver(vcpu: Vcpu, intid: u32): bool {
  const k = intid >> 5;
  if (((load<u32>(edgesAt(k)) | loadAcquire32(latchedAt(vcpu, k))) & bitOf(intid)) != 0) return false;
  return (pendingInGic(vcpu, k) & bitOf(intid)) == 0;
}

@inline function pendingInGic(vcpu: Vcpu, k: u32): u32 { return mmioRead32(bankOf(vcpu, k) + ISPENDR); }

function nextSpilled(vcpu: Vcpu): u64 {
  const found = take(spilled(vcpu));
  if (found == NOTHING_TAKEN) return 0;
  const intid = found & TAKEN_INTID;
  return entryOf(found, LR_ACTIVE) | (intid < SGI_COUNT ? <u64>vcpu.spilledSender(intid) << LR_PINTID_SHIFT : 0);
}

/** All list registers are active, and something waits: the least urgent makes room for it. */
function spill(vcpu: Vcpu): void {
  if (filed(vcpu).words == 0) return;
  let victim = NO_LIST_REGISTER;
  let least: u32 = 0;
  for (let i: u32 = 0, kept = vcpu.kept; kept != 0; i++, kept &= kept - 1) {
    bound(i, MAX_LIST_REGISTERS);
    const lr = vcpu.listRegister(<u32>ctz(kept));
    if (levelIn(lr) < least || intidIn(lr) < SGI_COUNT && (spilled(vcpu).all(0) & bitOf(intidIn(lr))) != 0) continue;
    victim = <u32>ctz(kept);
    least = levelIn(lr);
  }
  if (victim == NO_LIST_REGISTER) return;
  const lr = vcpu.listRegister(victim);
  if (intidIn(lr) < SGI_COUNT) vcpu.setSpilledSender(intidIn(lr), senderIn(lr));
  put(spilled(vcpu), intidIn(lr), least);
  fillOne(vcpu, victim);
}

/** The virtual interface is on when the guest runs and has its distributor on. */
function control(vcpu: Vcpu): void {
  let value = ownerOf(vcpu).controllerOn & vcpu.inGuest; // HCR_EN is 1
  if (filed(vcpu).words != 0) value |= HCR_NPIE;
  if (spilled(vcpu).words != 0) value |= watchEnds() | ends();
  writeControl(value);
}

/** EOIcount, where it stands: what the guest has ended and nobody has carried out yet. */
@inline function ends(): u32 { return readControl() >> HCR_EOI_COUNT_SHIFT << HCR_EOI_COUNT_SHIFT; }

// ── Both ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Whenever something new waits, room may have come, or something may be over. */
export function reload(vcpu: Vcpu): void {
  unload(vcpu);
  refill(vcpu);
}

/** Gives the guest a physical interrupt of its own that has been acknowledged (and its priority dropped). Others are here
 *  already. */
export function deliverBeside(vcpu: Vcpu, intid: u32): void {
  unload(vcpu);
  if ((heldHere(vcpu, intid >> 5) & bitOf(intid)) != 0) mute(vcpu, intid);
  else put(filed(vcpu), intid, levelOf(vcpu, intid));
  refill(vcpu);
}

/** The guest stands still: no maintenance meanwhile, as nobody makes room. */
export function suspend(): void { writeControl(ends()); }

/** No virtual interrupt is on its way to the guest: a WFI on its behalf may sleep. */
export function nothingWaits(vcpu: Vcpu): bool {
  return emptyListRegisters(vcpu.gicv2 != 0) == vcpu.idle && (sentSgis(vcpu) & vcpu.sgiEnabled) == 0;
}
