// What QEMU writes with `-d in_asm,exec,nochain`: of each block that it translates its instructions, and then a line each time
// that it begins one, <host> being where the translation lies.
//
//   IN:
//   0x<pc>:  <instruction>
//   0x<pc>:  <instruction>
//
//   Trace <cpu>: <host> [<cs base>/<pc>/<flags>/<cflags>] <symbol>
//   cpu_io_recompile: rewound execution of TB to <pc>   to do that access exactly in time: only what is before it was executed
//   Stopped execution of TB chain before <host> [<pc>] <symbol>   for an interrupt: nothing was
//
// A line for each instruction (-singlestep) would say the same in five times as many, each of them a write(2). A log has
// millions, so its bytes are read as they are: that takes a fifth of the time that regular expressions take on lines of text.
import { closeSync, openSync, readSync } from "node:fs";

export interface TraceReader {
  /** A block, from its first instruction up to that before `end`. */
  begun(cpu: number, pc: number, end: number): void;
  /** Of the block that was begun last, this instruction and what follows was not executed. */
  takenBack(pc: number): void;
}

const BEGUN = Buffer.from("Trace ");
const REWOUND = Buffer.from("cpu_io_recompile: rewound execution of TB to ");
const STOPPED = Buffer.from("Stopped execution");
const LISTING = Buffer.from("IN:");
const LISTED = Buffer.from("0x");
/** Of A64. */
const INSTRUCTION_BYTES = 4;
const CHUNK_BYTES = 1 << 22;
const code = (character: string): number => character.charCodeAt(0);
const NEWLINE = code("\n");
const COLON = code(":");
const SLASH = code("/");
const SPACE = code(" ");
const BRACKET = code("[");
const BRACKET_CLOSES = code("]");
const X = code("x");
const ZERO = code("0");
const NINE = code("9");
const A = code("a");
const F = code("f");
const ENDS: ReadonlySet<number> = new Set([SLASH, COLON, SPACE, BRACKET_CLOSES]);

/** A file that may be larger than a string can be; only its complete lines. Others than these are passed over. */
export function readTrace(file: string, reader: TraceReader): void {
  const descriptor = openSync(file, "r");
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const lines = new Lines(chunk, reader);
  try {
    let kept = 0; // bytes of a line whose end has not been read
    for (let read = readSync(descriptor, chunk); read > 0; read = readSync(descriptor, chunk, kept, CHUNK_BYTES - kept, null)) {
      const end = kept + read;
      let at = 0;
      for (let newline = lineEnd(chunk, at, end); newline >= 0; newline = lineEnd(chunk, at, end)) {
        lines.read(at, newline);
        at = newline + 1;
      }
      chunk.copyWithin(0, at, end);
      kept = end - at;
      if (kept === CHUNK_BYTES) kept = 0; // no line of a trace
    }
  } finally {
    closeSync(descriptor);
  }
}

function lineEnd(chunk: Buffer, from: number, end: number): number {
  const found = chunk.indexOf(NEWLINE, from);
  return found < end ? found : -1;
}

class Lines {
  readonly #chunk: Buffer;
  readonly #reader: TraceReader;
  /** Of each block its length in bytes, by where its translation lies. */
  readonly #lengths = new Map<number, number>();
  /** The block that was translated last: it is begun next. */
  #listed: { pc: number; bytes: number } | undefined;

  constructor(chunk: Buffer, reader: TraceReader) {
    this.#chunk = chunk;
    this.#reader = reader;
  }

  read(start: number, end: number): void {
    if (this.#begins(start, end, BEGUN)) this.#begun(start + BEGUN.length, end);
    else if (this.#begins(start, end, LISTED)) this.#instruction(start + LISTED.length, end);
    else if (this.#begins(start, end, LISTING)) this.#listed = undefined;
    else if (this.#begins(start, end, REWOUND)) this.#takenBack(start + REWOUND.length, end);
    else if (this.#begins(start, end, STOPPED)) this.#takenBack(this.#behind(BRACKET, start, end), end);
  }

  #takenBack(start: number, end: number): void {
    this.#reader.takenBack(this.#number(start, end).value);
  }

  #begun(start: number, end: number): void {
    let at = start;
    let cpu = 0;
    for (; at < end && this.#chunk[at] !== COLON; at++) cpu = cpu * 10 + digit(this.#chunk[at]);
    const { value: host } = this.#number(this.#behind(X, at, end), end);
    const { value: pc, next } = this.#number(this.#behind(SLASH, this.#behind(BRACKET, at, end), end), end);
    if (next === end || Number.isNaN(pc + cpu + host)) return;
    if (this.#listed?.pc === pc) this.#lengths.set(host, this.#listed.bytes);
    this.#listed = undefined;
    const bytes = this.#lengths.get(host);
    if (bytes === undefined) throw new Error(`the trace does not list the instructions of the block at 0x${pc.toString(16)}`);
    this.#reader.begun(cpu, pc, pc + bytes);
  }

  #instruction(start: number, end: number): void {
    const pc = this.#number(start, end).value;
    this.#listed = { pc: this.#listed?.pc ?? pc, bytes: pc + INSTRUCTION_BYTES - (this.#listed?.pc ?? pc) };
  }

  #begins(at: number, end: number, text: Buffer): boolean {
    if (end - at < text.length) return false;
    for (let n = 0; n < text.length; n++) if (this.#chunk[at + n] !== text[n]) return false;
    return true;
  }

  #behind(character: number, start: number, end: number): number {
    let at = start;
    while (at < end && this.#chunk[at] !== character) at++;
    return at + 1;
  }

  /** The hexadecimal number there, and where it ends. */
  #number(start: number, end: number): { readonly value: number; readonly next: number } {
    let value = 0;
    let next = start;
    for (; next < end && !ENDS.has(this.#chunk[next] ?? 0); next++) value = value * 16 + digit(this.#chunk[next]);
    return { value, next };
  }
}

/** Of a hexadecimal digit; NaN: it is none. */
function digit(character = 0): number {
  if (character >= ZERO && character <= NINE) return character - ZERO;
  return character >= A && character <= F ? character - A + 10 : NaN;
}
