// SBI's debug console (RISC-V SBI 2.0, DBCN): what is written goes to the partition's console, a few bytes at a time, out of its
// own memory. Nothing is read from it: that would be stored to a guest's memory, and who types has the UART for it.

import { physicalRead64 } from "../../build/generated/riscv64";
import { CONSOLE_WRITE_MAX } from "../../core/abi";
import { bound } from "../../build/generated/cpu";
import { REGION_RAM, REGION_READ } from "../../build/generated/blob";
import { regionAt } from "../../core/blob";
import { colouredPage } from "../../core/colours";
import { fillOutput, noteDropped, outputFree, putOutput, reserveOutput } from "../../core/console";
import { PAGE_BYTES, PAGE_MASK, PAGE_SHIFT } from "../../core/pages";
import { Partition } from "../../core/partition";
import { INVALID_PARAM, NOT_SUPPORTED, SUCCESS } from "./sbiErrors";
import { Vcpu } from "./vcpu";

const WRITE: u64 = 0;
const WRITE_BYTE: u64 = 2;

export function debugConsole(vcpu: Vcpu, partition: Partition): i64 {
  if (vcpu.a6 == WRITE) return write(partition, vcpu.a0, vcpu.a1, vcpu.a2);
  if (vcpu.a6 != WRITE_BYTE) return NOT_SUPPORTED;
  putOutput(partition.index, <u32>vcpu.a0);
  return SUCCESS;
}

/** How many bytes were taken: of one page, and as many as there is room for. A guest asks again for the rest. */
function write(partition: Partition, count: u64, address: u64, high: u64): i64 {
  const region = regionAt(partition.plan, address);
  if (high != 0 || region === null || region.kind != REGION_RAM || (region.access & REGION_READ) == 0) return INVALID_PARAM;
  const inPage = address & PAGE_MASK;
  const asked = <u32>min(min<u64>(count, CONSOLE_WRITE_MAX), PAGE_BYTES - inPage);
  const taken = min<u32>(asked, outputFree(partition.index));
  if (taken != asked) noteDropped(partition.index);
  const offset = address - region.ipa;
  const pa = region.colours == 0 ? region.pa + offset : colouredPage(region, offset >> PAGE_SHIFT) + inPage;
  const at = reserveOutput(partition.index, taken);
  for (let i: u32 = 0; i < taken; i++) {
    bound(i, CONSOLE_WRITE_MAX);
    const from = pa + i;
    fillOutput(partition.index, at + i, <u32>(physicalRead64(from & ~7) >> ((from & 7) << 3)));
  }
  return taken;
}
