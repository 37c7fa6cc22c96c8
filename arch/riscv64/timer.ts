// The hypervisor's timer (Sstc): its interrupt is pending for as long as `time` is not below stimecmp, so the next deadline also
// takes it away. It is on everywhere, and set where there is a tick. A guest has its own, vstimecmp.

import { csrr_sip, csrr_stimecmp, csrr_time, csrw_stimecmp, wfi } from "../../build/generated/riscv64";
import { STI } from "./csrs";
import { claimSource } from "./imsic";
import { Vcpu } from "./vcpu";
import { arrive } from "./vplic";

export { csrw_stimecmp as armTimer } from "../../build/generated/riscv64";

/** Ticks that a hart sleeps at most while it waits for another one. */
const NAP: u64 = 16;

export function startTimer(vcpu: Vcpu, at: u64): void { csrw_stimecmp(at); }

/** No guest runs: takes what is pending. True: the timer is among it. */
export function takeOwn(vcpu: Vcpu): bool {
  const source = claimSource(); // or the kick, if there is one: whoever calls this looks at what it was for
  if (source != 0) arrive(vcpu, source);
  return (csrr_sip() & STI) != 0;
}

/** It has been armed anew. */
export function endTimer(): void {}

/** Lets another hart go on, also in an emulator that has one processor for both: it sleeps. */
export function relax(): void {
  const deadline = csrr_stimecmp();
  csrw_stimecmp(min(deadline, csrr_time() + NAP));
  wfi();
  csrw_stimecmp(deadline);
}
