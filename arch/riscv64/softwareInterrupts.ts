// A guest's software interrupt (VSSIP), which SBI's IPI is: another vCPU's is written by its own hart, which is kicked for it.
//
//   who sends                          the target's hart
//   ─────────                          ─────────────────
//   software = 1, then the kick        claims the kick, then takes `software`: one that comes in between is kicked for again

import { csrs_hvip } from "../../build/generated/riscv64";
import { atomicExchange32 } from "../../build/generated/cpu";
import { Partition } from "../../core/partition";
import { VSSI } from "./csrs";
import { claimKick, kick } from "./imsic";
import { Vcpu } from "./vcpu";

export function sendSoftware(from: Vcpu, target: Vcpu): void {
  if (from == target) return csrs_hvip(VSSI);
  atomicExchange32(target.softwareAt(), 1);
  kick(target);
}

/** On its hart. */
function takeSoftware(vcpu: Vcpu): void {
  if (atomicExchange32(vcpu.softwareAt(), 0) != 0) csrs_hvip(VSSI);
}

/** The pending kick is taken. */
export function dropKick(vcpu: Vcpu): void {
  claimKick();
  takeSoftware(vcpu);
}

/** An injected guest is about to run, or was kicked: its timer is its own, and it has no lines. */
export function deliver(vcpu: Vcpu, partition: Partition): void { takeSoftware(vcpu); }
