// Where something may be written. Nothing is overwritten that was not asked for: no file that is read for it, no key, no
// other output of the same command, nothing but regular files; and beside the file that was named, only what axv-part has
// written itself.
import { closeSync, lstatSync, openSync, realpathSync, rmSync, statSync } from "node:fs";
import type { Stats } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { OutputError, reasonOf } from "./errors.ts";
import { makeFolder } from "./folder.ts";
import { holdsKeys } from "./keys.ts";
import { temporaryIn } from "./write.ts";

export const STANDARD_OUTPUT = "-";

export interface Output {
  /** As somebody has named it. */
  readonly path: string;
  /** For messages: "the image". */
  readonly what: string;
  /**
   * Whether a file that is there comes from axv-part. Given for what nobody has named, which therefore replaces nothing
   * else; a file that was named is replaced whatever it is.
   */
  readonly isOurs?: (path: string) => boolean;
}

/**
 * Finds the place of each output, and makes its folder; throws at the first one that may not be written. Gives back the
 * paths to write to, in the same order: behind links, so that the link stays.
 */
export function claim(outputs: readonly Output[], inputs: readonly string[]): string[] {
  const read = inputs.map((path) => ({ path, at: identify(path) }));
  const taken = new Map<string, Output>();
  return outputs.map((output) => {
    const { path, what, isOurs } = output;
    if (path === STANDARD_OUTPUT) throw new OutputError("AXV_OUTPUT_STDOUT", what);
    const place = placeOf(path);
    const at = identify(place);
    const input = read.find((file) => file.at.some((identity) => at.includes(identity)));
    if (input !== undefined) throw new OutputError("AXV_OUTPUT_IS_INPUT", path, what, input.path);
    if (holdsKeys(place)) throw new OutputError("AXV_OUTPUT_IS_INPUT", path, what, path, "holds keys");
    for (const identity of at) {
      const other = taken.get(identity);
      if (other !== undefined) throw new OutputError("AXV_OUTPUT_TWICE", path, other.what, what);
      taken.set(identity, output);
    }
    if (isOurs !== undefined && stat(place) !== undefined && !isOurs(place))
      throw new OutputError("AXV_OUTPUT_FOREIGN", path, what);
    return place;
  });
}

function placeOf(path: string): string {
  if (path === "" || path.includes("\0")) throw new OutputError("AXV_OUTPUT_NAME", path);
  if (path.endsWith("/")) throw new OutputError("AXV_OUTPUT_NO_FILE", path, "a folder");
  const folder = folderOf(path);
  const place = join(folder, basename(path));
  if (link(place) === undefined) return place;
  const found = stat(place);
  if (found === undefined) throw new OutputError("AXV_OUTPUT_NO_FILE", path, "a link that leads nowhere");
  if (!found.isFile()) throw new OutputError("AXV_OUTPUT_NO_FILE", path, kindOf(found));
  const behind = realpathSync(place);
  writable(dirname(behind), path);
  return behind;
}

/** The folder of a file, made if need be; it can be written to. */
function folderOf(path: string): string {
  const named = dirname(path);
  try {
    makeFolder(named);
  } catch (error) {
    throw new OutputError("AXV_OUTPUT_FOLDER", named, reasonOf(error));
  }
  return writable(realpathSync(named), path);
}

/** What may be written there only the system knows: permissions, read-only mounts, quotas. So it is tried. */
function writable(folder: string, path: string): string {
  const trial = temporaryIn(folder);
  try {
    closeSync(openSync(trial, "wx"));
    rmSync(trial);
    // Its name may be too long for the file system.
    lstatSync(join(folder, basename(path)), { throwIfNoEntry: false });
  } catch (error) {
    throw new OutputError("AXV_OUTPUT_FOLDER", dirname(path), reasonOf(error));
  }
  return folder;
}

function kindOf(file: Stats): string {
  if (file.isDirectory()) return "a folder";
  if (file.isFIFO()) return "a FIFO";
  if (file.isSocket()) return "a socket";
  return "a device";
}

/** What stands there, behind links; undefined: nothing. */
function stat(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ELOOP") return undefined;
    throw error;
  }
}

const link = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

/** By what two names of one file are known to be that: where they lead, and the file itself, which may have several names. */
function identify(path: string): string[] {
  try {
    const file = stat(path);
    return file === undefined ? [realPath(path)] : [realPath(path), `${file.dev}:${file.ino}`];
  } catch {
    return [resolve(path)]; // it cannot be looked at: a part of its path is a file, or it is no name at all
  }
}

/** Of a file that need not be there, nor its folder. */
function realPath(path: string): string {
  const whole = resolve(path);
  try {
    return realpathSync(whole);
  } catch {
    return dirname(whole) === whole ? whole : join(realPath(dirname(whole)), basename(whole));
  }
}
