// What one vCPU wants of interrupts that another one of its partition holds: only the holder's own pCPU touches them, so it is
// asked. The trapped instruction is not done until all have answered: the guest executes it again and again, and takes its
// interrupts meanwhile; nobody waits at EL2. An ask that it has never come back to is over once it is answered, and the next one
// begins anew.

import {
  atomicAnd32, atomicOr32, bound, loadAcquire32, mmioRead32, mrs_ELR_EL2, storeRelease32,
} from "../../build/generated/aarch64";
import { machine, MAX_CPUS } from "../../build/generated/blob";
import { others } from "./interrupts";
import { kickAll } from "../../core/kicks";
import { activeCpus, Partition, vcpuOfPartition } from "../../core/partition";
import { SGIS, takeSgis } from "./sgis";
import { Vcpu } from "./vcpu";
import { ISACTIVER, kick } from "./gic";
import {
  activate, activeHere, deactivateHeld, giveBackFiled, HELD_ACTIVATE, HELD_DEACTIVATE, HELD_REFILE, HELD_RETURN, HELD_WITHDRAW,
  heldHere, pendingHere, refile, refill, unload, withdrawFiled,
} from "./listRegisters";

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
export function isAnswered(vcpu: Vcpu, partition: Partition, target: Vcpu, held: u32, k: u32, bits: u32): bool {
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
export function summon(vcpu: Vcpu): void {
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
