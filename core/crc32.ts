// CRC-32/ISO-HDLC (reflected, polynomial 0x04c11db7), a byte at a time.

import { bound } from "../build/generated/cpu";

const POLYNOMIAL: u32 = 0xedb88320; // reflected
const BYTES: u32 = 256;
/** Of each byte. The blob's CRC is the first one: it fills the table. */
const table: usize = memory.data(BYTES * 4, 4);

export const CRC32_INITIAL: u32 = 0xffffffff;

@inline export function crc32Byte(crc: u32, byte: u32): u32 {
  return load<u32>(table + (((crc ^ byte) & (BYTES - 1)) << 2)) ^ (crc >> 8);
}

@inline export function crc32End(crc: u32): u32 { return ~crc; }

/** Bit by bit, the highest first: what has it and other bits is what has the others, and it. */
function fillTable(): void {
  let crc: u32 = 1;
  for (let bit = BYTES >> 1, i: u32 = 0; bit != 0; bit >>= 1, i++) {
    bound(i, 8);
    crc = (crc >> 1) ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
    for (let byte: u32 = 0; byte < BYTES; byte += 2 * bit) {
      bound(byte, BYTES);
      store<u32>(table + ((byte | bit) << 2), load<u32>(table + (byte << 2)) ^ crc);
    }
  }
}

@inline function crc32Word(crc: u32): u32 { return crc32Byte(crc32Byte(crc32Byte(crc32Byte(crc, 0), 0), 0), 0); }

/** CRC-32 of `bytes` bytes of linear memory, a multiple of 8; at most 64 KiB. */
export function crc32(pointer: usize, bytes: u32): u32 {
  fillTable();
  let crc = CRC32_INITIAL;
  for (let i: u32 = 0; i < bytes; i += 8) {
    bound(i >> 3, 65536 / 8);
    const words = load<u64>(pointer + i);
    crc = crc32Word(crc32Word(crc ^ <u32>words) ^ <u32>(words >> 32));
  }
  return crc32End(crc);
}
