// What the plan wants the firmware's device tree to say, so that the image does not run on another board: each Match is looked
// for while the tree is read once (firmwareTree.ts), and what was found is compared.
//
// A Match is followed along its path: `depth` says how many nodes of it are open, one below the other; beside it its next
// component. A path leads to one node: once that, or one on the way, has ended, it is over.

import { blobMatch, blobText, header, MATCH_ABSENT, MATCH_IS, MAX_MATCHES } from "../build/generated/blob";
import { bound } from "../build/generated/cpu";
import { eight, treeByte } from "./firmwareTree";
import { printBytes, printText } from "./print";
import { uartPut } from "./devices/uart";

/** Words of 8 bytes: longer texts are none that a tree has: a name, a string (boards/firmware.ts). */
const LONGEST: u32 = 16;
/** Of each byte in a word, all bits but the highest. */
const LOW_BITS: u64 = 0x7f7f7f7f7f7f7f7f;
/** In a path (boards/values.ts). */
const NAMES_MAX: u32 = 8;
/** Of a value: what is compared, and what is shown. */
const VALUE_MAX: u32 = 512;
const SHOWN_MAX: u32 = 128;
const SPACE: u32 = 0x20;
const DELETE: u32 = 0x7f;
const OVER: u32 = 0xffffffff;

@unmanaged
class Search {
  /** Nodes of its path that are open; OVER: its node has been there, or cannot come any more. */
  depth: u32;
  /** Of the next one, a text of the blob. */
  name: u32;
  /** Of the property: where its value is; 0: it has not been found. */
  value: u32;
  bytes: u32;
}
const SEARCH_BYTES: u32 = 16;
const searches: usize = memory.data(SEARCH_BYTES * MAX_MATCHES, 8);
@inline function search(n: u32): Search { return changetype<Search>(searches + n * SEARCH_BYTES); }

/** Most nodes that are open of any path that is not over; matches whose node is the one that began last. */
let deepest: u32 = 0;
let here: u32 = 0;

/** A text of the tree, as the blob has them: whole words, zeros behind its end. */
const text: usize = memory.data(LONGEST * 8, 8);

/** Reads it; a longer one has no end then. Gives back its bytes, the 0 too. */
function readText(at: u32): u32 {
  for (let i: u32 = 0; i < LONGEST; i++) {
    bound(i, LONGEST);
    const word = eight(at + (i << 3));
    const zeros = ~((word & LOW_BITS) + LOW_BITS | word | LOW_BITS); // the highest bit of each byte that is 0
    const before = <u32>clz(zeros); // bits ahead of the first one
    store<u64>(text + (i << 3), bswap<u64>(zeros == 0 ? word : word & ~(u64.MAX_VALUE >> before)));
    if (zeros != 0) return (i << 3) + (before >> 3) + 1;
  }
  return LONGEST << 3;
}

@inline function wordsOf(bytes: u32): u32 { return (bytes + 7) >> 3; }

/** What has been read is the blob's. */
@inline function isWord(n: u32, i: u32): bool { return load<u64>(text + (i << 3)) == blobText(n + i).bytes; }
function isText(n: u32, words: u32): bool {
  for (let i: u32 = 0; i < words; i++) {
    bound(i, LONGEST);
    if (!isWord(n, i)) return false;
  }
  return true;
}

/** A node begins, `depth` open ones above it; its name is in the tree there. Gives back whether a property of it is wanted. */
export function begunNode(depth: u32, name: u32): bool {
  here = 0;
  if (deepest < depth) return false; // no path leads here
  const words = wordsOf(readText(name));
  for (let n: u32 = 0; n < header().matchCount; n++) {
    bound(n, MAX_MATCHES);
    const one = search(n);
    // The root has no name. Most others differ in their last word.
    if (one.depth != depth || depth != 0 && !(isWord(one.name, words - 1) && isText(one.name, words))) continue;
    one.name = depth == 0 ? blobMatch(n).path : one.name + words;
    const isLast = blobText(one.name).bytes == 0;
    one.depth = isLast ? OVER : depth + 1;
    if (isLast) here |= <u32>1 << n;
    else deepest = depth + 1;
  }
  return here != 0;
}

/** A node has ended, `depth` open ones above it. */
export function endedNode(depth: u32): void {
  if (deepest <= depth) return;
  deepest = depth;
  for (let n: u32 = 0; n < header().matchCount; n++) {
    bound(n, MAX_MATCHES);
    if (search(n).depth > depth) search(n).depth = OVER;
  }
}

/** A property of the node that began last: its name, its value, in the tree. */
export function foundProperty(name: u32, value: u32, bytes: u32): void {
  const words = wordsOf(readText(name));
  for (let left = here, i: u32 = 0; left != 0; left &= left - 1, i++) {
    bound(i, MAX_MATCHES);
    const n = ctz(left);
    if (!isText(blobMatch(n).property, words)) continue;
    search(n).value = value;
    search(n).bytes = bytes;
  }
}

/** All that was wanted was found. False: it was not, and that is said. */
export function judge(): bool {
  let right = true;
  for (let n: u32 = 0; n < header().matchCount; n++) {
    bound(n, MAX_MATCHES);
    if (isRight(n)) continue;
    right = false;
    say(n);
  }
  return right;
}

function isRight(n: u32): bool {
  const how = blobMatch(n).how;
  const one = search(n);
  if (one.value == 0 || how == MATCH_ABSENT) return one.value == 0 && how == MATCH_ABSENT;
  for (let i: u32 = 0, bytes: u32 = 0; i < min(one.bytes, VALUE_MAX); i += bytes) {
    bound(i, VALUE_MAX);
    bytes = readText(one.value + i);
    if (i != 0 && treeByte(one.value + i - 1) != 0) continue; // the rest of a longer one
    const fits = how == MATCH_IS ? bytes == one.bytes : i + bytes <= one.bytes;
    if (fits && isText(blobMatch(n).value, wordsOf(bytes))) return true;
  }
  return false;
}

/** What was found, and what was wanted. */
function say(n: u32): void {
  const match = blobMatch(n);
  const one = search(n);
  printText("axv: this is another board: in the firmware's device tree ");
  printText("/");
  for (let n = match.path, i: u32 = 0; i < NAMES_MAX && blobText(n).bytes != 0; i++) {
    bound(i, NAMES_MAX);
    if (i != 0) printText("/");
    n += printBlobText(n);
  }
  printText(" ");
  printBlobText(match.property);
  printText(one.value == 0 ? " is not there" : " is ");
  for (let i: u32 = 0; i < min(one.bytes, SHOWN_MAX); i++) {
    bound(i, SHOWN_MAX);
    const byte = treeByte(one.value + i);
    uartPut(byte > SPACE && byte < DELETE ? byte : SPACE);
  }
  printText(match.how == MATCH_ABSENT ? ", wanted: none" : ", wanted: ");
  printBlobText(match.value);
  printText("\r\n");
}

/** Gives back how many words it has. */
function printBlobText(n: u32): u32 { return (printBytes(changetype<usize>(blobText(n))) + 8) >> 3; }
