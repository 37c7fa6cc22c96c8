// Guest images made of a few bytes, to say exactly what is in them.
import { IMAGE_FORMATS } from "../../partitions/images/guest-image.ts";
import type { ImageRules } from "../../partitions/images/guest-image.ts";

/** Of a profile that takes every format. */
export const rules = (load: number | undefined): ImageRules => ({ formats: IMAGE_FORMATS, load });

export interface SegmentOfFile {
  readonly paddr: number;
  readonly vaddr?: bigint;
  readonly bytes: readonly number[];
  /** Default: as many as bytes. */
  readonly memorySize?: number;
}

export interface ElfOfFile {
  readonly entry: bigint;
  readonly segments: readonly SegmentOfFile[];
  readonly machine?: number;
  readonly type?: number;
}

const EM_AARCH64 = 183;
const ET_EXEC = 2;
const HEADER = 64;
const PROGRAM_HEADER = 56;

/** An ELF64 file, little endian: header, program headers, segments; as the System V ABI has them. */
export function elfFile({ entry, segments, machine = EM_AARCH64, type = ET_EXEC }: ElfOfFile): Uint8Array {
  const contents = HEADER + PROGRAM_HEADER * segments.length;
  const file = new Uint8Array(contents + segments.reduce((sum, { bytes }) => sum + bytes.length, 0));
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, entry, true);
  view.setBigUint64(32, BigInt(HEADER), true);
  view.setUint16(52, HEADER, true);
  view.setUint16(54, PROGRAM_HEADER, true);
  view.setUint16(56, segments.length, true);
  let offset = contents;
  segments.forEach(({ paddr, vaddr = BigInt(paddr), bytes, memorySize = bytes.length }, index) => {
    const at = HEADER + PROGRAM_HEADER * index;
    view.setUint32(at, 1, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, vaddr, true);
    view.setBigUint64(at + 24, BigInt(paddr), true);
    view.setBigUint64(at + 32, BigInt(bytes.length), true);
    view.setBigUint64(at + 40, BigInt(memorySize), true);
    file.set(bytes, offset);
    offset += bytes.length;
  });
  return file;
}

/** Instructions, little endian. */
export function codeOf(...words: readonly number[]): Uint8Array {
  const code = new Uint8Array(4 * words.length);
  const view = new DataView(code.buffer);
  words.forEach((word, index) => view.setUint32(4 * index, word, true));
  return code;
}

/** An arm64 Image: a header with these facts, and `size` bytes in all. */
export function arm64Image(textOffset: number, imageSize: number, size = 64): Uint8Array {
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  view.setBigUint64(8, BigInt(textOffset), true);
  view.setBigUint64(16, BigInt(imageSize), true);
  file.set([0x41, 0x52, 0x4d, 0x64], 56);
  return file;
}

/** A Linux riscv Image of its header alone, and text behind it. */
export function riscvImage(textOffset: number, imageSize: number, flags = 0, behind = ""): Uint8Array {
  const image = new Uint8Array(64 + behind.length);
  const view = new DataView(image.buffer);
  view.setBigUint64(8, BigInt(textOffset), true);
  view.setBigUint64(16, BigInt(imageSize), true);
  view.setBigUint64(24, BigInt(flags), true);
  image.set(new TextEncoder().encode("RISCV"), 48);
  image.set([0x52, 0x53, 0x43, 0x05], 56);
  image.set(new TextEncoder().encode(behind), 64);
  return image;
}
