// What happened, for the host: a short ring of events that any pCPU writes and the housekeeper sends. A full ring drops the
// new event; the partition counters in the telemetry still tell.
//
//   entry (5 × u64):   ┌───────────────────────────┬──────┬───┬───┬───┐
//                      │ FILLED | partition | code │ time │ a │ b │ c │
//                      └───────────────────────────┴──────┴───┴───┴───┘
//                        bit 16   15…8        7…0    ticks

import { EVENT_A, EVENT_B, EVENT_C, EVENT_CODE, EVENT_TIME, FRAME_EVENT } from "./abi";
import { cborMap, cborPair } from "./cbor";
import { openFrame } from "./frame";
import { nanoseconds } from "./time";
import { atomicAdd32, loadAcquire32, storeRelease32 } from "../build/generated/cpu";

const ENTRIES: u32 = 32;
const ENTRY_SIZE: u32 = 40;
const FILLED: u32 = 0x10000;
const EVENT_KEYS: u32 = 5;
const MARGIN: u32 = 8; // Writers that look at the same time may overshoot by one each

const entries: usize = memory.data(ENTRIES * ENTRY_SIZE, 16);
const positions: usize = memory.data(8, 8); // head, tail

@inline function at(position: u32): u32 { return entries + (position & (ENTRIES - 1)) * ENTRY_SIZE; }

/** Notes an event of a partition (or FRAME_HYPERVISOR) at a tick. */
export function recordEvent(code: u32, partition: u32, now: u64, a: u64, b: u64, c: u64): void {
  if (loadAcquire32(positions) - loadAcquire32(positions + 4) >= ENTRIES - MARGIN) return;
  const entry = at(atomicAdd32(positions, 1));
  store<u64>(entry, now, 8);
  store<u64>(entry, a, 16);
  store<u64>(entry, b, 24);
  store<u64>(entry, c, 32);
  storeRelease32(entry, FILLED | partition << 8 | code);
}

/** The oldest event's entry, if it is filled; 0: there is none. */
function oldest(): u32 {
  const entry = at(load<u32>(positions + 4));
  return (loadAcquire32(entry) & FILLED) != 0 ? entry : 0;
}

export function eventWaits(): bool { return oldest() != 0; }

/** Builds a frame of the oldest event, which waits. For the housekeeper alone. */
export function eventFrame(): void {
  const entry = oldest();
  const what = load<u32>(entry);
  openFrame(FRAME_EVENT, what >> 8); // of which it takes a byte
  cborMap(EVENT_KEYS);
  cborPair(EVENT_TIME, nanoseconds(load<u64>(entry, 8)));
  cborPair(EVENT_CODE, what & 0xff);
  cborPair(EVENT_A, load<u64>(entry, 16));
  cborPair(EVENT_B, load<u64>(entry, 24));
  cborPair(EVENT_C, load<u64>(entry, 32));
  store<u32>(entry, 0);
  storeRelease32(positions + 4, load<u32>(positions + 4) + 1);
}
