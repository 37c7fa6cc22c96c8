// One frame on its way out: payload collected byte by byte, closed with its CRC, COBS-encoded as the bytes are taken for the
// UART. And one on its way in. Format: core/abi.ts. Used by the housekeeper alone.

import { FRAME_PAYLOAD_MAX } from "./abi";
import { crc32Byte, crc32End, CRC32_INITIAL } from "./crc32";
import { bound } from "../build/generated/cpu";

const KIND_AND_PARTITION: u32 = 2;
const CRC_BYTES: u32 = 4;
const FRAME_MAX: u32 = KIND_AND_PARTITION + FRAME_PAYLOAD_MAX + CRC_BYTES;
/** COBS adds a byte in 254, and one; a delimiter stands on either side. */
const ENCODED_MAX: u32 = FRAME_MAX + FRAME_MAX / 254 + 1 + 2;
const DELIMITER: u32 = 0;
/** The longest run of non-zero bytes that one COBS code byte covers is 254. */
const LONGEST_RUN: u32 = 0xff;

// ---- out ----
const encoded: usize = memory.data(ENCODED_MAX + 8);
let encodedLength: u32 = 0;
let sent: u32 = 0;
let crc: u32 = 0;
let codeAt: u32 = 0;
let payloadBytes: u32 = 0;

/** Starts a frame; the one before must have been sent. */
export function openFrame(kind: u32, partition: u32): void {
  store<u8>(encoded, DELIMITER);
  codeAt = 1;
  encodedLength = 2;
  sent = 0;
  crc = CRC32_INITIAL;
  payloadBytes = 0;
  checkedByte(kind);
  checkedByte(partition);
}

/** One byte of payload; what passes FRAME_PAYLOAD_MAX is left out (the frames that the core builds do not). */
export function frameByte(byte: u32): void {
  if (payloadBytes >= FRAME_PAYLOAD_MAX) return;
  payloadBytes++;
  checkedByte(byte);
}

function checkedByte(byte: u32): void {
  crc = crc32Byte(crc, byte & 0xff);
  cobsByte(byte & 0xff);
}

/** COBS: a zero ends the run, whose length takes the place of the zero before it. */
function cobsByte(byte: u32): void {
  if (byte != 0) store<u8>(encoded + encodedLength++, <u8>byte);
  const run = encodedLength - codeAt;
  if (byte != 0 && run != LONGEST_RUN) return;
  store<u8>(encoded + codeAt, <u8>run);
  codeAt = encodedLength++;
}

/** Ends the frame: CRC, last run, delimiter. */
export function closeFrame(): void {
  const value = crc32End(crc);
  for (let i: u32 = 0; i < CRC_BYTES; i++) {
    bound(i, CRC_BYTES);
    cobsByte((value >> (i << 3)) & 0xff);
  }
  store<u8>(encoded + codeAt, <u8>(encodedLength - codeAt));
  store<u8>(encoded + encodedLength++, DELIMITER);
}

/** Next byte for the UART; -1: the frame is sent. */
export function takeFrameByte(): i32 {
  if (sent == encodedLength) return -1;
  return load<u8>(encoded + sent++);
}

@inline export function frameSent(): bool { return sent == encodedLength; }

// ---- in ----
const received: usize = memory.data(FRAME_MAX + 8);
let receivedLength: u32 = 0;
/** Bytes of the current run still to come; 0: the next byte is a code. */
let runLeft: u32 = 0;
/** The run before was shorter than 254: a zero stands behind it, if the frame goes on. */
let zeroDue: bool = false;
let overlong: bool = false;

/** CRC over payload and its CRC alike: then a right one leaves this, whatever the payload. */
const CRC_RESIDUE: u32 = 0xdebb20e3;
let receivedCrc: u32 = CRC32_INITIAL;
let frameLength: u32 = 0;

function receiveByte(byte: u32): void {
  receivedCrc = crc32Byte(receivedCrc, byte);
  if (receivedLength >= FRAME_MAX) overlong = true;
  else store<u8>(received + receivedLength++, <u8>byte);
}

/** Takes one byte from the UART. True: a frame with a right CRC is complete; read it before the next byte. */
export function takeReceived(byte: u32): bool {
  if (byte == DELIMITER) return endReceived();
  if (runLeft != 0) {
    receiveByte(byte);
    runLeft--;
    return false;
  }
  if (zeroDue) receiveByte(0);
  runLeft = byte - 1;
  zeroDue = byte != LONGEST_RUN;
  return false;
}

function endReceived(): bool {
  const complete = runLeft == 0 && !overlong && receivedLength >= KIND_AND_PARTITION + CRC_BYTES && receivedCrc == CRC_RESIDUE;
  frameLength = receivedLength;
  receivedLength = 0;
  receivedCrc = CRC32_INITIAL;
  runLeft = 0;
  zeroDue = false;
  overlong = false;
  return complete;
}

@inline export function receivedKind(): u32 { return load<u8>(received); }
@inline export function receivedPartition(): u32 { return load<u8>(received + 1); }
@inline export function receivedPayloadLength(): u32 { return frameLength - KIND_AND_PARTITION - CRC_BYTES; }
@inline export function receivedPayload(i: u32): u32 { return load<u8>(received + KIND_AND_PARTITION + i); }
