// What the parts of RISC-V's AIA take (AIA 1.0, 4.5), and a PLIC (RISC-V PLIC Specification 1.0.0).
import { MAX_CPUS } from "../../blob/layout.table.ts";

/** Of the APLIC: without the part for delivery without messages. */
export const APLIC_SIZE = 0x4000;
/** Of the emulated PLIC: with both contexts of as many vCPUs as there can be. */
export const PLIC_SIZE = 0x200000 + 2 * 0x1000 * MAX_CPUS;
/** The guest file that a direct guest has on each of its harts (hstatus.VGEIN); file 0 is the hart's own. */
export const GUEST_FILE = 1;
