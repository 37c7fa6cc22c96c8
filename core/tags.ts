// What changes in the partitions' tag images (rtos-guests/channel/tagImageLayout.ts), on its way to the host (core/abi.ts) while
// somebody asks for it (COMMAND_TAGS). A piece of one in a tick is compared with its copy, between two looks at the image's
// sequence number, so all of it is of one scan; what differs is sent before the next piece is looked at. Each word is read once,
// and whatever it holds is only compared and sent. For the housekeeper alone.

import { physicalRead32, physicalRead64, readBarrier } from "../build/generated/isa";
import { bound } from "../build/generated/cpu";
import { FRAME_TAGS, STATE_RUNNING, TAG_LEASE_SECONDS, TAG_PIECE_WORDS } from "./abi";
import { header, MAX_TAG_BYTES } from "../build/generated/blob";
import { framePayload, frameTakes, openFrame } from "./frame";
import { Partition, partitionOf, stateOf } from "./partition";
import { MICROSECONDS_PER_SECOND, ticks } from "./time";
import {
  TAG_IMAGE_MAGIC, TAG_IMAGE_SEQUENCE, TAG_IMAGE_TABLE, TAG_IMAGE_TIME, TAG_IMAGE_VALUES,
} from "../rtos-guests/channel/tagImageLayout";

const FIRST_WORD: u32 = TAG_IMAGE_VALUES >> 3;
const ROUND_MICROSECONDS: u32 = 50_000; // All images are looked at so often: twice as often as a scan that people watch
const TRIES: u32 = 4; // A guest that is writing each time one looks waits for the next round

/** Short enough for the others to get their turn: 252 bytes of payload. */
const WORDS_A_FRAME: u32 = 24;
const TABLE_AND_TIME: u32 = 12;
const WORD_RECORD: u32 = 10;

const copies: usize = memory.data(MAX_TAG_BYTES, 8);

let lease: u64 = 0;
let nextRound: u64 = 0;
/** The partition whose turn it is, the next word of its image, and how often that has been tried. */
let turn: u32 = 0;
let place: u32 = FIRST_WORD;
let tries: u32 = 0;
/** Words of the piece that tries before have found changed; words of this round that are sent whether or not they have. */
let found: u64 = 0;
let all: u64 = 0;

/** The piece that waits: whose, its first word's place in the image, table and time of when it was written, words to send. */
let owner: u32 = 0;
let first: u32 = 0;
let table: u32 = 0;
let time: u64 = 0;
let words: u64 = 0;
let waits: bool = false;

@inline export function tagsWait(): bool { return waits; }

/** Where the copy of an image's word is; the image has it. */
@inline function copyOf(partition: Partition, word: u32): usize { return copies + partition.tagCopy + (word << 3); }

/** Sends a partition's values anew, and what changes in all of them for a while. False: the hypervisor sends none of it. */
export function askForTags(partition: Partition, now: u64): bool {
  if (partition.tags == 0) return false;
  partition.tagsAsked = 1;
  lease = now + ticks(TAG_LEASE_SECONDS * MICROSECONDS_PER_SECOND);
  return true;
}

/** Somebody asks, the piece before has left, and a round is under way or is to begin. */
export function areTagsDue(now: u64): bool {
  return now < lease && !waits && (turn != header().partitionCount || now >= nextRound);
}

/** Takes the next piece. Only when areTagsDue. */
export function lookAtTags(now: u64): void {
  if (turn == header().partitionCount) {
    nextRound = now + ticks(ROUND_MICROSECONDS);
    turn = 0;
  }
  const partition = partitionOf(turn);
  const length = partition.plan.tagBytes >> 3;
  if (!isToBeRead(partition)) {
    giveUp(partition);
  } else if (takePiece(partition, length)) {
    place += TAG_PIECE_WORDS;
    tries = 0;
    if (place >= length) next();
  } else if (++tries == TRIES) {
    giveUp(partition);
  }
}

function next(): void {
  turn++;
  place = FIRST_WORD;
  tries = 0;
  found = 0;
  all = 0;
}

/** Not all of it has been looked at: what was found, and not sent, is sent with all the rest when it can be. */
function giveUp(partition: Partition): void {
  if ((found | all) != 0) partition.tagsAsked = 1;
  next();
}

/** Its guest runs, and has written since the round before. */
function isToBeRead(partition: Partition): bool {
  const pa = partition.tags;
  if (pa == 0 || stateOf(partition) != STATE_RUNNING) return false;
  if (place != FIRST_WORD) return true;
  return physicalRead32(pa) == TAG_IMAGE_MAGIC && physicalRead32(pa + TAG_IMAGE_SEQUENCE) != partition.tagsSeen;
}

/** False: the guest was writing. */
function takePiece(partition: Partition, length: u32): bool {
  const pa = partition.tags;
  const sequence = physicalRead32(pa + TAG_IMAGE_SEQUENCE);
  if ((sequence & 1) != 0) return false;
  table = physicalRead32(pa + TAG_IMAGE_TABLE);
  time = physicalRead64(pa + TAG_IMAGE_TIME);
  const count = min(length - place, TAG_PIECE_WORDS);
  for (let i: u32 = 0; i < count; i++) {
    bound(i, TAG_PIECE_WORDS);
    const value = physicalRead64(pa + ((place + i) << 3));
    const copy = copyOf(partition, place + i);
    if (value == load<u64>(copy)) continue;
    store<u64>(copy, value);
    found |= <u64>1 << i;
  }
  readBarrier(); // the values are read before the sequence number is read again
  if (physicalRead32(pa + TAG_IMAGE_SEQUENCE) != sequence) return false;
  if (place == FIRST_WORD) {
    partition.tagsSeen = sequence;
    if (partition.tagsAsked != 0) all = ~0;
    partition.tagsAsked = 0;
  }
  // The first piece is sent in any case: so the host sees that the guest scans.
  words = found | all & (~(<u64>0) >> (64 - count));
  waits = words != 0 || place == FIRST_WORD;
  owner = turn;
  first = place;
  found = 0;
  return true;
}

/** Builds a frame of what waits, or of the first of it. */
export function tagFrame(): void {
  const payload = framePayload();
  store<u32>(payload, table);
  store<u64>(payload, time, 4);
  let bytes = TABLE_AND_TIME;
  for (let i: u32 = 0; i < WORDS_A_FRAME && words != 0; i++, words &= words - 1) {
    bound(i, WORDS_A_FRAME);
    const word = first + <u32>ctz(words);
    store<u16>(payload + bytes, <u16>word);
    store<u64>(payload + bytes, load<u64>(copyOf(partitionOf(owner), word)), 2);
    bytes += WORD_RECORD;
  }
  waits = words != 0;
  openFrame(FRAME_TAGS, owner);
  frameTakes(bytes);
}
