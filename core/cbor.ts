// CBOR (RFC 8949), as much of it as telemetry needs: unsigned integers, arrays, maps. Appends to a frame.

import { frameByte } from "./frame";
import { bound } from "../build/generated/cpu";

// Major types (RFC 8949 §3.1), in the top three bits of the initial byte.
const UNSIGNED: u32 = 0 << 5;
const ARRAY: u32 = 4 << 5;
const MAP: u32 = 5 << 5;
// Additional information: the argument follows in 1, 4 or 8 bytes.
const IN_1_BYTE: u32 = 24;
const IN_4_BYTES: u32 = 26;
const IN_8_BYTES: u32 = 27;

function initial(major: u32, argument: u64): void {
  if (argument < IN_1_BYTE) {
    frameByte(major | <u32>argument);
  } else if (argument < 0x100) {
    frameByte(major | IN_1_BYTE);
    frameByte(<u32>argument);
  } else if (argument <= 0xffffffff) {
    frameByte(major | IN_4_BYTES);
    bigEndian(argument, 4);
  } else {
    frameByte(major | IN_8_BYTES);
    bigEndian(argument, 8);
  }
}

function bigEndian(value: u64, bytes: u32): void {
  for (let i: u32 = 0; i < bytes; i++) {
    bound(i, 8);
    frameByte(<u32>(value >> ((bytes - 1 - i) << 3)) & 0xff);
  }
}

export function cborUnsigned(value: u64): void {
  initial(UNSIGNED, value);
}

/** A map of `pairs` pairs follows. */
export function cborMap(pairs: u32): void {
  initial(MAP, pairs);
}

/** An array of `items` items follows. */
export function cborArray(items: u32): void {
  initial(ARRAY, items);
}

/** One pair of a map: small key, unsigned value. */
export function cborPair(key: u32, value: u64): void {
  initial(UNSIGNED, key);
  initial(UNSIGNED, value);
}
