// What a new life of a vCPU finds in its registers: nothing of the old one.

import {
  clearEl1, mrs_ID_AA64DFR0_EL1, msr_CNTP_CTL_EL0, msr_CNTP_CVAL_EL0, msr_CNTV_CTL_EL0, msr_CNTV_CVAL_EL0, msr_PMCNTENCLR_EL0, msr_PMCR_EL0,
  msr_PMINTENCLR_EL1, msr_PMOVSCLR_EL0, msr_PMUSERENR_EL0, msr_SCTLR_EL1,
} from "../../build/generated/aarch64";
import { hasPmu, SCTLR_EL1_RESET } from "./sysregs";

const PMU_ALL: u64 = 0xffffffff;
/** PMCR_EL0.LC, C, P: counters and cycle counter to 0, off, of 32 bits (the cycle counter of 64). */
const PMCR_RESET: u64 = 0x46;

/** EL1's registers, and the timers and the PMU. */
export function resetEl1(): void {
  clearEl1();
  msr_SCTLR_EL1(SCTLR_EL1_RESET);
  stopTimers();
  if (hasPmu(mrs_ID_AA64DFR0_EL1())) resetPmu();
}

function resetPmu(): void {
  msr_PMCR_EL0(PMCR_RESET);
  msr_PMCNTENCLR_EL0(PMU_ALL);
  msr_PMINTENCLR_EL1(PMU_ALL);
  msr_PMOVSCLR_EL0(PMU_ALL);
  msr_PMUSERENR_EL0(0);
}

export function stopTimers(): void {
  msr_CNTV_CTL_EL0(0);
  msr_CNTP_CTL_EL0(0);
  msr_CNTV_CVAL_EL0(0);
  msr_CNTP_CVAL_EL0(0);
}
