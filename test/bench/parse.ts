// Reads what the benchmark guests print (assembly/index.ts, sender.ts, receiver.ts).
import type { Distribution } from "./distribution.ts";
import { BenchError } from "./errors.ts";

export interface GuestResult {
  /** Nanoseconds from the machine's reset to the guest's first instruction. */
  readonly reset: number;
  /** Instructions of each path, by name. */
  readonly paths: ReadonlyMap<string, Distribution>;
}

const RESET = /^bench: reset (\d+)$/;
const PATH = /^bench: ([a-z-]+)((?: \d+x\d+)+)$/;
const RESTART = /^bench: restart (\d+)$/;
const RESTART_CACHED = /^bench: restart-cached (\d+)$/;
const FAILED = /^bench: failed (.*)$/;

/** Samples of every path that lines tell of. */
function parsePaths(lines: readonly string[]): Map<string, Distribution> {
  const paths = new Map<string, Map<number, number>>();
  for (const line of lines) {
    const failure = FAILED.exec(line)?.[1];
    if (failure !== undefined) throw new BenchError("guest-failed", `the benchmark guest met what it did not expect: ${failure}`);
    const [, name, samples] = PATH.exec(line) ?? [];
    if (name === undefined || samples === undefined) continue;
    const distribution = paths.get(name) ?? new Map<number, number>();
    for (const [value = 0, count = 0] of samples
      .trim()
      .split(" ")
      .map((pair) => pair.split("x").map(Number)))
      distribution.set(value, count);
    paths.set(name, distribution);
  }
  return paths;
}

/** The number that a line tells of; a line of a guest that did not come so far is missed. */
function parseNumber(lines: readonly string[], pattern: RegExp, base = 10): number {
  for (const line of lines) {
    const digits = pattern.exec(line)?.[1];
    if (digits !== undefined) return parseInt(digits, base);
  }
  throw missing(lines);
}

const missing = (lines: readonly string[]): BenchError =>
  new BenchError("figure-missing", `the benchmark guest printed no figures:\n${lines.join("\n")}`);

export function parseGuest(lines: readonly string[]): GuestResult {
  const paths = parsePaths(lines);
  if (paths.size === 0) throw missing(lines);
  return { paths, reset: parseReset(lines) };
}

export const parseReset = (lines: readonly string[]): number => parseNumber(lines, RESET);

export interface PairResult {
  /** Cycles from the sender's hypercall to the receiver's handler. */
  readonly doorbell: Distribution;
  /** Nanoseconds from SYSTEM_RESET to the first instruction. */
  readonly restart: number;
  /** The same when it has had its caches on. */
  readonly restartCached: number;
}

export function parsePair(lines: readonly string[]): PairResult {
  const doorbell = parsePaths(lines).get("doorbell");
  if (doorbell === undefined) throw missing(lines);
  return { doorbell, restart: parseNumber(lines, RESTART), restartCached: parseNumber(lines, RESTART_CACHED) };
}

/** Instructions of all reads and of all writes of the interrupt controller's registers. */
export function parseSweep(lines: readonly string[]): ReadonlyMap<string, Distribution> {
  const paths = parsePaths(lines);
  if (!paths.has("gic-read") || !paths.has("gic-write")) throw missing(lines);
  return paths;
}

const BEGIN = /^bench: begins ([0-9a-f]{16})$/;
const CYCLES = /^([0-9a-f]{16}) $/;

/** Nanoseconds from the machine's reset to where firmware is done with (assembly/riscv64/begin.S). */
export const parseBegin = (lines: readonly string[]): number => parseNumber(lines, BEGIN, 16);
/** What a guest of RISC-V printed alone on a line. */
export const parseCycles = (lines: readonly string[]): number => parseNumber(lines, CYCLES, 16);

const INIT = /bench: init ([0-9a-f]{16}) ([0-9a-f]{16})/;

/** Virtual seconds from Linux's first instruction, where its counter is 0, to its first program (assembly/init.S). */
export function parseLinux(lines: readonly string[]): number {
  for (const line of lines) {
    const [, counter, frequency] = INIT.exec(line) ?? [];
    if (counter !== undefined && frequency !== undefined) return Number(`0x${counter}`) / Number(`0x${frequency}`);
  }
  throw new BenchError("figure-missing", `Linux did not come to its first program:\n${lines.slice(-20).join("\n")}`);
}
