// The emulated devices of a partition, and an access of its guest to one of them, whichever instruction makes it (trap.ts,
// emptySyndrome.ts).

import { EXIT_CONSOLE, EXIT_CONTROLLER } from "../../core/abi";
import { SHIFT_32, SHIFT_64, SHIFT_8 } from "./esr";
import { readGicd, readRouter, writeGicd, writePriorities, writeRouter } from "./vgicd";
import { loadGicdV2, storeGicdV2 } from "./vgicv2";
import { readGicr, readTyper, writeGicr, writePrivatePriorities } from "./vgicr";
import { consoleBytes, readsAlong, UART_BYTES } from "../../core/blob";
import { GICD_IROUTER, gicdBytes, GICR_STRIDE_SHIFT, GICR_TYPER, IPRIORITYR, isGicV2, SGI_BASE } from "./gic";
import { TELEMETRY_PORT } from "../../core/console";
import { Partition, vcpuOfPartition } from "../../core/partition";
import { Vcpu } from "./vcpu";
import { isRepeated } from "./interruptState";
import { refill, unload } from "./listRegisters";
import { loadConsole, storeConsole } from "../../core/devices/vpl011";

export const DEVICE_GICD: u32 = 0;
export const DEVICE_GICR: u32 = 1;
export const DEVICE_CONSOLE: u32 = 2;
export const NO_DEVICE: u32 = 3;

/** Which one an IPA is in, or NO_DEVICE. The console first: Linux's boot is mostly that; and what not everybody has last. */
export function deviceAt(partition: Partition, ipa: u64): u32 {
  const plan = partition.plan;
  if (ipa - plan.console < UART_BYTES && plan.console != 0) return DEVICE_CONSOLE;
  if (ipa - plan.gicd < gicdBytes()) return DEVICE_GICD;
  if (ipa - plan.gicr < bytesOf(partition, DEVICE_GICR)) return DEVICE_GICR;
  return readsAlong(plan) && ipa - plan.console < consoleBytes(plan) ? DEVICE_CONSOLE : NO_DEVICE;
}

export function baseOf(partition: Partition, device: u32): u64 {
  const plan = partition.plan;
  return device == DEVICE_GICD ? plan.gicd : device == DEVICE_GICR ? plan.gicr : plan.console;
}

/** 0: there is none. */
export function bytesOf(partition: Partition, device: u32): u64 {
  if (device == DEVICE_GICD) return gicdBytes();
  if (device == DEVICE_GICR) return isGicV2() ? 0 : <u64>partition.vcpuCount << GICR_STRIDE_SHIFT;
  return consoleBytes(partition.plan);
}

@inline function portAt(partition: Partition, offset: u32): u32 {
  return offset < <u32>UART_BYTES ? partition.index : TELEMETRY_PORT;
}

/** Before the first access of an instruction. */
@inline export function beginAccess(vcpu: Vcpu, device: u32): void {
  vcpu.countExit(device == DEVICE_CONSOLE ? EXIT_CONSOLE : EXIT_CONTROLLER);
  if (device != DEVICE_CONSOLE && vcpu.direct == 0) unload(vcpu);
}

/** After the last. False: the guest executes the instruction again; others have to answer first (interruptState.ts). */
@inline export function endAccess(vcpu: Vcpu, device: u32): bool {
  if (device != DEVICE_CONSOLE && vcpu.direct == 0) refill(vcpu);
  return !isRepeated(vcpu);
}

/** A load of 2^shift bytes at an offset. */
@inline export function loadDevice(vcpu: Vcpu, partition: Partition, device: u32, offset: u32, shift: u32): u64 {
  if (device == DEVICE_GICD) return loadGicd(vcpu, partition, offset, shift);
  return device == DEVICE_GICR ? loadGicr(vcpu, partition, offset, shift) :
    loadConsole(portAt(partition, offset), offset & (<u32>UART_BYTES - 1));
}

export function storeDevice(vcpu: Vcpu, partition: Partition, device: u32, offset: u32, shift: u32, value: u64): void {
  if (device == DEVICE_GICD) storeGicd(vcpu, partition, offset, shift, value);
  else if (device == DEVICE_GICR) storeGicr(vcpu, partition, offset, shift, value);
  else storeConsole(portAt(partition, offset), offset & (<u32>UART_BYTES - 1), <u32>value);
}

// To the emulated GIC, of any size, made of the 32-bit registers of vgicd.ts and vgicr.ts (Arm IHI 0069, §12.1.3: byte accesses
// for IPRIORITYR, 64-bit ones for IROUTER and GICR_TYPER; other sizes are not specified, and harmless).

@inline function isPriority(offset: u32): bool { return offset >= IPRIORITYR && offset < IPRIORITYR + 0x400; }

/** Part of a 32-bit register that an access of 2^shift bytes at that offset sees. */
@inline function part(value: u32, offset: u32, shift: u32): u64 {
  if (shift >= SHIFT_32) return value;
  return (value >> ((offset & 3) << 3)) & ((1 << (8 << shift)) - 1);
}

/** A load of 2^shift bytes from the distributor. */
function loadGicd(vcpu: Vcpu, partition: Partition, offset: u32, shift: u32): u64 {
  // A guest's stage 1 may say Normal memory, where an unaligned access gets as far as here: to the GIC it never is one.
  const at = offset & ~3;
  if (vcpu.gicv2 != 0) return shift == SHIFT_64 ? 0 : part(loadGicdV2(vcpu, partition, at), offset, shift);
  if (shift != SHIFT_64) return part(readGicd(vcpu, partition, at), offset, shift);
  return readRouter(vcpu, partition, (offset - GICD_IROUTER) >> 3); // elsewhere that is no INTID
}

function storeGicd(vcpu: Vcpu, partition: Partition, offset: u32, shift: u32, value: u64): void {
  if (vcpu.gicv2 != 0) return storeGicdV2(vcpu, partition, offset, shift, <u32>value);
  if (shift == SHIFT_32) {
    writeGicd(vcpu, partition, offset & ~3, <u32>value); // a guest that maps it as Normal memory can store unaligned
  } else if (shift == SHIFT_64) {
    writeRouter(vcpu, partition, (offset - GICD_IROUTER) >> 3, value);
  } else if (shift == SHIFT_8 && isPriority(offset)) {
    writePriorities(vcpu, partition, offset - IPRIORITYR, 1, <u32>value);
  }
}

/** The vCPU whose redistributor stands at an offset from the first one; null: behind the last. */
@inline function targetOf(partition: Partition, offset: u32): Vcpu | null {
  const index = offset >> GICR_STRIDE_SHIFT;
  return index < partition.vcpuCount ? vcpuOfPartition(partition, index) : null;
}

const FRAMES_MASK: u32 = (1 << GICR_STRIDE_SHIFT) - 1;

/** A load of 2^shift bytes from the redistributors. */
function loadGicr(vcpu: Vcpu, partition: Partition, offset: u32, shift: u32): u64 {
  const target = targetOf(partition, offset);
  if (target === null) return 0;
  const at = offset & FRAMES_MASK & ~3;
  if (shift != SHIFT_64) return part(readGicr(vcpu, partition, target, at), offset, shift);
  return at == GICR_TYPER ? readTyper(partition, target) : 0;
}

function storeGicr(vcpu: Vcpu, partition: Partition, offset: u32, shift: u32, value: u64): void {
  const target = targetOf(partition, offset);
  if (target === null) return;
  const at = offset & FRAMES_MASK;
  if (shift == SHIFT_32) {
    writeGicr(vcpu, partition, target, at & ~3, <u32>value);
  } else if (shift == SHIFT_8 && at >= SGI_BASE + IPRIORITYR && at < SGI_BASE + IPRIORITYR + 32) {
    writePrivatePriorities(vcpu, partition, target, at - SGI_BASE - IPRIORITYR, 1, <u32>value);
  }
}
