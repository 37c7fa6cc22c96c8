// What a partition begins with in its memory: its images, copied from the pristine ones each time it starts. A piece at a time:
// the vCPU's `item` is the load or region that it is at, `done` how many bytes of that are.

import { cleanPhysical, copyPhysical } from "../build/generated/isa";
import { blobLoad, BlobPartition, blobRegion, BlobRegion, REGION_RAM } from "../build/generated/blob";
import { regionAt } from "./blob";
import { colouredPage } from "./colours";
import { PAGE_BYTES, PAGE_MASK, PAGE_SHIFT } from "./pages";
import { loadSize, loadSource, loadZeros } from "./imageUpdate";
import { Vcpu } from "./vcpu";

/** Bytes in a piece, between two looks at what is pending, and at once for the intrinsics; where memory is coloured, a page. */
const PIECE: u64 = 16 * PAGE_BYTES;

/** Copies the next piece of a partition's images. False: there is none. */
export function loadPiece(vcpu: Vcpu, plan: BlobPartition): bool {
  if (vcpu.item == plan.loadCount) return false;
  const n = plan.loadFirst + vcpu.item;
  const item = blobLoad(n);
  const region = regionAt(plan, item.target);
  if (region !== null) piece(vcpu, region, item.target - region.ipa, loadSize(n), loadSource(n), loadZeros(n));
  else vcpu.item++;
  return true;
}

/** Cleans and invalidates the next piece of a partition's RAM to the point of coherency. False: there is none. */
export function cleanPiece(vcpu: Vcpu, plan: BlobPartition): bool {
  if (vcpu.item == plan.regionCount) return false;
  const region = blobRegion(plan.regionFirst + vcpu.item);
  if (region.kind == REGION_RAM) piece(vcpu, region, 0, region.size, 0, region.size);
  else vcpu.item++;
  return true;
}

/** The next piece of `size` bytes from `offset` in a region on, where it goes and where it comes from in one run each; `from`:
 *  what is copied there, from `zeros` on again and again its page of zeros there; 0: they are cleaned. */
function piece(vcpu: Vcpu, region: BlobRegion, offset: u64, size: u64, from: u64, zeros: u64): void {
  const at = offset + vcpu.done;
  const inPage = at & PAGE_MASK;
  const whole = region.colours == 0;
  const pa = whole ? region.pa + at : colouredPage(region, at >> PAGE_SHIFT) + inPage;
  const stored = vcpu.done < zeros ? zeros - vcpu.done : PAGE_BYTES;
  const bytes = min(min(size - vcpu.done, stored), whole ? PIECE : PAGE_BYTES - inPage);
  if (from != 0) copyPhysical(pa, from + min(vcpu.done, zeros), bytes);
  else cleanPhysical(pa, bytes);
  vcpu.done += bytes;
  if (vcpu.done != size) return;
  vcpu.done = 0;
  vcpu.item++;
}
