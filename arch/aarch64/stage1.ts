// The hypervisor's own mappings (EL2 stage 1) as AArch64 has them; core/ownMemory.ts makes them, beside the ones that entry.S has
// made.
//
// MAIR_EL2, as entry.S sets it: attribute 0 Normal write-back, 1 Device-nGnRE.

import { dsbSy, isb } from "../../build/generated/aarch64";
import { LEAF_AF, LEAF_SH_INNER, LEAF_XN } from "./descriptors";

const ATTR_NORMAL: u64 = 0 << 2;
const ATTR_DEVICE: u64 = 1 << 2;
const AP_RES1: u64 = 1 << 6;
const AP_READ_ONLY: u64 = 1 << 7;
export const OWN_DEVICE: u64 = LEAF_AF | LEAF_XN | AP_RES1 | ATTR_DEVICE;
export const OWN_MEMORY: u64 = LEAF_AF | LEAF_XN | AP_RES1 | ATTR_NORMAL | LEAF_SH_INNER;
export const OWN_READ_ONLY: u64 = OWN_MEMORY | AP_READ_ONLY;

/** What has just been mapped is seen by the next access. */
export function mapped(): void {
  dsbSy();
  isb();
}
