// PL031 (Arm DDI 0224), a device that raises its interrupt when it is told to: an alarm that is due, and then unmasked.
import { bound } from "../../../build/generated/cpu";
import { mmioRead32, mmioWrite32 } from "../../../build/generated/guest";
import { INTID_ALARM } from "./interrupts";
import { fail } from "./print";

const RTCDR: u64 = 0x09010000;
const RTCMR: u64 = RTCDR + 0x04;
export const RTCIMSC: u64 = RTCDR + 0x10;
const RTCRIS: u64 = RTCDR + 0x14;
export const ALARM_UNMASKED: u32 = 1;
const TRIES: u32 = 3;

/** An alarm that is due, masked: RTCRIS is set when RTCMR is what RTCDR is, which counts on once a second. */
export function raiseAlarm(): void {
  silenceAlarm();
  for (let i: u32 = 0; i < TRIES; i++) {
    bound(i, TRIES);
    mmioWrite32(RTCMR, mmioRead32(RTCDR));
    if (mmioRead32(RTCRIS) != 0) return;
  }
  fail(INTID_ALARM, 0, RTCRIS);
}

export function silenceAlarm(): void {
  mmioWrite32(RTCIMSC, 0);
}
