// CRC-32/ISO-HDLC (the one of Ethernet, zip and PNG): polynomial 0x04c11db7, reflected, initial value and final XOR of
// all ones. Check value: crc32("123456789") = 0xcbf43926.

const POLYNOMIAL_REFLECTED = 0xedb88320;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL_REFLECTED : crc >>> 1;
  return crc;
});

/** One more byte, where `crc` is what all before have made of 0xffffffff; the CRC is the last one's complement. */
export const crc32Byte = (crc: number, byte: number): number => ((crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0)) >>> 0;

export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crc32Byte(crc, byte);
  return ~crc >>> 0;
}
