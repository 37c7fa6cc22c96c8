// The firmware's device tree (Devicetree Specification v0.4, chapter 5): the seed and the slot in /chosen, and the properties
// that the plan names, by which the core knows the board; nothing else is read of it but to pass it over. It is somebody else's
// data: whatever it says, nothing outside of it is read, and no more than TREE_BYTES_MAX of it, once.
//
//   header, big endian:   0 magic │ 4 totalsize │ 8 off_dt_struct │ 12 off_dt_strings │ …
//   node:                 1 │ name, up to a 0 │ properties │ nodes │ 2
//   property:             3 │ length │ name, in strings │ value

import { imageBase, physicalRead32 } from "../build/generated/isa";
import { BLOB_MAX_BYTES, blobRegion, header, MAX_REGIONS, REGION_CHANNEL, REGION_DEVICE } from "../build/generated/blob";
import { bound } from "../build/generated/cpu";
import { PA_BITS } from "./blob";
import { isRam } from "./blobCheck";
import { spanOf } from "./colours";
import { begunNode, endedNode, foundProperty, judge } from "./matches";
import { absorb } from "./seed";
import { noteSlot } from "./trial";
import { PAGE_MASK } from "./pages";
import { mapReadOnly } from "./ownMemory";
import { printText } from "./print";

const MAGIC: u64 = 0xd00dfeed;
const HEADER_BYTES: u32 = 40;
const BEGIN_NODE: u32 = 1;
const END_NODE: u32 = 2;
const PROPERTY: u32 = 3;
/** There may be much room behind it: a loader adds to the tree. */
const END: u32 = 9;
const PROPERTY_HEAD: u64 = 12;
/** What Linux wants of a loader: no more than 2 MiB. */
const TREE_BYTES_MAX: u32 = 0x200000;
/** Its children are at depth 1. */
const ROOT_DEPTH: u32 = 1;
const CHOSEN: u64 = 0x63686f73656e0000;
const RNG_SEED: u64 = 0x726e672d73656564;
const SLR_SEED: u64 = 0x736c722d73656564; // kaslr-seed's end
const KA: u32 = 2;
const AXV_SLOT: u64 = 0x6178762c736c6f74; // "axv,slot"
const NAME_WORD: u32 = 8;
const SEED_WORDS_MAX: u32 = 16;

/** Of the tree that is being read: PA and bytes; and whether a partition has the memory that it is in. */
let tree: u64 = 0;
let size: u32 = 0;
let isOwned: bool = false;

/** Boot, once, before anything starts; `pa`: where the loader says that it is. False, and a line that says so: there is none
 *  where one is to be, or it is another board's. */
export function isTreeAsPlanned(pa: u64): bool {
  if (openTree(pa)) {
    readTree();
    return judge();
  }
  if (header().noTree != 0 && header().matchCount == 0) return true;
  printText("axv: firmware gives no device tree: have it give one, or say `dtb: none` in board.yaml\r\n");
  return false;
}

function openTree(pa: u64): bool {
  if (pa == 0 || (pa & 7) != 0 || pa >> PA_BITS != 0) return false;
  tree = pa;
  const mapped = mapTree(pa & ~PAGE_MASK, pa + HEADER_BYTES);
  if (mapped == 0) return false;
  size = HEADER_BYTES;
  const bytes = eight(0) - (MAGIC << 32); // totalsize, if the magic is right
  if (bytes < HEADER_BYTES || bytes > TREE_BYTES_MAX || mapTree(mapped, pa + bytes) == 0) return false;
  size = <u32>bytes;
  return true;
}

/** Maps from there to the end of the page that `end` is in, of which partitions' memory is mapped already. Gives back where that
 *  is; 0: it is not RAM, or the hypervisor's, or a channel's. */
function mapTree(from: u64, end: u64): u64 {
  const to = max(from, (end + PAGE_MASK) & ~PAGE_MASK);
  if (!isRam(from, to - from) || to > imageBase() && from < imageBase() + header().hypervisorSize + BLOB_MAX_BYTES) return 0;
  let at = from;
  for (let i: u32 = 0; at < to; i++) {
    bound(i, 2 * MAX_REGIONS + 1);
    let next = to;
    let isMapped = false;
    for (let n: u32 = 0; n < header().regionCount; n++) {
      bound(n, MAX_REGIONS);
      const region = blobRegion(n);
      const regionEnd = region.pa + spanOf(region);
      if (region.kind == REGION_DEVICE || regionEnd <= at || region.pa >= next) continue;
      if (region.kind == REGION_CHANNEL) return 0;
      isMapped = region.pa <= at;
      isOwned = true;
      next = isMapped ? min(next, regionEnd) : region.pa;
    }
    if (!isMapped && !mapReadOnly(at, next - at)) return 0;
    at = next;
  }
  return to;
}

/** Four bytes at a multiple of 4, big endian, as everything is; words that begin outside of the tree are 0. */
@inline function four(offset: u32): u32 { return offset < size ? bswap<u32>(physicalRead32(tree + offset)) : 0; }

/** Eight bytes at any offset. */
export function eight(offset: u32): u64 {
  const from = offset & ~3;
  const first = <u64>four(from) << 32 | four(from + 4);
  const shift = (offset & 3) << 3;
  return shift == 0 ? first : first << shift | four(from + 8) >> (32 - shift);
}

/** A byte at any offset. */
export function treeByte(offset: u32): u32 { return four(offset & ~3) >> ((3 - (offset & 3)) << 3) & 0xff; }

let depth: u32 = 0;
let inChosen: bool = false;
let strings: u32 = 0;

/** From token to token; what is none is passed over a word at a time, values at once. Of nodes and properties that nobody looks
 *  for there are thousands: they cost no call. */
function readTree(): void {
  const offsets = eight(8); // of structure and strings
  strings = <u32>offsets;
  const end = tree + size - 4; // the last word is END at most
  let at = tree + (<u32>(offsets >> 32) & ~3);
  let isWatched = false; // somebody wants to know what the node that began last has
  for (let n: u32 = 0; at < end; n++) {
    bound(n, TREE_BYTES_MAX / 4);
    const token = bswap<u32>(physicalRead32(at));
    let step: u64 = 4;
    if (token == PROPERTY) {
      const bytes = bswap<u32>(physicalRead32(at + 4));
      step = PROPERTY_HEAD + ((<u64>bytes + 3) & ~3);
      if (isWatched) takeProperty(<u32>(at - tree) + 8, bytes);
    } else if (token <= END) {
      if (token == BEGIN_NODE) {
        isWatched = beginNode(<u32>(at - tree) + 4);
        step = 8; // no name is shorter
      } else if (token == END_NODE) {
        isWatched = false;
        endNode();
      } else if (token == END) return;
    }
    at += step;
  }
}

function beginNode(name: u32): bool {
  inChosen = depth == ROOT_DEPTH && eight(name) == CHOSEN;
  return begunNode(depth++, name) || inChosen;
}

function endNode(): void {
  depth = max<u32>(depth, 1) - 1;
  endedNode(depth);
}

/** `at`: of its name's offset. */
function takeProperty(at: u32, bytes: u32): void {
  const name = strings + four(at);
  foundProperty(name, at + 4, bytes);
  if (inChosen && !isOwned) absorbSeed(name, at + 4, bytes);
  if (inChosen && eight(name) == AXV_SLOT && treeByte(name + NAME_WORD) == 0) noteSlot(eight(at + 4));
}

/** Of a tree in a partition's memory no seed is taken: there it could learn what others' come from. */
function absorbSeed(name: u32, at: u32, bytes: u32): void {
  if (eight(name) != RNG_SEED && eight(name + KA) != SLR_SEED) return;
  const words = min(bytes >> 2, SEED_WORDS_MAX);
  for (let i: u32 = 0; i < words; i++) {
    bound(i, SEED_WORDS_MAX);
    absorb(four(at + (i << 2)));
  }
}
