// What goes out of the UART next, and what comes in. The housekeeper asks for one frame after another: a reply before
// all else, then events, telemetry and consoles in turn, so that none of them can keep the others from leaving.

import { FRAME_COMMAND, FRAME_CONSOLE, FRAME_PAYLOAD_MAX, FRAME_REPLY, REPLY_NO_SUCH_PARTITION } from "./abi";
import { outputWaits, putInput, takeOutput } from "./console";
import { eventFrame } from "./events";
import {
  closeFrame, frameByte, frameSent, openFrame, receivedKind, receivedPartition, receivedPayload, receivedPayloadLength,
} from "./frame";
import { partitionOf } from "./partition";
import { partitionFrame, vcpuFrame } from "./telemetry";
import { vcpuOf } from "./vcpu";
import { MAX_CPUS, MAX_PARTITIONS, NONE } from "../build/generated/blob";
import { bound } from "../build/generated/cpu";

/** Console bytes in one frame: short enough for the others to get their turn. */
const CONSOLE_FRAME_BYTES: u32 = 128;

let partitionCount: u32 = 0;
let cpuCount: u32 = 0;

/** Telemetry frames still due in this round: partitions first, then vCPUs; counted down. */
let telemetryDue: u32 = 0;
let nextConsole: u32 = 0;
/** Whose turn it is: events, telemetry, consoles. */
let turn: u32 = 0;
let replyDue: bool = false;
let replySequence: u32 = 0;
let replyStatus: u32 = 0;
let replyPartition: u32 = 0;

export function initUplink(partitions: u32, cpus: u32): void {
  partitionCount = partitions;
  cpuCount = cpus;
}

/** Makes a frame of every partition and vCPU due. */
export function requestTelemetry(): void { telemetryDue = partitionCount + cpuCount; }

/** Builds the next frame, if the one before has been sent; false: there is nothing to send. Its bytes come by takeFrameByte. */
export function nextFrame(now: u64): bool {
  if (!frameSent()) return true;
  if (replyDue) {
    replyDue = false;
    openFrame(FRAME_REPLY, replyPartition);
    frameByte(replySequence);
    frameByte(replyStatus);
    closeFrame();
    return true;
  }
  // One after the other: a partition that makes events without end keeps nobody's telemetry or console from leaving.
  turn = turn == 2 ? 0 : turn + 1;
  if (turn == 0) return eventFrame() || telemetryFrame(now) || consoleFrame();
  if (turn == 1) return telemetryFrame(now) || consoleFrame() || eventFrame();
  return consoleFrame() || eventFrame() || telemetryFrame(now);
}

function telemetryFrame(now: u64): bool {
  for (let i: u32 = 0; telemetryDue != 0; i++) {
    bound(i, MAX_PARTITIONS + MAX_CPUS);
    telemetryDue--;
    if (telemetryDue >= cpuCount) {
      partitionFrame(partitionOf(telemetryDue - cpuCount), now);
      return true;
    }
    const vcpu = vcpuOf(telemetryDue);
    if (vcpu.partition == NONE) continue;
    vcpuFrame(vcpu, now);
    return true;
  }
  return false;
}

function consoleFrame(): bool {
  for (let i: u32 = 0; i < partitionCount; i++) {
    bound(i, MAX_PARTITIONS);
    const partition = nextConsole;
    nextConsole = nextConsole + 1 == partitionCount ? 0 : nextConsole + 1;
    if (!outputWaits(partition)) continue;
    let byte = takeOutput(partition);
    if (byte < 0) continue;
    openFrame(FRAME_CONSOLE, partition);
    for (let n: u32 = 0; byte >= 0; n++) {
      bound(n, CONSOLE_FRAME_BYTES);
      frameByte(<u32>byte);
      byte = n + 1 < CONSOLE_FRAME_BYTES ? takeOutput(partition) : -1;
    }
    closeFrame();
    return true;
  }
  return false;
}

// What receiveFrame has found: for the housekeeper to act on.
export const RECEIVED_NOTHING: u32 = 0;
export const RECEIVED_INPUT: u32 = 1; // console bytes for partition receivedFor()
export const RECEIVED_COMMAND: u32 = 2; // receivedCommand() for it; reply() is due

let partition: u32 = 0;
let command: u32 = 0;

@inline export function receivedFor(): u32 { return partition; }
@inline export function receivedCommand(): u32 { return command; }

/** Looks at the frame that takeReceived has completed. */
export function receiveFrame(): u32 {
  partition = receivedPartition();
  const kind = receivedKind();
  if (kind == FRAME_CONSOLE && partition < partitionCount) {
    for (let i: u32 = 0; i < receivedPayloadLength(); i++) {
      bound(i, FRAME_PAYLOAD_MAX);
      if (!putInput(partition, receivedPayload(i))) break;
    }
    return RECEIVED_INPUT;
  }
  if (kind != FRAME_COMMAND || receivedPayloadLength() != 2) return RECEIVED_NOTHING;
  replySequence = receivedPayload(0);
  command = receivedPayload(1);
  if (partition < partitionCount) return RECEIVED_COMMAND;
  reply(REPLY_NO_SUCH_PARTITION);
  return RECEIVED_NOTHING;
}

/** The answer, REPLY_*, to the command received last. */
export function reply(status: u32): void {
  replyStatus = status;
  replyPartition = partition;
  replyDue = true;
}
