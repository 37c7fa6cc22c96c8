// What QEMU writes with `-singlestep -d exec,nochain`, a line for each instruction that it begins:
//
//   Trace <cpu>: <host> [<cs base>/<pc>/<flags>/<cflags>] <symbol>
//
// and two kinds of lines that take the last one back. A log has more than ten million of them, so its bytes are read as they are:
// that takes a fifth of the time that regular expressions take on lines of text.
import { closeSync, openSync, readSync } from "node:fs";

export interface TraceReader {
  begun(cpu: number, pc: number): void;
  /** It will begin again: QEMU interrupts, or stops to do an access exactly in time. */
  takenBack(): void;
}

const BEGUN = Buffer.from("Trace ");
const TAKEN_BACK = ["cpu_io_recompile: rewound", "Stopped execution"].map((text) => Buffer.from(text));
const CHUNK_BYTES = 1 << 22;
const code = (character: string): number => character.charCodeAt(0);
const NEWLINE = code("\n");
const COLON = code(":");
const SLASH = code("/");
const BRACKET = code("[");
const ZERO = code("0");
const NINE = code("9");
const A = code("a");
const F = code("f");

/** A file that may be larger than a string can be; only its complete lines. Others than these are passed over. */
export function readTrace(file: string, reader: TraceReader): void {
  const descriptor = openSync(file, "r");
  const chunk = Buffer.alloc(CHUNK_BYTES);
  try {
    let kept = 0; // bytes of a line whose end has not been read
    for (let read = readSync(descriptor, chunk); read > 0; read = readSync(descriptor, chunk, kept, CHUNK_BYTES - kept, null)) {
      const end = kept + read;
      let at = 0;
      for (let newline = lineEnd(chunk, at, end); newline >= 0; newline = lineEnd(chunk, at, end)) {
        readLine(chunk, at, newline, reader);
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

const begins = (chunk: Buffer, at: number, end: number, text: Buffer): boolean => {
  if (end - at < text.length) return false;
  for (let n = 0; n < text.length; n++) if (chunk[at + n] !== text[n]) return false;
  return true;
};

function readLine(chunk: Buffer, start: number, end: number, reader: TraceReader): void {
  if (!begins(chunk, start, end, BEGUN)) {
    if (TAKEN_BACK.some((text) => begins(chunk, start, end, text))) reader.takenBack();
    return;
  }
  let at = start + BEGUN.length;
  let cpu = 0;
  for (; at < end && chunk[at] !== COLON; at++) cpu = cpu * 10 + digit(chunk[at]);
  while (at < end && chunk[at] !== BRACKET) at++;
  while (at < end && chunk[at] !== SLASH) at++;
  let pc = 0;
  for (at++; at < end && chunk[at] !== SLASH; at++) pc = pc * 16 + digit(chunk[at]);
  if (at < end && !Number.isNaN(pc + cpu)) reader.begun(cpu, pc);
}

/** Of a hexadecimal digit; NaN: it is none. */
function digit(character = 0): number {
  if (character >= ZERO && character <= NINE) return character - ZERO;
  return character >= A && character <= F ? character - A + 10 : NaN;
}
