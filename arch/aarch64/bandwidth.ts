// Memory bandwidth regulation: event counter 0 of the PMU counts the bus accesses of a vCPU, or its cache refills (at EL1 and
// EL0), from as many below its overflow as the budget allows. The overflow's interrupt holds the vCPU until the period is over;
// the EL2 physical timer ends it. The guest sees no PMU (MDCR_EL2.TPM), so nobody else uses the counter.

import {
  isb, mrs_CNTPCT_EL0, mrs_ID_AA64DFR0_EL1, mrs_MIDR_EL1, mrs_PMCEID0_EL0, mrs_PMCEID1_EL0, mrs_PMCR_EL0, mrs_PMOVSSET_EL0,
  msr_CNTHP_CTL_EL2, msr_CNTHP_CVAL_EL2, msr_PMCNTENSET_EL0, msr_PMCR_EL0, msr_PMINTENCLR_EL1, msr_PMINTENSET_EL1,
  msr_PMOVSCLR_EL0, msr_PMXEVCNTR_EL0, msr_PMXEVTYPER_EL0,
} from "../../build/generated/aarch64";
import { EVENT_UNAVAILABLE, FEATURE_BANDWIDTH } from "../../core/abi";
import { blobPartition, machine } from "../../build/generated/blob";
import { recordEvent } from "../../core/events";
import { ownerOf } from "../../core/partition";
import { ticks } from "../../core/time";
import { Vcpu } from "./vcpu";
import { CNT_CTL_ENABLE, hasPmu, PMCR_E, PMCR_N_MASK, PMCR_N_SHIFT } from "./sysregs";

const COUNTER_0: u64 = 1 << 0;
const OVERFLOW: u64 = (<u64>1) << 32; // The counter has 32 bits
const COMMON_EVENTS: u32 = 64; // Events that PMCEID0_EL0 and PMCEID1_EL0 tell of, 32 each in their lower halves
/** What a pCPU reads and writes outside itself and its own caches: refills, what is written back or streams past (D13.12). */
const BUS_ACCESS: u32 = 0x19;

/** The pCPU's PMU has a counter, and counts that event. */
function canCount(event: u32): bool {
  if (!hasPmu(mrs_ID_AA64DFR0_EL1()) || ((mrs_PMCR_EL0() >> PMCR_N_SHIFT) & PMCR_N_MASK) == 0 || event >= COMMON_EVENTS)
    return false;
  const events = event < 32 ? mrs_PMCEID0_EL0() : mrs_PMCEID1_EL0();
  return ((events >> (event & 31)) & 1) != 0;
}

/** Where the board says how much a bus access is, and the PMU counts them. */
function countsBus(): bool { return machine().busAccesses != 0 && canCount(BUS_ACCESS); }
function counted(): u32 { return countsBus() ? BUS_ACCESS : machine().refillEvent; }

/** Once at boot, on its pCPU: the vCPU's budget. Where it cannot be counted, that is said, and the vCPU runs without. */
export function planBandwidth(vcpu: Vcpu): void {
  const refills = blobPartition(vcpu.partition).bandwidthRefills;
  if (refills == 0) return;
  if (canCount(counted())) vcpu.refills = <u32>min<u64>(<u64>refills * (countsBus() ? machine().busAccesses : 1), OVERFLOW - 1);
  else recordEvent(EVENT_UNAVAILABLE, vcpu.partition, mrs_CNTPCT_EL0(), FEATURE_BANDWIDTH, mrs_MIDR_EL1(), 0);
}

/** The vCPU is about to begin: its first period begins too. */
export function startBandwidth(vcpu: Vcpu): void {
  isb(); // PMSELR_EL0 is 0 (clearPmu)
  msr_PMXEVTYPER_EL0(counted());
  msr_PMINTENSET_EL1(COUNTER_0);
  msr_PMCNTENSET_EL0(COUNTER_0);
  msr_PMCR_EL0(mrs_PMCR_EL0() | PMCR_E);
  vcpu.periodEnd = mrs_CNTPCT_EL0();
  beginPeriod(vcpu);
  msr_CNTHP_CTL_EL2(CNT_CTL_ENABLE);
}

/** The vCPU is off. Its counter is reset with the rest of the PMU. */
export function stopBandwidth(vcpu: Vcpu): void {
  msr_CNTHP_CTL_EL2(0);
  msr_PMINTENCLR_EL1(COUNTER_0);
}

function beginPeriod(vcpu: Vcpu): void {
  const period = ticks(ownerOf(vcpu).plan.bandwidthMicroseconds);
  const now = mrs_CNTPCT_EL0();
  // A period that ends late (a debugger, a slow emulator) is not made up for.
  vcpu.periodEnd = vcpu.periodEnd + period > now ? vcpu.periodEnd + period : now + period;
  msr_CNTHP_CVAL_EL2(vcpu.periodEnd);
  vcpu.isThrottled = 0;
  msr_PMXEVCNTR_EL0(OVERFLOW - vcpu.refills);
  msr_PMOVSCLR_EL0(COUNTER_0);
  isb();
}

/** The PMU's interrupt. True: hold the vCPU until the period is over. */
export function budgetUsedUp(vcpu: Vcpu): bool {
  if (vcpu.refills == 0 || (mrs_PMOVSSET_EL0() & COUNTER_0) == 0) return false;
  msr_PMOVSCLR_EL0(COUNTER_0);
  isb();
  vcpu.isThrottled = 1;
  vcpu.throttled++;
  return true;
}

/** The timer's interrupt: a new period, a new budget. */
export function periodOver(vcpu: Vcpu): void { if (vcpu.refills != 0) beginPeriod(vcpu); }
