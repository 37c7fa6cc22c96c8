// What has changed in the partitions' tag images, on its way to the host (core/abi.ts, FRAME_TAGS). arch/<isa>/tagImages.ts
// copies an image piece by piece; what differs from the copy is sent, before the next piece is looked at. For the housekeeper
// alone.

import { FRAME_TAGS } from "./abi";
import { framePayload, frameTakes, openFrame } from "./frame";
import { Partition } from "./partition";
import { MAX_TAG_BYTES } from "../build/generated/blob";
import { bound } from "../build/generated/cpu";

/** Short enough for the others to get their turn: 252 bytes of payload. */
const WORDS_A_FRAME: u32 = 24;
const TABLE_AND_TIME: u32 = 12;
const WORD_RECORD: u32 = 10;

const copies: usize = memory.data(MAX_TAG_BYTES, 8);

/** The piece that waits: whose, its first word's place in the image, table and time that it was written with, and the words to
 *  send. */
let owner: u32 = 0;
let first: u32 = 0;
let copy: usize = 0;
let table: u32 = 0;
let time: u64 = 0;
let words: u64 = 0;
let waits: bool = false;

@inline export function tagsWait(): bool { return waits; }

/** Where the copy of an image's word is; the image has it. */
@inline export function copyOf(partition: Partition, word: u32): usize { return copies + partition.tagCopy + (word << 3); }

/** Bit n of `changed`: word n of the piece that begins at word `place` is to be sent. */
export function sendPieceOf(partition: Partition, place: u32, changed: u64, tableSum: u32, scan: u64): void {
  owner = partition.index;
  first = place;
  copy = copyOf(partition, place);
  table = tableSum;
  time = scan;
  words = changed;
  waits = true;
}

/** Builds a frame of what waits, or of the first of it. */
export function tagFrame(): void {
  const payload = framePayload();
  store<u32>(payload, table);
  store<u64>(payload, time, 4);
  let bytes = TABLE_AND_TIME;
  for (let i: u32 = 0; i < WORDS_A_FRAME && words != 0; i++, words &= words - 1) {
    bound(i, WORDS_A_FRAME);
    const n = <u32>ctz(words);
    store<u16>(payload + bytes, <u16>(first + n));
    store<u64>(payload + bytes, load<u64>(copy + (n << 3)), 2);
    bytes += WORD_RECORD;
  }
  waits = words != 0;
  openFrame(FRAME_TAGS, owner);
  frameTakes(bytes);
}
