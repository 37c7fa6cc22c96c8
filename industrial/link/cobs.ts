// Consistent Overhead Byte Stuffing (Cheshire and Baker, IEEE/ACM ToN 7(2), 1999): takes every 0x00 out of a packet, so
// that 0x00 can separate packets. Costs one byte, and one more for every 254 bytes without a zero.
//
//   data    11 22 00 33        encoded   03 11 22 02 33
//                              each code byte: distance to the next zero; 0xff: 254 bytes follow, and no zero after them

const BLOCK_MAX = 0xff;

/** Bytes that `length` bytes can become at worst. */
export function cobsEncodedMax(length: number): number {
  return length + 1 + Math.floor(length / (BLOCK_MAX - 1));
}

export function cobsEncode(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(cobsEncodedMax(data.length));
  let code = 0; // where the code byte of the current block goes
  let at = 1;
  for (const byte of data) {
    // A full block is closed only when more data comes: a packet that ends with one needs no empty block after it.
    if (at - code === BLOCK_MAX) {
      out[code] = BLOCK_MAX;
      code = at++;
    }
    if (byte === 0) {
      out[code] = at - code;
      code = at++;
    } else {
      out[at++] = byte;
    }
  }
  out[code] = at - code;
  return out.subarray(0, at);
}

/** undefined: these bytes are not COBS (a zero in it, or a block that reaches past the end). */
export function cobsDecode(encoded: Uint8Array): Uint8Array | undefined {
  if (encoded.length === 0) return undefined;
  const out = new Uint8Array(encoded.length);
  let length = 0;
  let at = 0;
  while (at < encoded.length) {
    const code = encoded[at] ?? 0;
    const end = at + code;
    if (code === 0 || end > encoded.length) return undefined;
    const block = encoded.subarray(at + 1, end);
    if (block.includes(0)) return undefined;
    out.set(block, length);
    length += block.length;
    at = end;
    if (code !== BLOCK_MAX && at < encoded.length) out[length++] = 0;
  }
  return out.subarray(0, length);
}
