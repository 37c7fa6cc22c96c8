// The checksum of a frame on a serial line (MODBUS over Serial Line V1.02, 6.2.2): x^16 + x^15 + x^2 + 1, bits reflected,
// begun with all ones. It is sent with its low byte first.

const POLYNOMIAL = 0xa001;
const START = 0xffff;

const TABLE = Uint16Array.from({ length: 0x100 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) * POLYNOMIAL);
  return crc;
});

export function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = START;
  for (let i = start; i < end; i++) crc = (crc >> 8) ^ (TABLE[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  return crc;
}
