// The seed in the firmware's device tree (Devicetree Specification v0.4, chapter 5): rng-seed and kaslr-seed, and nothing else is
// read of it. It is somebody else's data: whatever it says, nothing outside of it is read, and no more than TREE_BYTES_MAX of it.
//
//   header, big endian:   0 magic │ 4 totalsize │ 8 off_dt_struct │ 12 off_dt_strings │ …
//   property:             3 │ length │ name, in strings │ value

import { imageBase, physicalRead32 } from "../build/generated/isa";
import { BLOB_MAX_BYTES, blobRegion, header, MAX_REGIONS } from "../build/generated/blob";
import { bound } from "../build/generated/cpu";
import { spanOf } from "./colours";
import { absorb } from "./seed";
import { PAGE_BYTES, PAGE_MASK } from "./pages";
import { mapReadOnly } from "./ownMemory";

const MAGIC: u64 = 0xd00dfeed;
const HEADER_BYTES: u32 = 40;
const PROPERTY: u32 = 3;
/** There may be much room behind it: a loader adds to the tree. */
const END: u32 = 9;
const PROPERTY_HEAD: u32 = 12;
/** What Linux wants of a loader: no more than 2 MiB. */
const TREE_BYTES_MAX: u32 = 0x200000;
/** A device tree is in the image's GiB: what is there is RAM. */
const NEAR_SHIFT: u64 = 30;
const RNG_SEED: u64 = 0x726e672d73656564;
const SLR_SEED: u64 = 0x736c722d73656564; // kaslr-seed's end
const KA: u32 = 2;
const SEED_WORDS_MAX: u32 = 16;

/** Of the tree that is being read: PA and bytes. */
let tree: u64 = 0;
let size: u32 = 0;

/** Boot, once: absorbs the seed of the device tree at that PA, if one is there. */
export function absorbTree(pa: u64): void {
  if (pa == 0 || (pa & 7) != 0 || !mapTree(pa, PAGE_BYTES)) return;
  tree = pa;
  size = HEADER_BYTES;
  const bytes = eight(0) - (MAGIC << 32); // totalsize, if the magic is right
  if (bytes < HEADER_BYTES || bytes > TREE_BYTES_MAX || !mapTree(pa, bytes)) return;
  size = <u32>bytes;
  absorbSeeds();
}

/** False: it is not near the image, or not nobody's. A partition that has that memory could learn there what others' seeds come
 *  from. */
function mapTree(pa: u64, bytes: u64): bool {
  const from = pa & ~PAGE_MASK;
  const to = (pa + bytes + PAGE_MASK) & ~PAGE_MASK;
  if (((from ^ imageBase()) | ((to - 1) ^ imageBase())) >> NEAR_SHIFT != 0) return false;
  if (to > imageBase() && from < imageBase() + header().hypervisorSize + BLOB_MAX_BYTES) return false;
  for (let n: u32 = 0; n < header().regionCount; n++) {
    bound(n, MAX_REGIONS);
    if (to > blobRegion(n).pa && from < blobRegion(n).pa + spanOf(blobRegion(n))) return false;
  }
  return mapReadOnly(from, to - from);
}

/** Four bytes at a multiple of 4, big endian, as everything is; words that begin outside of the tree are 0. */
@inline function four(offset: u32): u32 { return offset < size ? bswap<u32>(physicalRead32(tree + offset)) : 0; }

/** Eight bytes at any offset. */
function eight(offset: u32): u64 {
  const from = offset & ~3;
  const first = <u64>four(from) << 32 | four(from + 4);
  const shift = (offset & 3) << 3;
  return shift == 0 ? first : first << shift | four(from + 8) >> (32 - shift);
}

/** Goes from property to property: what is none of their heads is passed over a word at a time, values at once. */
function absorbSeeds(): void {
  const offsets = eight(8); // of structure and strings
  let at = <u32>(offsets >> 32) & ~3;
  for (let n: u32 = 0; at < size; n++) {
    bound(n, TREE_BYTES_MAX / 4);
    const token = four(at);
    if (token == END) return;
    if (token != PROPERTY) {
      at += 4;
      continue;
    }
    const bytes = four(at + 4);
    const name = <u32>offsets + four(at + 8);
    at += PROPERTY_HEAD;
    const words = eight(name) == RNG_SEED || eight(name + KA) == SLR_SEED ? min(bytes >> 2, SEED_WORDS_MAX) : 0;
    for (let i: u32 = 0; i < words; i++) {
      bound(i, SEED_WORDS_MAX);
      absorb(four(at + (i << 2)));
    }
    if (bytes > size) return;
    at += (bytes + 3) & ~3;
  }
}
