// Writes files that belong together: all of them, or none; and a reader never sees half of one.
import { randomUUID } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { OutputError, reasonOf } from "./errors.ts";

/** A name that nobody else has, whatever the file will be called: so it is never longer than the file system takes. */
export const temporaryIn = (folder: string): string => join(folder, `.axv-part-${randomUUID()}`);

/** Path → content. The paths are those that `claim` gave. */
export function writeTogether(files: ReadonlyMap<string, Uint8Array | string>): void {
  const written = new Map<string, string>();
  try {
    for (const [path, data] of files) {
      const temporary = temporaryIn(dirname(path));
      written.set(temporary, path);
      attempt(path, () => writeFileSync(temporary, data, { flag: "wx" }));
    }
    for (const [temporary, path] of written) attempt(path, () => renameSync(temporary, path));
  } finally {
    for (const temporary of written.keys()) rmSync(temporary, { force: true });
  }
}

function attempt(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new OutputError("AXV_OUTPUT_FAILED", path, reasonOf(error));
  }
}
