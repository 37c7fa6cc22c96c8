// What of a pCPU of AArch64 keeps a guest in its place, and may not change.
import type { Aarch64PlannedPartition as PlannedPartition } from "../../../../partitions/plan/plan.ts";
import type { PCpu } from "../../../../tools/machine/aarch64/pcpu.ts";
import { HCR_FMO, HCR_IMO, HCR_TVM, HCR_TWI, MDCR_TDA } from "../../../../tools/machine/aarch64/registers.ts";
import type { RegisterName } from "../../../../tools/machine/aarch64/registers.ts";
import { KICK_SGI } from "../../bench.ts";
import type { Fence } from "../world.ts";

/** Set at boot, and never again. HCR_EL2 has the same value but for a direct guest that runs. */
const NAMES: readonly RegisterName[] = [
  "VTCR_EL2", "VTTBR_EL2", "CPTR_EL2", "MDCR_EL2", "HSTR_EL2", "VPIDR_EL2", "VMPIDR_EL2", "CNTHCTL_EL2",
];

export const FENCES: readonly Fence<PCpu>[] = NAMES.map((name) => ({
  name,
  value: name === "MDCR_EL2" ? withoutLock : ({ registers }) => registers[name],
}));

/**
 * All debug registers are trapped while the guest's OS lock is locked, and no longer (Arm ARM D19.3: parts of them are a
 * debugger's then).
 */
function withoutLock({ registers, debug }: PCpu): bigint {
  return registers.MDCR_EL2 ^ (debug.locked ? 0n : MDCR_TDA);
}

/** What a running direct guest has off, and may have on. */
export const HCR_OWN_INTERRUPTS = HCR_IMO | HCR_FMO;

/** HCR_EL2 of a pCPU whose guest's interrupts are the hypervisor's, without what may change at any time. */
export const hcrOf = ({ registers }: PCpu): bigint => registers.HCR_EL2 & ~HCR_TVM | HCR_OWN_INTERRUPTS;

/** What of HCR_EL2 stays as it is. */
export const steady = (hcr: bigint, direct: boolean): bigint => hcr & ~(direct ? HCR_TWI | HCR_TVM : HCR_TVM);

const ALL_SGIS = 0xffff;
export const KICK = 1 << KICK_SGI;

/** SGIs and PPIs that are a partition's: of SGIs a direct one has all but the kick. */
export const privateBits = ({ direct, ppis }: PlannedPartition): number =>
  ppis.reduce((set, intid) => set | (1 << intid), direct ? ALL_SGIS & ~KICK : 0);
