// An EL1 timer: the virtual one or the physical one, by its interrupt, which start.S was built with (TIMER_INTID,
// tools/build/programs.ts); each has a counter of its own (DDI 0487, D11.2).
import {
  isb, mrs_CNTFRQ_EL0, mrs_CNTPCT_EL0, mrs_CNTVCT_EL0, msr_CNTP_CTL_EL0, msr_CNTP_CVAL_EL0, msr_CNTV_CTL_EL0, msr_CNTV_CVAL_EL0,
} from "../../../build/generated/guest";
import { INTID_PHYSICAL_TIMER } from "./gic";

const CTL_ENABLE: u64 = 1; // IMASK and ISTATUS 0

let isPhysical: bool = false;

/** Before all else here. `intid`: whose timer. */
export function chooseTimer(intid: u32): void {
  isPhysical = intid == INTID_PHYSICAL_TIMER;
}

function control(value: u64): void {
  if (isPhysical) msr_CNTP_CTL_EL0(value);
  else msr_CNTV_CTL_EL0(value);
}

export function stopTimer(): void {
  control(0);
}

export function runTimer(): void {
  control(CTL_ENABLE);
}

/** Its interrupt comes when now() is `time`. */
export function armAt(time: u64): void {
  if (isPhysical) msr_CNTP_CVAL_EL0(time);
  else msr_CNTV_CVAL_EL0(time);
}

/** Ticks a second. */
export function clockFrequency(): u64 {
  return mrs_CNTFRQ_EL0();
}

/** The timer's own counter, read here and not speculated earlier. */
export function now(): u64 {
  isb();
  return isPhysical ? mrs_CNTPCT_EL0() : mrs_CNTVCT_EL0();
}
