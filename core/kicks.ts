// The stop and kick protocol: how a vCPU is told that something has changed that concerns it.
//
//   who tells                              the vCPU's pCPU
//   ─────────                              ───────────────
//   announceKicks(mask)                    about to enter its guest: state ON, fence, then
//   changes the state (partition.ts)         dropKicks: what is pending is dropped, and nothing may be announced;
//   kickAll(mask)                            a look at the partition's state: it may have changed just before
//   concludeKicks(mask)                    takes the kick: looks at the partition's state, and does what that asks for
//
// With direct interrupts a kick that comes while the guest runs is the guest's to take: so it must not come late. Hence the
// announcement, which is there before others can see why they will be kicked, and gone once the kick has been sent; and a direct
// vCPU does not enter its guest as long as it is.

import { dropKick, fence, kick } from "../build/generated/isa";
import { MAX_CPUS } from "../build/generated/blob";
import { atomicAdd32, bound, loadAcquire32 } from "../build/generated/cpu";
import { Vcpu, vcpuOf } from "./vcpu";

export function kickAll(mask: u32): void {
  for (let i: u32 = 0; mask != 0; i++, mask &= mask - 1) {
    bound(i, MAX_CPUS);
    kick(vcpuOf(ctz(mask)));
  }
}

/** Before others can see why the vCPUs of a mask will be kicked. */
export function announceKicks(cpus: u32): void { countKicks(cpus, 1); }

/** Those kicks have been sent, or are not needed. */
export function concludeKicks(cpus: u32): void {
  fence();
  countKicks(cpus, ~(<u32>0));
}

function countKicks(cpus: u32, by: u32): void {
  for (let i: u32 = 0; cpus != 0; i++, cpus &= cpus - 1) {
    bound(i, MAX_CPUS);
    atomicAdd32(vcpuOf(ctz(cpus)).kicksAnnouncedAt(), by);
  }
}

/** A direct vCPU is about to enter its guest: no kick is under way any more. False: one is. */
export function dropKicks(vcpu: Vcpu): bool {
  dropKick(vcpu);
  return loadAcquire32(vcpu.kicksAnnouncedAt()) == 0;
}
