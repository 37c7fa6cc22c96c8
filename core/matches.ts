// What the plan wants the firmware's device tree to say, so that the image does not run on another board: each Match is looked
// for while the tree is read once (firmwareTree.ts), and what was found is compared.
//
// A Match is followed along its path: `depth` says how many nodes of it are open, one below the other; beside it its next
// component. A path leads to one node: once that, or one on the way, has ended, it is over.

import { blobBuffer, blobMatch, header, MATCH_ABSENT, MATCH_HAS, MAX_MATCHES } from "../build/generated/blob";
import { bound } from "../build/generated/cpu";
import { treeByte } from "./firmwareTree";
import { printBytes, printText } from "./print";
import { uartPut } from "./devices/uart";

const SLASH: u32 = 0x2f;
/** Longer texts are none that a tree has: a name, a string (boards/firmware.ts). */
const LONGEST: u32 = 128;
/** Of a value: what is compared, and what is shown. */
const VALUE_MAX: u32 = 512;
const SHOWN_MAX: u32 = 128;
const SPACE: u32 = 0x20;
const DELETE: u32 = 0x7f;
const OVER: u32 = 0xffffffff;
const OTHER: u32 = 0xffffffff;

@unmanaged
class Search {
  /** Nodes of its path that are open; OVER. */
  depth: u32;
  /** Of the next one, a text. */
  component: u32;
  /** Of the property: where its value is; 0: it has not been found. */
  value: u32;
  bytes: u32;
}
const SEARCH_BYTES: u32 = 16;
const searches: usize = memory.data(SEARCH_BYTES * MAX_MATCHES, 8);
@inline function search(n: u32): Search { return changetype<Search>(searches + n * SEARCH_BYTES); }

/** Most nodes that are open of any path; matches whose node is the one that began last. */
let deepest: u32 = 0;
let here: u32 = 0;

@inline function textAt(offset: u32): usize { return blobBuffer + header().textOffset + offset; }

/** A node begins, `depth` open ones above it; its name is in the tree there. Gives back whether a property of it is wanted. */
export function begunNode(depth: u32, name: u32): bool {
  here = 0;
  if (deepest < depth) return false; // no path leads here
  for (let n: u32 = 0; n < header().matchCount; n++) {
    bound(n, MAX_MATCHES);
    const one = search(n);
    if (one.depth != depth) continue;
    // The root has no name, and stands for the first slash.
    const end = depth == 0 ? blobMatch(n).path : sameText(one.component, name, SLASH);
    if (end == OTHER) continue;
    one.depth = depth + 1;
    deepest = depth + 1;
    const behind = load<u8>(textAt(end)) == SLASH ? end + 1 : end;
    one.component = behind;
    if (load<u8>(textAt(behind)) == 0) here |= <u32>1 << n;
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
  for (let n: u32 = 0; here >> n != 0; n++) {
    bound(n, MAX_MATCHES);
    if (((here >> n) & 1) == 0 || sameText(blobMatch(n).property, name, 0) == OTHER) continue;
    search(n).value = value;
    search(n).bytes = bytes;
  }
}

/** The tree has there a text of the blob, up to its 0 or `stop`, and a 0 behind it. Gives back where the text ends, or OTHER. */
function sameText(text: u32, at: u32, stop: u32): u32 {
  for (let i: u32 = 0; i < LONGEST; i++) {
    bound(i, LONGEST);
    const wanted = <u32>load<u8>(textAt(text + i));
    const found = treeByte(at + i);
    if (wanted == 0 || wanted == stop) return found == 0 ? text + i : OTHER;
    if (wanted != found) return OTHER;
  }
  return OTHER;
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
  const text = textAt(blobMatch(n).value);
  let same: usize = 0; // characters of the text that the string has begun with
  let isFirst = true;
  let differs = false;
  for (let i: u32 = 0; i < min(one.bytes, VALUE_MAX); i++) {
    bound(i, VALUE_MAX);
    const byte = treeByte(one.value + i);
    const wanted = <u32>load<u8>(text + same);
    if (byte != 0) {
      differs = differs || byte != wanted;
      if (!differs) same++;
      continue;
    }
    if (!differs && wanted == 0 && (how == MATCH_HAS || isFirst && i + 1 == one.bytes)) return true;
    isFirst = false;
    differs = false;
    same = 0;
  }
  return false;
}

/** What was found, and what was wanted. */
function say(n: u32): void {
  const match = blobMatch(n);
  const one = search(n);
  printText("axv: this is another board: in the firmware's device tree ");
  printBytes(textAt(match.path));
  printText(" ");
  printBytes(textAt(match.property));
  printText(one.value == 0 ? " is not there" : " is ");
  for (let i: u32 = 0; i < min(one.bytes, SHOWN_MAX); i++) {
    bound(i, SHOWN_MAX);
    const byte = treeByte(one.value + i);
    uartPut(byte > SPACE && byte < DELETE ? byte : SPACE);
  }
  printText(match.how == MATCH_ABSENT ? ", wanted: none" : ", wanted: ");
  printBytes(textAt(match.value));
  printText("\r\n");
}
