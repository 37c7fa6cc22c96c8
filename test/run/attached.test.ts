// This process's terminal on the console of a partition, with a terminal that is none: tools/run/terminal.ts.
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Link } from "../../industrial/link/link.ts";
import { attachTerminal, consoleOf } from "../../tools/run/terminal.ts";
import { FakeBoard, LINUX, PLC } from "./fake-board.ts";
import { FakeOutput } from "./fake-output.ts";
import { pair } from "./pair.ts";

const CTRL_C = "\u0003";
const CTRL_BRACKET = "\u001d";
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Terminal extends EventEmitter {
  readonly told: string[] = [];
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
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

interface Attached {
  readonly terminal: Terminal;
  readonly output: FakeOutput;
  readonly console: Duplex;
  /** The partition's end. */
  readonly partition: Duplex;
  readonly typed: () => string;
  /** "attached", "left" or "hung up". */
  readonly state: () => Promise<string>;
}

function attach(isTTY: boolean): Attached {
  const [console, partition] = pair();
  const terminal = new Terminal(isTTY);
  const output = new FakeOutput();
  let typed = "";
  partition.on("data", (bytes: Buffer) => (typed += bytes.toString()));
  const ended = attachTerminal(
    console,
    terminal as unknown as NodeJS.ReadStream,
    output as unknown as NodeJS.WritableStream,
  );
  const state = (): Promise<string> => Promise.race([ended, settle().then(() => "attached")]);
  return { terminal, output, console, partition, typed: () => typed, state };
}

describe("a terminal that is attached", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("shows what comes, and types every key: also Ctrl-C", async () => {
    const { terminal, output, partition, typed, state } = attach(true);
    expect(terminal.told).toEqual(["raw"]);
    partition.write("login: ");
    terminal.type(`root${CTRL_C}`);
    expect(await state()).toBe("attached");
    expect([output.text, typed()]).toEqual(["login: ", `root${CTRL_C}`]);
  });

  test("is left by Ctrl-]: what was typed before it arrives, nothing after it; then the terminal is as it was", async () => {
    const { terminal, typed, console, state } = attach(true);
    terminal.type(`bye${CTRL_BRACKET}never`);
    terminal.type("nor this");
    await settle();
    expect(typed()).toBe("bye");
    vi.advanceTimersByTime(499);
    expect([await state(), ...terminal.told]).toEqual(["attached", "raw"]);
    vi.advanceTimersByTime(1);
    expect(await state()).toBe("left");
    expect(terminal.told).toEqual(["raw", "cooked", "paused"]);
    expect(console.destroyed).toBe(true);
  });

  test("is left at once by Ctrl-] alone, where the other end closes", async () => {
    const { terminal, partition, typed, console, state } = attach(true);
    terminal.type(CTRL_BRACKET);
    console.destroy();
    partition.destroy();
    expect([await state(), typed()]).toEqual(["left", ""]);
  });

  test("is hung up by the other end", async () => {
    const { terminal, console, state } = attach(true);
    console.destroy();
    expect(await state()).toBe("hung up");
    expect([...terminal.told, terminal.listenerCount("data")]).toEqual(["raw", "cooked", "paused", 0]);
  });
});

describe("a pipe that is attached", () => {
  test("is no terminal: no mode is set, and Ctrl-] is a character like others", async () => {
    const { terminal, typed, state } = attach(false);
    terminal.type(`a${CTRL_BRACKET}b`);
    expect(await state()).toBe("attached");
    expect([typed(), ...terminal.told]).toEqual([`a${CTRL_BRACKET}b`]);
  });

  test("whose reader goes is left", async () => {
    const { terminal, output, console, state } = attach(false);
    output.emit("error", new Error("EPIPE"));
    expect(await state()).toBe("left");
    expect([console.destroyed, ...terminal.told]).toEqual([true, "paused"]);
  });
});

describe("the console of a partition on a board's line", () => {
  function open(): { link: Link; board: FakeBoard; console: Duplex; text: () => string; line: Duplex } {
    const [host, end] = pair();
    const link = new Link(host);
    const board = new FakeBoard(end);
    const console = consoleOf(link, PLC);
    let text = "";
    console.on("data", (bytes: Buffer) => (text += bytes.toString()));
    return { link, board, console, text: () => text, line: host };
  }

  test("has what that one prints, and the board's own text; not what another one prints", async () => {
    const { board, text } = open();
    board.text("axv: image\r\n");
    board.print(LINUX, "of another");
    board.print(PLC, "of this one");
    await settle();
    expect(text()).toBe("axv: image\r\nof this one");
  });

  test("what is typed goes to that one", async () => {
    const { board, console } = open();
    console.write("status\r");
    await settle();
    expect(board.typed).toEqual(["", "status\r"]);
  });

  test("once nothing more is typed it closes, and the link with it", async () => {
    const { link, board, console } = open();
    console.end("bye");
    await settle();
    await settle();
    expect([board.typed[PLC], console.destroyed, link.closed]).toEqual(["bye", true, "closed by this side"]);
  });

  test("closes when the line does", async () => {
    const { console, line } = open();
    line.destroy();
    await settle();
    await settle();
    expect(console.destroyed).toBe(true);
  });
});
