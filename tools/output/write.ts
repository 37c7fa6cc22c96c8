// Writes files that belong together: all of them, or none; and a reader never sees half of one. What is there already, byte by
// byte, is not written again.
import { randomUUID } from "node:crypto";
import { closeSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { CHUNK_BYTES, FileChangedError } from "../../partitions/images/contents.ts";
import { withFile } from "../../partitions/source/file.ts";
import { OutputError, reasonOf } from "./errors.ts";

/** A name that nobody else has, whatever the file will be called: so it is never longer than the file system takes. */
export const temporaryIn = (folder: string): string => join(folder, `.axv-part-${randomUUID()}`);

/** What is made while it is written. */
export interface Stream {
  readonly length: number;
  /** Always the same bytes; each chunk is good until the next one is asked for. */
  chunks(): Iterable<Uint8Array>;
}

export type Content = Uint8Array | string | Stream;

/** Path → content. The paths are those that `claim` gave. Gives back whether any of them had another content before. */
export function writeTogether(files: ReadonlyMap<string, Content>): boolean {
  const written = new Map<string, string>();
  try {
    for (const [path, content] of files) {
      const data = typeof content === "string" ? Buffer.from(content) : content;
      if (isThere(path, data)) continue;
      const temporary = temporaryIn(dirname(path));
      written.set(temporary, path);
      attempt(path, () => write(temporary, data));
    }
    for (const [temporary, path] of written) attempt(path, () => renameSync(temporary, path));
  } finally {
    for (const temporary of written.keys()) rmSync(temporary, { force: true });
  }
  return written.size > 0;
}

/** In order, with their offsets. Each is good until the next one is asked for. */
function* chunks(data: Exclude<Content, string>): Generator<[chunk: Uint8Array, at: number]> {
  if ("chunks" in data) {
    let made = 0;
    for (const chunk of data.chunks()) {
      yield [chunk, made];
      made += chunk.length;
    }
    return;
  }
  for (let at = 0; at < data.length; at += CHUNK_BYTES) yield [data.subarray(at, at + CHUNK_BYTES), at];
}

/** A file with these very bytes. */
function isThere(path: string, data: Exclude<Content, string>): boolean {
  const same = withFile(path, (file) => {
    if (file.size !== data.length) return false;
    let buffer = Buffer.alloc(Math.min(CHUNK_BYTES, data.length));
    for (const [chunk, at] of chunks(data)) {
      if (chunk.length > buffer.length) buffer = Buffer.alloc(chunk.length);
      const old = buffer.subarray(0, chunk.length);
      if (file.fill(old, at) !== chunk.length || !old.equals(chunk)) return false;
    }
    return true;
  });
  return same === true;
}

const ZEROS = Buffer.alloc(CHUNK_BYTES);
/** A file has zeros where nothing has been written, and no room is taken for them: most of a disk image is such. */
const isZeros = (chunk: Uint8Array): boolean => chunk.length <= CHUNK_BYTES && ZEROS.subarray(0, chunk.length).equals(chunk);

function write(path: string, data: Exclude<Content, string>): void {
  const descriptor = openSync(path, "wx");
  try {
    for (const [chunk, at] of chunks(data)) {
      if (isZeros(chunk)) continue;
      for (let done = 0; done < chunk.length; ) done += writeSync(descriptor, chunk, done, chunk.length - done, at + done);
    }
    ftruncateSync(descriptor, data.length);
  } finally {
    closeSync(descriptor);
  }
}

function attempt(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (error instanceof FileChangedError) throw error; // of what is written, not of where
    throw new OutputError("AXV_OUTPUT_FAILED", path, reasonOf(error));
  }
}
