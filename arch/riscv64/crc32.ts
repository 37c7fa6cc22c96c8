// CRC-32 (core/crc32.ts) by a table, a byte at a time: RISC-V has no instruction for it.

import { bound } from "../../build/generated/cpu";

const POLYNOMIAL: u32 = 0xedb88320; // reflected
const BYTES: u32 = 256;
/** Of each byte. */
const table: usize = memory.data(BYTES * 4, 4);

@inline export function crc32Byte(crc: u32, byte: u32): u32 {
  return load<u32>(table + (((crc ^ byte) & (BYTES - 1)) << 2)) ^ (crc >> 8);
}

/**
 * Before the first CRC: fills the table. Bit by bit, the highest first: what has it and other bits is what has the others, and
 * it. Gives back true: there can be CRCs.
 */
export function prepareCrc32(): bool {
  let crc: u32 = 1;
  for (let bit = BYTES >> 1, i: u32 = 0; bit != 0; bit >>= 1, i++) {
    bound(i, 8);
    crc = (crc >> 1) ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
    for (let byte: u32 = 0; byte < BYTES; byte += 2 * bit) {
      bound(byte, BYTES);
      store<u32>(table + ((byte | bit) << 2), load<u32>(table + (byte << 2)) ^ crc);
    }
  }
  return true;
}

@inline function crc32Word(crc: u32): u32 { return crc32Byte(crc32Byte(crc32Byte(crc32Byte(crc, 0), 0), 0), 0); }

@inline export function crc32Double(crc: u32, value: u64): u32 {
  return crc32Word(crc32Word(crc ^ <u32>value) ^ <u32>(value >> 32));
}
