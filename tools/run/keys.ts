// Keys of a terminal, each heard as it is typed: without the line that the terminal would collect, and without its echo. What the
// terminal would have made of Ctrl-C, Ctrl-\ and Ctrl-Z is done here (Node's raw mode takes it away).
import { readFileSync } from "node:fs";

const SIGNALS: ReadonlyMap<string, NodeJS.Signals> = new Map([
  ["\u0003", "SIGINT"],
  ["\u001c", "SIGQUIT"],
  ["\u001a", "SIGTSTP"],
]);

/** proc(5), /proc/PID/stat: pgrp and tpgid, counted from behind the name, which may have anything in it. */
const GROUP = 2;
const TERMINAL_GROUP = 5;

const ownStat = (): string => readFileSync("/proc/self/stat", "utf8");

/** A process in the background is stopped as soon as it changes the terminal (SIGTTOU): it hears nothing there anyway. */
function isInForeground(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[GROUP] === fields[TERMINAL_GROUP];
}

/** kill(2): as the terminal does it. A script that we were called from stops, too. */
const ALL_IN_GROUP = 0;

export interface Keys {
  /** Gives the terminal back. */
  close(): void;
}

export interface Listener {
  hear(key: string): void;
  /** Ctrl-Z: the shell has the terminal now. */
  suspend(): void;
  /** It goes on, and the terminal shows other things. */
  resume(): void;
}

/** Undefined: there is no terminal to hear them from. `stat`: what the system says of this process now. */
export function hearKeys(stdin: NodeJS.ReadStream, listener: Listener, stat = ownStat): Keys | undefined {
  if (!stdin.isTTY || !isInForeground(stat())) return undefined;
  const onData = (bytes: Buffer): void => {
    for (const key of bytes.toString()) {
      const signal = SIGNALS.get(key);
      if (signal === undefined) listener.hear(key);
      else send(signal);
    }
  };
  const send = (signal: NodeJS.Signals): void => {
    // The shell finds its terminal as it was, and takes it back when we go on.
    if (signal === "SIGTSTP") {
      stdin.setRawMode(false);
      listener.suspend();
    }
    process.kill(ALL_IN_GROUP, signal);
  };
  const onContinue = (): void => {
    if (!isInForeground(stat())) return;
    stdin.setRawMode(true);
    listener.resume();
  };
  stdin.setRawMode(true);
  stdin.on("data", onData);
  process.on("SIGCONT", onContinue);
  return {
    close: () => {
      process.off("SIGCONT", onContinue);
      stdin.off("data", onData);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
