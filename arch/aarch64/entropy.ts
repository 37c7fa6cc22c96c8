// AArch64's sources of randomness: TRNG by SMC (Arm DEN 0098), RNDR (FEAT_RNG).

import { bound, mrs_ID_AA64ISAR0_EL1, rndr, smc, smcEntropy } from "../../build/generated/aarch64";
import { absorb } from "../../core/seed";
import { FEATURES, PSCI_VERSION, SMCCC_VERSION } from "./psci";

const TRNG_VERSION: u64 = 0x84000050;
const VERSION_1_0: i32 = 0x10000;
const ISAR0_RNDR_SHIFT: u64 = 60;
const DRAWS: u32 = 16; // Words of TRNG and RNDR: twice what the key holds

/** Boot, once: absorbs what there is. */
export function absorbOwn(): void {
  const trng = hasTrng();
  const hasRndr = mrs_ID_AA64ISAR0_EL1() >> ISAR0_RNDR_SHIFT != 0;
  for (let n: u32 = 0; n < DRAWS; n++) {
    bound(n, DRAWS);
    absorb(<u32>((trng ? smcEntropy() : 0) ^ (hasRndr ? rndr() : 0)));
  }
}

/** Firmware that has SMCCC_VERSION answers calls that it does not know (DEN 0028 §7.2); others may not. */
function hasTrng(): bool {
  if (<i32>smc(PSCI_VERSION, 0, 0, 0) < VERSION_1_0 || <i32>smc(FEATURES, SMCCC_VERSION, 0, 0) < 0) return false;
  return <i32>smc(TRNG_VERSION, 0, 0, 0) >= VERSION_1_0;
}
