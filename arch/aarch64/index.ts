// What the assembly (entry.S) calls: the doors between the machine and the AssemblyScript. A Vcpu is handed over as its offset in
// linear memory; an exit handler gives back RESUME or PARK (core/lifecycle.ts).

import "./priorities";

/** The first pCPU, MMU on, with what the loader gave as its device tree; one that firmware has started for us, with its place in
 *  the blob. */
export { bootPrimary as boot, bootOther as bootSecondary } from "../../core/boot";

/** Quick traps: a register's value, or DONE or REFUSED. */
export { quickLoad as trapLoad, quickStore as trapStore } from "./quickTraps";
export { readRegister as trapRead, writeRegister as trapWrite } from "./sysregTrap";

/** HVC; any other synchronous exception from a guest; SError while one ran. */
export { handleCall as trapCall, handleSync as trapSync, handleSerror as trapSerror } from "./trap";

/** IRQ while a guest ran; no guest runs here (RESUME: there is one now); an interrupt may be pending on a pCPU without a vCPU. */
export { handleIrq as trapIrq } from "./irq";
export { handleParked as park, handleIdle as idle } from "../../core/parked";

/** An exception in the hypervisor itself. */
export { reportPanic as panic } from "../../core/panic";

/** Where entry.S finds what in a Vcpu: the build writes them into offsets.h. */
export { VCPU_EXITS_REGISTER, VCPU_MASK_TRAP, VCPU_PARTITION, VCPU_PRIORITY_MASK, VCPU_REFUSES, VCPU_X0 } from "./vcpu";
export { VCPU_EXITS } from "../../core/vcpu";
