// The emulated devices of a partition, and an access of its guest to one of them, whichever instruction makes it (trap.ts,
// emptySyndrome.ts).

import { EXIT_CONSOLE, EXIT_CONTROLLER } from "../../core/abi";
import { consoleBytes, readsAlong, UART_BYTES } from "../../core/blob";
import { gicdBytes, GICR_STRIDE_SHIFT, isGicV2 } from "./gic";
import { TELEMETRY_PORT } from "../../core/console";
import { Partition } from "../../core/partition";
import { Vcpu } from "./vcpu";
import { isRepeated } from "./asks";
import { refill, unload } from "./listRegisters";
import { loadGicd, loadGicr, storeGicd, storeGicr } from "./vgic";
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

/** After the last. False: the guest executes the instruction again; others have to answer first (asks.ts). */
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
