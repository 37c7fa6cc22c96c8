// The header of a Linux riscv Image (Linux Documentation/arch/riscv/boot-image-header.rst):
//
//   0        4        8            16          24     32       36      48       56       60
//  ┌────────┬────────┬────────────┬───────────┬──────┬────────┬───────┬────────┬────────┬────────┐
//  │ code0  │ code1  │text_offset │image_size │flags │version │ res   │ magic  │ magic2 │ res    │   little endian
//  └────────┴────────┴────────────┴───────────┴──────┴────────┴───────┴────────┴────────┴────────┘
import { hex, PAGE } from "../units.ts";

const HEADER_SIZE = 64;
export const RISCV_MAGIC_OFFSET = 56;
/** magic2, "RSC\x05": magic is deprecated. */
export const RISCV_MAGIC: readonly number[] = [0x52, 0x53, 0x43, 0x05];
const TEXT_OFFSET = 8;
const IMAGE_SIZE = 16;
const FLAGS = 24;
const FLAG_BIG_ENDIAN = 1n;

export interface RiscvImage {
  /** Where its first byte goes, from the start of RAM. */
  readonly textOffset: number;
  /** Memory it takes from its first byte on. */
  readonly size: number;
}

/**
 * The header's facts, or, as a string, what is wrong with it. Call it with bytes that have the magic; `size`: of the whole
 * file.
 */
export function parseRiscvImage(bytes: Uint8Array, size = bytes.length): RiscvImage | string {
  if (bytes.length < HEADER_SIZE) return `it has ${size} bytes, fewer than a riscv Image's header`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const textOffset = Number(view.getBigUint64(TEXT_OFFSET, true));
  if ((view.getBigUint64(FLAGS, true) & FLAG_BIG_ENDIAN) !== 0n) return "it is a big-endian riscv Image";
  if (textOffset % PAGE !== 0) return `its text_offset is ${hex(textOffset)}, and has to be a multiple of 4 KiB`;
  return { textOffset, size: Math.max(Number(view.getBigUint64(IMAGE_SIZE, true)), size) };
}
