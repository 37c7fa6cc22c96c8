// The audit log: who wrote what, when, from where, and whether it was done. Lines of JSON in files that are only appended to. Each line has
// the hash of the one before it, across files too: what is changed, taken out or put in later breaks the chain, and verify() finds the place.
// Lines cut off at the very end break nothing: whoever wants to notice that keeps `head` elsewhere (it is a metric, too).
//
//   {"number":7,"time":"2026-…Z","entry":{…},"before":"<hash of line 6>","hash":"<of all this but itself>"}
//
// A line that was cut off by a crash is ended, and the next one stands behind it; it was never acknowledged to anybody.
import { createHash } from "node:crypto";
import { closeSync, fdatasyncSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { BridgeError } from "./errors.ts";

export interface AuditOptions {
  readonly folder: string;
  /** Bytes: a file that is larger is followed by a new one. */
  readonly size: number;
  /** So many are kept. */
  readonly files: number;
}

export interface AuditHead {
  readonly number: number;
  readonly hash: string;
}

const NAME = /^audit-(\d{8})\.jsonl$/;
const nameOf = (index: number): string => `audit-${String(index).padStart(8, "0")}.jsonl`;
const START: AuditHead = { number: 0, hash: "0".repeat(64) };
/** Only the owner reads who has written. */
const MODE = 0o600;

interface Line {
  readonly number: number;
  readonly time: string;
  readonly entry: unknown;
  readonly before: string;
  readonly hash: string;
}

const hashOf = ({ number, time, entry, before }: Omit<Line, "hash">): string =>
  createHash("sha256").update(JSON.stringify([number, time, entry, before])).digest("hex");

/** Undefined: it is no line of a log, such as one that was cut off. */
function parse(text: string): Line | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === "object" && line !== null && "number" in line && "hash" in line ? (line as Line) : undefined;
  } catch {
    return undefined;
  }
}

/** Indices, ascending. */
function filesIn(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export class AuditLog {
  readonly #options: AuditOptions;
  readonly #now: () => Date;
  #index: number;
  #head = START;
  #file: number | undefined;
  #written = 0;
  #failed: string | undefined;

  /** Goes on where the log in that folder ends; begins one where there is none. */
  constructor(options: AuditOptions, now: () => Date = () => new Date()) {
    this.#options = options;
    this.#now = now;
    try {
      mkdirSync(options.folder, { recursive: true, mode: 0o700 });
      this.#index = filesIn(options.folder).at(-1) ?? 1;
      this.#open();
    } catch (error) {
      throw new BridgeError("AXV_AUDIT_UNUSABLE", options.folder, reasonOf(error));
    }
  }

  get head(): AuditHead {
    return this.#head;
  }

  /** Why the last entry was not written; undefined: it was. */
  get failed(): string | undefined {
    return this.#failed;
  }

  /** On disk when it comes back. False: it could not be written, and the next one is tried again. */
  append(entry: unknown): boolean {
    const line = { number: this.#head.number + 1, time: this.#now().toISOString(), entry, before: this.#head.hash };
    const hash = hashOf(line);
    try {
      if (this.#written >= this.#options.size) this.#turn();
      const file = this.#open();
      const text = Buffer.from(`${JSON.stringify({ ...line, hash })}\n`);
      for (let done = 0; done < text.length; ) done += writeSync(file, text, done);
      fdatasyncSync(file);
      this.#written += text.length;
      this.#head = { number: line.number, hash };
      this.#failed = undefined;
    } catch (error) {
      this.#failed = reasonOf(error);
      this.close(); // and what has been written of the line is ended when it is opened again
    }
    return this.#failed === undefined;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #open(): number {
    if (this.#file !== undefined) return this.#file;
    const { folder } = this.#options;
    const path = join(folder, nameOf(this.#index));
    const file = openSync(path, "a", MODE);
    this.#file = file;
    // Also a line whose writing seemed to fail, and that is there all the same.
    this.#head = lastLine(folder, filesIn(folder)) ?? START;
    this.#written = statSync(path).size;
    // A torn line is ended, so that the next one is one.
    if (this.#written > 0 && readFileSync(path).at(-1) !== 0x0a) this.#written += writeSync(file, "\n");
    return file;
  }

  #turn(): void {
    this.close();
    this.#index++;
    for (const old of filesIn(this.#options.folder).slice(0, 1 - this.#options.files)) rmSync(join(this.#options.folder, nameOf(old)));
  }
}

function lastLine(folder: string, files: readonly number[]): AuditHead | undefined {
  for (const index of files.toReversed()) {
    const lines = readFileSync(join(folder, nameOf(index)), "utf8").split("\n");
    const found = lines.map(parse).findLast((line) => line !== undefined);
    if (found !== undefined) return { number: found.number, hash: found.hash };
  }
  return undefined;
}

/** Goes through all of a log. Gives back how many entries there are and its head; throws at the first line that is not as it was written. */
export function verify(folder: string): { readonly entries: number; readonly first: number; readonly head: AuditHead } {
  let files: number[];
  try {
    files = filesIn(folder);
  } catch {
    throw new BridgeError("AXV_AUDIT_NONE", folder);
  }
  if (files.length === 0) throw new BridgeError("AXV_AUDIT_NONE", folder);
  let head: AuditHead | undefined;
  let entries = 0;
  let first = 0;
  for (const index of files) {
    const path = join(folder, nameOf(index));
    const lines = readFileSync(path, "utf8").split("\n");
    for (const [at, text] of lines.entries()) {
      const line = parse(text);
      if (line === undefined) {
        const isTorn = isBeginning(text) && (at === lines.length - 1 || parse(lines[at + 1] ?? "") !== undefined);
        if (text !== "" && !isTorn) throw new BridgeError("AXV_AUDIT_BROKEN", path, String(at + 1), "this is no entry");
        continue;
      }
      if (hashOf(line) !== line.hash) throw new BridgeError("AXV_AUDIT_BROKEN", path, String(at + 1), "its hash is not that of what it says");
      // The oldest that is kept: what stood before it is gone.
      const follows = head === undefined ? index !== 1 || line.before === START.hash : line.before === head.hash && line.number === head.number + 1;
      if (!follows) throw new BridgeError("AXV_AUDIT_BROKEN", path, String(at + 1), "it does not follow the entry before it");
      if (head === undefined) first = line.number;
      head = { number: line.number, hash: line.hash };
      entries++;
    }
  }
  return { entries, first, head: head ?? START };
}

/** Of a line, as a crash or a full disk leaves it: without its end, or with the next line behind it. */
const isBeginning = (text: string): boolean => text.startsWith('{"number":') || '{"number":'.startsWith(text);
