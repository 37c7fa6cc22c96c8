// A guest's software interrupt (VSSIP), which SBI's IPI is: another vCPU's is written by its own hart, which is kicked for it.
//
//   who sends                          the target's hart
//   ─────────                          ─────────────────
//   software = 1, then the kick        claims the kick, then takes `software`: one that comes in between is kicked for again

import { csrs_hvip } from "../../build/generated/riscv64";
import { atomicExchange32 } from "../../build/generated/cpu";
import { Partition } from "../../core/partition";
import { VSSI } from "./csrs";
import { claimSource, kick } from "./imsic";
import { Vcpu } from "./vcpu";
import { present } from "./vplic";

export function sendSoftware(from: Vcpu, target: Vcpu): void {
  if (from == target) return csrs_hvip(VSSI);
  atomicExchange32(target.softwareAt(), 1);
  kick(target);
}

/** On its hart. */
function takeSoftware(vcpu: Vcpu): void {
  if (atomicExchange32(vcpu.softwareAt(), 0) != 0) csrs_hvip(VSSI);
}

/** The pending kick is taken; of a direct vCPU's hart, which has nothing else in its file. */
export function dropKick(vcpu: Vcpu): void {
  claimSource();
  takeSoftware(vcpu);
}

/** A guest was kicked, or an injected one is about to run: its timer is its own. */
export function deliver(vcpu: Vcpu, partition: Partition): void {
  takeSoftware(vcpu);
  if (vcpu.direct == 0) present(vcpu);
}
