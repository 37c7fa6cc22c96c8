// SBI towards guests (RISC-V SBI 2.0), each function acting on the caller's partition alone: BASE, TIME, IPI, RFENCE, HSM, SRST,
// DBCN; and PMU, where counters are there for it. Every other call is NOT_SUPPORTED, and none is forwarded.

import {
  CALL_VERSION_MAJOR, CALL_VERSION_MINOR, EXIT_FIRMWARE_CALL, STOP_SYSTEM_OFF, STOP_SYSTEM_RESET, VCPU_OFF, VCPU_ON,
} from "../../core/abi";
import { csrw_vstimecmp } from "../../build/generated/riscv64";
import { REGION_EXECUTE } from "../../build/generated/blob";
import { loadAcquire32 } from "../../build/generated/cpu";
import { isMemory } from "../../core/blob";
import { leave, RESUME, stopOwn, switchOn } from "../../core/lifecycle";
import { Partition, vcpuOfPartition } from "../../core/partition";
import { CALL_EXTENSION } from "./calls";
import { debugConsole } from "./sbiConsole";
import { ALREADY_AVAILABLE, INVALID_ADDRESS, INVALID_PARAM, NOT_SUPPORTED, SUCCESS } from "./sbiErrors";
import { remoteFence, sendIpi } from "./sbiHarts";
import { performance, PMU } from "./sbiPmu";
import { Vcpu } from "./vcpu";

export const BASE: u32 = 0x10;
export const TIME: u32 = 0x54494d45;
const IPI: u32 = 0x735049;
const RFENCE: u32 = 0x52464e43;
const HSM: u32 = 0x48534d;
const SRST: u32 = 0x53525354;
const DBCN: u32 = 0x4442434e;

// BASE: what its functions before PROBE_EXTENSION give: the version of SBI; "axv", which is nobody's number in SBI's list; ours.
const facts: usize = memory.data<i64>([2 << 24, 0x617876, CALL_VERSION_MAJOR << 16 | CALL_VERSION_MINOR]);
const PROBE_EXTENSION: u64 = 3;
/** mvendorid, marchid, mimpid, which a guest is not told: 0 is right for all. */
const LAST_OF_BASE: u64 = 6;

// HSM
const HART_START: u64 = 0;
const HART_STOP: u64 = 1;
const HART_GET_STATUS: u64 = 2;
const STARTED: i64 = 0;
const STOPPED: i64 = 1;
const START_PENDING: i64 = 2;

// SRST: the one function's types.
const SHUTDOWN: u64 = 0;
const WARM_REBOOT: u64 = 2;

/** The result of a call, which goes on behind it: an error, which is negative, in a0; or 0 there, and the value in a1. */
export function give(vcpu: Vcpu, result: i64): u32 {
  vcpu.x10 = min<i64>(result, 0);
  vcpu.x11 = max<i64>(result, 0);
  return RESUME;
}

/** A call of BASE or TIME: its result, or an error, which is negative. Few registers are saved for it (entry.S). */
export function quickSbi(vcpu: Vcpu, extension: u64, asked: u64, argument: u64): i64 {
  if (extension != BASE) {
    vcpu.countExit(EXIT_FIRMWARE_CALL);
    return setTimer(asked, argument);
  }
  const result = base(vcpu, asked, argument);
  vcpu.countExit(EXIT_FIRMWARE_CALL); // last: before, it would need one register more than are saved
  return result;
}

/** Any other call but our own. RESUME, or AGAIN if the guest does not go on. */
export function answerSbi(vcpu: Vcpu, partition: Partition): u32 {
  const extension = vcpu.a7;
  if (extension == HSM) {
    if (vcpu.a6 == HART_STOP) return leave(vcpu);
    if (vcpu.a6 == HART_START) return give(vcpu, start(partition, vcpu.a0, vcpu.a1, vcpu.a2));
    return give(vcpu, vcpu.a6 == HART_GET_STATUS ? status(partition, vcpu.a0) : NOT_SUPPORTED);
  }
  if (extension == IPI) return give(vcpu, sendIpi(vcpu, partition));
  if (extension == RFENCE) return give(vcpu, remoteFence(vcpu, partition));
  if (extension == DBCN) return give(vcpu, debugConsole(vcpu, partition));
  if (extension != SRST || vcpu.a6 != 0) return give(vcpu, performance(vcpu)); // or NOT_SUPPORTED
  if (vcpu.a0 > WARM_REBOOT) return give(vcpu, INVALID_PARAM);
  return stopOwn(vcpu, partition, vcpu.a0 == SHUTDOWN ? STOP_SYSTEM_OFF : STOP_SYSTEM_RESET);
}

/** All that there are, by their lowest four bits, in which they differ. */
const EXTENSION_BITS: u64 = 15;
const extensions: usize = memory.data<u32>([
  BASE, 0, 0, RFENCE, SRST, TIME, CALL_EXTENSION, 0, 0, IPI, 0, 0, 0, HSM, DBCN, 0,
]);

@inline function hasExtension(extension: u64): bool {
  return load<u32>(extensions + (<u32>(extension & EXTENSION_BITS) << 2)) == extension;
}

/** TIME has one function. A guest that knows Sstc writes stimecmp itself. */
function setTimer(asked: u64, at: u64): i64 {
  if (asked != 0) return NOT_SUPPORTED;
  csrw_vstimecmp(at);
  return SUCCESS;
}

function base(vcpu: Vcpu, asked: u64, extension: u64): i64 {
  if (asked == PROBE_EXTENSION) return hasExtension(extension) || (extension == PMU && vcpu.counters != 0) ? 1 : 0;
  if (asked < PROBE_EXTENSION) return load<i64>(facts + (<u32>asked << 3));
  return asked <= LAST_OF_BASE ? SUCCESS : NOT_SUPPORTED;
}

/** A guest's harts are numbered as its vCPUs. */
@inline function hasHart(partition: Partition, hart: u64): bool { return hart < partition.vcpuCount; }

function start(partition: Partition, hart: u64, entry: u64, context: u64): i64 {
  if (!hasHart(partition, hart)) return INVALID_PARAM;
  if ((entry & 1) != 0 || !isMemory(partition.plan, entry, REGION_EXECUTE)) return INVALID_ADDRESS;
  return switchOn(partition, vcpuOfPartition(partition, <u32>hart), entry, context) == VCPU_OFF ? SUCCESS : ALREADY_AVAILABLE;
}

function status(partition: Partition, hart: u64): i64 {
  if (!hasHart(partition, hart)) return INVALID_PARAM;
  const state = loadAcquire32(vcpuOfPartition(partition, <u32>hart).stateAt());
  return state == VCPU_ON ? STARTED : state == VCPU_OFF ? STOPPED : START_PENDING;
}
