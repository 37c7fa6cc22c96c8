// Several runs of vitest at once, whose lines share the terminal, and which close as one.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { addCounts, type Counts, closing, type Outcome } from "./closing-line.ts";

export type Command = readonly [string, ...string[]];

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly status: number; readonly outcome: Outcome }>;
}

const NOTHING_TOLD: Outcome = { counts: { passed: 0, failed: 0, skipped: 0 }, failures: [] };

function start([command, ...parameters]: Command, write: (text: string) => void): Run {
  const child = spawn(command, parameters, { stdio: ["ignore", "pipe", "pipe", "ipc"] });
  let outcome = NOTHING_TOLD;
  // Of the reporter in closing-line.ts: nothing else in a run speaks here.
  child.on("message", (message) => (outcome = message as Outcome));
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null) createInterface(stream).on("line", (line) => write(`${line}\n`));
  const ended = new Promise<Awaited<Run["ended"]>>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status: status ?? 1, outcome }));
  });
  return { child, ended };
}

/** A run that fails, but does not say by which test, has one failure. */
const countsOf = (status: number, { counts }: Outcome): Counts =>
  status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;

/** Gives back the exit status: 0, or that of a run that failed. */
export async function runSideBySide(commands: readonly Command[], write: (text: string) => void): Promise<number> {
  const runs = commands.map((command) => start(command, write));
  const passOn = (signal: NodeJS.Signals): void => runs.forEach(({ child }) => child.kill(signal));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, passOn);
  const ends = await Promise.all(runs.map(({ ended }) => ended));
  // Once more: whichever run ended first has them far above.
  for (const failure of ends.flatMap(({ outcome }) => outcome.failures)) write(`\nFAIL ${failure}\n`);
  write(`\n${closing(ends.map(({ status, outcome }) => countsOf(status, outcome)).reduce(addCounts))}\n`);
  return Math.max(...ends.map(({ status }) => status));
}
