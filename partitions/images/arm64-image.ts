// The header of a Linux arm64 Image (Linux Documentation/arch/arm64/booting.rst, "Call the kernel image"):
//
//   0        4        8            16          24     32    …    56      60
//  ┌────────┬────────┬────────────┬───────────┬──────┬──────────┬───────┬────────┐
//  │ code0  │ code1  │text_offset │image_size │flags │ reserved │ magic │ res5   │   little endian
//  └────────┴────────┴────────────┴───────────┴──────┴──────────┴───────┴────────┘
import { GRANULES } from "../../boards/limits.ts";
import type { Granule } from "../../boards/limits.ts";
import { hex, PAGE } from "../units.ts";

export const HEADER_SIZE = 64;
export const MAGIC_OFFSET = 56;
/** "ARM\x64" */
export const ARM64_MAGIC: readonly number[] = [0x41, 0x52, 0x4d, 0x64];
export const TEXT_OFFSET = 8;
export const IMAGE_SIZE = 16;
const FLAGS = 24;
const FLAG_BIG_ENDIAN = 1n;
/** Flags, bits 2…1: 0 is not said, 1 is 4 KiB, 2 is 16 KiB, 3 is 64 KiB. */
const FLAGS_GRANULE_SHIFT = 1n;
const FLAGS_GRANULE = 3n;
/** What kernels before 3.17 mean, whose image_size is 0. */
const LEGACY_TEXT_OFFSET = 0x80000;

export interface Arm64Image {
  /** Where its first byte goes, from a 2 MiB boundary. Linux has less than 2 MiB here; others, the start of RAM in mind, more. */
  readonly textOffset: number;
  /** Memory it takes from its first byte on, with what it zeroes itself behind the file. */
  readonly size: number;
}

/**
 * The header's facts, or, as a string, what is wrong with it. Call it with bytes that have the magic; `size`: of the
 * whole file.
 */
export function parseArm64Image(bytes: Uint8Array, size = bytes.length): Arm64Image | string {
  if (size < HEADER_SIZE) return `it has ${size} bytes, fewer than an arm64 Image's header`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const textOffset = Number(view.getBigUint64(TEXT_OFFSET, true));
  const imageSize = Number(view.getBigUint64(IMAGE_SIZE, true));
  if ((view.getBigUint64(FLAGS, true) & FLAG_BIG_ENDIAN) !== 0n) return "it is a big-endian arm64 Image";
  if (textOffset % PAGE !== 0) return `its text_offset is ${hex(textOffset)}, and has to be a multiple of 4 KiB`;
  return {
    textOffset: imageSize === 0 ? LEGACY_TEXT_OFFSET : textOffset,
    size: Math.max(imageSize, size),
  };
}

/** The pages that a kernel was built for, without which it stops before its first word; undefined: it does not say. */
export function granuleOf(bytes: Uint8Array): Granule | undefined {
  const flags = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(FLAGS, true);
  const said = Number((flags >> FLAGS_GRANULE_SHIFT) & FLAGS_GRANULE);
  return GRANULES[said - 1];
}
