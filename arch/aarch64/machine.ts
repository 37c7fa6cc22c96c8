// The board's GIC as the blob has it: which one, and how many bytes its parts take, physical and emulated.

import { machine } from "../../build/generated/blob";

export const GIC_V2: u32 = 2;
export const GIC_V3: u32 = 3;
export const GICR_BYTES: u64 = 0x20000;
export const GICC_BYTES: u64 = 0x2000;
/** Its second page shows every pCPU's (GIC-400). */
export const GICH_BYTES: u64 = GICC_BYTES;
const GICV2_GICD_BYTES: u64 = 0x1000;
const GICV3_GICD_BYTES: u64 = 0x10000;

@inline export function isGicV2(): bool { return machine().gicVersion == GIC_V2; }
@inline export function gicdBytes(): u64 { return isGicV2() ? GICV2_GICD_BYTES : GICV3_GICD_BYTES; }
