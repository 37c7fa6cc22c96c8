// The header of a Linux arm64 Image (Linux Documentation/arch/arm64/booting.rst, "Call the kernel image"):
//
//   0        4        8            16          24     32    …    56      60
//  ┌────────┬────────┬────────────┬───────────┬──────┬──────────┬───────┬────────┐
//  │ code0  │ code1  │text_offset │image_size │flags │ reserved │ magic │ res5   │   little endian
//  └────────┴────────┴────────────┴───────────┴──────┴──────────┴───────┴────────┘
import { BLOCK } from "../units.ts";

export const HEADER_SIZE = 64;
export const MAGIC_OFFSET = 56;
/** "ARM\x64" */
export const MAGIC = 0x644d5241;
export const TEXT_OFFSET = 8;
export const IMAGE_SIZE = 16;
/** What kernels before 3.17 mean, whose image_size is 0. */
const LEGACY_TEXT_OFFSET = 0x80000;

export interface Arm64Image {
  /** Where its first byte goes, from a 2 MiB boundary. */
  readonly textOffset: number;
  /** Memory it takes from its first byte on, with what is zero-filled behind the file. */
  readonly size: number;
}

/** The header's facts, or, as a string, why the bytes are no such image. */
export function parseArm64Image(bytes: Uint8Array): Arm64Image | string {
  if (bytes.length < HEADER_SIZE) return `it has ${bytes.length} bytes, fewer than an arm64 Image's header`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(MAGIC_OFFSET, true) !== MAGIC)
    return `${describe(bytes)}, not an arm64 Image ("ARM\\x64" at byte 56)`;
  const textOffset = Number(view.getBigUint64(TEXT_OFFSET, true));
  const imageSize = Number(view.getBigUint64(IMAGE_SIZE, true));
  if (textOffset >= BLOCK) return `its text_offset is 0x${textOffset.toString(16)}, and has to be below 2 MiB`;
  return {
    textOffset: imageSize === 0 ? LEGACY_TEXT_OFFSET : textOffset,
    size: Math.max(imageSize, bytes.length),
  };
}

/** What people give by mistake. */
const KNOWN: readonly (readonly [string, readonly number[]])[] = [
  ["it is an ELF file", [0x7f, 0x45, 0x4c, 0x46]],
  ["it is compressed with gzip", [0x1f, 0x8b]],
  ["it is compressed with xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["it is compressed with zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["it is a device tree blob", [0xd0, 0x0d, 0xfe, 0xed]],
  ["it is a U-Boot uImage", [0x27, 0x05, 0x19, 0x56]],
];

const describe = (bytes: Uint8Array): string =>
  KNOWN.find(([, magic]) => magic.every((byte, index) => bytes[index] === byte))?.[0] ?? "it is something else";
