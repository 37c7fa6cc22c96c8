// Either end of a ring in a channel (ringLayout.ts). The other end is not trusted: it may write what it likes to the channel at
// any time. So each word of it is read once, checked, and only then used; and no loop is longer than the ring.
//
// Order: the producer's payload is in memory before the head that covers it, and the consumer has read it before the tail
// that gives it back. A life that begins anew goes on from the counts that it finds, as far as they can be right; an end that
// can do nothing tells its count once more, for the other one may have overwritten it in an earlier life.
import { bound } from "../../build/generated/cpu";
import { channelRead32, channelWrite32, cleanLine, orderReads, orderWrites, refreshLine } from "../../build/generated/channel";
import {
  RING_CAPACITY_MAX, RING_CAPACITY_MIN, RING_CORRUPT, RING_DATA, RING_EMPTY, RING_FULL, RING_HEAD, RING_INVALID, RING_LINE,
  RING_TAIL, RING_TOO_LONG,
} from "./ringLayout";

const WORD: u32 = 4;
const WORDS_MAX: u32 = RING_CAPACITY_MAX / WORD;
const ALIGNED: u32 = ~(WORD - 1);

/** One end of a ring. */
@unmanaged
export class Ring {
  base: u64;
  capacity: u32;
  /** The producer's head, the consumer's tail: what the channel says of it is never believed after opening. */
  position: u32;

  /** Of the payload's word that has count `at`. */
  address(at: u32): u64 {
    return this.base + RING_DATA + (at & (this.capacity - 1));
  }
}

/** Whether `used` = head - tail can be: nobody is ahead of the other by more than the ring holds. */
function isPossible(ring: Ring, used: u32): bool {
  return used <= ring.capacity && used % WORD == 0;
}

/** The count in RING_HEAD or RING_TAIL. */
function look(ring: Ring, which: u32): u32 {
  const address = ring.base + which;
  refreshLine(address);
  const count = channelRead32(address);
  orderReads();
  return count;
}

/** Our own count, RING_HEAD or RING_TAIL, after all that it covers. */
function tell(ring: Ring, which: u32): void {
  const address = ring.base + which;
  orderWrites();
  channelWrite32(address, ring.position);
  cleanLine(address);
}

function place(ring: Ring, base: u64, capacity: u32): bool {
  const isPowerOfTwo = (capacity & (capacity - 1)) == 0;
  if (!isPowerOfTwo || capacity < RING_CAPACITY_MIN || capacity > RING_CAPACITY_MAX || base % RING_LINE != 0) return false;
  ring.base = base;
  ring.capacity = capacity;
  return true;
}

/** The producer's end. 0 or RING_INVALID. */
export function openProducer(ring: Ring, base: u64, capacity: u32): i32 {
  if (!place(ring, base, capacity)) return RING_INVALID;
  const tail = look(ring, RING_TAIL);
  const head = look(ring, RING_HEAD);
  ring.position = head % WORD == 0 && isPossible(ring, head - tail) ? head : tail & ALIGNED;
  tell(ring, RING_HEAD);
  return 0;
}

/** The consumer's end. 0 or RING_INVALID. */
export function openConsumer(ring: Ring, base: u64, capacity: u32): i32 {
  if (!place(ring, base, capacity)) return RING_INVALID;
  const head = look(ring, RING_HEAD);
  const tail = look(ring, RING_TAIL);
  ring.position = tail % WORD == 0 && isPossible(ring, head - tail) ? tail : head & ALIGNED;
  tell(ring, RING_TAIL);
  return 0;
}

/** Sends the `length` bytes at `from` in linear memory as one record. Gives back `length`, RING_FULL, _TOO_LONG or _CORRUPT. */
export function send(ring: Ring, from: usize, length: u32): i32 {
  if (length > ring.capacity - WORD) return RING_TOO_LONG;
  const used = ring.position - look(ring, RING_TAIL);
  const words = (length + WORD - 1) / WORD;
  if (!isPossible(ring, used) || ring.capacity - used < WORD + words * WORD) {
    tell(ring, RING_HEAD);
    return isPossible(ring, used) ? RING_FULL : RING_CORRUPT;
  }
  put(ring, length, words == 0);
  for (let i: u32 = 0; i < words; i++) {
    bound(i, WORDS_MAX);
    const rest = length - i * WORD;
    put(ring, wordAt(from + i * WORD, rest), i + 1 == words);
  }
  tell(ring, RING_HEAD);
  return <i32>length;
}

/** `isLast`: of its record. */
function put(ring: Ring, value: u32, isLast: bool): void {
  const at = ring.address(ring.position);
  channelWrite32(at, value);
  ring.position += WORD;
  if (isLast || ring.position % RING_LINE == 0) cleanLine(at);
}

/** The next word of a record, of which `rest` bytes are left: what is behind its end is 0, and not read. */
function wordAt(from: usize, rest: u32): u32 {
  let value: u32 = 0;
  for (let i: u32 = 0; i < WORD; i++) {
    bound(i, WORD);
    if (i < rest) value |= <u32>load<u8>(from + i) << (i << 3);
  }
  return value;
}

/**
 * Takes the next record into `into`, where there is room for `size` bytes. Gives back its length, or RING_EMPTY, _TOO_LONG or
 * _CORRUPT. What the bytes say is an allegation of the other end.
 */
export function receive(ring: Ring, into: usize, size: u32): i32 {
  const head = look(ring, RING_HEAD);
  const ready = head - ring.position;
  if (ready == 0) return drop(ring, head, RING_EMPTY);
  if (!isPossible(ring, ready)) return drop(ring, head & ALIGNED, RING_CORRUPT);
  const length = get(ring, true);
  if (length > ready - WORD) return drop(ring, head, RING_CORRUPT);
  const words = (length + WORD - 1) / WORD;
  if (length > size) return drop(ring, ring.position + words * WORD, RING_TOO_LONG);
  for (let i: u32 = 0; i < words; i++) {
    bound(i, WORDS_MAX);
    keep(into + i * WORD, get(ring, false), length - i * WORD);
  }
  orderReads(); // done with the bytes before they are given back
  tell(ring, RING_TAIL);
  return <i32>length;
}

/** Goes on at `position`, whatever stood before it, and tells so. */
function drop(ring: Ring, position: u32, result: i32): i32 {
  ring.position = position;
  tell(ring, RING_TAIL);
  return result;
}

/** `isFirst`: of its record. The lines of a record are looked at anew after the head that covers them. */
function get(ring: Ring, isFirst: bool): u32 {
  const at = ring.address(ring.position);
  if (isFirst || ring.position % RING_LINE == 0) refreshLine(at);
  ring.position += WORD;
  return channelRead32(at);
}

function keep(into: usize, value: u32, rest: u32): void {
  for (let i: u32 = 0; i < WORD; i++) {
    bound(i, WORD);
    if (i < rest) store<u8>(into + i, <u8>(value >> (i << 3)));
  }
}
