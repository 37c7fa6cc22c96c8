// Bytes that go into an image. Those of a large file stay in it until they are copied to where they belong: a plan
// needs their number alone.
import { LOAD_ALIGN } from "../plan/plan.ts";
import { displayPath } from "../project.ts";
import { withFile } from "../source/file.ts";
import { alignUp, MIB } from "../units.ts";

/** As much as is in memory at once, of an image that holds all of a Linux. */
export const CHUNK_BYTES = MIB;

/** So many bytes of a file, from an offset on. */
export interface FilePart {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

export type Contents = Uint8Array | FilePart;

/** The file is shorter now than it was when the plan was made, or gone. */
export class FileChangedError extends Error {
  readonly code = "AXV-P102";

  constructor(path: string) {
    super(`${displayPath(path)} has changed while it was put into the image: try again`);
    this.name = "FileChangedError";
  }
}

/** Fills `target` with what is there from `from` on. */
function copy(contents: Contents, from: number, target: Uint8Array): void {
  if (contents instanceof Uint8Array) {
    target.set(contents.subarray(from, from + target.length));
    return;
  }
  const { path, offset } = contents;
  const read = withFile(path, (file) => file.fill(target, offset + from));
  if (read !== target.length) throw new FileChangedError(path);
}

/** `at`: an offset in the whole that it is a part of. */
export interface Part {
  readonly at: number;
  readonly contents: Contents;
}

/** The image, or what it holds for a partition's memory: a multiple of LOAD_ALIGN bytes, of which files keep theirs. */
export class Load {
  readonly length: number;
  /** Where there is no part, there are zeros. */
  readonly parts: readonly Part[];

  constructor(size: number, parts: readonly Part[]) {
    this.length = alignUp(size, LOAD_ALIGN);
    this.parts = parts;
  }

  /** Fills `target`, which is zeros, with what is there from `from` on. */
  copyTo(target: Uint8Array, from = 0): void {
    for (const { at, contents } of this.parts) {
      const first = Math.max(at, from);
      const end = Math.min(at + contents.length, from + target.length);
      if (first < end) copy(contents, first - at, target.subarray(first - from, end - from));
    }
  }

  /** All of it, in order: each chunk is good until the next one is asked for. */
  *chunks(): Generator<Uint8Array> {
    const buffer = new Uint8Array(Math.min(CHUNK_BYTES, this.length));
    for (let at = 0; at < this.length; at += CHUNK_BYTES) {
      const chunk = buffer.subarray(0, this.length - at);
      this.copyTo(chunk.fill(0), at);
      yield chunk;
    }
  }

  bytes(): Uint8Array {
    const whole = new Uint8Array(this.length);
    this.copyTo(whole);
    return whole;
  }
}
