// The cycle counter, and one time for all CPUs: QEMU's counter of a CPU starts when it is switched on, the system counter is the
// same everywhere but ticks every 16 ns. Their least difference over all moments of a tick says when this CPU's counter was 0.
import { isb } from "../../../build/generated/guest";
import { leastDifference, msr_PMCCFILTR_EL0, msr_PMCNTENSET_EL0, msr_PMCR_EL0 } from "../../../build/generated/paths";

// PMU (Arm ARM D17.5)
const PMCR_E: u64 = 1 << 0;
const PMCR_C: u64 = 1 << 2;
const PMCR_LC: u64 = 1 << 6;
const CYCLE_COUNTER: u64 = 1 << 31;
const PMCCFILTR_NSH: u64 = 1 << 27; // EL2 too

/** What the cycle counter was when the common time was 0. */
export let zero: u64 = 0;

export function startCycles(): void {
  msr_PMCCFILTR_EL0(PMCCFILTR_NSH);
  msr_PMCNTENSET_EL0(CYCLE_COUNTER);
  msr_PMCR_EL0(PMCR_E | PMCR_C | PMCR_LC);
  isb();
  zero = leastDifference();
}

/** A value of this CPU's cycle counter as a time that other CPUs have too. */
@inline export function commonTime(cycles: u64): u64 {
  return cycles - zero;
}
