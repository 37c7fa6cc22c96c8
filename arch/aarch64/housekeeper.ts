// The housekeeping tick, on one pCPU (a spare one if the board has one): moves bytes between the UART and the frames, sends
// telemetry, looks after watchdogs. Whatever it does is bounded by the tick, and nobody waits for it.

import { mrs_CNTPCT_EL0, msr_CNTHP_CTL_EL2, msr_CNTHP_CVAL_EL2 } from "../../build/generated/aarch64";
import { bound } from "../../build/generated/cpu";
import { MAX_PARTITIONS } from "../../build/generated/blob";
import { EVENT_WATCHDOG, STOP_WATCHDOG } from "../../core/abi";
import { header } from "../../core/blob";
import { recordEvent } from "../../core/events";
import { takeFrameByte, takeReceived } from "../../core/frame";
import { partitionOf, resumeRestart, stopPartition, watchdogExpired } from "../../core/partition";
import { duration, ticks } from "../../core/time";
import {
  inputPartition, kickMask, nextFrame, RECEIVED_COMMAND, RECEIVED_INPUT, receiveFrame, requestTelemetry,
} from "../../core/uplink";
import { kickAll } from "./gicv3";
import { uartCanSend, uartHasReceived, uartReceive, uartSend } from "./pl011";
import { CNT_CTL_ENABLE } from "./sysregs";
import { consoleDrained, consoleReceived } from "./vpl011";

/** Frames in one tick, bytes of each, and bytes from the UART: its FIFO is smaller, as a rule, and ends it earlier. */
const FRAMES_MAX: u32 = 3;
const SEND_MAX: u32 = 200;
const RECEIVE_MAX: u32 = 32;
const MICROSECONDS_PER_MILLISECOND: u32 = 1000;

let period: u64 = 0;
let nextTick: u64 = 0;
let ticksPerTelemetry: u32 = 1;
let ticksToTelemetry: u32 = 1;

/** Arms the first tick. */
export function startTick(): void {
  const head = header();
  period = ticks(head.tickMicroseconds);
  ticksPerTelemetry = max<u32>((head.telemetryMilliseconds * MICROSECONDS_PER_MILLISECOND) / head.tickMicroseconds, 1);
  ticksToTelemetry = ticksPerTelemetry;
  nextTick = mrs_CNTPCT_EL0() + period;
  msr_CNTHP_CVAL_EL2(nextTick);
  msr_CNTHP_CTL_EL2(CNT_CTL_ENABLE);
}

/** One tick. */
export function tick(): void {
  const now = mrs_CNTPCT_EL0();
  // A tick that comes late (a debugger, a slow emulator) is not made up for.
  nextTick = nextTick + period > now ? nextTick + period : now + period;
  msr_CNTHP_CVAL_EL2(nextTick);
  lookAfterPartitions(now);
  if (--ticksToTelemetry == 0) {
    ticksToTelemetry = ticksPerTelemetry;
    requestTelemetry();
  }
  receiveBytes();
  sendBytes(now);
}

function lookAfterPartitions(now: u64): void {
  const count = header().partitionCount;
  for (let n: u32 = 0; n < count; n++) {
    bound(n, MAX_PARTITIONS);
    const partition = partitionOf(n);
    kickAll(resumeRestart(partition, now));
    const deadline = partition.watchdogDeadline;
    if (!watchdogExpired(partition, now)) continue;
    recordEvent(EVENT_WATCHDOG, n, now, duration(now - deadline + partition.watchdogPeriod), 0, 0);
    kickAll(stopPartition(partition, STOP_WATCHDOG, false) & partition.active);
  }
}

/** One frame a tick at most: what is behind it waits in the UART. */
function receiveBytes(): void {
  const uart = header().uart;
  let complete = false;
  for (let i: u32 = 0; i < RECEIVE_MAX && !complete; i++) {
    bound(i, RECEIVE_MAX);
    if (!uartHasReceived(uart)) break;
    complete = takeReceived(uartReceive(uart));
  }
  if (!complete) return;
  const what = receiveFrame();
  if (what == RECEIVED_INPUT) consoleReceived(inputPartition());
  else if (what == RECEIVED_COMMAND) kickAll(kickMask());
}

function sendBytes(now: u64): void {
  for (let i: u32 = 0; i < FRAMES_MAX; i++) {
    bound(i, FRAMES_MAX);
    if (!nextFrame(now) || !sendFrame()) break;
  }
  const count = header().partitionCount;
  for (let n: u32 = 0; n < count; n++) {
    bound(n, MAX_PARTITIONS);
    consoleDrained(n);
  }
}

/** Sends what the UART takes of the frame; false: it takes no more for now. */
function sendFrame(): bool {
  const uart = header().uart;
  for (let i: u32 = 0; i < SEND_MAX; i++) {
    bound(i, SEND_MAX);
    if (!uartCanSend(uart)) return false;
    const byte = takeFrameByte();
    if (byte < 0) return true;
    uartSend(uart, byte);
  }
  return true;
}
