// The guest's end of what is written to its tags (tagWritesLayout.ts). What `axv-part tags --as` makes calls these.
//
// Nothing of a batch is believed: it is copied once, all of it is checked against the table that the guest
// was built with, and only then is it taken over, into the guest's own memory. The values there are the
// guest's; what it shows of them is its image.
import { bound } from "../../build/generated/cpu";
import { openConsumer, openProducer, receive, Ring, send } from "./ring";
import { RING_EMPTY } from "./ringLayout";
import {
  TAG_WRITES_ALIGN, TAG_WRITES_ANSWER_BYTES, TAG_WRITES_ANSWERS, TAG_WRITES_ANSWERS_CAPACITY, TAG_WRITES_BATCH_MAX,
  TAG_WRITES_CAPACITY, TAG_WRITES_DONE, TAG_WRITES_ENTRIES, TAG_WRITES_FLOAT, TAG_WRITES_MALFORMED, TAG_WRITES_OTHER_TABLE,
  TAG_WRITES_OUT_OF_RANGE, TAG_WRITES_SIGNED, TAG_WRITES_TEXT, TAG_WRITES_UNKNOWN,
} from "./tagWritesLayout";

const WORD: u32 = 4;
/** Of an entry: its offset. */
const ENTRY: u32 = 4;
/** Steps of a binary search among 4,096. */
const SEARCH_MAX: u32 = 13;
const SIGN64: u64 = 1 << 63;
const SIGN32: u64 = 1 << 31;
const MASK32: u64 = 0xffff_ffff;

/** A tag that may be written, as the generated table has them: by offset, ascending. */
@unmanaged
export class Writable {
  offset: u32;
  /** Elements; of a text, bytes with the length's. */
  count: u16;
  /** Of an element. */
  size: u8;
  kind: u8;
  /** As keyOf() has them. */
  low: u64;
  high: u64;
}

const batches = changetype<Ring>(memory.data(offsetof<Ring>(), 8));
const answers = changetype<Ring>(memory.data(offsetof<Ring>(), 8));
const batch: u32 = <u32>memory.data(TAG_WRITES_BATCH_MAX, 8);
const answer: u32 = <u32>memory.data(TAG_WRITES_ANSWER_BYTES, 8);
let answerDue: bool = false;
let table: u32 = 0;
let tableCount: u32 = 0;
let tableSum: u32 = 0;
let values: u32 = 0;

/**
 * Begins a life. `base`: of the image; `size`: of it; `sum`: its table's; `writables`, `count`: the generated table; `own`:
 * the guest's own values, as in the image, from its first byte on.
 */
export function openTagWrites(base: u64, size: u32, sum: u32, writables: u32, count: u32, own: u32): void {
  const at = base + ((size + TAG_WRITES_ALIGN - 1) & ~(TAG_WRITES_ALIGN - 1));
  openConsumer(batches, at, TAG_WRITES_CAPACITY);
  openProducer(answers, at + TAG_WRITES_ANSWERS, TAG_WRITES_ANSWERS_CAPACITY);
  table = writables;
  tableCount = count;
  tableSum = sum;
  values = own;
  answerDue = false;
}

/** Once a scan, before the values are used: takes a batch, if one waits. True: values have changed. */
export function takeTagWrites(): bool {
  if (answerDue) {
    // The scan before has shown what it says.
    if (send(answers, answer, TAG_WRITES_ANSWER_BYTES) < 0) return false;
    answerDue = false;
  }
  const length = receive(batches, batch, TAG_WRITES_BATCH_MAX);
  if (length == RING_EMPTY) return false;
  const result =
    length < <i32>TAG_WRITES_ENTRIES
      ? TAG_WRITES_MALFORMED
      : load<u32>(batch + WORD) != tableSum
        ? TAG_WRITES_OTHER_TABLE
        : walk(<u32>length, false);
  store<u32>(answer, length < <i32>WORD ? 0 : load<u32>(batch));
  store<u32>(answer + WORD, result);
  answerDue = true;
  if (result != TAG_WRITES_DONE) return false;
  walk(<u32>length, true);
  return true;
}

/** Checks every entry, or takes every entry over. */
function walk(length: u32, takes: bool): u32 {
  let at = TAG_WRITES_ENTRIES;
  for (let i: u32 = 0; at < length; i++) {
    bound(i, TAG_WRITES_BATCH_MAX / ENTRY);
    if (length - at < ENTRY) return TAG_WRITES_MALFORMED;
    const tag = find(load<u32>(batch + at));
    if (tag === null) return TAG_WRITES_UNKNOWN;
    at += ENTRY;
    const bytes = <u32>tag.count * tag.size;
    if (length - at < bytes) return TAG_WRITES_MALFORMED;
    if (takes) memory.copy(values + tag.offset, batch + at, bytes);
    else if (!isAllowed(tag, batch + at)) return TAG_WRITES_OUT_OF_RANGE;
    at += (bytes + WORD - 1) & ~(WORD - 1);
  }
  return TAG_WRITES_DONE;
}

function find(offset: u32): Writable | null {
  let from: u32 = 0;
  let to = tableCount;
  for (let i: u32 = 0; from < to; i++) {
    bound(i, SEARCH_MAX);
    const middle = (from + to) >> 1;
    const tag = changetype<Writable>(table + middle * offsetof<Writable>());
    if (tag.offset == offset) return tag;
    if (tag.offset < offset) from = middle + 1;
    else to = middle;
  }
  return null;
}

function isAllowed(tag: Writable, from: u32): bool {
  if (tag.kind == TAG_WRITES_TEXT) return load<u8>(from) < tag.count;
  for (let i: u32 = 0; i < tag.count; i++) {
    bound(i, TAG_WRITES_BATCH_MAX);
    const key = keyOf(tag, from + i * tag.size);
    if (key < tag.low || key > tag.high) return false;
  }
  return true;
}

/**
 * A number that is the greater the greater the value is: signs and floats (IEEE 754 is ordered as sign and
 * magnitude) are compared as unsigned ones.
 */
function keyOf(tag: Writable, from: u32): u64 {
  const size = tag.size;
  const isSigned = tag.kind == TAG_WRITES_SIGNED;
  let bits: u64 = 0;
  if (size == 1) bits = isSigned ? <u64>(<i64>load<i8>(from)) : load<u8>(from);
  else if (size == 2) bits = isSigned ? <u64>(<i64>load<i16>(from)) : load<u16>(from);
  else if (size == 4) bits = isSigned ? <u64>(<i64>load<i32>(from)) : load<u32>(from);
  else bits = load<u64>(from);
  if (isSigned) return bits ^ SIGN64;
  if (tag.kind != TAG_WRITES_FLOAT) return bits;
  if (size == 4) return (bits & SIGN32) != 0 ? ~bits & MASK32 : bits | SIGN32;
  return (bits & SIGN64) != 0 ? ~bits : bits | SIGN64;
}
