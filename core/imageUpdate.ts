// A new image for one partition, while the others run on. Another one, which nobody trusts, streams it through a ring behind its
// mailbox's page (abi.ts); it is copied to memory that no partition has, and what is checked is that copy: first who signed its
// manifest, then, as it comes, whether it is what the manifest says. It takes effect with the partition's next start. All of it
// in steps, for which the housekeeper has time between its ticks.

import {
  hasSha256, imageBase, physicalRead32, physicalRead64, physicalWrite32, physicalWrite64, readBarrier,
} from "../build/generated/isa";
import { blobLoad, blobPartition, blobUpdate, BlobUpdate, header } from "../build/generated/blob";
import { bound, compareExchange32, loadAcquire32 } from "../build/generated/cpu";
import {
  IMAGE_CHECKING, IMAGE_HEADER_BYTES, IMAGE_IDLE, IMAGE_LINE_BYTES, IMAGE_READY, IMAGE_RECEIVING, IMAGE_REFUSED, IMAGE_RING_BYTES,
  IMAGE_SIGNATURE_BYTES, IMAGE_WAITING, IMAGE_WRONG_FORMAT, IMAGE_WRONG_GUEST, IMAGE_WRONG_HASH, IMAGE_WRONG_PARTITION,
  IMAGE_WRONG_PLACE, IMAGE_WRONG_SIGNATURE, IMAGE_WRONG_SIZE, IMAGE_WRONG_VERSION, MAILBOX_UPDATE_HEAD, MAILBOX_UPDATE_START,
  MAILBOX_UPDATE_STATE, MAILBOX_UPDATE_TAIL, MANIFEST_ENTRY, MANIFEST_FORMAT, MANIFEST_GUEST, MANIFEST_HASH, MANIFEST_MAGIC,
  MANIFEST_PARTITION, MANIFEST_SIZE, MANIFEST_TARGET, MANIFEST_VERSION, STATE_RUNNING,
} from "./abi";
import { CHECKING, GOOD, startVerifying, verifyStep } from "./crypto/ed25519";
import { copyWords, isEqual } from "./crypto/field25519";
import { digest, fillBlock, sha256Block, shaBlocks, shaRounds, shaStart } from "./crypto/sha2";
import { partitionOf, stateOf } from "./partition";

const HALF: u32 = IMAGE_SIGNATURE_BYTES / 2;
const LINE: u32 = IMAGE_LINE_BYTES; // a block of SHA-256, too
/** R, the key, the manifest: what is hashed for the signature; its second half, S; and a block of the image. */
const signed: usize = memory.data(IMAGE_HEADER_BYTES, 8);
const manifest: usize = signed + IMAGE_SIGNATURE_BYTES;
const signatureS: usize = memory.data(HALF, 8);
const block: usize = memory.data(LINE, 8);

// Where the partition's image is: 0 in what booted, 1 and 2 in the first and second half of the staging memory.
//
//   ┌──────────┬────────┬─────────┐   running: what it began with last; chosen: what it begins with next; previous: what a
//   │ previous │ chosen │ running │   rollback chooses. Only the half that is neither running nor chosen is written.
//   └──────────┴────────┴─────────┘
//    23…16      15…8     7…0
const places: u32 = <u32>memory.data(4, 4);
const CHOSEN: u32 = 8;
const PREVIOUS: u32 = 16;
const PLACE: u32 = 0xff;
@inline function placesOf(running: u32, chosen: u32, previous: u32): u32 {
  return running | chosen << CHOSEN | previous << PREVIOUS;
}
/** Of the images in both halves: bytes, padded; version. */
const images: usize = memory.data(2 * 16, 8);
const VERSION: usize = 8;
@inline function imageAt(place: u32): usize { return images + ((place - 1) << 4); }

let state: u32 = IMAGE_IDLE;
let refusal: u32 = 0;
let started: u32 = 0; // MAILBOX_UPDATE_START as it was seen last
let tail: u32 = 0; // of the ring, as what was written there is counted
let size: u64 = 0;
let at: u64 = 0; // of the image, with the padding that its hash has: where the next line goes
let isFilled: bool = false; // the line before is with SHA-256
let target: u32 = 0; // the half that it comes to, 1 or 2

@inline function isPlanned(): bool { return header().updateCount != 0; }
@inline export function isUpdatable(partition: u32): bool { return isPlanned() && blobUpdate(0).partition == partition; }
@inline export function imageState(): u32 { return state; }
@inline export function imageRefusal(): u32 { return refusal; }
@inline export function imageReceived(): u64 { return min(at, size); }
@inline export function imageSize(): u64 { return size; }
@inline function versionOf(place: u32): u32 { return place == 0 ? blobUpdate(0).version : load<u32>(imageAt(place), VERSION); }
/** The newest that was accepted; what the partition began with last, and what it begins with next. */
@inline export function imageVersion(): u32 { return max(max(versionOf(0), versionOf(1)), versionOf(2)); }
@inline export function imageRunning(): u32 { return versionOf(loadAcquire32(places) & PLACE); }
@inline export function imageNext(): u32 { return versionOf((loadAcquire32(places) >> CHOSEN) & PLACE); }
@inline function mailbox(): u64 { return partitionOf(blobUpdate(0).bringer).mailbox; }
@inline function half(n: u32): u64 { return blobUpdate(0).staging + (n == 1 ? 0 : blobUpdate(0).size); }

/** Each tick: whether a new one begins. */
export function lookForUpdate(): void {
  if (!isPlanned()) return;
  const partition = partitionOf(blobUpdate(0).bringer);
  if (stateOf(partition) != STATE_RUNNING) return;
  const start = physicalRead32(partition.mailbox + MAILBOX_UPDATE_START);
  if (start == started) return;
  const now = loadAcquire32(places);
  const running = now & PLACE;
  const free: u32 = running == 1 ? 2 : 1;
  const kept = now >> PREVIOUS == free ? 0 : now >> PREVIOUS;
  // Withdrawn, so that its half can be written, unless the partition begins with it just now: then a tick later.
  if (compareExchange32(places, now, placesOf(running, running, kept)) != now) return;
  started = start;
  target = free;
  tail = 0;
  at = 0;
  size = 0;
  physicalWrite32(partition.mailbox + MAILBOX_UPDATE_TAIL, 0);
  tell(start != 0 ? IMAGE_WAITING : IMAGE_IDLE, 0);
}

function tell(next: u32, code: u32): void {
  state = next;
  refusal = code;
  physicalWrite32(mailbox() + MAILBOX_UPDATE_STATE, next | code << 8);
}

/** Bytes in the ring. Whoever says that there are more than fit has spoilt them himself. */
function waiting(): u32 { return min<u32>(physicalRead32(mailbox() + MAILBOX_UPDATE_HEAD) - tail, IMAGE_RING_BYTES); }

/** PA of the ring: in one region with the mailbox. */
@inline function ring(): u64 { return mailbox() + (blobUpdate(0).ring - blobPartition(blobUpdate(0).bringer).mailbox); }

/** There is something to do for updateStep. */
export function updateWaits(): bool {
  if (state == IMAGE_CHECKING) return true;
  if (state == IMAGE_WAITING) return waiting() >= IMAGE_HEADER_BYTES;
  return state == IMAGE_RECEIVING && (isFilled || at >= size || waiting() >= LINE);
}

/** The next step of what waits. */
export function updateStep(): void {
  if (state == IMAGE_WAITING) takeManifest();
  else if (state == IMAGE_CHECKING) checkSignature();
  else if (isFilled) isFilled = shaRounds<u32>();
  else if (at < shaBlocks<u32>(size) * LINE) takeLine();
  else conclude();
}

/** The next bytes of the ring, each read once. */
function takeBytes(to: usize, bytes: u32): void {
  const from = ring() + (tail & (IMAGE_RING_BYTES - 1));
  for (let n: u32 = 0; n < bytes; n += 8) {
    bound(n >> 3, (IMAGE_HEADER_BYTES - IMAGE_SIGNATURE_BYTES) / 8);
    store<u64>(to + n, physicalRead64(from + n));
  }
  tail += bytes;
}

/** Header of what comes: R, S, manifest. */
function takeManifest(): void {
  const plan = blobUpdate(0);
  readBarrier();
  takeBytes(signed, HALF);
  takeBytes(signatureS, HALF);
  takeBytes(manifest, IMAGE_HEADER_BYTES - IMAGE_SIGNATURE_BYTES);
  copyWords(signed + HALF, changetype<usize>(plan) + offsetof<BlobUpdate>("key0"), HALF);
  tellTail();
  size = load<u64>(manifest, MANIFEST_SIZE);
  const wrong = wrongIn(plan);
  if (wrong != 0) return tell(IMAGE_REFUSED, wrong);
  startVerifying(signed, IMAGE_HEADER_BYTES, signatureS);
  tell(IMAGE_CHECKING, 0);
}

/** IMAGE_WRONG_* of the manifest; 0: nothing is, if its signature is good. */
function wrongIn(plan: BlobUpdate): u32 {
  if (load<u32>(manifest) != MANIFEST_MAGIC || load<u32>(manifest, 4) != MANIFEST_FORMAT) return IMAGE_WRONG_FORMAT;
  if (!isName(MANIFEST_PARTITION, changetype<usize>(blobPartition(plan.partition)))) return IMAGE_WRONG_PARTITION;
  if (!isName(MANIFEST_GUEST, changetype<usize>(plan))) return IMAGE_WRONG_GUEST;
  if (size == 0 || size > plan.size) return IMAGE_WRONG_SIZE;
  if (load<u64>(manifest, MANIFEST_TARGET) != blobLoad(plan.load).target ||
    load<u64>(manifest, MANIFEST_ENTRY) != blobPartition(plan.partition).entry) return IMAGE_WRONG_PLACE;
  return load<u32>(manifest, MANIFEST_VERSION) > imageVersion() ? 0 : IMAGE_WRONG_VERSION;
}

/** 16 bytes each, padded with NUL. */
@inline function isName(field: u32, name: usize): bool {
  return load<u64>(manifest + field) == load<u64>(name) && load<u64>(manifest + field, 8) == load<u64>(name, 8);
}

function checkSignature(): void {
  const answer = verifyStep();
  if (answer == CHECKING) return;
  isFilled = false;
  shaStart<u32>();
  if (answer == GOOD) tell(IMAGE_RECEIVING, 0);
  else tell(IMAGE_REFUSED, IMAGE_WRONG_SIGNATURE);
}

function tellTail(): void { physicalWrite32(mailbox() + MAILBOX_UPDATE_TAIL, tail); }

/** Of the word at n of a line: its bytes that are before the image's end. What is behind it nobody has signed. */
@inline function signedPart(left: u64, n: u64): u64 {
  return left >= n + 8 ? U64.MAX_VALUE : left <= n ? 0 : (<u64>1 << ((left - n) << 3)) - 1;
}

/** The next line of the image goes to its half, and to SHA-256; behind the last one, what ends the hash. */
function takeLine(): void {
  if (at < size) {
    readBarrier();
    takeBytes(block, LINE);
    tellTail();
    for (let n: u32 = 0; n < LINE; n += 8) {
      bound(n >> 3, LINE / 8);
      physicalWrite64(half(target) + at + n, load<u64>(block + n) & signedPart(size - at, n));
    }
  }
  fillBlock<u32>(block, at, size);
  at += LINE;
  isFilled = !hasSha256();
  if (!isFilled) sha256Block();
}

/** All of it is there, and hashed. */
function conclude(): void {
  if (!isEqual(digest<u32>(), manifest + MANIFEST_HASH)) return tell(IMAGE_REFUSED, IMAGE_WRONG_HASH);
  store<u64>(imageAt(target), (size + LINE - 1) & ~(<u64>LINE - 1));
  store<u32>(imageAt(target), load<u32>(manifest, MANIFEST_VERSION), VERSION);
  const now = loadAcquire32(places);
  // Nothing is chosen but what runs: so the partition's starts change nothing there.
  compareExchange32(places, now, placesOf(now & PLACE, target, now >> PREVIOUS));
  tell(IMAGE_READY, 0);
}

/** The partition begins with what it had before. False: it has begun with nothing else. */
export function rollBack(partition: u32): bool {
  if (!isUpdatable(partition)) return false;
  const now = loadAcquire32(places);
  const previous = now >> PREVIOUS;
  return previous != (now & PLACE) && compareExchange32(places, now, placesOf(now & PLACE, previous, previous)) == now;
}

/** On the partition's boot pCPU, before it is loaded: what is chosen runs. False: ask again. */
export function adoptUpdate(partition: u32): bool {
  if (!isUpdatable(partition)) return true;
  const now = loadAcquire32(places);
  const chosen = (now >> CHOSEN) & PLACE;
  const running = now & PLACE;
  return compareExchange32(places, now, placesOf(chosen, chosen, chosen != running ? running : now >> PREVIOUS)) == now;
}

/** 0: it is as it booted. */
@inline function placeOf(load: u32): u32 { return isPlanned() && blobUpdate(0).load == load ? loadAcquire32(places) & PLACE : 0; }

/** Of a load: where its bytes are, how many, and from where on they are zeros. */
export function loadSource(n: u32): u64 {
  const place = placeOf(n);
  return place != 0 ? half(place) : imageBase() + blobLoad(n).source;
}
export function loadSize(n: u32): u64 {
  const place = placeOf(n);
  return place != 0 ? load<u64>(imageAt(place)) : blobLoad(n).size;
}
export function loadZeros(n: u32): u64 { return placeOf(n) != 0 ? loadSize(n) : blobLoad(n).zeros; }
