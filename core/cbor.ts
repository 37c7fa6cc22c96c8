// CBOR (RFC 8949), as much of it as telemetry needs: unsigned integers, arrays, maps. Appends to a frame.

import { frameNumber } from "./frame";

// Major types (RFC 8949 §3.1), in the top three bits of the initial byte.
const UNSIGNED: u32 = 0;
const ARRAY: u32 = 4 << 5;
const MAP: u32 = 5 << 5;
// Additional information: the argument follows in 1, 4 or 8 bytes.
const IN_1_BYTE: u32 = 24;
const IN_4_BYTES: u32 = 26;
const IN_8_BYTES: u32 = 27;

function initial(major: u32, argument: u64): void {
  let information = <u32>argument;
  let bytes: u32 = 0;
  if (argument >= IN_1_BYTE) {
    bytes = argument < 0x100 ? 1 : argument <= 0xffffffff ? 4 : 8;
    information = bytes == 1 ? IN_1_BYTE : bytes == 4 ? IN_4_BYTES : IN_8_BYTES;
  }
  frameNumber(major | information, bytes, argument);
}

export function cborUnsigned(value: u64): void { initial(UNSIGNED, value); }
export function cborMap(pairs: u32): void { initial(MAP, pairs); }
export function cborArray(items: u32): void { initial(ARRAY, items); }

/** One pair of a map: its key and value, both unsigned. */
export function cborPair(key: u32, value: u64): void {
  initial(UNSIGNED, key);
  initial(UNSIGNED, value);
}
