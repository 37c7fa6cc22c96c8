// The socket of a running `axv-part run`, where consoles attach and commands arrive: where it is, and what is said on it.
//
//   client → run   one line of JSON: a Request
//   run → client   one line of JSON: a Reply
//   both           after an `attach` that was answered with ok: the console's very bytes, until one side hangs up
//
// Well-known place: $XDG_RUNTIME_DIR/axv-part/<pid>.sock, or <tmp>/axv-part-<uid>/<pid>.sock; the folder is the user's alone.
import { lstatSync, readdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { COMMAND_NAMES } from "../../industrial/link/commands.ts";
import { makeFolder } from "../output/folder.ts";
import { RunError } from "./errors.ts";

/** A request or a reply has no more bytes than this. */
export const MESSAGE_MAX = 64 * 1024;

/** Begins the maxima of a partition anew. The run does it by itself: the hypervisor knows of none. */
export const CLEAR_MAXIMA = "clear-maxima";
/** What can be done to a partition. */
export const CONTROLS = [...COMMAND_NAMES, CLEAR_MAXIMA] as const;
export type Control = (typeof CONTROLS)[number];
/** What is on trial is good: not of a partition, but of the whole system. */
export const COMMIT = "commit";

export const Request = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("describe") }),
  z.strictObject({ do: z.literal(COMMIT) }),
  z.strictObject({ do: z.literal("attach"), partition: z.string() }),
  z.strictObject({ do: z.enum(CONTROLS), partition: z.string() }),
]);
export type Request = z.infer<typeof Request>;

export const Description = z.object({ system: z.string(), pid: z.int(), partitions: z.array(z.string()) });
/** What runs there. */
export type Description = z.infer<typeof Description>;

export const Reply = z.union([
  z.object({ ok: z.literal(true), run: Description }),
  z.object({ ok: z.literal(false), code: z.string(), message: z.string() }),
]);
export type Reply = z.infer<typeof Reply>;

const SUFFIX = ".sock";
const OWNER_ONLY = 0o700;
const OTHERS_MASK = 0o077;

/** The folder of this user's runs; made when it is not there. Nobody else may have it: a console is a root shell. */
export function runFolder(uid = userInfo().uid): string {
  const runtime = process.env["XDG_RUNTIME_DIR"];
  const folder = runtime ? join(runtime, "axv-part") : join(tmpdir(), `axv-part-${uid}`);
  try {
    makeFolder(folder, OWNER_ONLY);
    const info = lstatSync(folder);
    if (!info.isDirectory()) throw new Error("it is not a folder");
    if (info.uid !== uid || (info.mode & OTHERS_MASK) !== 0) {
      throw new Error("it belongs to somebody else, or others may enter it: remove it, or chmod 700");
    }
  } catch (error) {
    throw new RunError("AXV_RUN_FOLDER", folder, error instanceof Error ? error.message : String(error));
  }
  return folder;
}

export const ownSocketPath = (): string => join(runFolder(), `${process.pid}${SUFFIX}`);

/** Sockets of all runs of this user; a run that was killed has left its own there. */
export function socketPaths(): string[] {
  const folder = runFolder();
  return readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX))
    .sort()
    .map((name) => join(folder, name));
}
