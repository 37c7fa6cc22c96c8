// GUIDs as a GPT has them (UEFI 2.10, appendix A): the first three fields little endian, the rest as it is written.
//
//   C12A7328-F81F-11D2-BA4B-00A0C93EC93B
//   u32 LE   u16  u16  8 bytes
import { createHash } from "node:crypto";

export const GUID_BYTES = 16;

/** Bytes of a GUID, in the order in which it is written down. */
const ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;
const GROUPS = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;

export function guidBytes(guid: string): Uint8Array {
  const written = Buffer.from(guid.replaceAll("-", ""), "hex");
  return Uint8Array.from(ORDER, (at) => written[at] ?? 0);
}

export function guidText(bytes: Uint8Array): string {
  return Buffer.from(ORDER.map((at) => bytes[at] ?? 0)).toString("hex").replace(GROUPS, "$1-$2-$3-$4-$5").toUpperCase();
}

const VERSION_AT = 6;
const VERSION_8 = 0x80;
const VARIANT_AT = 8;
const VARIANT = 0x80;

/** The same for the same text, so that each build makes the same image: a UUID of version 8 (RFC 9562, 5.8) from its SHA-256. */
export function guidOf(text: string): string {
  const sum = createHash("sha256").update(text).digest().subarray(0, GUID_BYTES);
  sum.writeUInt8((sum.readUInt8(VERSION_AT) & 0x0f) | VERSION_8, VERSION_AT);
  sum.writeUInt8((sum.readUInt8(VARIANT_AT) & 0x3f) | VARIANT, VARIANT_AT);
  return sum.toString("hex").replace(GROUPS, "$1-$2-$3-$4-$5").toUpperCase();
}
