// The supervisor's timer (Sstc): its interrupt is pending for as long as `time` is not below `stimecmp`, so that the next
// deadline also takes it away. In VS-mode the same two registers are the guest's own (vstimecmp; time, moved by htimedelta), and
// no exit is made.
import { csrr_time, csrw_sie, csrw_stimecmp } from "../../../build/generated/guestRiscv64";
import { timebase } from "./deviceTree";

const NEVER: u64 = 0xffffffffffffffff;
/** sie.STIE; all other interrupts stay off. */
const STIE: u64 = 1 << 5;

/** `time` counts so many a second where no device tree says it: QEMU's virt machine. */
const USUAL_FREQUENCY: u64 = 10000000;

let frequency: u64 = USUAL_FREQUENCY;

/** `tree`: a device tree's address, or 0. */
export function learnFrequency(tree: u64): void {
  const told = timebase(tree);
  if (told != 0) frequency = told;
}

/** Ticks a second. */
export function clockFrequency(): u64 {
  return frequency;
}

export function stopTimer(): void {
  csrw_stimecmp(NEVER);
}

export function runTimer(): void {
  csrw_sie(STIE);
}

/** Its interrupt comes when now() is `time`. */
export function armAt(time: u64): void {
  csrw_stimecmp(time);
}

export function now(): u64 {
  return csrr_time();
}
