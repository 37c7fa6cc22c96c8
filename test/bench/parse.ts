// Reads what the benchmark guest prints (assembly/index.ts).
import { BenchError } from "./errors.ts";

export interface Range {
  readonly least: number;
  readonly most: number;
}

export interface GuestResult {
  /** Nanoseconds from the machine's reset to the guest's first instruction. */
  readonly reset: number;
  /** Instructions of each path, by name. */
  readonly paths: ReadonlyMap<string, Range>;
}

const RESET = /^bench: reset (\d+)$/;
const PATH = /^bench: ([a-z-]+) (\d+) (\d+)$/;
const FAILED = /^bench: failed (.*)$/;

export function parseGuest(lines: readonly string[]): GuestResult {
  const paths = new Map<string, Range>();
  let reset: number | undefined;
  for (const line of lines) {
    const failure = FAILED.exec(line)?.[1];
    if (failure !== undefined) throw new BenchError("guest-failed", `the benchmark guest met what it did not expect: ${failure}`);
    const nanoseconds = RESET.exec(line)?.[1];
    if (nanoseconds !== undefined) reset = Number(nanoseconds);
    const [, name, least, most] = PATH.exec(line) ?? [];
    if (name !== undefined) paths.set(name, { least: Number(least), most: Number(most) });
  }
  if (reset === undefined || paths.size === 0) throw new BenchError("figure-missing", `the benchmark guest printed no figures:\n${lines.join("\n")}`);
  return { reset, paths };
}

const INIT = /bench: init ([0-9a-f]{16}) ([0-9a-f]{16})/;

/** Virtual seconds from Linux's first instruction, where its counter is 0, to its first program (assembly/init.S). */
export function parseLinux(lines: readonly string[]): number {
  for (const line of lines) {
    const [, counter, frequency] = INIT.exec(line) ?? [];
    if (counter !== undefined && frequency !== undefined) return Number(`0x${counter}`) / Number(`0x${frequency}`);
  }
  throw new BenchError("figure-missing", `Linux did not come to its first program:\n${lines.slice(-20).join("\n")}`);
}
