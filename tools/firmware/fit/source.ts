// Bytes of a FIT, wherever it lies: in memory, in a file, or behind an offset of a disk image. Read in pieces, for it may hold
// all of a Linux.
import type { OpenFile } from "../../../partitions/source/file.ts";
import { MIB, type Span } from "../../../partitions/units.ts";
import { FitError } from "./errors.ts";

export interface Source {
  readonly length: number;
  /** Fills `target` with what is there from `offset` on; so many bytes: fewer at the end. */
  fill(target: Uint8Array, offset: number): number;
  /** SHA-256 of so many of its bytes. Where there is none, they are read for it. */
  readonly digest?: ((span: Span) => Buffer) | undefined;
}

export const ofMemory = (bytes: Uint8Array): Source => ({
  length: bytes.length,
  fill: (target, offset) => {
    const there = bytes.subarray(offset, offset + target.length);
    target.set(there);
    return there.length;
  },
});

/** `within`: where it lies in the file; all of that may be read. */
export const ofFile = (file: OpenFile, within: Span = { base: 0, size: file.size }): Source => ({
  length: within.size,
  fill: (target, offset) => file.fill(target.subarray(0, Math.max(0, within.size - offset)), within.base + offset),
});

/** A part of it. */
export function within(source: Source, { base, size }: Span): Source {
  const { digest } = source;
  return {
    length: Math.min(size, Math.max(0, source.length - base)),
    fill: (target, offset) => source.fill(target.subarray(0, Math.max(0, size - offset)), base + offset),
    digest: digest && ((span) => digest({ base: base + span.base, size: span.size })),
  };
}

/** All of these, or FitError. */
export function exactly(source: Source, offset: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const there = source.fill(bytes, offset);
  if (there < size) throw new FitError("AXV_FIT_SHORT", String(offset + there), String(offset + size));
  return bytes;
}

/** In order, `most` bytes at once. Each is good until the next one is asked for. */
export function* piecesOf(source: Source, { base, size }: Span, most = MIB): Generator<Buffer> {
  const buffer = Buffer.alloc(Math.min(most, size));
  for (let done = 0; done < size; done += most) {
    const piece = buffer.subarray(0, size - done);
    const there = source.fill(piece, base + done);
    if (there < piece.length) throw new FitError("AXV_FIT_SHORT", String(base + done + there), String(base + size));
    yield piece;
  }
}
