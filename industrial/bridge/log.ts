// The bridge's log: lines of JSON on standard output, as journald and others take them; to a person at a terminal, sentences.
import type { Logger } from "pino";
import type { BridgeSettings } from "./schema.ts";

interface Line {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  readonly partition?: string;
}

/** "10:08:46 warn  plc: values are stale" */
function sentence(json: string): string {
  const { level, time, msg, partition } = JSON.parse(json) as Line;
  return `${time.slice(11, 19)} ${level.padEnd(5)} ${partition === undefined ? "" : `${partition}: `}${msg}\n`;
}

/** `say`: takes sentences, if a person reads them. */
export async function logger(level: BridgeSettings["log"], say = toTerminal()): Promise<Logger> {
  const { pino } = await import("pino");
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return say === undefined ? pino(options) : pino(options, { write: (line) => say(sentence(line)) });
}

const toTerminal = (): ((text: string) => void) | undefined =>
  process.stdout.isTTY ? (text) => void process.stdout.write(text) : undefined;
