// Enable, pending and active state of a word of interrupts, as a guest reads and changes it (IHI 0069 §4.1.2): SPIs, or SGIs and PPIs of the
// vCPU `target` (k = 0). What nobody holds is the physical GIC's affair; for what another vCPU holds, that one is asked (asks.ts).

import { mmioRead32, mmioWrite32 } from "../../build/generated/aarch64";
import { atomicAnd32, atomicOr32, loadAcquire32 } from "../../build/generated/cpu";
import { header } from "../../core/blob";
import { edgesAt, enabledAt, latchedAt, mutedAt } from "../../core/interrupts";
import { Partition } from "../../core/partition";
import { Vcpu } from "../../core/vcpu";
import { ask } from "./asks";
import { awaitDisabled, bankControl, GICD_CTLR, ICACTIVER, ICENABLER, ICPENDR, ISACTIVER, ISENABLER, ISPENDR, SGIS } from "./gic";
import {
  activeHere, bankOf, HELD_ACTIVATE, HELD_DEACTIVATE, HELD_RELOAD, HELD_RETURN, HELD_WITHDRAW, heldHere, pendingHere, rework,
} from "./listRegisters";

/** Does that (HELD_*) with those of `bits` that are held, here or elsewhere. False: none is. */
export function reach(vcpu: Vcpu, partition: Partition, target: Vcpu, what: u32, k: u32, bits: u32): bool {
  if (target.direct != 0 || k != 0 && (mmioRead32(bankOf(target, k) + ISACTIVER) & bits) == 0) return false;
  if ((k != 0 || target.pcpu == vcpu.pcpu) && (heldHere(vcpu, k) & bits) != 0) rework(vcpu, what, k, bits);
  ask(vcpu, partition, target, what, k, bits);
  return true;
}

/** What is held pending of a word, here or elsewhere; the instruction repeats until it is known. */
function heldPending(vcpu: Vcpu, partition: Partition, target: Vcpu, k: u32, bits: u32): u32 {
  if (target.direct != 0) return 0;
  ask(vcpu, partition, target, HELD_RELOAD, k, bits);
  return loadAcquire32(vcpu.askPendingAt()) | (k != 0 || target.pcpu == vcpu.pcpu ? pendingHere(vcpu, k) : 0);
}

/** ISPENDR or ISACTIVER of the physical interrupts in `owned`, and of SGIs. What is pending at a vCPU is active physically; and pending, while its wire is high. */
export function readState(vcpu: Vcpu, partition: Partition, target: Vcpu, pended: bool, k: u32, owned: u32): u32 {
  // In this order: one that is acknowledged in between is active already.
  const pending = mmioRead32(bankOf(target, k) + ISPENDR) & owned;
  const active = mmioRead32(bankOf(target, k) + ISACTIVER) & owned;
  if (k != 0 && active == 0) return pended ? pending : 0;
  const held = heldPending(vcpu, partition, target, k, owned);
  if (pended) return pending | held & (load<u32>(edgesAt(k)) | loadAcquire32(latchedAt(target, k)));
  if (k != 0 || target.direct != 0) return active & ~held;
  return active & ~held | SGIS & (target.pcpu == vcpu.pcpu ? activeHere(vcpu, 0) : loadAcquire32(vcpu.askActiveAt()));
}

/** Writes `bits`, which are the target's physical interrupts, to one of the registers; `held`: and SGIs, which are held only. */
export function writeState(vcpu: Vcpu, partition: Partition, target: Vcpu, kind: u32, k: u32, bits: u32, held: u32): void {
  const at = bankOf(target, k);
  if (kind == ISENABLER) {
    if (k != 0) atomicOr32(enabledAt(k), bits);
    mmioWrite32(at + ISENABLER, k != 0 ? bits & ~loadAcquire32(mutedAt(k)) : bits);
  } else if (kind == ICENABLER) {
    if (k != 0) atomicAnd32(enabledAt(k), ~bits);
    mmioWrite32(at + ICENABLER, bits);
    awaitDisabled(k != 0 ? header().gicd + GICD_CTLR : bankControl(target));
    reach(vcpu, partition, target, HELD_RETURN, k, held);
  } else if (kind == ISPENDR) {
    const pending = heldPending(vcpu, partition, target, k, bits);
    if (vcpu.repeats != 0) return;
    atomicOr32(latchedAt(target, k), bits & ~load<u32>(edgesAt(k)));
    mmioWrite32(at + ISPENDR, bits & ~pending); // one that is pending where it is held is not pended once more
  } else if (kind == ICPENDR) {
    atomicAnd32(latchedAt(target, k), ~bits);
    mmioWrite32(at + ICPENDR, bits);
    if (reach(vcpu, partition, target, HELD_WITHDRAW, k, held)) mmioWrite32(at + ICPENDR, bits); // a vCPU that went off has given it back
  } else if (kind == ICACTIVER) {
    const reached = reach(vcpu, partition, target, HELD_DEACTIVATE, k, held);
    const kept = !reached ? 0 : loadAcquire32(vcpu.askPendingAt()) | (k != 0 || target.pcpu == vcpu.pcpu ? heldHere(vcpu, k) : 0);
    // Nobody holds them: their vCPU went off, or is direct; or another vCPU has made PPIs active.
    const others = reached ? mmioRead32(at + ISACTIVER) & bits & ~kept : bits;
    if (vcpu.repeats == 0 && others != 0) mmioWrite32(at + ICACTIVER, others);
  } else if (kind == ISACTIVER) {
    setActive(vcpu, partition, target, k, bits);
  }
}

/** One that is pending at a vCPU goes back first, and does not come before it is active. */
function setActive(vcpu: Vcpu, partition: Partition, target: Vcpu, k: u32, bits: u32): void {
  const at = bankOf(target, k);
  const enabled = k != 0 ? loadAcquire32(enabledAt(k)) & bits : mmioRead32(at + ISENABLER) & bits;
  mmioWrite32(at + ICENABLER, enabled);
  awaitDisabled(k != 0 ? header().gicd + GICD_CTLR : bankControl(target));
  reach(vcpu, partition, target, HELD_RETURN, k, bits);
  const inactive = vcpu.repeats != 0 ? 0 : bits & ~mmioRead32(at + ISACTIVER);
  mmioWrite32(at + ISACTIVER, inactive);
  if (inactive != 0 && target.direct == 0 && (k != 0 || target.pcpu == vcpu.pcpu)) rework(vcpu, HELD_ACTIVATE, k, inactive);
  mmioWrite32(at + ISENABLER, k != 0 ? loadAcquire32(enabledAt(k)) & bits & ~loadAcquire32(mutedAt(k)) : enabled);
}
