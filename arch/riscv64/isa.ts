// What RISC-V gives the core: its hooks, as core/README.md lists them. The build has core's "build/generated/isa" mean this file.

import { ownHart } from "../../build/generated/riscv64";
import { machine } from "../../build/generated/blob";
import { printValue } from "../../core/print";
import { FIRST_ARGUMENT } from "./registers";
import { Vcpu } from "./vcpu";

// The machine: time, memory, the image.
export {
  copyFromPhysical, copyPhysical, csrr_time as clock, fence, imageBase, imageSize, imageUart, linearToPhysical, mmioRead16,
  mmioRead32, mmioRead8, mmioWrite16, mmioWrite32, mmioWrite8, ownHart as ownId, ownRoot, physicalRead32, physicalRead64,
  physicalWrite32, physicalWrite64, readBarrier, sfenceVma as mapped,
} from "../../build/generated/riscv64";

export { crc32Byte, crc32Double, prepareCrc32 } from "./crc32";
/** There is no Zknh on a board that we have. */
@inline export function hasSha256(): bool { return false; }
@inline export function sha256Rounds(from: u32, to: u32, constants: u32): void { unreachable(); }

// The blob.
export { checkIsaCpu, checkIsaPartition, checkMachine, isControllerRegion, isLine } from "./blobCheck";

// Boot.
export { initController, mapController, quietLines, ringLine } from "./aplic";
export { resetController } from "./controller";
export { isControllerAsPlanned, isPcpuAsPlanned } from "./boardCheck";
export { initPcpu, planIsaVcpu } from "./boot";
export { resetBoard, startPcpu } from "./firmware";

// Translation tables.
export { ENTRY_VALID, isTable, leafEntry, OWN_DEVICE, OWN_MEMORY, OWN_READ_ONLY, tableEntry, tableOf } from "./descriptors";
export { forgetTranslations, guestAddressBits, leafOf, renewMemory, rootTables } from "./guestStage";

// A vCPU's life.
export { Registers } from "./registers";
export { Vcpu } from "./vcpu";
export { closeInterrupts, openInterrupts, quietVcpu, resetVcpu } from "./reset";

// Its console.
export { consoleDrained, consoleReceived, resetConsole, telemetryIsRead } from "../../core/devices/vns16550";

// Interrupts.
export { kick } from "./imsic";
export { deliver, dropKick } from "./softwareInterrupts";
export { armTimer, endTimer, relax, startTimer, takeOwn } from "./timer";

/** The hypervisor's own interrupts come whatever a guest does with its. */
export const DIRECT_KEEPS_HOUSE: bool = true;

/** Ticks of `time` a second. */
export function counterFrequency(): u64 { return machine().timebase; }

const ARGUMENTS_IN_A: u32 = 6;
/** Argument n of a hypercall: a0 to a5, then t0 (calls.ts). */
@inline export function argument(vcpu: Vcpu, n: u32): u64 {
  return n < ARGUMENTS_IN_A ? vcpu.register(FIRST_ARGUMENT + n) : vcpu.t0;
}

/** What a panic says of the fault. */
export function printFault(scause: u64, sepc: u64, stval: u64): void {
  printValue("\r\naxv:   scause 0x", scause);
  printValue(" sepc 0x", sepc);
  printValue(" stval 0x", stval);
}

// What is nothing here.

/** All harts see memory alike, caches or not, from their reset on. */
export function cleanPhysical(pa: u64, bytes: u64): void {}
/** Randomness comes with the device tree alone: the seed register (Zkr) is machine mode's. */
export function absorbOwn(): void {}
/** Bandwidth is not limited (blobCheck.ts). */
export function periodOver(vcpu: Vcpu): void {}
export function suspendInterrupts(): void {}
/** An interrupt file is its hart's alone to reset (resetVcpu). */
export function resetPrivateLines(vcpu: Vcpu): void {}
