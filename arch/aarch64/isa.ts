// What AArch64 gives the core: its hooks, as core/README.md lists them. The build has core's "build/generated/isa" mean this
// file.

import { mrs_ID_AA64ISAR0_EL1, mrs_MPIDR_EL1 } from "../../build/generated/aarch64";
import { printValue } from "../../core/print";
import { AFFINITY_MASK } from "./sysregs";
import { Vcpu } from "./vcpu";

// The machine: time, memory, the image.
export {
  cleanPhysical, copyFromPhysical, copyPhysical, crc32Byte, crc32Double, dsbIsh as readBarrier, dsbSy as fence, imageBase,
  imageSize, imageUart, linearToPhysical, mmioRead16, mmioRead32, mmioRead8, mmioWrite16, mmioWrite32, mmioWrite8,
  mrs_CNTFRQ_EL0 as counterFrequency, mrs_CNTPCT_EL0 as clock, msr_CNTHP_CVAL_EL2 as armTimer, physicalRead32, physicalRead64,
  physicalWrite32, physicalWrite64, relax, sha256Rounds, stage1Root as ownRoot,
} from "../../build/generated/aarch64";
export { absorbOwn } from "./entropy";
/** ID_AA64ISAR0_EL1.CRC32, of four bits. False: this CPU has no such instructions. */
export function prepareCrc32(): bool { return (mrs_ID_AA64ISAR0_EL1() & ISAR0_CRC32) != 0; }
/** FEAT_SHA256: a Raspberry Pi 4, for one, has it not. */
export function hasSha256(): bool { return (mrs_ID_AA64ISAR0_EL1() & ISAR0_SHA2) != 0; }

// Boot.
export { checkIsaCpu, checkIsaPartition, checkMachine, isControllerRegion, isLine } from "./blobCheck";
export { isControllerAsPlanned, isPcpuAsPlanned } from "./boardCheck";
export { initPcpu, planIsaVcpu, startPcpu } from "./boot";
export { initController } from "./gic";
export { resetBoard } from "./psci";

// Translation tables.
export {
  ENTRY_VALID, isTable, leafEntry, mapped, OWN_DEVICE, OWN_MEMORY, OWN_READ_ONLY, tableEntry, tableOf,
} from "./descriptors";
export { forgetTranslations, guestAddressBits, leafOf, renewMemory, rootTables } from "./stage2";

// A vCPU's life.
export { Registers } from "./registers";
export { Vcpu } from "./vcpu";
export { quietVcpu, resetPrivateLines, resetVcpu } from "./reset";

// Interrupts.
export { attend as deliver } from "./interruptState";
export { periodOver } from "./bandwidth";
export { closeInterrupts, openInterrupts } from "./cpuInterface";
export { dropKick, kick, mapController, quietSpis as quietLines, setSpiPending as ringLine, startTimer } from "./gic";
export { endTimer, takeOwn } from "./irq";
export { suspend as suspendInterrupts } from "./listRegisters";
export { resetGicd as resetController } from "./vgicd";
export { consoleDrained, consoleReceived, resetConsole, telemetryIsRead } from "../../core/devices/vpl011";

const ISAR0_CRC32: u64 = 0xf << 16;
const ISAR0_SHA2: u64 = 0xf << 12;

export const DIRECT_KEEPS_HOUSE: bool = false; // IRQs of a direct guest's pCPU are the guest's, the timer's too

/** Argument n of a hypercall: x1 and on. */
@inline export function argument(vcpu: Vcpu, n: u32): u64 { return vcpu.register(1 + n); }

/** What the architecture calls this pCPU. */
export function ownId(): u64 { return mrs_MPIDR_EL1() & AFFINITY_MASK; }

/** What a panic says of the fault. */
export function printFault(esr: u64, elr: u64, far: u64): void {
  printValue("\r\naxv:   ESR_EL2 0x", esr);
  printValue(" ELR_EL2 0x", elr);
  printValue(" FAR_EL2 0x", far);
}
