// Looks at the partitions' tag images (rtos-guests/channel/tagImageLayout.ts), a piece of one in a tick, while somebody asks for
// what changes in them (COMMAND_TAGS). A piece is taken between two looks at the image's sequence number, so all of it is of one
// scan. Each word is read once, and whatever it holds is only compared and sent.

import { physicalRead32, physicalRead64, readBarrier } from "../build/generated/isa";
import { bound } from "../build/generated/cpu";
import { STATE_RUNNING, TAG_LEASE_SECONDS, TAG_PIECE_WORDS } from "./abi";
import { header } from "../build/generated/blob";
import { Partition, partitionOf, stateOf } from "./partition";
import { copyOf, sendPieceOf, tagsWait } from "./tags";
import { MICROSECONDS_PER_SECOND, ticks } from "./time";
import {
  TAG_IMAGE_MAGIC, TAG_IMAGE_SEQUENCE, TAG_IMAGE_TABLE, TAG_IMAGE_TIME, TAG_IMAGE_VALUES,
} from "../rtos-guests/channel/tagImageLayout";

const FIRST_WORD: u32 = TAG_IMAGE_VALUES >> 3;
/** All images are looked at so often: twice as often as a scan that people watch. */
const ROUND_MICROSECONDS: u32 = 50_000;
/** A guest that is writing each time one looks waits for the next round. */
const TRIES: u32 = 4;

let lease: u64 = 0;
let nextRound: u64 = 0;
/** The partition whose turn it is, the next word of its image, and how often that has been tried. */
let turn: u32 = 0;
let place: u32 = FIRST_WORD;
let tries: u32 = 0;
/** Words of the piece that tries before have found changed; words of this round that are sent whether or not they have. */
let found: u64 = 0;
let all: u64 = 0;

/** Sends a partition's values anew, and what changes in all of them for a while. False: the hypervisor sends none of it. */
export function askForTags(partition: Partition, now: u64): bool {
  if (partition.tags == 0) return false;
  partition.tagsAsked = 1;
  lease = now + ticks(TAG_LEASE_SECONDS * MICROSECONDS_PER_SECOND);
  return true;
}

/** Somebody asks, the piece before has left, and a round is under way or is to begin. */
export function areTagsDue(now: u64): bool {
  return now < lease && !tagsWait() && (turn != header().partitionCount || now >= nextRound);
}

/** Takes the next piece. Only when areTagsDue. */
export function lookAtTags(now: u64): void {
  if (turn == header().partitionCount) {
    nextRound = now + ticks(ROUND_MICROSECONDS);
    turn = 0;
  }
  const partition = partitionOf(turn);
  const words = partition.plan.tagBytes >> 3;
  if (!isToBeRead(partition)) {
    giveUp(partition);
  } else if (takePiece(partition, words)) {
    place += TAG_PIECE_WORDS;
    tries = 0;
    if (place >= words) next();
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
function takePiece(partition: Partition, words: u32): bool {
  const pa = partition.tags;
  const sequence = physicalRead32(pa + TAG_IMAGE_SEQUENCE);
  if ((sequence & 1) != 0) return false;
  const table = physicalRead32(pa + TAG_IMAGE_TABLE);
  const time = physicalRead64(pa + TAG_IMAGE_TIME);
  const count = min(words - place, TAG_PIECE_WORDS);
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
  const changed = found | all & (~(<u64>0) >> (64 - count));
  if (changed != 0 || place == FIRST_WORD) sendPieceOf(partition, place, changed, table, time);
  found = 0;
  return true;
}
