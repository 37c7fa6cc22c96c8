// The ISA's timer as the scan's clock: absolute deadlines, so that no lateness of one scan ever shifts the next.
import { armAt, clockFrequency, now, runTimer, stopTimer } from "../../build/generated/plcIsa";

export const SCANS_PER_SECOND: u64 = 1000;
export const SCAN_PERIOD_NS: u64 = 1000000;
const NS_PER_SECOND: u64 = 1000000000;

/** Ticks a second. */
let frequency: u64 = 0;
/** Ticks from one deadline to the next. Clocks of 10, 24, 25, 48, 50, 62.5 and 100 MHz divide without remainder. */
let period: u64 = 0;
/** now() at which the coming (or present) scan is due. */
let deadline: u64 = 0;

/** First deadline one period from now. */
export function startTimer(): void {
  stopTimer();
  frequency = clockFrequency();
  period = frequency / SCANS_PER_SECOND;
  deadline = now() + period;
  armAt(deadline);
  runTimer();
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
