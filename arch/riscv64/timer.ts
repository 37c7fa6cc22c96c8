// The hypervisor's timer (Sstc): its interrupt is pending for as long as `time` is not below stimecmp, so the next deadline
// also takes it away. A guest has its own, vstimecmp.

import { csrr_sip, csrs_sie, csrw_stimecmp, csrw_stopei } from "../../build/generated/riscv64";
import { STI } from "./csrs";
import { Vcpu } from "./vcpu";

export { csrw_stimecmp as armTimer } from "../../build/generated/riscv64";

/** On this hart, for the tick, from now on. */
export function startTimer(vcpu: Vcpu, at: u64): void {
  csrw_stimecmp(at);
  csrs_sie(STI);
}

/** No guest runs: takes what is pending. True: the timer is among it. */
export function takeOwn(vcpu: Vcpu): bool {
  csrw_stopei(0); // the kick, if there is one: whoever calls this looks at what it was for
  return vcpu.housekeeper != 0 && (csrr_sip() & STI) != 0;
}

/** It has been armed anew. */
export function endTimer(): void {}
