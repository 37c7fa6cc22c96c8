// Hypercalls: what a guest asks for by number (abi.ts). All of it comes in registers, so the hypervisor never reads a guest's
// memory, and what is checked is what is used.

import { argument, clock, ringLine } from "../build/generated/isa";
import {
  CALL_CONSOLE_WRITE, CALL_INVALID_PARAMETER, CALL_MAILBOX, CALL_NOT_SUPPORTED, CALL_SUCCESS, CALL_TAG_PUBLISH,
  CALL_VERSION_MAJOR, CALL_VERSION_MINOR, CALL_WATCHDOG_FEED, CONSOLE_WRITE_MAX, TAG_MAX,
} from "./abi";
import { blobChannel } from "../build/generated/blob";
import { fillOutput, noteDropped, outputFree, reserveOutput } from "./console";
import { feedWatchdog, Partition, publishTags, setTag } from "./partition";
import { Vcpu } from "./vcpu";
import { bound } from "../build/generated/cpu";

/** Result of CALL_VERSION (0) or CALL_DOORBELL (1): those that are waited for. */
@inline export function quickCall(vcpu: Vcpu, partition: Partition, call: u32): i64 {
  return call == 0 ? CALL_VERSION_MAJOR << 16 | CALL_VERSION_MINOR : ringDoorbell(vcpu, partition);
}

@inline function ringDoorbell(vcpu: Vcpu, partition: Partition): i64 {
  const plan = partition.plan;
  const channel = argument(vcpu, 0);
  if (channel >= plan.channelCount) return CALL_INVALID_PARAMETER;
  vcpu.doorbells++;
  ringLine(blobChannel(plan.channelFirst + <u32>channel).doorbell);
  return CALL_SUCCESS;
}

/** Result of any other call; of one that there is not: CALL_NOT_SUPPORTED. */
export function otherCall(vcpu: Vcpu, partition: Partition, call: u32): i64 {
  if (call == CALL_TAG_PUBLISH) return publishTag(partition, argument(vcpu, 0), argument(vcpu, 1));
  if (call == CALL_WATCHDOG_FEED) return feedWatchdog(partition, clock()) ? CALL_SUCCESS : CALL_NOT_SUPPORTED;
  if (call == CALL_CONSOLE_WRITE) return consoleWrite(vcpu);
  return call == CALL_MAILBOX && partition.plan.mailbox != 0 ? partition.plan.mailbox : CALL_NOT_SUPPORTED;
}

/** Appends bytes to the partition's console; gives back how many found room, or an error. */
function consoleWrite(vcpu: Vcpu): i64 {
  const count = argument(vcpu, 0);
  if (count > CONSOLE_WRITE_MAX) return CALL_INVALID_PARAMETER;
  const taken = min<u32>(<u32>count, outputFree(vcpu.partition));
  if (taken != <u32>count) noteDropped(vcpu.partition);
  const at = reserveOutput(vcpu.partition, taken);
  for (let i: u32 = 0; i < taken; i++) {
    bound(i, CONSOLE_WRITE_MAX);
    fillOutput(vcpu.partition, at + i, <u32>(argument(vcpu, 1 + (i >> 3)) >> ((i & 7) << 3)));
  }
  return taken;
}

function publishTag(partition: Partition, index: u64, value: u64): i64 {
  if (index >= TAG_MAX) return CALL_INVALID_PARAMETER;
  setTag(partition, <u32>index, value);
  publishTags(partition, <u32>1 << <u32>index);
  return CALL_SUCCESS;
}
