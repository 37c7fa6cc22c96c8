// What goes out of the UART next, and what comes in. The housekeeper asks for one frame after another: a reply before
// all else, then events, telemetry, tags and consoles in turn, so that none of them can keep the others from leaving.

import {
  COMMAND_COMMIT, COMMAND_HEALTHY, COMMAND_TAGS, FRAME_COMMAND, FRAME_CONSOLE, FRAME_HYPERVISOR, FRAME_REPLY,
  REPLY_NO_SUCH_PARTITION, REPLY_NOT_ALLOWED, REPLY_OK, REPLY_WRONG_STATE,
} from "./abi";
import { outputWaits, putInput, takeOutput } from "./console";
import { eventFrame, eventWaits } from "./events";
import {
  frameNumber, framePayload, frameTakes, openFrame, receivedKind, receivedPartition, receivedPayload, receivedPayloadLength,
} from "./frame";
import { partitionOf } from "./partition";
import { tagFrame, tagsWait } from "./tags";
import { partitionFrame, systemFrame, vcpuFrame } from "./telemetry";
import { answerTrial, startedSlot } from "./trial";
import { vcpuOf } from "./vcpu";
import { blobPartition, MAX_PARTITIONS, NONE, PARTITION_COMMITS } from "../build/generated/blob";
import { bound } from "../build/generated/cpu";

let partitionCount: u32 = 0;
let cpuCount: u32 = 0;

/** Telemetry frames still due in this round: the system's, then partitions, then vCPUs; counted down. */
let telemetryDue: u32 = 0;
let nextConsole: u32 = 0;
/** Whose turn it is. */
const EVENTS: u32 = 0;
const TELEMETRY: u32 = 1;
const CONSOLES: u32 = 2;
const TAGS: u32 = 3;
const KINDS: u32 = 4;
let turn: u32 = 0;
let replyDue: bool = false;
let replyNumber: u32 = 0;
let replyStatus: u32 = 0;
let replyPartition: u32 = 0;

export function initUplink(partitions: u32, cpus: u32): void {
  partitionCount = partitions;
  cpuCount = cpus;
}

/** Makes a frame of every partition and vCPU due, and of the system where there are slots. */
export function requestTelemetry(): void { telemetryDue = partitionCount + cpuCount + (startedSlot() != 0 ? 1 : 0); }

/** Builds the next frame, the one before having been sent; false: there is nothing to send. */
export function nextFrame(now: u64): bool {
  if (replyDue) {
    replyDue = false;
    openFrame(FRAME_REPLY, replyPartition);
    frameNumber(replyStatus, 4, bswap(replyNumber)); // as it came
    return true;
  }
  const console = nextOutput();
  // One after the other: a partition that makes events without end keeps nobody's telemetry or console from leaving.
  const due = (eventWaits() ? 1 << EVENTS : 0) | (telemetryDue != 0 ? 1 << TELEMETRY : 0) |
    (console != NONE ? 1 << CONSOLES : 0) |
    (tagsWait() ? 1 << TAGS : 0);
  if (due == 0) return false;
  const next = turn + 1;
  turn = (next + <u32>ctz((due | due << KINDS) >> next)) % KINDS;
  if (turn == EVENTS) eventFrame();
  else if (turn == TELEMETRY) telemetryFrame(now);
  else if (turn == TAGS) tagFrame();
  else consoleFrame(console);
  return true;
}

function telemetryFrame(now: u64): void {
  telemetryDue--;
  if (telemetryDue == cpuCount + partitionCount) systemFrame(now);
  else if (telemetryDue >= cpuCount) partitionFrame(partitionOf(telemetryDue - cpuCount), now);
  else if (vcpuOf(telemetryDue).partition != NONE) vcpuFrame(vcpuOf(telemetryDue), now);
}

/** The partition whose turn it is of those that have printed something; NONE: none has. */
function nextOutput(): u32 {
  for (let i: u32 = 0; i < partitionCount; i++) {
    bound(i, MAX_PARTITIONS);
    const partition = nextConsole;
    if (outputWaits(partition)) return partition;
    nextConsole = nextConsole + 1 == partitionCount ? 0 : nextConsole + 1;
  }
  return NONE;
}

function consoleFrame(partition: u32): void {
  nextConsole = partition + 1 == partitionCount ? 0 : partition + 1;
  const taken = takeOutput(partition, framePayload());
  if (taken == 0) return; // its writer has not filled it yet
  openFrame(FRAME_CONSOLE, partition);
  frameTakes(taken);
}

// What receiveFrame has found: for the housekeeper to act on.
export const RECEIVED_NOTHING: u32 = 0;
export const RECEIVED_INPUT: u32 = 1; // console bytes for partition receivedFor()
export const RECEIVED_COMMAND: u32 = 2; // receivedCommand() for it; reply() is due
/** Of a command's payload. */
const COMMAND_BYTES: u32 = 5;

let partition: u32 = 0;
let command: u32 = 0;

@inline export function receivedFor(): u32 { return partition; }
@inline export function receivedCommand(): u32 { return command; }

/** Looks at the frame that takeReceived has completed. `reader`: the partition that it comes from; NONE: it comes by the UART. */
export function receiveFrame(reader: u32): u32 {
  partition = receivedPartition();
  const kind = receivedKind();
  if (kind == FRAME_CONSOLE && partition < partitionCount && reader == NONE) {
    putInput(partition, receivedPayload(), receivedPayloadLength());
    return RECEIVED_INPUT;
  }
  if (kind != FRAME_COMMAND || receivedPayloadLength() != COMMAND_BYTES) return RECEIVED_NOTHING;
  command = load<u8>(receivedPayload());
  replyNumber = load<u32>(receivedPayload(), 1);
  if (partition == FRAME_HYPERVISOR && (command == COMMAND_HEALTHY || command == COMMAND_COMMIT)) reply(trialReply(reader));
  else if (partition >= partitionCount) reply(REPLY_NO_SUCH_PARTITION);
  else if (reader != NONE && command != COMMAND_TAGS && (blobPartition(reader).controls >> partition & 1) == 0)
    reply(REPLY_NOT_ALLOWED);
  else return RECEIVED_COMMAND;
  return RECEIVED_NOTHING;
}

function trialReply(reader: u32): u32 {
  const mayNot = reader != NONE && (blobPartition(reader).flags & PARTITION_COMMITS) == 0;
  if (command == COMMAND_COMMIT && mayNot) return REPLY_NOT_ALLOWED;
  return answerTrial(command) ? REPLY_OK : REPLY_WRONG_STATE;
}

@inline export function isReplyDue(): bool { return replyDue; }

/** The answer, REPLY_*, to the command received last. */
export function reply(status: u32): void {
  replyStatus = status;
  replyPartition = partition;
  replyDue = true;
}
