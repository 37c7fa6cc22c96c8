// The housekeeping tick, on one pCPU (a spare one if the board has one): moves bytes between the UART and the frames, sends
// telemetry, looks after watchdogs. Whatever it does is bounded by the tick, and nobody waits for it.

import { mrs_CNTPCT_EL0, msr_CNTHP_CTL_EL2, msr_CNTHP_CVAL_EL2 } from "../../build/generated/aarch64";
import { bound } from "../../build/generated/cpu";
import { MAX_PARTITIONS } from "../../build/generated/blob";
import {
  COMMAND_PAUSE, COMMAND_RESTART, COMMAND_RESUME, COMMAND_START, COMMAND_STOP, EVENT_STOP_HANGS, EVENT_WATCHDOG, REPLY_OK, REPLY_UNKNOWN_COMMAND, REPLY_WRONG_STATE,
  STOP_COMMAND, STOP_WATCHDOG,
} from "../../core/abi";
import { header } from "../../core/blob";
import { recordEvent } from "../../core/events";
import { takeFrameByte, takeReceived } from "../../core/frame";
import { cancelRestart, isRestartDue, Partition, partitionOf, stopHangs, watchdogExpired } from "../../core/partition";
import { duration, ticks } from "../../core/time";
import {
  nextFrame, RECEIVED_COMMAND, RECEIVED_INPUT, receivedCommand, receiveFrame, receivedFor, reply, requestTelemetry,
} from "../../core/uplink";
import { launch, pause, resume, stop } from "./lifecycle";
import { collectTags, serveMailbox } from "./mailbox";
import { uartCanSend, uartHasReceived, uartReceive, uartSend } from "./pl011";
import { CNT_CTL_ENABLE } from "./sysregs";
import { consoleDrained, consoleReceived } from "./vpl011";

/** Frames in one tick, bytes of each, and bytes from the UART: its FIFO is smaller, as a rule, and ends it earlier. */
const FRAMES_MAX: u32 = 3;
const SEND_MAX: u32 = 200;
const RECEIVE_MAX: u32 = 32;
/** After so many a stop should long have been complete: but a direct guest can make itself deaf, and sleep. */
const STOP_TICKS: u32 = 1000;
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
    if (isRestartDue(partition, now)) launch(partition);
    if (stopHangs(partition, STOP_TICKS)) recordEvent(EVENT_STOP_HANGS, n, now, partition.active, 0, 0);
    serveMailbox(partition, now);
    if (ticksToTelemetry == 1) collectTags(partition);
    const deadline = partition.watchdogDeadline;
    if (!watchdogExpired(partition, now)) continue;
    recordEvent(EVENT_WATCHDOG, n, now, duration(now - deadline + partition.watchdogPeriod), 0, 0);
    stop(partition, STOP_WATCHDOG, false, 0);
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
  if (what == RECEIVED_INPUT) consoleReceived(receivedFor());
  else if (what == RECEIVED_COMMAND) reply(command(receivedCommand(), partitionOf(receivedFor())));
}

/** Carries out a command; REPLY_*. */
function command(code: u32, partition: Partition): u32 {
  if (code == COMMAND_START) return answer(launch(partition));
  if (code == COMMAND_STOP) return answer(cancelRestart(partition) || stop(partition, STOP_COMMAND, false, 0));
  if (code == COMMAND_PAUSE) return answer(pause(partition));
  if (code == COMMAND_RESUME) return answer(resume(partition));
  if (code != COMMAND_RESTART) return REPLY_UNKNOWN_COMMAND;
  return answer(stop(partition, STOP_COMMAND, true, 0) || launch(partition));
}

@inline function answer(done: bool): u32 { return done ? REPLY_OK : REPLY_WRONG_STATE; }

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
