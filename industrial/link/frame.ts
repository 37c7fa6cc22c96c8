// One frame of the multiplexed UART, as core/abi.ts draws it: kind, partition, sequence, payload, CRC-32; then COBS; between two
// 0x00 bytes.
import { FRAME_PAYLOAD_MAX } from "../../core/abi.ts";
import { cobsDecode, cobsEncode, cobsEncodedMax } from "./cobs.ts";
import { crc32 } from "./crc32.ts";
import { LinkError } from "./errors.ts";

export const DELIMITER = 0x00;
const HEADER_SIZE = 3;
const CRC_SIZE = 4;

/**
 * Kinds are 1…8, today's six and two to come. Bytes that no text contains, and `kind` is the second byte of every
 * encoded frame; so two bytes tell a frame from text (see demultiplexer.ts).
 */
export const FRAME_KIND_MAX = 8;

/** The longest frame on the wire, without its delimiters. */
export const FRAME_ENCODED_MAX = cobsEncodedMax(HEADER_SIZE + FRAME_PAYLOAD_MAX + CRC_SIZE);

export interface Frame {
  /** One of FRAME_*. */
  readonly kind: number;
  /** Index of the partition in the system blob, or FRAME_HYPERVISOR. */
  readonly partition: number;
  /** Of the board's frames one more than of the one before, modulo SEQUENCE_NUMBERS. */
  readonly sequence?: number;
  readonly payload: Uint8Array;
}

export const SEQUENCE_NUMBERS = 256;

/** With both delimiters: ready to be sent. */
export function encodeFrame(frame: Frame): Uint8Array {
  const { kind, partition, sequence = 0, payload } = frame;
  if (!Number.isInteger(kind) || kind < 1 || kind > FRAME_KIND_MAX) {
    throw new LinkError("AXV_FRAME_INVALID", `kind is ${kind}, not 1…${FRAME_KIND_MAX}`);
  }
  if (!Number.isInteger(partition) || partition < 0 || partition > 0xff) {
    throw new LinkError("AXV_FRAME_INVALID", `partition is ${partition}, not 0…255`);
  }
  if (payload.length > FRAME_PAYLOAD_MAX) {
    throw new LinkError("AXV_FRAME_INVALID", `payload has ${payload.length} bytes, more than ${FRAME_PAYLOAD_MAX}`);
  }
  const raw = new Uint8Array(HEADER_SIZE + payload.length + CRC_SIZE);
  raw[0] = kind;
  raw[1] = partition;
  raw[2] = sequence;
  raw.set(payload, HEADER_SIZE);
  const crcAt = HEADER_SIZE + payload.length;
  new DataView(raw.buffer).setUint32(crcAt, crc32(raw.subarray(0, crcAt)), true);

  const encoded = cobsEncode(raw);
  const wire = new Uint8Array(encoded.length + 2);
  wire[0] = DELIMITER;
  wire.set(encoded, 1);
  wire[wire.length - 1] = DELIMITER;
  return wire;
}

/** The bytes between two delimiters. undefined: no frame, or a damaged one. */
export function decodeFrame(segment: Uint8Array): Frame | undefined {
  if (segment.length > FRAME_ENCODED_MAX) return undefined;
  const raw = cobsDecode(segment);
  if (raw === undefined || raw.length < HEADER_SIZE + CRC_SIZE) return undefined;
  const crcAt = raw.length - CRC_SIZE;
  if (crcAt - HEADER_SIZE > FRAME_PAYLOAD_MAX) return undefined;
  const [kind, partition, sequence] = raw;
  if (kind === undefined || partition === undefined || sequence === undefined) return undefined;
  if (kind < 1 || kind > FRAME_KIND_MAX) return undefined;
  const crc = new DataView(raw.buffer, raw.byteOffset).getUint32(crcAt, true);
  if (crc !== crc32(raw.subarray(0, crcAt))) return undefined;
  return { kind, partition, sequence, payload: raw.slice(HEADER_SIZE, crcAt) };
}
