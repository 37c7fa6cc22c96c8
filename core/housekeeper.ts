// The housekeeping tick, on one pCPU (a spare one if the board has one): moves bytes between the UART and the frames, sends
// telemetry, looks after watchdogs. Whatever it does is bounded by the tick, and nobody waits for it. Where a vCPU runs, too, it
// comes in pieces, none longer than a guest may be kept from its interrupts. A pCPU that panics hands it on to another one
// (panic.ts).

import { armTimer, clock, consoleDrained, consoleReceived, startTimer, telemetryIsRead } from "../build/generated/isa";
import { atomicAnd32, bound } from "../build/generated/cpu";
import { header, MAX_PARTITIONS, NONE } from "../build/generated/blob";
import {
  COMMAND_PAUSE, COMMAND_RESTART, COMMAND_RESUME, COMMAND_ROLLBACK, COMMAND_START, COMMAND_TAGS, EVENT_STOP_HANGS, EVENT_WATCHDOG,
  REPLY_OK, REPLY_UNKNOWN_COMMAND, REPLY_WRONG_STATE, STATE_RUNNING, STOP_COMMAND, STOP_WATCHDOG,
} from "./abi";
import { ownerOf, putTelemetry, takeOutputByte, TELEMETRY_PORT } from "./console";
import { recordEvent } from "./events";
import {
  dropFrame, encodedBytes, encodedFrame, encodePiece, frameSent, FROM_PARTITION, FROM_UART, isFrameEncoded, sendEncoded,
  takeReceived,
} from "./frame";
import { cancelRestart, isOn, isRestartDue, isWatchdogDue, Partition, partitionOf, stateOf, stopHangs } from "./partition";
import { duration, ticks } from "./time";
import { addTags } from "./telemetry";
import { hasTrialFailed, judgeTrial } from "./trial";
import {
  isReplyDue, nextFrame, RECEIVED_COMMAND, RECEIVED_INPUT, receivedCommand, receiveFrame, receivedFor, reply, requestTelemetry,
} from "./uplink";
import { REQUEST_HOUSEKEEP, Vcpu } from "./vcpu";
import { launch, pause, resume, stop } from "./lifecycle";
import { collectTags, serveMailbox } from "./mailbox";
import { areTagsDue, askForTags, lookAtTags } from "./tags";
import { lookForUpdate, rollBack, updateStep, updateWaits } from "./imageUpdate";
import { uartReceive } from "./devices/uart";
import { feedBoardWatchdog } from "./devices/watchdog";

/** Frames that are built in a tick, pieces of sending for each, and bytes from the UART: its FIFO is smaller, as a rule, and ends
 *  it earlier. */
const FRAMES: u32 = 3;
const FRAME_PIECES: u32 = 5;
/** Where a guest runs: those pieces of sending in a tick, a few at each of which there is time for. */
const SEND_PIECES: u32 = 24;
const RECEIVE_MAX: u32 = 28;
const SENT_MAX: u32 = 8;
/** Of an update, between two looks at what is pending: on a pCPU without a vCPU. */
const UPDATE_STEPS: u32 = 24;
const SPREAD_SHIFT: u32 = 5; // Where a guest runs, a tick's pieces come that part of its period apart
/** After so many a stop should long have been complete: but a direct guest can make itself deaf, and sleep. */
const STOP_TICKS: u32 = 1000;
const MICROSECONDS_PER_MILLISECOND: u32 = 1000;

let period: u64 = 0;
let nextTick: u64 = 0;
let ticksPerTelemetry: u32 = 1;
let ticksToTelemetry: u32 = 1;
/** Which piece of a tick comes next. */
let piece: u32 = 0;
let commandWaits: bool = false;
let commandFrom: u32 = NONE; // The partition that it comes from; NONE: it comes by the UART

/** Arms the first tick, on the housekeeper's pCPU. */
export function startTick(vcpu: Vcpu): void {
  const head = header();
  period = ticks(head.tickMicroseconds);
  ticksPerTelemetry = max<u32>((head.telemetryMilliseconds * MICROSECONDS_PER_MILLISECOND) / head.tickMicroseconds, 1);
  ticksToTelemetry = ticksPerTelemetry;
  dropFrame(); // of a housekeeper before: it may have died in the middle of it
  nextTick = clock() + period;
  startTimer(vcpu, nextTick);
}

/** The housekeeper before has died, and its pCPU with it: this one takes its place. */
export function takeOver(vcpu: Vcpu): void {
  atomicAnd32(vcpu.requestAt(), ~REQUEST_HOUSEKEEP);
  vcpu.housekeeper = 1;
  startTick(vcpu);
}

/** One tick as a whole, on a pCPU without a vCPU. */
export function tick(): void {
  const now = clock();
  if (now < nextTick) return updateUntilTick();
  look(now);
  const count = header().partitionCount;
  for (let n: u32 = 0; n < count; n++) {
    bound(n, MAX_PARTITIONS);
    serve(partitionOf(n), now);
  }
  receiveBytes();
  act();
  if (areTagsDue(now)) lookAtTags(now);
  for (let n: u32 = 0; n < FRAMES; n++) {
    bound(n, FRAMES);
    if (frameSent() && !next(now)) break;
    for (let i: u32 = 0; i < FRAME_PIECES && !frameSent(); i++) {
      bound(i, FRAME_PIECES);
      if (!sendPiece()) break;
    }
  }
  armTimer(updateWaits() ? now : nextTick);
}

/** Between two ticks. */
function updateUntilTick(): void {
  for (let n: u32 = 0; n < UPDATE_STEPS && updateWaits(); n++) {
    bound(n, UPDATE_STEPS);
    updateStep();
  }
  armTimer(updateWaits() ? clock() : nextTick);
}

export function tickPiece(): void {
  const now = clock();
  const served = header().partitionCount;
  const sent = served + 4 + SEND_PIECES;
  if (piece == 0) look(now);
  else if (piece <= served) serve(partitionOf(piece - 1), now);
  else if (piece == served + 1) receiveBytes();
  else if (piece == served + 2) act();
  else if (piece == served + 3) lookAtTags(now);
  else if (piece >= sent) updateStep();
  else if (!(frameSent() ? next(now) : sendPiece())) piece = sent;
  piece++;
  if (piece == served + 2 && !commandWaits) piece++;
  if (piece == served + 3 && !areTagsDue(now)) piece++;
  if (piece >= sent && (now >= nextTick || !updateWaits())) piece = 0;
  armTimer(piece == 0 ? nextTick : now + (period >> SPREAD_SHIFT));
}

/** A tick begins: of what is due with partitions, one thing; the next one a tick later. */
function look(now: u64): void {
  // A tick that comes late (a debugger, a slow emulator) is not made up for.
  nextTick = nextTick + period > now ? nextTick + period : now + period;
  if (--ticksToTelemetry == 0) {
    ticksToTelemetry = ticksPerTelemetry;
    requestTelemetry();
  }
  judgeTrial(now);
  lookForUpdate();
  feedBoardWatchdog();
  const ends = hasTrialFailed();
  let due: Partition | null = null;
  const count = header().partitionCount;
  for (let n: u32 = 0; n < count; n++) {
    bound(n, MAX_PARTITIONS);
    const partition = partitionOf(n);
    if (ends ? isOn(partition) : isRestartDue(partition, now) || isWatchdogDue(partition, now)) due = partition;
  }
  if (due === null) return;
  if (ends) stop(due, STOP_COMMAND, false, 0); // no vCPU or device of it is at work when the board is reset
  else if (isRestartDue(due, now)) launch(due);
  else {
    due.watchdogExpired++;
    recordEvent(EVENT_WATCHDOG, due.index, now, duration(now - due.watchdogDeadline + due.watchdogPeriod), 0, 0);
    stop(due, STOP_WATCHDOG, false, 0);
  }
}

function serve(partition: Partition, now: u64): void {
  if (stopHangs(partition, STOP_TICKS)) recordEvent(EVENT_STOP_HANGS, partition.index, now, partition.active, 0, 0);
  serveMailbox(partition, now);
  if (ticksToTelemetry == 1) collectTags(partition);
  consoleDrained(partition.index);
}

/** One frame a tick at most: what is behind it waits in the UART. */
function receiveBytes(): void {
  for (let i: u32 = 0; i < RECEIVE_MAX && !commandWaits; i++) {
    bound(i, RECEIVE_MAX);
    const byte = uartReceive();
    if (byte < 0) break;
    commandWaits = takeReceived(FROM_UART, byte);
  }
  commandFrom = NONE;
  if (!commandWaits) receiveFromPartition();
}

/** Likewise from the partition that reads along, once the reply before has left: so its commands take nobody's reply away. */
function receiveFromPartition(): void {
  const reader = ownerOf(TELEMETRY_PORT);
  if (isReplyDue() || reader == NONE) return;
  const isHeard = stateOf(partitionOf(reader)) == STATE_RUNNING; // what it has left behind is nobody's command
  for (let i: u32 = 0; i < SENT_MAX && !commandWaits; i++) {
    bound(i, SENT_MAX);
    const byte = takeOutputByte(TELEMETRY_PORT);
    if (byte < 0) break;
    commandWaits = isHeard && takeReceived(FROM_PARTITION, byte);
    commandFrom = reader;
  }
  consoleDrained(TELEMETRY_PORT);
}

function act(): void {
  if (!commandWaits) return;
  commandWaits = false;
  const what = receiveFrame(commandFrom);
  if (what == RECEIVED_INPUT) consoleReceived(receivedFor());
  if (what != RECEIVED_COMMAND) return;
  const code = receivedCommand();
  if (code < COMMAND_START || code > COMMAND_TAGS && code != COMMAND_ROLLBACK) reply(REPLY_UNKNOWN_COMMAND);
  else reply(carryOut(code, partitionOf(receivedFor())) ? REPLY_OK : REPLY_WRONG_STATE);
}

function carryOut(code: u32, partition: Partition): bool {
  if (code == COMMAND_TAGS) return askForTags(partition, clock());
  if (code == COMMAND_ROLLBACK) return rollBack(partition.index);
  if (code == COMMAND_PAUSE) return pause(partition);
  if (code == COMMAND_RESUME) return resume(partition);
  if (code == COMMAND_START) return launch(partition);
  if (isOn(partition)) return stop(partition, STOP_COMMAND, code == COMMAND_RESTART, 0);
  return code == COMMAND_RESTART ? launch(partition) : cancelRestart(partition, clock());
}

/** Begins the next frame; the one before has left, and goes to who reads along, too. False: there is none. */
function next(now: u64): bool {
  if (telemetryIsRead() && putTelemetry(encodedFrame(), encodedBytes())) consoleReceived(TELEMETRY_PORT);
  dropFrame();
  return nextFrame(now);
}

/** Encodes or sends the next piece of a frame. False: the UART takes no more. */
function sendPiece(): bool {
  if (!isFrameEncoded()) {
    if (!addTags()) encodePiece();
    return true;
  }
  return sendEncoded();
}
