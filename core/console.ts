// Console rings. What a partition prints goes into its output ring, from any of its vCPUs, and is drained by the housekeeper; what is typed
// into it comes by its input ring. No locks: a writer reserves an entry by an atomic add, and an entry says itself that it is filled.
//
//   output entry (u16):   15      8 7      0
//                        ┌─────────┬────────┐
//                        │ FILLED  │ byte   │
//                        └─────────┴────────┘

import { MAX_PARTITIONS } from "../build/generated/blob";
import { atomicAdd32, loadAcquire32, storeRelease32 } from "../build/generated/cpu";

const OUTPUT_ENTRIES: u32 = 4096;
const INPUT_BYTES: u32 = 256;
const FILLED: u32 = 0x100;
/** Writers that look at `free` at the same time may overshoot by one each: so the ring counts as full a little early. */
const MARGIN: u32 = 16;

@unmanaged
class Ring {
  head: u32; // entries ever reserved (output) or written (input)
  tail: u32; // entries ever taken
  dropped: u32;
  reserved: u32;
}

const RING_SIZE: u32 = 16;
const outputs: usize = memory.data(RING_SIZE * MAX_PARTITIONS, 16);
const inputs: usize = memory.data(RING_SIZE * MAX_PARTITIONS, 16);
const outputEntries: usize = memory.data(OUTPUT_ENTRIES * 2 * MAX_PARTITIONS, 16);
const inputBytes: usize = memory.data(INPUT_BYTES * MAX_PARTITIONS, 16);

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

/** Appends a byte; false: the ring is full, and the byte is counted as dropped. */
export function putOutput(partition: u32, byte: u32): bool {
  const ring = output(partition);
  if (outputFree(partition) == 0) {
    ring.dropped++;
    return false;
  }
  store<u16>(entryAt(partition, atomicAdd32(headAt(ring), 1)), <u16>(FILLED | (byte & 0xff)));
  return true;
}

/** Next byte of what the partition printed; -1: nothing (or its writer has not filled it yet). For the housekeeper alone. */
export function takeOutput(partition: u32): i32 {
  const ring = output(partition);
  if (ring.tail == loadAcquire32(headAt(ring))) return -1;
  const at = entryAt(partition, ring.tail);
  const entry = <u32>load<u16>(at);
  if ((entry & FILLED) == 0) return -1;
  store<u16>(at, 0);
  storeRelease32(tailAt(ring), ring.tail + 1);
  return <i32>(entry & 0xff);
}

@inline export function outputDropped(partition: u32): u32 { return output(partition).dropped; }

@inline export function outputWaits(partition: u32): bool {
  const ring = output(partition);
  return ring.tail != loadAcquire32(headAt(ring));
}

/** A typed byte for the partition; dropped when it does not read. For the housekeeper alone. */
export function putInput(partition: u32, byte: u32): bool {
  const ring = input(partition);
  if (ring.head - loadAcquire32(tailAt(ring)) >= INPUT_BYTES) return false;
  store<u8>(inputBytes + partition * INPUT_BYTES + (ring.head & (INPUT_BYTES - 1)), <u8>byte);
  storeRelease32(headAt(ring), ring.head + 1);
  return true;
}

@inline export function inputWaits(partition: u32): bool {
  const ring = input(partition);
  return loadAcquire32(headAt(ring)) != ring.tail;
}

/** Next typed byte; -1: none. */
export function takeInput(partition: u32): i32 {
  const ring = input(partition);
  if (!inputWaits(partition)) return -1;
  const byte = load<u8>(inputBytes + partition * INPUT_BYTES + (ring.tail & (INPUT_BYTES - 1)));
  storeRelease32(tailAt(ring), ring.tail + 1);
  return <i32>byte;
}

/** What was typed before the partition started anew is not for the new one. */
export function discardInput(partition: u32): void {
  const ring = input(partition);
  storeRelease32(tailAt(ring), loadAcquire32(headAt(ring)));
}
