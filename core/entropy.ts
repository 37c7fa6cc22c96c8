// Where a board has randomness: the firmware's device tree, and what the ISA has. All that there are go into the key that guests'
// seeds come from (seed.ts); and a seed into the device tree that a guest gets.

import { absorbOwn, cleanPhysical, physicalWrite32 } from "../build/generated/isa";
import { BlobPartition } from "../build/generated/blob";
import { bound } from "../build/generated/cpu";
import { regionAt } from "./blob";
import { colouredPage } from "./colours";
import { PAGE_BYTES, PAGE_MASK, PAGE_SHIFT } from "./pages";
import { nextSeed, SEED_BYTES, stir } from "./seed";

/** FDT_NOP, as it stands in memory; and the head of a property (token, length, name) before its value. */
const FDT_NOP: u32 = 0x04000000;
const HEAD_BYTES: u32 = 12;

/** Boot, once, when the firmware's device tree has been read. */
export function gatherEntropy(): void {
  absorbOwn();
  stir();
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
