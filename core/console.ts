// Console rings. What a partition prints goes into its output ring, from any of its vCPUs, and is drained by the housekeeper;
// what is typed into it comes by its input ring; two more rings, of TELEMETRY_PORT, have the frames that leave by the UART, for
// the partition that reads along, and those that it sends. No locks: a writer reserves an entry by an atomic add, and an entry
// says itself that it is filled.
//
//   output entry (u16):   15      8 7      0
//                        ┌─────────┬────────┐
//                        │ FILLED  │ byte   │
//                        └─────────┴────────┘

import { MAX_PARTITIONS, NONE } from "../build/generated/blob";
import { atomicAdd32, bound, loadAcquire32, storeRelease32 } from "../build/generated/cpu";
import { ENCODED_MAX } from "./frame";

const OUTPUT_ENTRIES: u32 = 8192;
const INPUT_BYTES: u32 = 256;
/** In the place of a partition's number. */
export const TELEMETRY_PORT: u32 = MAX_PARTITIONS;
const TELEMETRY_BYTES: u32 = 8192;
const FILLED: u32 = 0x100;
/** Console bytes in one frame: short enough for the others to get their turn. */
const CONSOLE_FRAME_BYTES: u32 = 128;
/** Writers that look at `free` at the same time may overshoot by what each writes at once (eight vCPUs, 48 bytes each, and the
 *  mailbox's 64). */
const MARGIN: u32 = 512;

@unmanaged
class Ring {
  head: u32; // entries ever reserved (output) or written (input)
  tail: u32; // entries ever taken
  dropped: u32;
  reserved: u32;
}

const RING_SIZE: u32 = 16;
const outputs: usize = memory.data(RING_SIZE * (MAX_PARTITIONS + 1), 16);
const inputs: usize = memory.data(RING_SIZE * (MAX_PARTITIONS + 1), 16);
const outputEntries: usize = memory.data(OUTPUT_ENTRIES * 2 * (MAX_PARTITIONS + 1), 16);
const inputBytes: usize = memory.data(INPUT_BYTES * MAX_PARTITIONS + TELEMETRY_BYTES, 16);
const telemetryBytes: usize = inputBytes + INPUT_BYTES * TELEMETRY_PORT;
/** Who reads along; NONE: nobody. */
let telemetryReader: u32 = NONE;

@inline function output(partition: u32): Ring { return changetype<Ring>(outputs + partition * RING_SIZE); }
@inline function input(partition: u32): Ring { return changetype<Ring>(inputs + partition * RING_SIZE); }
@inline function headAt(ring: Ring): u32 { return changetype<u32>(ring); }
@inline function tailAt(ring: Ring): u32 { return changetype<u32>(ring) + 4; }
@inline function entryAt(partition: u32, position: u32): usize {
  return outputEntries + (partition * OUTPUT_ENTRIES + (position & (OUTPUT_ENTRIES - 1))) * 2;
}

/** Entries that can be written without losing any. */
@inline export function outputFree(partition: u32): u32 {
  const ring = output(partition);
  const used = loadAcquire32(headAt(ring)) - loadAcquire32(tailAt(ring));
  return used >= OUTPUT_ENTRIES - MARGIN ? 0 : OUTPUT_ENTRIES - MARGIN - used;
}

/** Appends a byte; or counts that it is dropped, as the ring is full. */
export function putOutput(partition: u32, byte: u32): void {
  if (outputFree(partition) == 0) noteDropped(partition);
  else fillOutput(partition, reserveOutput(partition, 1), byte);
}

/** Position of the first of `count` entries, no more than are free: the caller fills them all. */
@inline export function reserveOutput(partition: u32, count: u32): u32 { return atomicAdd32(headAt(output(partition)), count); }

@inline export function fillOutput(partition: u32, position: u32, byte: u32): void {
  store<u16>(entryAt(partition, position), <u16>(FILLED | (byte & 0xff)));
}

/** Takes what the partition printed, as many bytes as a frame has of them; how many there were. For the housekeeper alone. */
export function takeOutput(partition: u32, to: usize): u32 {
  const ring = output(partition);
  const tail = ring.tail;
  const waiting = loadAcquire32(headAt(ring)) - tail;
  let taken: u32 = 0;
  for (; taken < CONSOLE_FRAME_BYTES && taken < waiting; taken++) {
    bound(taken, CONSOLE_FRAME_BYTES);
    const at = entryAt(partition, tail + taken);
    const entry = <u32>load<u16>(at);
    if ((entry & FILLED) == 0) break; // its writer has not filled it yet
    store<u16>(at, 0);
    store<u8>(to + taken, <u8>entry);
  }
  if (taken != 0) storeRelease32(tailAt(ring), tail + taken);
  return taken;
}

/** Takes the next byte of it; -1: there is none yet. */
export function takeOutputByte(port: u32): i32 {
  const ring = output(port);
  const tail = ring.tail;
  const at = entryAt(port, tail);
  if (tail == loadAcquire32(headAt(ring)) || (load<u16>(at) & FILLED) == 0) return -1;
  const byte = <i32>load<u8>(at);
  store<u16>(at, 0);
  storeRelease32(tailAt(ring), tail + 1);
  return byte;
}

/** An attempt to write found no room. */
export function noteDropped(partition: u32): void { output(partition).dropped++; }

@inline export function outputDropped(partition: u32): u32 { return output(partition).dropped; }

@inline export function outputWaits(partition: u32): bool {
  const ring = output(partition);
  return ring.tail != loadAcquire32(headAt(ring));
}

/** Typed bytes for the partition; what it does not read is dropped. For the housekeeper alone. */
export function putInput(partition: u32, from: usize, count: u32): void {
  const ring = input(partition);
  const head = ring.head;
  const free = INPUT_BYTES - (head - loadAcquire32(tailAt(ring)));
  const taken = min(count, free);
  for (let i: u32 = 0; i < taken; i++) {
    bound(i, INPUT_BYTES);
    store<u8>(inputBytes + partition * INPUT_BYTES + ((head + i) & (INPUT_BYTES - 1)), load<u8>(from + i));
  }
  storeRelease32(headAt(ring), head + taken);
}

@inline export function inputWaits(partition: u32): bool {
  const ring = input(partition);
  return loadAcquire32(headAt(ring)) != ring.tail;
}

/** Next typed byte; -1: none. */
export function takeInput(partition: u32): i32 {
  const ring = input(partition);
  if (!inputWaits(partition)) return -1;
  const last = partition == TELEMETRY_PORT ? TELEMETRY_BYTES - 1 : INPUT_BYTES - 1;
  const byte = load<u8>(inputBytes + partition * INPUT_BYTES + (ring.tail & last));
  storeRelease32(tailAt(ring), ring.tail + 1);
  return <i32>byte;
}

/** What was typed before the partition started anew is not for the new one. */
export function discardInput(partition: u32): void {
  const ring = input(partition);
  storeRelease32(tailAt(ring), loadAcquire32(headAt(ring)));
}

/** The partition starts, and reads along from now on. */
@inline export function openTelemetry(partition: u32): void { telemetryReader = partition; }

/** The partition that has a port. */
@inline export function ownerOf(port: u32): u32 { return port == TELEMETRY_PORT ? telemetryReader : port; }

/** A frame as it leaves, as a whole; false: there is none, or no room. Up to seven zeros behind it, which are delimiters, go with
 *  it. For the housekeeper alone. */
export function putTelemetry(from: usize, count: u32): bool {
  const ring = input(TELEMETRY_PORT);
  const head = ring.head;
  const bytes = (count + 7) & ~7;
  if (bytes == 0 || TELEMETRY_BYTES - (head - loadAcquire32(tailAt(ring))) < bytes) return false;
  for (let at: u32 = 0; at < bytes; at += 8) {
    bound(at >> 3, (ENCODED_MAX + 7) / 8);
    store<u64>(telemetryBytes + ((head + at) & (TELEMETRY_BYTES - 1)), load<u64>(from + at));
  }
  storeRelease32(headAt(ring), head + bytes);
  return true;
}
