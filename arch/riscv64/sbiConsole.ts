// SBI's debug console (RISC-V SBI 2.0, DBCN): the partition's console, from and to its own memory. A call takes a few bytes, of
// one page, and says how many: a guest asks again for the rest.

import { physicalRead64, physicalWrite8 } from "../../build/generated/riscv64";
import { CONSOLE_WRITE_MAX } from "../../core/abi";
import { bound } from "../../build/generated/cpu";
import { BlobRegion, REGION_READ, REGION_WRITE } from "../../build/generated/blob";
import { isMemory, regionAt } from "../../core/blob";
import { colouredPage } from "../../core/colours";
import { fillOutput, noteDropped, outputFree, putOutput, reserveOutput, takeInput } from "../../core/console";
import { PAGE_BYTES, PAGE_MASK, PAGE_SHIFT } from "../../core/pages";
import { Partition } from "../../core/partition";
import { INVALID_PARAM, NOT_SUPPORTED, SUCCESS } from "./sbiErrors";
import { Vcpu } from "./vcpu";

const WRITE: u64 = 0;
const READ: u64 = 1;
const WRITE_BYTE: u64 = 2;

export function debugConsole(vcpu: Vcpu, partition: Partition): i64 {
  const asked = vcpu.a6;
  if (asked == WRITE_BYTE) {
    putOutput(partition.index, <u32>vcpu.a0);
    return SUCCESS;
  }
  if (asked > READ) return NOT_SUPPORTED;
  const address = vcpu.a1;
  const region = regionAt(partition.plan, address);
  const access = asked == WRITE ? REGION_READ : REGION_WRITE;
  if (vcpu.a2 != 0 || region === null || !isMemory(partition.plan, address, access)) return INVALID_PARAM;
  const count = <u32>min(min<u64>(vcpu.a0, CONSOLE_WRITE_MAX), PAGE_BYTES - (address & PAGE_MASK));
  const pa = placeOf(region, address);
  return asked == WRITE ? write(partition, pa, count) : read(partition, pa, count);
}

function placeOf(region: BlobRegion, address: u64): u64 {
  const offset = address - region.ipa;
  return region.colours == 0 ? region.pa + offset : colouredPage(region, offset >> PAGE_SHIFT) + (address & PAGE_MASK);
}

/** What has been typed. */
function read(partition: Partition, pa: u64, count: u32): i64 {
  let taken: u32 = 0;
  for (; taken < count; taken++) {
    bound(taken, CONSOLE_WRITE_MAX);
    const byte = takeInput(partition.index);
    if (byte < 0) break;
    physicalWrite8(pa + taken, <u32>byte);
  }
  return taken;
}

/** As much as there is room for. */
function write(partition: Partition, pa: u64, asked: u32): i64 {
  const taken = min<u32>(asked, outputFree(partition.index));
  if (taken != asked) noteDropped(partition.index);
  const at = reserveOutput(partition.index, taken);
  for (let i: u32 = 0; i < taken; i++) {
    bound(i, CONSOLE_WRITE_MAX);
    const from = pa + i;
    fillOutput(partition.index, at + i, <u32>(physicalRead64(from & ~7) >> ((from & 7) << 3)));
  }
  return taken;
}
