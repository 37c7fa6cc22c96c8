// PSCI 1.1 towards guests (Arm DEN 0022D), each function acting on the caller's partition alone; and the SMCCC functions that
// a guest asks first (DEN 0028). By HVC or SMC, answered alike; nothing is forwarded to firmware but its workarounds.

import { STOP_SYSTEM_OFF, STOP_SYSTEM_RESET, VCPU_OFF, VCPU_ON, VCPU_ON_PENDING } from "../../core/abi";
import { loadAcquire32, smc, wfi } from "../../build/generated/aarch64";
import { isMemory } from "../../core/blob";
import { Partition, vcpuOfPartition } from "../../core/partition";
import { SMCCC_NOT_SUPPORTED, SMCCC_SUCCESS } from "./calls";
import { Vcpu } from "./vcpu";
import { leave, RESUME, stopOwn, switchOn } from "../../core/lifecycle";
import { nothingWaits } from "./listRegisters";

// Function numbers; SMC64 variants have bit 30 set.
export const PSCI_BASE: u32 = 0x84000000;
export const SMC64: u32 = 0x40000000;
export const PSCI_VERSION: u32 = PSCI_BASE + 0;
const CPU_SUSPEND: u32 = PSCI_BASE + 1;
const CPU_OFF: u32 = PSCI_BASE + 2;
export const CPU_ON: u32 = PSCI_BASE + 3;
const AFFINITY_INFO: u32 = PSCI_BASE + 4;
const MIGRATE_INFO_TYPE: u32 = PSCI_BASE + 6;
const SYSTEM_OFF: u32 = PSCI_BASE + 8;
const SYSTEM_RESET: u32 = PSCI_BASE + 9;
export const FEATURES: u32 = PSCI_BASE + 10;
export const SMCCC_VERSION: u32 = 0x80000000;
const SMCCC_ARCH_FEATURES: u32 = 0x80000001;
// Against speculation, in firmware (DEN 0028 §7): the only calls of a guest that reach it.
const ARCH_WORKAROUND_1: u32 = 0x80008000;
const ARCH_WORKAROUND_2: u32 = 0x80007fff;
const ARCH_WORKAROUND_3: u32 = 0x80003fff;
const LAST: u32 = 10; // Is one of the above, apart from its SMC64 bit

export const PSCI_1_1: u64 = 0x10001;
const SMCCC_1_1: u64 = 0x10001;
/** MIGRATE_INFO_TYPE: no Trusted OS, or one that needs no migration. */
const NO_TRUSTED_OS: u64 = 2;
const INVALID_PARAMETERS: i64 = -2;
const ALREADY_ON: i64 = -4;
const ON_PENDING: i64 = -5;
const INVALID_ADDRESS: i64 = -9;
const POWER_STATE_RESERVED: u64 = 0xfcfe0000; // power_state, original format: what must be 0

/** Answers function `id` but PSCI_VERSION, which trap.ts has answered (any that is neither a hypercall nor known gets
 *  NOT_SUPPORTED in x0). RESUME or PARK. */
export function psci(vcpu: Vcpu, partition: Partition, id: u32): u32 {
  const call = isSmc64(id) ? id & ~SMC64 : id;
  const mask: u64 = (id & SMC64) != 0 ? ~(<u64>0) : 0xffffffff;
  if (call == CPU_OFF) return leave(vcpu);
  if (call == SYSTEM_OFF) return stopOwn(vcpu, partition, STOP_SYSTEM_OFF);
  if (call == SYSTEM_RESET) return stopOwn(vcpu, partition, STOP_SYSTEM_RESET);
  vcpu.x0 = answer(vcpu, partition, call, mask);
  return RESUME;
}

@inline function isSmc64(id: u32): bool {
  const base = id & ~SMC64;
  return base == CPU_SUSPEND || base == CPU_ON || base == AFFINITY_INFO;
}

function answer(vcpu: Vcpu, partition: Partition, call: u32, mask: u64): u64 {
  if (call == CPU_ON) return cpuOn(partition, vcpu.x1 & mask, vcpu.x2 & mask, vcpu.x3 & mask);
  if (call == CPU_SUSPEND) return cpuSuspend(vcpu, vcpu.x1 & mask);
  if (call == AFFINITY_INFO) return affinityInfo(partition, vcpu.x1 & mask, vcpu.x2 & mask);
  if (call == MIGRATE_INFO_TYPE) return NO_TRUSTED_OS;
  if (call == FEATURES) return features(<u32>vcpu.x1);
  if (call == SMCCC_VERSION) return SMCCC_1_1;
  if (call == SMCCC_ARCH_FEATURES) {
    const asked = <u32>vcpu.x1;
    return asked == SMCCC_VERSION || asked == SMCCC_ARCH_FEATURES ? SMCCC_SUCCESS : workaround(vcpu, asked);
  }
  if (workaround(vcpu, call) < 0) return SMCCC_NOT_SUPPORTED;
  smc(call, vcpu.x1, 0, 0);
  return SMCCC_SUCCESS;
}

/** The whole board, by firmware: it does not come back. */
export function resetBoard(): void { smc(SYSTEM_RESET, 0, 0, 0); }

/** Each pCPU, once: what firmware there answers about its workarounds, a byte each (-1: it has none). */
export function askWorkarounds(vcpu: Vcpu): void {
  vcpu.workarounds = ~<u32>0;
  if (<i32>smc(FEATURES, SMCCC_VERSION, 0, 0) != 0) return;
  vcpu.workarounds = 0xff << 24 | ask(ARCH_WORKAROUND_3) << 16 | ask(ARCH_WORKAROUND_2) << 8 | ask(ARCH_WORKAROUND_1);
}

function ask(id: u32): u32 { return <u32>smc(SMCCC_ARCH_FEATURES, id, 0, 0) & 0xff; }

/** What ARCH_FEATURES is about one of the three; any other function: -1. */
@inline function workaround(vcpu: Vcpu, id: u32): i64 {
  const shift: u32 = id == ARCH_WORKAROUND_1 ? 0 : id == ARCH_WORKAROUND_2 ? 8 : id == ARCH_WORKAROUND_3 ? 16 : 24;
  return <i64><i8>(vcpu.workarounds >> shift);
}

function features(id: u32): u64 {
  if (id == SMCCC_VERSION) return SMCCC_SUCCESS;
  if (isSmc64(id)) return SMCCC_SUCCESS; // CPU_SUSPEND: original power_state format, no OS-initiated mode
  const number = id - PSCI_BASE;
  return number <= LAST && number != 5 && number != 7 ? SMCCC_SUCCESS : SMCCC_NOT_SUPPORTED;
}

/** The vCPU that an affinity names: Aff0 is its index, the others are 0. */
@inline function hasVcpu(partition: Partition, affinity: u64): bool { return affinity < partition.vcpuCount; }

function cpuOn(partition: Partition, affinity: u64, entry: u64, context: u64): u64 {
  if (!hasVcpu(partition, affinity)) return INVALID_PARAMETERS;
  if ((entry & 3) != 0 || !isMemory(partition.plan, entry, 0)) return INVALID_ADDRESS;
  const before = switchOn(partition, vcpuOfPartition(partition, <u32>affinity), entry, context);
  return before == VCPU_ON ? ALREADY_ON : before == VCPU_ON_PENDING ? ON_PENDING : SMCCC_SUCCESS;
}

/** Every state is a standby state here: WFI on the vCPU's own pCPU, and the caller goes on behind the call (DEN 0022D §5.4). */
function cpuSuspend(vcpu: Vcpu, powerState: u64): u64 {
  if ((powerState & POWER_STATE_RESERVED) != 0) return INVALID_PARAMETERS;
  // With direct interrupts none would wake EL2; a standby may always end at once.
  if (vcpu.direct == 0 && nothingWaits(vcpu)) wfi();
  return SMCCC_SUCCESS;
}

function affinityInfo(partition: Partition, affinity: u64, lowestLevel: u64): u64 {
  if (lowestLevel != 0 || !hasVcpu(partition, affinity)) return INVALID_PARAMETERS;
  const state = loadAcquire32(vcpuOfPartition(partition, <u32>affinity).stateAt());
  return state == VCPU_ON ? 0 : state == VCPU_OFF ? 1 : 2;
}
