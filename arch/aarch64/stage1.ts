// The hypervisor's own mappings (EL2 stage 1), beside the ones that entry.S has made for its code, stacks and linear memory:
// devices it drives, the images it copies from, the RAM it copies them to. All at VA = PA, and none executable.
//
// MAIR_EL2, as entry.S sets it: attribute 0 Normal write-back, 1 Device-nGnRE.

import { dsbSy, imageBase, isb, stage1Root } from "../../build/generated/aarch64";
import { bound } from "../../build/generated/cpu";
import { MAX_CPUS, MAX_PARTITIONS, REGION_MAILBOX, REGION_RAM } from "../../build/generated/blob";
import {
  blobCpu, blobPartition, blobQuiesce, blobRegion, GICC_BYTES, gicdBytes, GICH_BYTES, GICR_BYTES, header, isGicV2, MAX_QUIESCES, MAX_REGIONS, PA_LIMIT, regionAt,
} from "../../core/blob";
import { spanOf } from "../../core/colours";
import { PAGE_BYTES, PAGE_MASK } from "../../core/stage2";
import { LEAF_AF, LEAF_SH_INNER, LEAF_XN, mapRange } from "./tables";

const ATTR_NORMAL: u64 = 0 << 2;
const ATTR_DEVICE: u64 = 1 << 2;
const AP_RES1: u64 = 1 << 6;
const AP_READ_ONLY: u64 = 1 << 7;
const DEVICE: u64 = LEAF_AF | LEAF_XN | AP_RES1 | ATTR_DEVICE;
const MEMORY: u64 = LEAF_AF | LEAF_XN | AP_RES1 | ATTR_NORMAL | LEAF_SH_INNER;

/** Seen by the next access: nothing was mapped there before. */
function map(pa: u64, bytes: u64, leaf: u64): bool {
  const mapped = mapRange(stage1Root(), pa, pa, bytes, leaf);
  dsbSy();
  isb();
  return mapped;
}

/** The UART alone: so that whatever goes wrong next can be said. */
export function mapUart(uart: u64): bool { return uart < PA_LIMIT && map(uart & ~PAGE_MASK, PAGE_BYTES, DEVICE); }

/** What is in the image behind the core: first the blob's largest size, for its length is in its header. And the firmware's device tree. */
export function mapReadOnly(pa: u64, bytes: u64): bool { return map(pa, bytes, MEMORY | AP_READ_ONLY); }

/** All the rest, once the blob has been checked. `mapped` bytes of the image are mapped already. */
export function mapPlanned(mapped: u64): bool {
  const head = header();
  mapGic();
  if (head.hypervisorSize > mapped && !mapReadOnly(imageBase() + mapped, head.hypervisorSize - mapped)) return false;
  let colouredFrom: u64 = 0;
  let colouredBytes: u64 = 0;
  for (let n: u32 = 0; n < head.regionCount; n++) {
    bound(n, MAX_REGIONS);
    const region = blobRegion(n);
    if (region.kind != REGION_RAM && region.kind != REGION_MAILBOX) continue;
    if (region.colours == 0) {
      if (!map(region.pa, region.size, MEMORY)) return false;
      continue;
    }
    colouredFrom = region.pa;
    colouredBytes = max(colouredBytes, spanOf(region));
  }
  // Coloured regions begin at the same PA, and lie between each other's pages: one mapping for all.
  if (colouredBytes != 0 && !map(colouredFrom, colouredBytes, MEMORY)) return false;
  for (let n: u32 = 0; n < head.partitionCount; n++) {
    bound(n, MAX_PARTITIONS);
    const partition = blobPartition(n);
    const image = regionAt(partition, partition.tags);
    if (partition.tags != 0 && image !== null && !map(image.pa, image.size, MEMORY)) return false;
  }
  for (let n: u32 = 0; n < head.quiesceCount; n++) {
    bound(n, MAX_QUIESCES);
    if (!map(blobQuiesce(n).pa & ~PAGE_MASK, PAGE_BYTES, DEVICE)) return false;
  }
  return true;
}

/** Among the first ones: there are tables enough for them. */
function mapGic(): void {
  const head = header();
  map(head.gicd, gicdBytes(), DEVICE);
  if (isGicV2()) {
    map(head.gicc, GICC_BYTES, DEVICE);
    map(head.gich, GICH_BYTES, DEVICE);
  }
  for (let n: u32 = 0; n < head.cpuCount && !isGicV2(); n++) {
    bound(n, MAX_CPUS);
    map(blobCpu(n).gicr, GICR_BYTES, DEVICE);
  }
}
