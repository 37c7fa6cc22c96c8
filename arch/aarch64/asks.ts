// What one vCPU wants of interrupts that another one of its partition holds: only the holder's own pCPU touches them, so it is asked. The
// trapped instruction is not done until all have answered: the guest executes it again and again, and takes its interrupts meanwhile;
// nobody waits at EL2. An ask that it has never come back to is over once it is answered, and the next one begins anew.

import { mmioRead32, mrs_ELR_EL2 } from "../../build/generated/aarch64";
import { MAX_CPUS } from "../../build/generated/blob";
import { atomicAnd32, atomicOr32, bound, loadAcquire32, storeRelease32 } from "../../build/generated/cpu";
import { header } from "../../core/blob";
import { others } from "../../core/interrupts";
import { Partition, vcpuOfPartition } from "../../core/partition";
import { Vcpu, vcpuOf } from "../../core/vcpu";
import { ISACTIVER, kick, kickAll } from "./gic";
import { activeHere, HELD_REORDER, heldHere, pendingHere, reload, rework } from "./listRegisters";

// What is asked: HELD_* (listRegisters.ts), and above it of which word; every answer says what is pending and active there afterwards.
const ASK_WORD_SHIFT: u32 = 8;
const ASK_TARGET_SHIFT: u32 = 16;

export function activeSiblings(vcpu: Vcpu, partition: Partition): u32 {
  return others(loadAcquire32(changetype<u32>(partition) + offsetof<Partition>("active")), vcpu.pcpu);
}

/** SPIs of a word that are active in the distributor, and not held here. */
@inline export function heldElsewhere(vcpu: Vcpu, k: u32, bits: u32): u32 {
  const active = k == 0 ? 0 : mmioRead32(header().gicd + ISACTIVER + (k << 2)) & bits;
  return active == 0 ? 0 : active & ~heldHere(vcpu, k);
}

/**
 * Asks all others for SPIs of a word, if others hold any of them; or (k = 0) another vCPU for its SGIs and PPIs. Afterwards askPending and
 * askActive say what of the word others hold; or the instruction repeats.
 */
export function ask(vcpu: Vcpu, partition: Partition, target: Vcpu, held: u32, k: u32, bits: u32): void {
  const siblings = activeSiblings(vcpu, partition);
  const asked = siblings & (k == 0 ? (<u32>1) << target.pcpu : heldElsewhere(vcpu, k, bits) != 0 ? siblings : 0);
  const what = held | k << ASK_WORD_SHIFT | target.index << ASK_TARGET_SHIFT;
  const elr = mrs_ELR_EL2();
  // Whoever is not active any more holds nothing, and does not look at asks before its next life.
  if ((loadAcquire32(vcpu.askWaitingAt()) & siblings) == 0) {
    if (vcpu.ask == what && vcpu.askBits == bits && vcpu.askElr == elr) return;
    vcpu.askPending = 0;
    vcpu.askActive = 0;
    if (asked == 0) return;
    vcpu.ask = what;
    vcpu.askBits = bits;
    vcpu.askElr = elr;
    storeRelease32(vcpu.askWaitingAt(), asked);
    kickAll(asked);
  }
  vcpu.repeats = 1;
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

/** Priorities in a word have been changed: what the vCPUs of a mask hold of it is put in order. Nobody waits for that. */
export function disorder(siblings: u32, k: u32): void {
  for (let i: u32 = 0; siblings != 0; i++, siblings &= siblings - 1) {
    bound(i, MAX_CPUS);
    const other = vcpuOf(<u32>ctz(siblings));
    atomicOr32(other.disorderedAt(), (<u32>1) << k);
    kick(other);
  }
}

/** Does one thing that others want, and looks for what can be delivered now: after a kick. */
export function attend(vcpu: Vcpu, partition: Partition): void {
  const self = (<u32>1) << vcpu.pcpu;
  const words = loadAcquire32(vcpu.disorderedAt());
  if (words != 0) {
    atomicAnd32(vcpu.disorderedAt(), ~(words & (0 - words)));
    rework(vcpu, HELD_REORDER, <u32>ctz(words), 0xffffffff);
    kick(vcpu); // one at a time, with room for interrupts in between
    return;
  }
  let asker = vcpu; // nobody
  for (let i: u32 = 0; i < partition.vcpuCount && asker === vcpu; i++) {
    bound(i, MAX_CPUS);
    const other = vcpuOfPartition(partition, i);
    if ((loadAcquire32(other.askWaitingAt()) & self) != 0) asker = other;
  }
  if (asker === vcpu) {
    reload(vcpu);
    return;
  }
  const k = (asker.ask >> ASK_WORD_SHIFT) & 31;
  rework(vcpu, asker.ask & ((1 << ASK_WORD_SHIFT) - 1), k, asker.askBits);
  atomicOr32(asker.askPendingAt(), pendingHere(vcpu, k));
  atomicOr32(asker.askActiveAt(), activeHere(vcpu, k));
  atomicAnd32(asker.askWaitingAt(), ~self);
  kick(vcpu); // another may have asked
}

/** The vCPU holds nothing, before its life and after it: no ask concerns it. */
export function forgetAsks(vcpu: Vcpu, partition: Partition): void {
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    atomicAnd32(vcpuOfPartition(partition, i).askWaitingAt(), ~((<u32>1) << vcpu.pcpu));
  }
  vcpu.ask = 0;
}
