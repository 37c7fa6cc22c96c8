// Where a board has randomness: the firmware's device tree, TRNG by SMC (Arm DEN 0098), RNDR (FEAT_RNG). All that there are go into the key
// that guests' seeds come from (core/seed.ts); and a seed into the device tree that a guest gets.

import { cleanPhysical, mrs_ID_AA64ISAR0_EL1, physicalWrite32, rndr, smc, smcEntropy } from "../../build/generated/aarch64";
import { BlobPartition } from "../../build/generated/blob";
import { bound } from "../../build/generated/cpu";
import { regionAt } from "../../core/blob";
import { colouredPage } from "../../core/colours";
import { absorb, nextSeed, SEED_BYTES, stir } from "../../core/seed";
import { PAGE_BYTES, PAGE_MASK, PAGE_SHIFT } from "../../core/stage2";
import { absorbTree } from "./firmwareTree";
import { FEATURES, PSCI_VERSION, SMCCC_VERSION } from "./psci";

const TRNG_VERSION: u64 = 0x84000050;
const VERSION_1_0: i32 = 0x10000;
const ISAR0_RNDR_SHIFT: u64 = 60;
/** Words of TRNG and RNDR: twice what the key holds. */
const DRAWS: u32 = 16;
/** FDT_NOP, as it stands in memory; and the head of a property (token, length, name) before its value. */
const FDT_NOP: u32 = 0x04000000;
const HEAD_BYTES: u32 = 12;

/** Boot, once; `tree`: what the loader said is the firmware's device tree. */
export function gatherEntropy(tree: u64): void {
  absorbTree(tree);
  const trng = hasTrng();
  const hasRndr = mrs_ID_AA64ISAR0_EL1() >> ISAR0_RNDR_SHIFT != 0;
  for (let n: u32 = 0; n < DRAWS; n++) {
    bound(n, DRAWS);
    absorb(<u32>((trng ? smcEntropy() : 0) ^ (hasRndr ? rndr() : 0)));
  }
  stir();
}

/** Firmware that has SMCCC_VERSION answers calls that it does not know (DEN 0028 §7.2); others may not. */
function hasTrng(): bool {
  if (<i32>smc(PSCI_VERSION, 0, 0, 0) < VERSION_1_0 || <i32>smc(FEATURES, SMCCC_VERSION, 0, 0) < 0) return false;
  return <i32>smc(TRNG_VERSION, 0, 0, 0) >= VERSION_1_0;
}

/** A partition is about to start: its device tree gets a seed; or loses the property, where there is none to give. */
export function plantSeed(partition: u32, plan: BlobPartition): void {
  const region = regionAt(plan, plan.seed);
  if (plan.seed == 0 || region === null) return;
  const offset = plan.seed - region.ipa;
  const page = region.colours != 0 ? colouredPage(region, offset >> PAGE_SHIFT) : region.pa + (offset & ~PAGE_MASK);
  const head = page + (offset & PAGE_MASK) - HEAD_BYTES;
  const seed = nextSeed(partition);
  for (let at: u32 = seed != 0 ? HEAD_BYTES : 0; at < HEAD_BYTES + SEED_BYTES; at += 4) {
    bound(at >> 2, (HEAD_BYTES + SEED_BYTES) / 4);
    physicalWrite32(head + at, seed != 0 ? load<u32>(seed + at - HEAD_BYTES) : FDT_NOP);
  }
  cleanPhysical(page, PAGE_BYTES);
  if (seed != 0) memory.fill(seed, 0, SEED_BYTES);
}
