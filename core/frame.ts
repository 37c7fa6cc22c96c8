// One frame on its way out: put together, then encoded a piece at a time (CRC, COBS) while its bytes go to the UART. And one on
// its way in. Format: core/abi.ts. Used by the housekeeper alone.

import { FRAME_PAYLOAD_MAX } from "./abi";
import { crc32End, CRC32_INITIAL } from "./crc32";
import { bound } from "../build/generated/cpu";
import { crc32Byte } from "../build/generated/isa";
import { SEND_MAX, uartSend } from "./devices/uart";

const HEADER: u32 = 3; // kind, partition, sequence
const CRC_BYTES: u32 = 4;
const FRAME_MAX: u32 = HEADER + FRAME_PAYLOAD_MAX + CRC_BYTES;
/** COBS adds a byte in 254, and one; a delimiter stands on either side. */
export const ENCODED_MAX: u32 = FRAME_MAX + FRAME_MAX / 254 + 1 + 2;
const DELIMITER: u32 = 0;
const LONGEST_RUN: u32 = 0xff; // The longest run of non-zero bytes that one COBS code byte covers is 254

// ---- out: addresses in two buffers ----
const raw: u32 = <u32>memory.data(FRAME_MAX + 8);
let rawEnd: u32 = 0;
let sequence: u32 = 0;
let rawTaken: u32 = 0;
const encoded: u32 = <u32>memory.data(ENCODED_MAX + 8); // its first byte is always 0: the delimiter in front
let encodedEnd: u32 = 0;
let sent: u32 = 0;
let crc: u32 = 0;
let codeAt: u32 = 0;
/** Its checksum has joined it; its last byte has been encoded. */
let summed: bool = true;
let complete: bool = true;
const PIECE: u32 = 66; // Bytes that are encoded at once

/** Starts a frame; the one before must have been sent. */
export function openFrame(kind: u32, partition: u32): void {
  store<u16>(raw, <u16>(kind | partition << 8));
  store<u8>(raw, <u8>(sequence++), 2);
  rawEnd = raw + HEADER;
  rawTaken = raw;
  codeAt = encoded + 1;
  encodedEnd = encoded + 2;
  sent = encoded;
  crc = CRC32_INITIAL;
  summed = false;
  complete = false;
}

/** There is no frame any more, whatever has left of it. */
export function dropFrame(): void {
  complete = true;
  sent = encoded;
  encodedEnd = encoded;
}

/** A byte of payload, and behind it the lowest `bytes` bytes of a number (1, 4, 8, or none), the highest first; what passes
 *  FRAME_PAYLOAD_MAX is left out (the frames that the core builds do not). */
@inline export function frameNumber(byte: u32, bytes: u32, value: u64): void {
  if (rawEnd + bytes >= raw + HEADER + FRAME_PAYLOAD_MAX) return;
  store<u8>(rawEnd, <u8>byte);
  store<u64>(rawEnd, bswap(value << (64 - (bytes << 3))), 1); // of none something, which the next one overwrites
  rawEnd += 1 + bytes;
}

/** Where the payload of the next frame can be put before it is opened, FRAME_PAYLOAD_MAX bytes; frameTakes: so many were. */
@inline export function framePayload(): usize { return raw + HEADER; }
@inline export function frameTakes(bytes: u32): void { rawEnd += bytes; }

export function encodePiece(): void {
  const end = min(rawTaken + PIECE, rawEnd);
  let sum = crc;
  let to = encodedEnd;
  let code = codeAt;
  let from = rawTaken;
  for (let i: u32 = 0; from < end; i++, from++) {
    bound(i, PIECE);
    const byte = <u32>load<u8>(from);
    sum = crc32Byte(sum, byte);
    // COBS: a zero ends the run, whose length takes the place of the zero before it.
    if (byte != 0) store<u8>(to++, <u8>byte);
    if (byte != 0 && to - code != LONGEST_RUN) continue;
    store<u8>(code, <u8>(to - code));
    code = to++;
  }
  rawTaken = end;
  crc = sum;
  if (end == rawEnd) {
    if (!summed) {
      // The checksum is encoded as the rest is.
      summed = true;
      store<u32>(end, crc32End(sum));
      rawEnd += CRC_BYTES;
    } else {
      store<u8>(code, <u8>(to - code));
      store<u64>(to++, DELIMITER); // and zeros behind it, for putTelemetry
      complete = true;
    }
  }
  encodedEnd = to;
  codeAt = code;
}

/** Sends the next piece of a frame that is encoded. False: the UART takes no more. */
export function sendEncoded(): bool {
  const end = min(sent + SEND_MAX, encodedEnd);
  sent = uartSend(sent, end);
  return sent == end;
}

/** Of the frame that has been sent last; 0 bytes: there is none any more. */
@inline export function encodedFrame(): usize { return encoded; }
@inline export function encodedBytes(): u32 { return encodedEnd - encoded; }
@inline export function isFrameEncoded(): bool { return complete; }
@inline export function frameSent(): bool { return complete && sent == encodedEnd; }

// ---- in: from the UART, and from the partition that reads along ----
@unmanaged
class Receiver {
  length: u32;
  /** Bytes of the current run still to come; 0: the next byte is a code. */
  runLeft: u32;
  crc: u32;
  /** The run before was shorter than 254: a zero stands behind it, if the frame goes on. */
  zeroDue: bool;
  overlong: bool;
}

export const FROM_UART: u32 = 0;
export const FROM_PARTITION: u32 = 1;
const SOURCES: u32 = 2;
const RECEIVER_SIZE: u32 = 16;
const BUFFER_SIZE: u32 = FRAME_MAX + 8;
const receivers: usize = memory.data(SOURCES * RECEIVER_SIZE, 8);
const buffers: usize = memory.data(SOURCES * BUFFER_SIZE, 8);
/** Of the frame that is complete. */
let received: usize = buffers;
let frameLength: u32 = 0;

/** CRC over payload and its CRC alike: then a right one leaves this, whatever the payload. */
const CRC_RESIDUE: u32 = 0xdebb20e3;

@inline function receiverOf(source: u32): Receiver { return changetype<Receiver>(receivers + source * RECEIVER_SIZE); }

@inline function receiveByte(source: u32, byte: u32): void {
  const receiver = receiverOf(source);
  // Inverted, so that it begins with zeros as the rest does.
  receiver.crc = ~crc32Byte(~receiver.crc, byte);
  if (receiver.length >= FRAME_MAX) receiver.overlong = true;
  else store<u8>(buffers + source * BUFFER_SIZE + receiver.length++, <u8>byte);
}

/** Takes one byte. True: a frame with a payload and a right CRC is complete; read it before the next byte. */
export function takeReceived(source: u32, byte: u32): bool {
  const receiver = receiverOf(source);
  if (byte == DELIMITER) return endReceived(source);
  if (receiver.runLeft != 0) {
    receiveByte(source, byte);
    receiver.runLeft--;
    return false;
  }
  if (receiver.zeroDue) receiveByte(source, 0);
  receiver.runLeft = byte - 1;
  receiver.zeroDue = byte != LONGEST_RUN;
  return false;
}

function endReceived(source: u32): bool {
  const receiver = receiverOf(source);
  const complete = receiver.runLeft == 0 && !receiver.overlong && receiver.length > HEADER + CRC_BYTES &&
    ~receiver.crc == CRC_RESIDUE;
  received = buffers + source * BUFFER_SIZE;
  frameLength = receiver.length;
  store<u64>(changetype<usize>(receiver), 0);
  store<u64>(changetype<usize>(receiver), 0, 8);
  return complete;
}

@inline export function receivedKind(): u32 { return load<u8>(received); }
@inline export function receivedPartition(): u32 { return load<u8>(received, 1); }
@inline export function receivedPayloadLength(): u32 { return frameLength - HEADER - CRC_BYTES; }
@inline export function receivedPayload(): usize { return received + HEADER; }
