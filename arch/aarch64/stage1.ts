// The hypervisor's own mappings (EL2 stage 1) as AArch64 has them; core/ownMemory.ts makes them, beside the ones that entry.S has made.
//
// MAIR_EL2, as entry.S sets it: attribute 0 Normal write-back, 1 Device-nGnRE.

import { dsbSy, isb } from "../../build/generated/aarch64";
import { bound } from "../../build/generated/cpu";
import { blobCpu, header, machine, MAX_CPUS } from "../../build/generated/blob";
import { GICC_BYTES, gicdBytes, GICH_BYTES, GICR_BYTES, isGicV2 } from "./machine";
import { mapDevice } from "../../core/ownMemory";
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

/** The GIC as the hypervisor drives it. */
export function mapController(): void {
  const board = machine();
  mapDevice(board.gicd, gicdBytes());
  if (isGicV2()) {
    mapDevice(board.gicc, GICC_BYTES);
    mapDevice(board.gich, GICH_BYTES);
  }
  for (let n: u32 = 0; n < header().cpuCount && !isGicV2(); n++) {
    bound(n, MAX_CPUS);
    mapDevice(blobCpu(n).gicr, GICR_BYTES);
  }
}
