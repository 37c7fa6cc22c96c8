// What the parts of RISC-V's AIA take (AIA 1.0, 4.5).

/** Of the APLIC: without the part for delivery without messages. */
export const APLIC_SIZE = 0x4000;
/** The guest file that a direct guest has on each of its harts (hstatus.VGEIN); file 0 is the hart's own. */
export const GUEST_FILE = 1;
