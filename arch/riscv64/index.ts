// What the assembly (entry.S) calls: the doors between the machine and the AssemblyScript. A Vcpu is handed over as its offset
// in linear memory; a handler gives back RESUME, PARK or AGAIN (exit.ts).

/**
 * The first hart, with what firmware gave as its device tree; one that firmware has started for us, with its place in the blob.
 */
export { bootPrimary as boot, bootOther as bootSecondary } from "../../core/boot";

/** An exception of the guest's, or an interrupt while it ran. */
export { handleTrap as trap } from "./trap";

/** No guest runs here (RESUME: there is one now); an interrupt may be pending on a hart without a vCPU. */
export { handleParked as park, handleIdle as idle } from "../../core/parked";

/** An exception in the hypervisor itself. */
export { reportPanic as panic } from "../../core/panic";

/** Where entry.S finds what in a Vcpu: the build writes them into offsets.h. */
export { VCPU_PARTITION, VCPU_X0 } from "./vcpu";
