// What a partition begins with in its memory: its images, copied from the pristine ones each time it starts. A piece at a time: the
// vCPU's `item` is the load or region that it is at, `done` how many bytes of that are.

import { cleanPhysical, copyPhysical, imageBase } from "../../build/generated/aarch64";
import { BlobPartition, BlobRegion, REGION_RAM } from "../../build/generated/blob";
import { bound } from "../../build/generated/cpu";
import { blobLoad, blobRegion, regionAt } from "../../core/blob";
import { colouredPage, nextColoured } from "../../core/colours";
import { PAGE_SHIFT } from "../../core/stage2";
import { Vcpu } from "../../core/vcpu";

const PAGE: u64 = (<u64>1) << PAGE_SHIFT;
/** Bytes in a piece: as many as the intrinsics take at once. */
const PIECE: u64 = 32768;
const PIECE_PAGES: u32 = <u32>(PIECE >> PAGE_SHIFT);

/** Copies the next piece of a partition's images. False: there is none. */
export function loadPiece(vcpu: Vcpu, plan: BlobPartition): bool {
  if (vcpu.item == plan.loadCount) return false;
  const item = blobLoad(plan.loadFirst + vcpu.item);
  const region = regionAt(plan, item.target);
  const bytes = min(item.size - vcpu.done, PIECE);
  const from = imageBase() + item.source + vcpu.done;
  const offset = item.target + vcpu.done;
  if (region !== null) {
    if (region.colours != 0) copyColoured(region, offset - region.ipa, from, bytes);
    else copyPhysical(region.pa + (offset - region.ipa), from, bytes);
  }
  advance(vcpu, bytes, item.size);
  return true;
}

function advance(vcpu: Vcpu, bytes: u64, size: u64): void {
  vcpu.done += bytes;
  if (vcpu.done < size) return;
  vcpu.done = 0;
  vcpu.item++;
}

function copyColoured(region: BlobRegion, offset: u64, from: u64, bytes: u64): void {
  let pa = colouredPage(region, offset >> PAGE_SHIFT);
  for (let page: u32 = 0; bytes != 0; page++) {
    bound(page, PIECE_PAGES);
    const some = min(bytes, PAGE);
    copyPhysical(pa, from, some);
    pa = nextColoured(pa + PAGE, region.colours);
    from += some;
    bytes -= some;
  }
}

/** Cleans and invalidates the next piece of a partition's RAM to the point of coherency. False: there is none. */
export function cleanPiece(vcpu: Vcpu, plan: BlobPartition): bool {
  if (vcpu.item == plan.regionCount) return false;
  const region = blobRegion(plan.regionFirst + vcpu.item);
  const bytes = region.kind == REGION_RAM ? min(region.size - vcpu.done, PIECE) : region.size;
  if (region.kind == REGION_RAM) {
    if (region.colours != 0) cleanColoured(region, vcpu.done, bytes);
    else cleanPhysical(region.pa + vcpu.done, bytes);
  }
  advance(vcpu, bytes, region.size);
  return true;
}

function cleanColoured(region: BlobRegion, offset: u64, bytes: u64): void {
  let pa = colouredPage(region, offset >> PAGE_SHIFT);
  for (let page: u32 = 0; page < <u32>(bytes >> PAGE_SHIFT); page++) {
    bound(page, PIECE_PAGES);
    cleanPhysical(pa, PAGE);
    pa = nextColoured(pa + PAGE, region.colours);
  }
}
