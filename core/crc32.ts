// CRC-32/ISO-HDLC (reflected, polynomial 0x04c11db7), four bits at a time: a table of 64 bytes instead of 1024.

import { bound } from "../build/generated/cpu";

const table: usize = memory.data<u32>([
  0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
  0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
]);

export const CRC32_INITIAL: u32 = 0xffffffff;

@inline export function crc32Byte(crc: u32, byte: u32): u32 {
  crc ^= byte;
  crc = load<u32>(table + ((crc & 15) << 2)) ^ (crc >> 4);
  return load<u32>(table + ((crc & 15) << 2)) ^ (crc >> 4);
}

@inline export function crc32End(crc: u32): u32 { return ~crc; }

/** CRC-32 of `bytes` bytes of linear memory; at most 64 KiB. */
export function crc32(pointer: usize, bytes: u32): u32 {
  let crc = CRC32_INITIAL;
  for (let i: u32 = 0; i < bytes; i++) {
    bound(i, 65536);
    crc = crc32Byte(crc, load<u8>(pointer + i));
  }
  return crc32End(crc);
}
