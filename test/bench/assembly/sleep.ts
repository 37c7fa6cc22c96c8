// Sleeping, and when to wake: the emulator gives its CPUs turns, and what another one does in its turn would count as ours.
import { bound } from "../../../build/generated/cpu";
import { isb, mrs_CNTFRQ_EL0, mrs_CNTVCT_EL0, msr_CNTV_CTL_EL0, msr_CNTV_CVAL_EL0 } from "../../../build/generated/guest";
import { mrs_PMCCNTR_EL0, waitForInterrupt } from "../../../build/generated/paths";
import { acknowledge, endOfInterrupt, INTID_VIRTUAL_TIMER } from "../../../rtos-guests/plc/aarch64/gic";

const TIMER_ON: u64 = 1;
/** WFI also ends by what the hypervisor does on this CPU, some thousand times a second. */
const WAKES: u32 = 1000000;
const MICROSECONDS_PER_SECOND: u64 = 1000000;

/** Samples are taken so far apart, each at the same moment of such a step. The housekeeper's tick is a multiple of it. */
const STEP_US: u64 = 20;
/** One tick of the housekeeper, 1 ms, comes within so many readings of the clock, of some five instructions each. */
const READINGS: u32 = 250000;

/** Moment of a step, in ticks, at which nobody else has his turn. */
let moment: u64 = 0;

@inline function ticks(microseconds: u64): u64 {
  return (mrs_CNTFRQ_EL0() * microseconds) / MICROSECONDS_PER_SECOND;
}

export function sleep(microseconds: u64): void {
  sleepUntil(mrs_CNTVCT_EL0() + ticks(microseconds));
}

/** IRQs are masked: the timer's interrupt ends WFI all the same, and is taken here. */
function sleepUntil(time: u64): void {
  msr_CNTV_CVAL_EL0(time);
  msr_CNTV_CTL_EL0(TIMER_ON);
  isb();
  for (let i: u32 = 0; i < WAKES; i++) {
    bound(i, WAKES);
    waitForInterrupt();
    const intid = acknowledge();
    if (intid != INTID_VIRTUAL_TIMER) continue;
    msr_CNTV_CTL_EL0(0);
    isb();
    endOfInterrupt(intid);
    return;
  }
}

/** Looks for the longest time between two readings of the clock, and keeps half a step's distance from it. */
export function findMoment(): void {
  let last = mrs_PMCCNTR_EL0();
  let longest: u64 = 0;
  let at: u64 = 0;
  for (let i: u32 = 0; i < READINGS; i++) {
    bound(i, READINGS);
    const now = mrs_PMCCNTR_EL0();
    if (now - last > longest) {
      longest = now - last;
      at = mrs_CNTVCT_EL0();
    }
    last = now;
  }
  const step = ticks(STEP_US);
  moment = (at + step / 2) % step;
}

/** Until the next step's moment. */
export function sleepStep(): void {
  const step = ticks(STEP_US);
  const now = mrs_CNTVCT_EL0();
  sleepUntil(now - (now % step) + step + moment);
}
