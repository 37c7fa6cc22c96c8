// Hypercalls that need nothing of the ISA: what a guest asks for in x1…x7, answered in x0. All of it comes in registers, so
// the hypervisor never reads a guest's memory, and what is checked is what is used. Numbers: core/abi.ts.

import { CONSOLE_WRITE_MAX, SMCCC_INVALID_PARAMETER, SMCCC_SUCCESS, TAG_MAX } from "./abi";
import { fillOutput, noteDropped, outputFree, reserveOutput } from "./console";
import { Partition, publishTags, setTag } from "./partition";
import { Vcpu } from "./vcpu";
import { bound } from "../build/generated/cpu";

/** Appends x1 bytes from x2…x7 to the partition's console; gives back how many found room, or an error. */
export function consoleWrite(vcpu: Vcpu): i64 {
  const count = vcpu.x1;
  if (count > CONSOLE_WRITE_MAX) return SMCCC_INVALID_PARAMETER;
  const taken = min<u32>(<u32>count, outputFree(vcpu.partition));
  if (taken != <u32>count) noteDropped(vcpu.partition);
  const at = reserveOutput(vcpu.partition, taken);
  for (let i: u32 = 0; i < taken; i++) {
    bound(i, CONSOLE_WRITE_MAX);
    fillOutput(vcpu.partition, at + i, <u32>(vcpu.register(2 + (i >> 3)) >> ((i & 7) << 3)));
  }
  return taken;
}

/** Keeps tag x1 = x2 for the next telemetry frame. */
export function publishTag(partition: Partition, index: u64, value: u64): i64 {
  if (index >= TAG_MAX) return SMCCC_INVALID_PARAMETER;
  setTag(partition, <u32>index, value);
  publishTags(partition, <u32>1 << <u32>index);
  return SMCCC_SUCCESS;
}
