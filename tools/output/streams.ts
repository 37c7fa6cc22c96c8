// Standard output and error, as others leave them to us: a pipe whose reader has gone (`axv-part plan … | head -1`) has had what
// it wanted, and a disk that is full has not.
import { OutputError, reasonOf } from "./errors.ts";

/** Anything else than that its reader has gone is told by `failed`, once. */
export function heedStreams(streams: readonly NodeJS.WriteStream[], failed: (error: OutputError) => void): void {
  let isTold = false;
  for (const stream of streams) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === READER_GONE || isTold) return;
      isTold = true;
      failed(unwritten(error));
    });
  }
}

const READER_GONE = "EPIPE";
const unwritten = (error: NodeJS.ErrnoException): OutputError =>
  new OutputError(
    "AXV_OUTPUT_FAILED",
    "standard output",
    error.code === READER_GONE ? "nobody reads it any more" : reasonOf(error),
  );

/** Settles when all of it is written; in vain, if its reader has gone. What else goes wrong is told by `heedStreams`. */
export const writeWhole = (stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    stream.write(bytes, (error?: NodeJS.ErrnoException | null) => {
      if (error?.code === READER_GONE) reject(unwritten(error));
      else resolve();
    });
  });
