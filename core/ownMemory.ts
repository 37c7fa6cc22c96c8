// What the hypervisor maps for itself beside its code, stacks and linear memory: devices it drives, the images it copies from,
// the RAM it copies them to. All at VA = PA, and none executable.

import { imageBase, mapController, mapped, OWN_DEVICE, OWN_MEMORY, OWN_READ_ONLY, ownRoot } from "../build/generated/isa";
import { bound } from "../build/generated/cpu";
import {
  blobInit, blobPartition, blobQuiesce, blobRegion, blobUpdate, header, MAX_INITS, MAX_PARTITIONS, MAX_QUIESCES, MAX_REGIONS,
  REGION_MAILBOX, REGION_RAM,
} from "../build/generated/blob";
import { PA_LIMIT, regionAt } from "./blob";
import { spanOf } from "./colours";
import { PAGE_BYTES, PAGE_MASK } from "./pages";
import { mapRange } from "./tables";

/** Seen by the next access: nothing was mapped there before. */
function map(pa: u64, bytes: u64, leaf: u64): bool {
  const fits = mapRange(ownRoot(), pa, pa, bytes, leaf);
  mapped();
  return fits;
}

/** Registers of a device: whole pages. */
export function mapDevice(pa: u64, bytes: u64): bool { return map(pa, bytes, OWN_DEVICE); }

/** The UART alone: so that whatever goes wrong next can be said. */
export function mapUart(uart: u64): bool { return uart < PA_LIMIT && mapDevice(uart & ~PAGE_MASK, PAGE_BYTES); }

/** What is in the image behind the core: first the blob's largest size. And the firmware's device tree. */
export function mapReadOnly(pa: u64, bytes: u64): bool { return map(pa, bytes, OWN_READ_ONLY); }

/** All the rest, once the blob has been checked. `mapped` bytes of the image are mapped already. */
export function mapPlanned(mapped: u64): bool {
  const head = header();
  mapController(); // among the first ones: there are tables enough for them
  if (head.hypervisorSize > mapped && !mapReadOnly(imageBase() + mapped, head.hypervisorSize - mapped)) return false;
  if (head.watchdog != 0 && !mapDevice(head.watchdog, PAGE_BYTES)) return false;
  let colouredFrom: u64 = 0;
  let colouredBytes: u64 = 0;
  for (let n: u32 = 0; n < head.regionCount; n++) {
    bound(n, MAX_REGIONS);
    const region = blobRegion(n);
    if (region.kind != REGION_RAM && region.kind != REGION_MAILBOX) continue;
    if (region.colours == 0) {
      if (!map(region.pa, region.size, OWN_MEMORY)) return false;
      continue;
    }
    colouredFrom = region.pa;
    colouredBytes = max(colouredBytes, spanOf(region));
  }
  // Coloured regions begin at the same PA, and lie between each other's pages: one mapping for all.
  if (colouredBytes != 0 && !map(colouredFrom, colouredBytes, OWN_MEMORY)) return false;
  for (let n: u32 = 0; n < head.partitionCount; n++) {
    bound(n, MAX_PARTITIONS);
    const partition = blobPartition(n);
    const image = regionAt(partition, partition.tags);
    if (partition.tags != 0 && image !== null && !map(image.pa, image.size, OWN_MEMORY)) return false;
  }
  if (head.updateCount != 0 && !map(blobUpdate(0).staging, 2 * blobUpdate(0).size, OWN_MEMORY)) return false;
  for (let n: u32 = 0; n < head.quiesceCount; n++) {
    bound(n, MAX_QUIESCES);
    if (!mapDevice(blobQuiesce(n).pa & ~PAGE_MASK, PAGE_BYTES)) return false;
  }
  let page = PA_LIMIT; // none
  for (let n: u32 = 0; n < head.initCount; n++) {
    bound(n, MAX_INITS);
    if (blobInit(n).pa - page < PAGE_BYTES) continue; // in the same as the one before
    page = blobInit(n).pa & ~PAGE_MASK;
    if (!mapDevice(page, PAGE_BYTES)) return false;
  }
  return true;
}
