// A script as U-Boot's `source` takes it: a legacy image (U-Boot's include/image.h), as `mkimage -T script` makes it. Numbers are
// big endian.
//
//   0      4       8     12    16    20           24     28  29    30    31    32    64     68   72
//  ┌──────┬───────┬─────┬─────┬─────┬────────────┬──────┬───┬─────┬─────┬─────┬─────┬──────┬────┬────────┐
//  │magic │header │time │size │load │entry       │data  │OS │arch │type │comp.│name │length│ 0  │ script │
//  │      │CRC    │     │     │  0  │  0         │CRC   │   │     │     │     │     │      │    │        │
//  └──────┴───────┴─────┴─────┴─────┴────────────┴──────┴───┴─────┴─────┴─────┴─────┴──────┴────┴────────┘
//                                                             size and CRC are those of all behind the name
import { crc32 } from "node:zlib";
import { viewOf } from "./disk/sectors.ts";

const MAGIC = 0x2705_1956;
const HEADER = { magic: 0, crc: 4, time: 8, size: 12, dataCrc: 24, os: 28, architecture: 29, type: 30, name: 32 } as const;
const HEADER_BYTES = 64;
const NAME_BYTES = 32;
/** Of the one file in it, and a word of zeros that ends the list of files. */
const LENGTHS_BYTES = 8;
const OS_LINUX = 5;
const ARCHITECTURE_ARM64 = 22;
const TYPE_SCRIPT = 6;

/** Its time is 0: the same image in each build. */
export function writeScript(name: string, script: string): Uint8Array {
  const text = Buffer.from(script);
  const bytes = new Uint8Array(HEADER_BYTES + LENGTHS_BYTES + text.length);
  const view = viewOf(bytes);
  bytes.set(text, HEADER_BYTES + LENGTHS_BYTES);
  view.setUint32(HEADER_BYTES, text.length);
  view.setUint32(HEADER.magic, MAGIC);
  view.setUint32(HEADER.size, LENGTHS_BYTES + text.length);
  view.setUint32(HEADER.dataCrc, crc32(bytes.subarray(HEADER_BYTES)));
  view.setUint8(HEADER.os, OS_LINUX);
  view.setUint8(HEADER.architecture, ARCHITECTURE_ARM64);
  view.setUint8(HEADER.type, TYPE_SCRIPT);
  bytes.set(Buffer.from(name, "latin1").subarray(0, NAME_BYTES), HEADER.name);
  view.setUint32(HEADER.crc, crc32(bytes.subarray(0, HEADER_BYTES)));
  return bytes;
}

/** The script; or, as an error's words, why these bytes are none. */
export function readScript(bytes: Uint8Array): { readonly script: string } | string {
  const view = viewOf(bytes);
  if (bytes.length < HEADER_BYTES + LENGTHS_BYTES || view.getUint32(HEADER.magic) !== MAGIC) return "it is no legacy image";
  const header = Uint8Array.from(bytes.subarray(0, HEADER_BYTES));
  viewOf(header).setUint32(HEADER.crc, 0);
  if (crc32(header) !== view.getUint32(HEADER.crc)) return "its header has another CRC-32 than it says";
  if (view.getUint8(HEADER.type) !== TYPE_SCRIPT) return "it is a legacy image, and no script";
  const size = view.getUint32(HEADER.size);
  if (size > bytes.length - HEADER_BYTES) return "it ends within its script";
  if (crc32(bytes.subarray(HEADER_BYTES, HEADER_BYTES + size)) !== view.getUint32(HEADER.dataCrc))
    return "its script has another CRC-32 than its header says";
  const length = view.getUint32(HEADER_BYTES);
  if (length + LENGTHS_BYTES > size) return "its script is longer than it says";
  const from = HEADER_BYTES + LENGTHS_BYTES;
  return { script: Buffer.from(bytes.subarray(from, from + length)).toString("utf8") };
}
