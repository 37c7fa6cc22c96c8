// The audit log: who wrote what, when, from where, and whether it was done. Lines of JSON in files that are only appended
// to. Each line has the hash of the one before it, across files too: what is changed, taken out or put in later breaks
// the chain, and verify() finds the place. Lines cut off at the very end break nothing: whoever wants to notice that
// keeps `head` elsewhere (it is a metric, too).
//
//   {"number":7,"time":"2026-…Z","entry":{…},"before":"<hash of line 6>","hash":"<of all this but itself>"}
//
// A line that was cut off by a crash is ended, and the next one stands behind it; it was never acknowledged to anybody.
//
// While the log cannot be written (the disk is full), entries wait in memory, each with its time, and go
// first as soon as it can be. Nothing that has to be on record is done meanwhile: what waits is the last
// thing that was done, and what was refused since.
import { createHash } from "node:crypto";
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
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
/** Entries that wait; of more only their number is kept. */
const WAITING_MAX = 1000;
/** The last line is looked for in so much of a file's end first. */
const TAIL = 64 * 1024;
const NEWLINE = 0x0a;

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

interface Waiting {
  readonly time: string;
  readonly entry: unknown;
}

export class AuditLog {
  readonly #options: AuditOptions;
  readonly #now: () => Date;
  readonly #waiting: Waiting[] = [];
  #lost = 0;
  #index: number;
  #head = START;
  #file: number | undefined;
  #written = 0;
  #failed: string | undefined;
  #wasTorn = false;

  /** Goes on where the log in that folder ends; begins one where there is none. */
  constructor(options: AuditOptions, now: () => Date = () => new Date()) {
    this.#options = options;
    this.#now = now;
    try {
      mkdirSync(options.folder, { recursive: true, mode: 0o700 });
      this.#index = filesIn(options.folder).at(-1) ?? 1;
      this.#open();
    } catch (error) {
      this.close();
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

  /** When it was opened its last line was cut off: of what a crash or a full disk has left. */
  get wasTorn(): boolean {
    return this.#wasTorn;
  }

  /** Entries that wait until they can be written. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether an entry could be written now; what waits is. */
  get isWritable(): boolean {
    return this.#failed === undefined || this.#writeWaiting();
  }

  /** On disk when it comes back. False: it could not be written, and waits. */
  append(entry: unknown): boolean {
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push({ time: this.#now().toISOString(), entry });
    else this.#lost++;
    return this.#writeWaiting();
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #writeWaiting(): boolean {
    try {
      for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
        this.#write(first);
        this.#waiting.shift();
      }
      if (this.#lost > 0) this.#write({ time: this.#now().toISOString(), entry: { what: "lost", entries: this.#lost } });
      this.#lost = 0;
      this.#failed = undefined;
    } catch (error) {
      this.#failed = reasonOf(error);
      this.close(); // and what has been written of the line is ended when it is opened again
    }
    return this.#failed === undefined;
  }

  #write({ time, entry }: Waiting): void {
    if (this.#written >= this.#options.size) this.#turn();
    const file = this.#open();
    const line = { number: this.#head.number + 1, time, entry, before: this.#head.hash };
    const hash = hashOf(line);
    const text = Buffer.from(`${JSON.stringify({ ...line, hash })}\n`);
    for (let done = 0; done < text.length; ) done += writeSync(file, text, done);
    fdatasyncSync(file);
    this.#written += text.length;
    this.#head = { number: line.number, hash };
  }

  #open(): number {
    if (this.#file !== undefined) return this.#file;
    const { folder } = this.#options;
    const file = openSync(join(folder, nameOf(this.#index)), "a+", MODE);
    this.#file = file;
    this.#written = fstatSync(file).size;
    const tail = tailOf(file, this.#written);
    // Also a line whose writing seemed to fail, and that is there all the same.
    this.#head =
      lastIn(tail) ?? lastIn(readFileSync(join(folder, nameOf(this.#index)))) ?? lastLine(folder, filesIn(folder)) ?? START;
    // A torn line is ended, so that the next one is one.
    this.#wasTorn = this.#written > 0 && tail.at(-1) !== NEWLINE;
    if (this.#wasTorn) this.#written += writeSync(file, "\n");
    return file;
  }

  #turn(): void {
    this.close();
    this.#index++;
    for (const old of filesIn(this.#options.folder).slice(0, 1 - this.#options.files))
      rmSync(join(this.#options.folder, nameOf(old)));
  }
}

function tailOf(file: number, size: number): Buffer {
  const tail = Buffer.alloc(Math.min(size, TAIL));
  return tail.subarray(0, readSync(file, tail, 0, tail.length, size - tail.length));
}

function lastIn(bytes: Buffer): AuditHead | undefined {
  const found = bytes.toString("utf8").split("\n").map(parse).findLast((line) => line !== undefined);
  return found && { number: found.number, hash: found.hash };
}

function lastLine(folder: string, files: readonly number[]): AuditHead | undefined {
  for (const index of files.toReversed()) {
    const found = lastIn(readFileSync(join(folder, nameOf(index))));
    if (found !== undefined) return found;
  }
  return undefined;
}

export interface Verified {
  readonly entries: number;
  /** The number of the first that is kept. */
  readonly first: number;
  readonly head: AuditHead;
  /** Lines that a crash or a full disk has cut off: beginnings of entries that nobody was told of. */
  readonly cut: number;
}

/** Goes through all of a log. Throws at the first line that is not as it was written. */
export function verify(folder: string): Verified {
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
  let cut = 0;
  for (const index of files) {
    const path = join(folder, nameOf(index));
    const lines = readFileSync(path, "utf8").split("\n");
    for (const [at, text] of lines.entries()) {
      const line = parse(text);
      if (line === undefined) {
        const isTorn = isBeginning(text) && (at === lines.length - 1 || parse(lines[at + 1] ?? "") !== undefined);
        if (text !== "" && !isTorn) throw new BridgeError("AXV_AUDIT_BROKEN", path, String(at + 1), "this is no entry");
        if (text !== "") cut++;
        continue;
      }
      if (hashOf(line) !== line.hash)
        throw new BridgeError("AXV_AUDIT_BROKEN", path, String(at + 1), "its hash is not that of what it says");
      // The oldest that is kept: what stood before it is gone.
      const follows =
        head === undefined
          ? index !== 1 || line.before === START.hash
          : line.before === head.hash && line.number === head.number + 1;
      if (!follows) throw new BridgeError("AXV_AUDIT_BROKEN", path, String(at + 1), "it does not follow the entry before it");
      if (head === undefined) first = line.number;
      head = { number: line.number, hash: line.hash };
      entries++;
    }
  }
  return { entries, first, head: head ?? START, cut };
}

/** Of a line, as a crash or a full disk leaves it: without its end, or with the next line behind it. */
const isBeginning = (text: string): boolean => text.startsWith('{"number":') || '{"number":'.startsWith(text);
