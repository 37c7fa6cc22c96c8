// Enable, pending and active state of a word of interrupts, as a guest reads and changes it (IHI 0069 §4.1.2): SPIs, or SGIs and
// PPIs of the vCPU `target` (k = 0). What nobody holds is the physical GIC's affair. What another vCPU holds only its own pCPU
// touches, so it is asked. The trapped instruction is not done until all have answered: the guest executes it again and again,
// and takes its interrupts meanwhile; nobody waits at EL2. An ask that it has never come back to is over once it is answered, and
// the next one begins anew.

import {
  atomicAnd32, atomicOr32, bound, loadAcquire32, mmioRead32, mmioWrite32, mrs_ELR_EL2, storeRelease32,
} from "../../build/generated/aarch64";
import { kickAll } from "../../core/kicks";
import { machine, MAX_CPUS } from "../../build/generated/blob";
import { edgesAt, enabledAt, latchedAt, mutedAt, others } from "./interrupts";
import { activeCpus, Partition, vcpuOfPartition } from "../../core/partition";
import { putSgis, SENDERS, sentSgis, SGIS, takeSgi, takeSgis } from "./sgis";
import { Vcpu } from "./vcpu";
import {
  awaitDisabled, bankControl, GICD_CTLR, ICACTIVER, ICENABLER, ICPENDR, ISACTIVER, ISENABLER, ISPENDR, kick, KICK_SGI,
} from "./gic";
import {
  activate, activeHere, bankOf, deactivateHeld, giveBackFiled, HELD_ACTIVATE, HELD_DEACTIVATE, HELD_LOOK, HELD_REFILE,
  HELD_RETURN, HELD_WITHDRAW, heldHere, pendingHere, refile, refill, unload, withdrawFiled,
} from "./listRegisters";
import { sendDirect } from "./sgi";

/** Interrupts of word k may be held here: SPIs anywhere, SGIs and PPIs by their own vCPU. */
@inline function isHere(vcpu: Vcpu, target: Vcpu, k: u32): bool { return k != 0 || target.pcpu == vcpu.pcpu; }

/** Those of `bits` that are held pending, anywhere, go back to where they came from. */
export function recall(vcpu: Vcpu, partition: Partition, target: Vcpu, k: u32, bits: u32): void {
  if (target.direct != 0) return;
  if (!isAnswered(vcpu, partition, target, HELD_RETURN, k, bits)) summon(vcpu);
  else if (isHere(vcpu, target, k)) giveBackFiled(vcpu, k, bits);
}

/** Priorities of `bits`, of one IPRIORITYR<n>, have changed: wherever they wait, they wait by these. */
export function reorder(vcpu: Vcpu, partition: Partition, target: Vcpu, k: u32, bits: u32): void {
  if (target.direct != 0) return; // they are the physical ones, and nothing is held
  if (!isAnswered(vcpu, partition, target, HELD_REFILE, k, bits)) summon(vcpu);
  else if (isHere(vcpu, target, k)) refile(vcpu, k, bits);
}

/** ISPENDR or ISACTIVER of the physical interrupts in `owned`, and of SGIs. What is pending at a vCPU is active physically; and
 *  pending, while its wire is high. */
export function readState(vcpu: Vcpu, partition: Partition, target: Vcpu, pended: bool, k: u32, owned: u32): u32 {
  // In this order: one that is acknowledged in between is active already.
  const pending = mmioRead32(bankOf(target, k) + ISPENDR) & owned;
  const active = mmioRead32(bankOf(target, k) + ISACTIVER) & owned;
  if (target.direct != 0 || k != 0 && active == 0) return pended ? pending : active;
  if (!isAnswered(vcpu, partition, target, HELD_LOOK, k, owned)) {
    summon(vcpu);
    return 0;
  }
  const held = loadAcquire32(vcpu.askPendingAt()) | (isHere(vcpu, target, k) ? pendingHere(vcpu, k) : 0);
  if (pended) return pending | held & (load<u32>(edgesAt(k)) | loadAcquire32(latchedAt(target, k)));
  if (k != 0) return active & ~held;
  return active & ~held | SGIS & (target.pcpu == vcpu.pcpu ? activeHere(vcpu, 0) : loadAcquire32(vcpu.askActiveAt()));
}

/** Writes `bits`, which are the target's physical interrupts, to one of the registers; `held`: and emulated SGIs, which are held
 *  only. */
export function writeState(vcpu: Vcpu, partition: Partition, target: Vcpu, kind: u32, k: u32, bits: u32, held: u32): void {
  const at = bankOf(target, k);
  if (kind == ISENABLER) {
    if (k != 0) atomicOr32(enabledAt(k), bits);
    mmioWrite32(at + ISENABLER, k != 0 ? bits & ~loadAcquire32(mutedAt(k)) : bits);
    if (k == 0) target.sgiEnabled |= held & ~bits;
    if (k == 0) wake(vcpu, target, held);
  } else if (kind == ICENABLER) {
    if (k != 0) atomicAnd32(enabledAt(k), ~bits);
    if (disable(vcpu, target, k, bits)) recall(vcpu, partition, target, k, held);
  } else if (kind == ISPENDR) {
    pend(vcpu, partition, target, k, bits, held);
  } else if (kind == ICPENDR) {
    withdraw(vcpu, partition, target, k, bits, held);
  } else if (kind == ICACTIVER) {
    deactivate(vcpu, partition, target, k, bits, held);
  } else if (kind == ISACTIVER) {
    setActive(vcpu, partition, target, k, bits);
  }
}

/** ICENABLER. False: the GIC has not followed yet, the instruction repeats. */
function disable(vcpu: Vcpu, target: Vcpu, k: u32, bits: u32): bool {
  mmioWrite32(bankOf(target, k) + ICENABLER, bits);
  if (awaitDisabled(k != 0 ? machine().gicd + GICD_CTLR : bankControl(target))) return true;
  vcpu.repeats = 1;
  return false;
}

function withdraw(vcpu: Vcpu, partition: Partition, target: Vcpu, k: u32, bits: u32, held: u32): void {
  atomicAnd32(latchedAt(target, k), ~bits);
  if (target.direct == 0) {
    if (!isAnswered(vcpu, partition, target, HELD_WITHDRAW, k, held)) return summon(vcpu);
    if (isHere(vcpu, target, k)) withdrawFiled(vcpu, k, held);
  }
  if (k == 0) takeSgis(target, held & ~bits);
  mmioWrite32(bankOf(target, k) + ICPENDR, bits); // after the others: a vCPU that went off has given it back
}

function deactivate(vcpu: Vcpu, partition: Partition, target: Vcpu, k: u32, bits: u32, held: u32): void {
  let kept: u32 = 0;
  if (target.direct == 0) {
    if (!isAnswered(vcpu, partition, target, HELD_DEACTIVATE, k, held)) return summon(vcpu);
    if (isHere(vcpu, target, k)) {
      deactivateHeld(vcpu, k, held);
      kept = heldHere(vcpu, k);
    }
    kept |= loadAcquire32(vcpu.askPendingAt());
  }
  // Nobody holds them: their vCPU went off, or is direct.
  const others = mmioRead32(bankOf(target, k) + ISACTIVER) & bits & ~kept;
  if (others != 0) mmioWrite32(bankOf(target, k) + ICACTIVER, others);
}

/** ISPENDR. One that is pending where it is held is not pended once more. */
function pend(vcpu: Vcpu, partition: Partition, target: Vcpu, k: u32, bits: u32, held: u32): void {
  let pending: u32 = 0;
  if (target.direct == 0) {
    if (!isAnswered(vcpu, partition, target, HELD_LOOK, k, bits)) return summon(vcpu);
    pending = loadAcquire32(vcpu.askPendingAt()) | (isHere(vcpu, target, k) ? pendingHere(vcpu, k) : 0);
  }
  atomicOr32(latchedAt(target, k), bits & ~load<u32>(edgesAt(k)));
  mmioWrite32(bankOf(target, k) + ISPENDR, bits & ~pending);
  if (k == 0) putSgis(target, held & ~bits);
  if (k == 0) wake(vcpu, target, held);
}

/** If one of those SGIs is pending, the target may have something to deliver; the vCPU itself looks at the end of this exit. */
function wake(vcpu: Vcpu, target: Vcpu, sgis: u32): void {
  if (sgis == 0 || (sentSgis(target) & target.sgiEnabled & sgis) == 0) return;
  if (target.direct != 0) {
    takeSgi(target, KICK_SGI, SENDERS); // the only one that is emulated there
    sendDirect(target, KICK_SGI);
  } else if (target.pcpu != vcpu.pcpu) {
    kick(target);
  }
}

/** ISACTIVER, one at a time: the instruction repeats. One that is pending at a vCPU goes back first, and does not come before it
 *  is active. */
function setActive(vcpu: Vcpu, partition: Partition, target: Vcpu, k: u32, bits: u32): void {
  const at = bankOf(target, k);
  if (target.direct == 0 && !isHere(vcpu, target, k)) {
    if (!isAnswered(vcpu, partition, target, HELD_ACTIVATE, k, bits)) return summon(vcpu);
    if (vcpu.ask == 0) mmioWrite32(at + ISACTIVER, bits); // it is off
    else if ((bits & ~loadAcquire32(vcpu.askActiveAt())) != 0) vcpu.repeats = 1;
    vcpu.ask = 0; // the next one
    return;
  }
  const enabled = k != 0 ? loadAcquire32(enabledAt(k)) & bits : mmioRead32(at + ISENABLER) & bits;
  if (disable(vcpu, target, k, enabled)) {
    recall(vcpu, partition, target, k, bits); // what others hold is active in the distributor already
    if (target.direct != 0) mmioWrite32(at + ISACTIVER, bits);
    else activate(vcpu, k, bits);
    if ((bits & ~(mmioRead32(at + ISACTIVER) | activeHere(vcpu, k))) != 0) vcpu.repeats = 1;
  }
  mmioWrite32(at + ISENABLER, k != 0 ? loadAcquire32(enabledAt(k)) & bits & ~loadAcquire32(mutedAt(k)) : enabled);
}

// What is asked: HELD_* (listRegisters.ts), and above it of which word; every answer says what is pending and active there
// afterwards.
const ASK_WORD_SHIFT: u32 = 8;
const ASK_TARGET_SHIFT: u32 = 16;

/** SPIs of a word that are active in the distributor, and not held here. */
@inline function heldElsewhere(vcpu: Vcpu, k: u32, bits: u32): u32 {
  const active = k == 0 ? 0 : mmioRead32(machine().gicd + ISACTIVER + (k << 2)) & bits;
  return active == 0 ? 0 : active & ~heldHere(vcpu, k);
}

/** What others hold of a word's SPIs, if any of them do; or (k = 0) another vCPU of its SGIs and PPIs. True: askPending and
 *  askActive say it. False: they have to be asked (summon), and the instruction repeats. */
function isAnswered(vcpu: Vcpu, partition: Partition, target: Vcpu, held: u32, k: u32, bits: u32): bool {
  const siblings = others(activeCpus(partition), vcpu.pcpu);
  const what = held | k << ASK_WORD_SHIFT | target.index << ASK_TARGET_SHIFT;
  // Whoever is not active any more holds nothing, and does not look at asks before its next life.
  if ((loadAcquire32(vcpu.askWaitingAt()) & siblings) == 0) {
    if (vcpu.ask == what && vcpu.askBits == bits && vcpu.askElr == mrs_ELR_EL2()) return true;
    const asked = siblings & (k == 0 ? (<u32>1) << target.pcpu : heldElsewhere(vcpu, k, bits) != 0 ? siblings : 0);
    vcpu.askPending = 0;
    vcpu.askActive = 0;
    if (asked == 0) return true;
    vcpu.ask = what;
    vcpu.askBits = bits;
    vcpu.askElr = mrs_ELR_EL2();
    storeRelease32(vcpu.askWaitingAt(), asked);
    vcpu.unkicked = asked;
  }
  vcpu.repeats = 1;
  return false;
}

/** Kicks who has just been asked: apart from isAnswered, so that an exit does one of both, asking or the work. */
function summon(vcpu: Vcpu): void {
  kickAll(vcpu.unkicked);
  vcpu.unkicked = 0;
}

/** After an access: the guest executes that instruction again. If it does not, no ask is open any more. */
@inline export function isRepeated(vcpu: Vcpu): bool {
  if (vcpu.repeats == 0) {
    vcpu.ask = 0;
    return false;
  }
  vcpu.repeats = 0;
  return true;
}

/** Answers one vCPU that has asked, and looks for what can be delivered now: after a kick. */
export function attend(vcpu: Vcpu, partition: Partition): void {
  unload(vcpu);
  if (answer(vcpu, partition)) kick(vcpu); // one at a time, with room for interrupts in between
  refill(vcpu);
}

/** False: nobody has asked. */
function answer(vcpu: Vcpu, partition: Partition): bool {
  const self = (<u32>1) << vcpu.pcpu;
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    const asker = vcpuOfPartition(partition, i);
    if ((loadAcquire32(asker.askWaitingAt()) & self) == 0) continue;
    const k = (asker.ask >> ASK_WORD_SHIFT) & 31;
    const what = asker.ask & ((1 << ASK_WORD_SHIFT) - 1);
    if (what == HELD_DEACTIVATE) {
      deactivateHeld(vcpu, k, asker.askBits);
    } else if (what == HELD_RETURN || what == HELD_ACTIVATE) {
      giveBackFiled(vcpu, k, asker.askBits);
      if (what == HELD_ACTIVATE) activate(vcpu, k, asker.askBits);
    } else if (what == HELD_REFILE) {
      refile(vcpu, k, asker.askBits);
    } else if (what == HELD_WITHDRAW) {
      withdrawFiled(vcpu, k, asker.askBits);
      if (k == 0) takeSgis(vcpu, asker.askBits & SGIS);
    }
    atomicOr32(asker.askPendingAt(), pendingHere(vcpu, k));
    atomicOr32(asker.askActiveAt(), activeHere(vcpu, k));
    atomicAnd32(asker.askWaitingAt(), ~self);
    return true;
  }
  return false;
}

/** The vCPU begins, and holds nothing: no ask of before concerns it. */
export function forgetAsks(vcpu: Vcpu, partition: Partition): void {
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    atomicAnd32(vcpuOfPartition(partition, i).askWaitingAt(), ~((<u32>1) << vcpu.pcpu));
  }
  vcpu.ask = 0;
}
