// What the assembly (entry.S) calls: the doors between the machine and the AssemblyScript. A Vcpu is handed over as its offset
// in linear memory; a handler gives back RESUME, PARK or AGAIN (core/lifecycle.ts).

/**
 * The first hart, with what firmware gave as its device tree; one that firmware has started for us, with its place in the blob.
 */
export { bootPrimary as boot, bootOther as bootSecondary } from "../../core/boot";

/** A call that is waited for; any other exception of the guest's, or an interrupt while it ran. */
export { handleQuickCall as quickCall, handleTrap as trap } from "./trap";
/** A call of SBI's that is waited for, of BASE or TIME; all others are traps. */
export { quickSbi } from "./sbi";

/** Its load or store where it has no memory: all its registers are in its Vcpu. */
export { handleAccess as access } from "./access";
/** Is asked first, with those registers alone that a function may change. */
export { quickLoad } from "./quickLoad";

/** No guest runs here (RESUME: there is one now); an interrupt may be pending on a hart without a vCPU. */
export { handleParked as park, handleIdle as idle } from "../../core/parked";

/** An exception in the hypervisor itself. */
export { reportPanic as panic } from "../../core/panic";

/** What a call is known by, and where entry.S finds what in a Vcpu: the build writes them into offsets.h. */
export { CALL_EXTENSION } from "./calls";
export { QUICK_CALLS } from "./trap";
export { BASE as SBI_BASE, TIME as SBI_TIME } from "./sbi";
export { VCPU_PARTITION, VCPU_X0 } from "./vcpu";
/** And in a blob. */
export { BLOB_CPU_ID, BLOB_CPUS } from "./blobCheck";
export { BLOB_MAX_BYTES } from "../../build/generated/blob";
