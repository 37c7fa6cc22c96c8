// Runs a system on a machine: link, view, run socket, and an end in good order whatever ends it: the time that was asked
// for, Ctrl-C, a signal, or the machine's own death.
import { allPassed, type Check, hasStarted, type Judge } from "./checks.ts";
import { recordCsv } from "./csv.ts";
import type { View } from "./display.ts";
import { FailureWatch } from "./failure-watch.ts";
import type { RunError } from "./errors.ts";
import { hearKeys } from "./keys.ts";
import type { PartitionPlan } from "../../industrial/live/monitor.ts";
import type { Machine } from "./qemu.ts";
import { RunServer } from "./run-server.ts";
import { Session } from "./session.ts";
import { type Delays, threadDelays } from "./threadDelays.ts";
import { openView } from "./view.ts";

export interface RunOptions {
  /** What is shown as its name: the system file. */
  readonly title: string;
  readonly partitions: readonly PartitionPlan[];
  readonly json: boolean;
  /** Ends by itself that long after every partition has started; undefined: runs until it is ended. */
  readonly durationMs: number | undefined;
  /** The hypervisor's period of telemetry. */
  readonly telemetryMs: number;
  /** How the board is to be judged while it is silent. none: somebody debugs it, and stops it. */
  readonly watch: "host time" | "own time" | "none";
  /** Where the run socket is; undefined: its well-known place. */
  readonly socketPath: string | undefined;
  readonly judge: Judge;
  /** Where telemetry is written as CSV: a path that `claim` gave; undefined: nowhere. */
  readonly csv?: string | undefined;
  /** Shown at the start. */
  readonly notes: readonly string[];
  /** What else serves the session as long as it lives; its own end is its first step. */
  readonly beside?: (session: Session, note: (text: string) => void) => Promise<{ close: () => Promise<void> }>;
  readonly stdout: NodeJS.WriteStream;
  /** Whose keys the live view hears. */
  readonly stdin?: NodeJS.ReadStream;
}

/**
 * `--for` counts from the moment when every partition has started: how long the emulator takes to get there says something
 * of the host, and nothing of the system. A partition that never starts is told by the failure watch. When the time is over
 * and nothing has failed, but something has not been seen yet, it gets PATIENCE_MS more, for the same reason: on a busy host
 * Linux alone can take a minute to boot.
 */
const PATIENCE_MS = 180_000;
const POLL_MS = 200;

/**
 * SIGPIPE: Node ignores it, and gives an error of the stream. It is not listened for: where that ended, it would be ignored no
 * more, and any console that has hung up would end this process.
 */
const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1, SIGPIPE: 13 } as const;
const LISTENED_FOR = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const STATUS_OF_SIGNAL = 128; // as shells have it
type Signal = keyof typeof SIGNALS;

type Ending =
  | { readonly kind: "time" }
  | { readonly kind: "signal"; readonly signal: Signal }
  | { readonly kind: "died" | "failed"; readonly error: RunError };

/** Gives back the exit status; throws what the machine died of, or the system failed of. The machine is stopped in any case. */
export async function run(startMachine: () => Promise<Machine>, options: RunOptions): Promise<number> {
  // Before the machine starts: a signal in between must end it as well.
  const signals = catchSignals(options.stdout);
  let machine: Machine | undefined;
  try {
    machine = await startMachine();
    return await attend(machine, signals.caught, options);
  } finally {
    await machine?.stop();
    signals.release();
  }
}

async function attend(machine: Machine, caught: Promise<Signal>, options: RunOptions): Promise<number> {
  const session = new Session(machine.uart, options.partitions);
  const checks = options.judge(session);
  const watch = watchOf(session, machine, options);
  // Everybody listens before anything is waited for: the first lines are the ones that matter when a board does not boot.
  const view = openView(session, options, options.stdout, (listener) => options.stdin && hearKeys(options.stdin, listener));
  let server: RunServer | undefined;
  let beside: { close: () => Promise<void> } | undefined;
  let ending: Ending;
  try {
    server = await RunServer.open(session, options.title, options.socketPath);
    if (options.csv !== undefined) recordCsv(session, options.csv, (text) => view.note(text));
    for (const note of options.notes) view.note(note);
    beside = await options.beside?.(session, (text) => view.note(text));
    view.note(`consoles attach with: axv-part console ${options.partitions.map(({ name }) => name).join("|")}`);
    const ends: Promise<Ending>[] = [
      caught.then((signal) => ({ kind: "signal", signal })),
      machine.died.then((error) => ({ kind: "died", error })),
    ];
    if (watch !== undefined) ends.push(watch.failed.then((error) => ({ kind: "failed", error })));
    if (options.durationMs !== undefined) ends.push(timeIsOver(session, options.durationMs, checks, view));
    ending = await Promise.race(ends);
  } finally {
    await beside?.close();
    server?.close();
    session.link.close();
    view.close();
  }
  const judged = checks();
  view.summarize(options.durationMs === undefined ? [] : judged);
  switch (ending.kind) {
    case "died":
    case "failed":
      throw ending.error;
    case "time":
      return allPassed(judged) ? 0 : 1;
    case "signal":
      // Ctrl-C is how a run without an end of its own is ended.
      return ending.signal === "SIGINT" && options.durationMs === undefined ? 0 : STATUS_OF_SIGNAL + SIGNALS[ending.signal];
  }
}

function watchOf(session: Session, { pid }: Machine, { watch, telemetryMs, durationMs }: RunOptions): FailureWatch | undefined {
  if (watch === "none") return undefined;
  const delays = (): Delays => threadDelays(pid === undefined ? [] : [pid]);
  return new FailureWatch(session, { telemetryMs, everybody: durationMs !== undefined, ownTime: watch === "own time", delays });
}

function catchSignals(stdout: NodeJS.WriteStream): { caught: Promise<Signal>; release: () => void } {
  let tell: (signal: Signal) => void;
  const caught = new Promise<Signal>((resolve) => {
    tell = resolve;
  });
  const onSignal = (signal: NodeJS.Signals): void => tell(signal as Signal);
  for (const name of LISTENED_FOR) process.on(name, onSignal);
  stdout.on("error", () => tell("SIGPIPE")); // who read has gone; never taken off: more may be written
  return {
    caught,
    release: () => {
      for (const name of LISTENED_FOR) process.off(name, onSignal);
    },
  };
}

function timeIsOver(session: Session, durationMs: number, checks: () => Check[], view: View): Promise<Ending> {
  return new Promise((resolve) => {
    let startedAt: number | undefined;
    let waiting = false;
    const timer = setInterval(() => {
      const now = Date.now();
      if (startedAt === undefined) {
        if (session.monitor.partitions.every((partition) => !partition.plan.autostart || hasStarted(partition))) {
          startedAt = now;
          view.note(`every partition has started: ${durationMs / 1000} s from now`);
        }
        return;
      }
      if (now - startedAt < durationMs) return;
      const judged = checks();
      const pending = judged.filter(({ verdict }) => verdict === "pending");
      const lost = judged.some(({ verdict }) => verdict === "failed");
      if (lost || pending.length === 0 || now - startedAt > durationMs + PATIENCE_MS) {
        end();
      } else if (!waiting) {
        waiting = true;
        const names = pending.map(({ name }) => name).join("; ");
        view.note(`the time is over, but this has not been seen yet, and gets up to ${PATIENCE_MS / 1000} s more: ${names}`);
      }
    }, POLL_MS);
    const end = (): void => {
      clearInterval(timer);
      resolve({ kind: "time" });
    };
    session.on("close", () => clearInterval(timer));
  });
}
