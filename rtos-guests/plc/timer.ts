// An EL1 timer as the scan's clock: absolute deadlines, so that no lateness of one scan ever shifts the next. The virtual one
// or the physical one, by its interrupt, which start.S was built with (TIMER_INTID, tools/build/programs.ts); each has a counter
// of its own (DDI 0487, D11.2).
import {
  isb, mrs_CNTFRQ_EL0, mrs_CNTPCT_EL0, mrs_CNTVCT_EL0, msr_CNTP_CTL_EL0, msr_CNTP_CVAL_EL0, msr_CNTV_CTL_EL0, msr_CNTV_CVAL_EL0,
} from "../../build/generated/guest";
import { INTID_PHYSICAL_TIMER } from "./gic";

export const SCANS_PER_SECOND: u64 = 1000;
export const SCAN_PERIOD_NS: u64 = 1000000;
const NS_PER_SECOND: u64 = 1000000000;
const CTL_ENABLE: u64 = 1; // IMASK and ISTATUS 0

let isPhysical: bool = false;

/** Ticks a second. */
let frequency: u64 = 0;
/** Ticks from one deadline to the next. Generic timers of 24, 25, 48, 50, 62.5 and 100 MHz divide without remainder. */
let period: u64 = 0;
/** now() at which the coming (or present) scan is due. */
let deadline: u64 = 0;

function control(value: u64): void {
  if (isPhysical) msr_CNTP_CTL_EL0(value);
  else msr_CNTV_CTL_EL0(value);
}

function armAt(time: u64): void {
  if (isPhysical) msr_CNTP_CVAL_EL0(time);
  else msr_CNTV_CVAL_EL0(time);
}

/** First deadline one period from now. `intid`: whose timer. */
export function startTimer(intid: u32): void {
  isPhysical = intid == INTID_PHYSICAL_TIMER;
  control(0);
  frequency = mrs_CNTFRQ_EL0();
  period = frequency / SCANS_PER_SECOND;
  deadline = now() + period;
  armAt(deadline);
  control(CTL_ENABLE);
}

/** The timer's own counter, read here and not speculated earlier. */
export function now(): u64 {
  isb();
  return isPhysical ? mrs_CNTPCT_EL0() : mrs_CNTVCT_EL0();
}

/** When the present scan was due. */
export function presentDeadline(): u64 {
  return deadline;
}

/**
 * Sets the next deadline: the first multiple of the period still to come. Gives back how many deadlines went by unserved
 * (they are skipped, never caught up).
 */
export function nextDeadline(): u64 {
  deadline += period;
  const late = <i64>(now() - deadline);
  let missed: u64 = 0;
  if (late >= 0) {
    missed = <u64>late / period + 1;
    deadline += missed * period;
  }
  armAt(deadline);
  return missed;
}

/** A span of ticks in ns; for spans up to 18 s (2^64 / 10^9 ns at 1 GHz). */
export function nanoseconds(ticks: u64): u64 {
  return ticks * NS_PER_SECOND / frequency;
}
