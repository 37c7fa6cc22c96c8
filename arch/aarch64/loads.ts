// What a partition begins with in its memory: its images, copied from the pristine ones each time it starts.

import { cleanPhysical, copyPhysical, imageBase } from "../../build/generated/aarch64";
import { BlobLoad, BlobPartition, BlobRegion, REGION_RAM } from "../../build/generated/blob";
import { bound } from "../../build/generated/cpu";
import { blobLoad, blobRegion, MAX_LOADS, MAX_REGIONS, regionAt } from "../../core/blob";
import { colouredPage, nextColoured } from "../../core/colours";
import { PAGE_SHIFT } from "../../core/stage2";
import { COLOURED_PAGES_MAX } from "./stage2";

const PAGE: u64 = (<u64>1) << PAGE_SHIFT;

/** Copies a partition's images. `again`: it has run before. */
export function loadImages(plan: BlobPartition, again: bool): void {
  for (let i: u32 = 0; i < plan.loadCount; i++) {
    bound(i, MAX_LOADS);
    const item = blobLoad(plan.loadFirst + i);
    const region = regionAt(plan, item.target);
    if (region === null) continue;
    if (region.colours != 0) copyColoured(region, item);
    else copyPhysical(region.pa + (item.target - region.ipa), imageBase() + item.source, item.size);
  }
  // What an earlier life left in the caches would be written over what the new one stores with its caches off.
  if (again) cleanMemory(plan);
}

function copyColoured(region: BlobRegion, item: BlobLoad): void {
  let pa = colouredPage(region, (item.target - region.ipa) >> PAGE_SHIFT);
  let from = imageBase() + item.source;
  let left = item.size;
  for (let i: u32 = 0; left != 0; i++) {
    bound(i, COLOURED_PAGES_MAX);
    const bytes = min(left, PAGE);
    copyPhysical(pa, from, bytes);
    pa = nextColoured(pa + PAGE, region.colours);
    from += bytes;
    left -= bytes;
  }
}

/** Cleans and invalidates a partition's RAM to the point of coherency. */
function cleanMemory(plan: BlobPartition): void {
  for (let i: u32 = 0; i < plan.regionCount; i++) {
    bound(i, MAX_REGIONS);
    const region = blobRegion(plan.regionFirst + i);
    if (region.kind != REGION_RAM) continue;
    if (region.colours == 0) {
      cleanPhysical(region.pa, region.size);
      continue;
    }
    let pa = nextColoured(region.pa, region.colours);
    for (let page: u32 = 0; page < <u32>(region.size >> PAGE_SHIFT); page++) {
      bound(page, COLOURED_PAGES_MAX);
      cleanPhysical(pa, PAGE);
      pa = nextColoured(pa + PAGE, region.colours);
    }
  }
}
