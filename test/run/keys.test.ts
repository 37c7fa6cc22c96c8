// What keys of a terminal do, with a terminal that is none: tools/run/keys.ts.
import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hearKeys, type Keys } from "../../tools/run/keys.ts";

class Terminal extends EventEmitter {
  readonly told: string[] = [];

  readonly isTTY: boolean;

  constructor(isTTY = true) {
    super();
    this.isTTY = isTTY;
  }

  get stream(): NodeJS.ReadStream {
    return this as unknown as NodeJS.ReadStream;
  }

  setRawMode(raw: boolean): void {
    this.told.push(raw ? "raw" : "cooked");
  }

  pause(): void {
    this.told.push("paused");
  }

  type(text: string): void {
    this.emit("data", Buffer.from(text));
  }
}

/** proc(5), /proc/PID/stat: its name, with what a name may have in it, state, parent, group, session, terminal, its group. */
const stat = (group: number, terminalGroup: number): string =>
  `4711 (a name) (with 1 2 3) S 1 ${group} ${group} 34816 ${terminalGroup} 4194304`;
const FOREGROUND = stat(10, 10);
const BACKGROUND = stat(10, 11);

let terminal: Terminal;
let said: string;
let keys: Keys | undefined;
beforeEach(() => {
  terminal = new Terminal();
  said = FOREGROUND;
  vi.spyOn(process, "kill").mockImplementation((group, signal) => {
    terminal.told.push(`${signal} to ${group}`);
    return true;
  });
});
afterEach(() => {
  keys?.close();
  keys = undefined;
  vi.restoreAllMocks();
});

function hear(): void {
  const { told } = terminal;
  const listener = {
    hear: (key: string) => void told.push(`key ${key}`),
    suspend: () => void told.push("suspended"),
    resume: () => void told.push("resumed"),
  };
  keys = hearKeys(terminal.stream, listener, () => said);
}

/** As the system does it when the shell has us go on. */
function goOn(): void {
  for (const listener of process.listeners("SIGCONT")) (listener as () => void)();
}

test("each key is heard as it is typed, and several of one read, each by itself", () => {
  hear();
  terminal.type("c");
  terminal.type("hä€");
  expect(terminal.told).toEqual(["raw", "key c", "key h", "key ä", "key €"]);
});

test.each([
  ["Ctrl-C", "\u0003", ["SIGINT to 0"]],
  ["Ctrl-\\", "\u001c", ["SIGQUIT to 0"]],
  ["Ctrl-Z, for which the shell finds its terminal as it was", "\u001a", ["cooked", "suspended", "SIGTSTP to 0"]],
])("%s is the signal that the terminal would have made of it, to all of the group, and no key", (_, typed, told) => {
  hear();
  terminal.type(`${typed}x`);
  expect(terminal.told).toEqual(["raw", ...told, "key x"]);
});

test("when it goes on it has the terminal again; in the background it leaves that alone", () => {
  hear();
  goOn();
  expect(terminal.told).toEqual(["raw", "raw", "resumed"]);
  said = BACKGROUND;
  goOn();
  expect(terminal.told).toEqual(["raw", "raw", "resumed"]);
});

test("closed, it gives the terminal back, hears nothing more, and does not go on", () => {
  const before = process.listenerCount("SIGCONT");
  hear();
  expect(process.listenerCount("SIGCONT")).toBe(before + 1);
  keys?.close();
  keys = undefined;
  expect(terminal.told).toEqual(["raw", "cooked", "paused"]);
  terminal.type("x");
  expect(terminal.told).toEqual(["raw", "cooked", "paused"]);
  expect(process.listenerCount("SIGCONT")).toBe(before);
});

test("without a terminal, and in the background, nothing is heard, and nothing changed", () => {
  terminal = new Terminal(false);
  hear();
  expect(keys).toBeUndefined();
  terminal = new Terminal();
  said = BACKGROUND;
  hear();
  expect(keys).toBeUndefined();
  expect(terminal.told).toEqual([]);
});

test("by itself it asks the system of this process, in the foreground or not", () => {
  keys = hearKeys(terminal.stream, { hear: () => {}, suspend: () => {}, resume: () => {} });
  expect(terminal.told).toEqual(keys === undefined ? [] : ["raw"]);
});
