// Reading what a person named: regular files only, of a size that is known before a byte is read. A pipe would be
// waited for, a device might never end.
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import type { Stats } from "node:fs";
import { dirname, resolve } from "node:path";
import { formatSize, KIB } from "../units.ts";

/** Why there is no reading it. */
export type Reason = string;

const REASONS: ReadonlyMap<string, Reason> = new Map([
  ["ENOENT", "there is no such file"],
  ["EISDIR", "it is a folder"],
  ["EACCES", "you may not read it"],
  ["EPERM", "you may not read it"],
  ["ENOTDIR", "a part of its path is a file, not a folder"],
  ["ELOOP", "its links lead in a circle"],
  ["ENAMETOOLONG", "its name, or the path to it, is too long"],
  ["ENXIO", "it is a socket or a device"],
  ["ERR_INVALID_ARG_VALUE", "no file's name has a NUL in it"],
]);

/** What a command is about cannot be read. */
export class UnreadableError extends Error {
  readonly code = "AXV-P103";

  constructor(path: string, reason: Reason) {
    super(`${path} cannot be read: ${reason}`);
    this.name = "UnreadableError";
  }
}

/** Codes of errors of the system's, and of Node's. */
const SYSTEMS = /^E[A-Z0-9_]+$/;

function kindOf(stats: Stats): Reason | undefined {
  if (stats.isFile()) return undefined;
  if (stats.isDirectory()) return "it is a folder";
  return stats.isFIFO() ? "it is a pipe" : "it is a device";
}

/** "1.5G"; in whole KiB at least. */
const shown = (bytes: number): string => formatSize(Math.ceil(bytes / KIB) * KIB);

/** A file that is open for reading. */
export class OpenFile {
  readonly size: number;
  readonly #descriptor: number;

  constructor(descriptor: number, size: number) {
    this.#descriptor = descriptor;
    this.size = size;
  }

  /** The first bytes, at most so many. */
  first(bytes: number): Uint8Array {
    const start = Buffer.alloc(Math.min(bytes, this.size));
    return start.subarray(0, this.fill(start, 0));
  }

  /** Fills `target` with what is there from `offset` on; so many bytes: fewer if the file ends before. */
  fill(target: Uint8Array, offset: number): number {
    for (let done = 0; ; ) {
      const read = readSync(this.#descriptor, target, done, target.length - done, offset + done);
      done += read;
      // It may have become shorter since it was opened.
      if (read === 0 || done === target.length) return done;
    }
  }

  /** All of it; or why that is too much. */
  whole(most: number): Uint8Array | Reason {
    if (this.size > most) return `it has ${shown(this.size)}, and at most ${shown(most)} are read`;
    return this.first(this.size);
  }
}

function opened(path: string): { file: OpenFile; descriptor: number } | Reason {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  const stats = fstatSync(descriptor);
  const wrong = kindOf(stats);
  if (wrong === undefined) return { file: new OpenFile(descriptor, stats.size), descriptor };
  closeSync(descriptor);
  return wrong;
}

function reasonOf(cause: unknown): Reason {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (!SYSTEMS.test(code)) throw cause; // of what is made of it
  return REASONS.get(code) ?? `the system says ${code}`;
}

/** What `use` makes of the file; or why it cannot be read. */
export function withFile<T>(path: string, use: (file: OpenFile) => T): T | Reason {
  try {
    const found = opened(path);
    if (typeof found === "string") return found;
    try {
      return use(found.file);
    } finally {
      closeSync(found.descriptor);
    }
  } catch (cause) {
    return reasonOf(cause);
  }
}

/** The same, where that takes its time. */
export async function whileOpen<T>(path: string, use: (file: OpenFile) => Promise<T>): Promise<T | Reason> {
  try {
    const found = opened(path);
    if (typeof found === "string") return found;
    try {
      return await use(found.file);
    } finally {
      closeSync(found.descriptor);
    }
  } catch (cause) {
    return reasonOf(cause);
  }
}

/** A path as `file` names it. A slash at its end stays: only a folder is called so, and the system says where none is. */
export function besideFile(file: string, given: string): string {
  return resolve(dirname(file), given) + (/\/\.?$/.test(given) ? "/" : "");
}

/** Also of what cannot be looked at: to read it says why. */
export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

/** The names in a folder; none, where there is no folder. `remedy`: what to do about one that cannot be read. */
export function namesIn(folder: string, remedy: string): string[] {
  try {
    return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(folder) : [];
  } catch (cause) {
    throw new UnreadableError(folder, `${reasonOf(cause)}. ${remedy}`);
  }
}

/** The file's bytes, `most` at most; or why there are none. */
export const readFile = (path: string, most: number): Uint8Array | Reason => withFile(path, (file) => file.whole(most));
