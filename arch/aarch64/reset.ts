// What a new life of a vCPU finds in the registers of its pCPU that an earlier one could have written: nothing of it. The lists of
// registers, and when they are there: aarch64.table.ts, RESETS.

import {
  clearEl1, clearPmu, clearTimers, clearVectors, dropSerror, dsbSy, icIallu, isb, mrs_ID_AA64DFR0_EL1, mrs_PMCR_EL0, msr_PMSELR_EL0, msr_PMXEVTYPER_EL0,
  msr_SCTLR_EL1, msr_TCR_EL1, tlbiVmalle1,
} from "../../build/generated/aarch64";
import { bound } from "../../build/generated/cpu";
import { resetDebug } from "./debug";
import { hasPmu, PMCR_N_MASK, PMCR_N_SHIFT, SCTLR_EL1_RESET, TCR_EPD } from "./sysregs";

/** PMSELR_EL0: PMXEVTYPER_EL0 is PMCCFILTR_EL0, the cycle counter's. */
const CYCLE_COUNTER: u32 = 31;

/** What is the guest's own, or decides what it does: registers, timers, PMU; and the TLB and instruction cache of its pCPU. */
export function resetEl1(): void {
  // No walk by old registers and new ones (Cortex-A55 erratum 1530923, and its like): none at all until SCTLR_EL1.M is 0.
  msr_TCR_EL1(TCR_EPD);
  isb();
  clearEl1();
  msr_SCTLR_EL1(SCTLR_EL1_RESET);
  isb();
  msr_TCR_EL1(0);
  clearVectors();
  resetDebug();
  quietEl1();
  if (hasPmu(mrs_ID_AA64DFR0_EL1())) resetPmu();
  tlbiVmalle1();
  dsbSy();
  tlbiVmalle1(); // twice: stage2.ts says why
  icIallu();
  dsbSy();
}

function resetPmu(): void {
  const counters = <u32>(mrs_PMCR_EL0() >> PMCR_N_SHIFT) & <u32>PMCR_N_MASK;
  for (let n: u32 = 0; n <= counters; n++) {
    bound(n, CYCLE_COUNTER + 1);
    msr_PMSELR_EL0(n < counters ? n : CYCLE_COUNTER);
    isb();
    msr_PMXEVTYPER_EL0(0);
  }
  clearPmu();
}

/** What would go on by itself: timers, and an SError of the guest's last accesses, which the next life would be blamed for. */
export function quietEl1(): void {
  clearTimers();
  dropSerror();
}
