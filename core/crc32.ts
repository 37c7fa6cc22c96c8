// CRC-32/ISO-HDLC (reflected, polynomial 0x04c11db7).

import { bound } from "../build/generated/cpu";
import { crc32Double } from "../build/generated/isa";

export const CRC32_INITIAL: u32 = 0xffffffff;

@inline export function crc32End(crc: u32): u32 { return ~crc; }

/** CRC-32 of `bytes` bytes of linear memory, a multiple of 8; at most 64 KiB. */
export function crc32(pointer: usize, bytes: u32): u32 {
  let crc = CRC32_INITIAL;
  for (let i: u32 = 0; i < bytes; i += 8) {
    bound(i >> 3, 65536 / 8);
    crc = crc32Double(crc, load<u64>(pointer + i));
  }
  return crc32End(crc);
}
