import { EventEmitter } from "node:events";
import type { WriteStream } from "node:tty";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Screen } from "../../tools/run/screen.ts";
import { FakeOutput } from "./fake-output.ts";
import { GridTerminal } from "./grid-terminal.ts";

/** What Screen needs of a terminal's stream. */
class Stream extends EventEmitter {
  readonly terminal: GridTerminal;
  writableLength = 0;

  constructor(columns: number, rows: number, kind: "wraps anew" | "cuts") {
    super();
    this.terminal = new GridTerminal(columns, rows, kind);
  }

  get columns(): number {
    return this.terminal.columns;
  }

  get rows(): number {
    return this.terminal.rows;
  }

  write(text: string): boolean {
    this.terminal.write(text);
    return true;
  }

  resize(columns: number, rows: number): void {
    this.terminal.resize(columns, rows);
    this.emit("resize");
  }
}

function open(
  columns: number,
  rows: number,
  kind: "wraps anew" | "cuts" = "cuts",
): { stream: Stream; screen: Screen; terminal: GridTerminal } {
  const stream = new Stream(columns, rows, kind);
  const screen = new Screen(stream as unknown as WriteStream);
  return { stream, screen, terminal: stream.terminal };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("lines scroll above a block that is redrawn in place", () => {
  const { screen, terminal } = open(40, 10);
  screen.setBlock(["── rule ──", "table 1"]);
  screen.print("first");
  vi.advanceTimersByTime(50);
  expect(terminal.text).toEqual(["first", "── rule ──", "table 1", ""]);
  screen.print("second");
  screen.setBlock(["── rule ──", "table 2", "more"]);
  vi.advanceTimersByTime(50);
  expect(terminal.text).toEqual(["first", "second", "── rule ──", "table 2", "more", ""]);
  expect(terminal.cursorShown).toBe(false);
  screen.close();
  expect(terminal.text).toEqual(["first", "second", ""]);
  expect(terminal.cursorShown).toBe(true);
});

test("a block that is larger than the terminal is cut", () => {
  const { screen, terminal } = open(10, 4);
  screen.setBlock(["a".repeat(30), "b", "c", "d", "e"]);
  vi.advanceTimersByTime(50);
  expect(terminal.text).toEqual(["aaaaaaaaa…", "b", "c", ""]);
  screen.close();
});

test("a terminal that does not read gets no more; it is told how much it missed", () => {
  const { screen, stream, terminal } = open(60, 10);
  stream.writableLength = 300 * 1024;
  for (let i = 0; i < 7; i++) screen.print(`lost ${i}`);
  vi.advanceTimersByTime(50);
  expect(terminal.text).toEqual([""]);
  stream.writableLength = 0;
  screen.print("seen");
  vi.advanceTimersByTime(50);
  expect(terminal.text).toEqual(["… 7 lines not shown: the terminal was too slow", "seen", ""]);
  screen.close();
});

function onTestFailure(tidy: () => void, body: () => void): void {
  try {
    body();
  } catch (error) {
    tidy();
    throw error;
  }
}

const step = fc.oneof(
  fc.record({ kind: fc.constant("print" as const), width: fc.integer({ min: 0, max: 100 }) }),
  fc.record({ kind: fc.constant("block" as const), widths: fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 6 }) }),
  fc.record({
    kind: fc.constant("resize" as const),
    columns: fc.integer({ min: 10, max: 90 }),
    rows: fc.integer({ min: 12, max: 40 }),
  }),
  fc.record({ kind: fc.constant("wait" as const) }),
);

test.each(["wraps anew", "cuts"] as const)(
  "whatever is printed, drawn and resized, on a terminal that %s: no line is lost, and the screen is clean, " +
    "the block on it once, at the end",
  (kind) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { screen, stream, terminal } = open(60, 30, kind);
        // One that fails is tried again in many forms, and each screen waits for the end of the process until it is closed.
        onTestFailure(
          () => screen.close(),
          () => {
            const printed: string[] = [];
            let block: string[] = [];
            for (const [n, it] of steps.entries()) {
              if (it.kind === "print") {
                printed.push(`${n}:${"x".repeat(it.width)}`);
                screen.print(printed.at(-1) ?? "");
              } else if (it.kind === "block") {
                block = it.widths.map((width) => "-".repeat(width));
                screen.setBlock(block);
              } else if (it.kind === "resize") {
                stream.resize(it.columns, it.rows);
                vi.advanceTimersByTime(50);
              } else {
                vi.advanceTimersByTime(50);
              }
            }
            vi.advanceTimersByTime(50);
            const { columns, rows } = terminal;
            const shown = block.map((line) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line));
            // The last lines, wrapped as they are now, and the block below them.
            const wrapped = printed.flatMap((line) =>
              Array.from({ length: Math.ceil(line.length / columns) }, (_, at) => line.slice(at * columns, (at + 1) * columns)),
            );
            const expected = [...wrapped, ...shown, ""];
            expect(terminal.screen).toEqual(expected.slice(Math.max(0, expected.length - rows)));
            screen.close();
            // A line of which the terminal has cut off a part was written again, whole.
            const stands = new Set(terminal.text);
            expect(printed.filter((line) => !stands.has(line))).toEqual([]);
          },
        );
      }),
      { numRuns: 2000 },
    );
  },
);

test("pictures and letters that take two columns are counted as two", () => {
  const { screen, terminal } = open(10, 15);
  screen.setBlock(["── 系统系统.yaml ──"]);
  vi.advanceTimersByTime(50);
  expect(terminal.text).toEqual(["── 系统系…", ""]);
  screen.close();
});

describe("what is written for a frame", () => {
  const BEGIN = "\u001b[?2026h";
  const END = "\u001b[?2026l";
  const ERASE = "\u001b[J";

  function written(columns: number, rows: number): { screen: Screen; output: FakeOutput; frame: () => string } {
    const output = new FakeOutput({ isTTY: true, columns, rows });
    const screen = new Screen(output.stream);
    expect(output.take()).toBe("\u001b[?25l");
    const frame = (): string => {
      vi.advanceTimersByTime(50);
      return output.take();
    };
    return { screen, output, frame };
  }

  test("is what is new, and the block in place of the old one; and nothing where there is nothing new", () => {
    const { screen, frame } = written(40, 20);
    screen.setBlock(["block"]);
    expect(frame()).toBe(`${BEGIN}\r${ERASE}block\n${END}`);
    screen.print("one");
    screen.print("two");
    screen.setBlock(["block", "of two"]);
    expect(frame()).toBe(`${BEGIN}\u001b[1A\r${ERASE}one\ntwo\nblock\nof two\n${END}`);
    screen.print("three");
    expect(frame()).toBe(`${BEGIN}\u001b[2A\r${ERASE}three\nblock\nof two\n${END}`);
    expect(frame()).toBe("");
    screen.setBlock(["smaller"]);
    expect(frame(), "nothing has scrolled away: it is drawn in place").toBe(`${BEGIN}\u001b[2A\r${ERASE}smaller\n${END}`);
    screen.close();
  });

  test("comes 50 ms after the first that is new, at once with all that came since", () => {
    const { screen, output } = written(40, 20);
    screen.print("one");
    vi.advanceTimersByTime(49);
    screen.print("two");
    expect(output.text).toBe("");
    vi.advanceTimersByTime(1);
    expect(output.text).toBe(`${BEGIN}\r${ERASE}one\ntwo\n${END}`);
    screen.close();
  });

  test("is all of it, from the first row on, where its size has changed, once", () => {
    const { screen, output, frame } = written(40, 20);
    screen.print("one");
    screen.setBlock(["block"]);
    frame();
    output.emit("resize");
    expect(frame()).toBe(`\u001b[?25l${BEGIN}\u001b[H${ERASE}one\nblock\n${END}`);
    screen.print("two");
    expect(frame()).toBe(`${BEGIN}\u001b[1A\r${ERASE}two\nblock\n${END}`);
    screen.close();
  });

  test("brings back the lines that have scrolled away where the block becomes smaller, but not at the end", () => {
    const { screen, output, frame } = written(40, 12);
    for (let line = 1; line <= 9; line++) screen.print(`line ${line}`);
    screen.setBlock(["a", "b"]);
    frame();
    screen.setBlock(["a"]);
    const nine = Array.from({ length: 9 }, (_, at) => `line ${at + 1}\n`).join("");
    expect(frame(), "eleven rows, of twelve: none has scrolled away").toBe(`${BEGIN}\u001b[2A\r${ERASE}a\n${END}`);
    screen.print("line 10");
    screen.setBlock(["a", "b"]);
    frame();
    screen.setBlock(["a"]);
    expect(frame()).toBe(`${BEGIN}\u001b[H${ERASE}${nine}line 10\na\n${END}`);
    screen.setBlock(["a", "b"]);
    frame();
    screen.close();
    expect(output.take()).toBe(`${BEGIN}\u001b[2A\r${ERASE}${END}\u001b[?25h`);
  });

  test("has a block of all rows but the cursor's and four, on a small terminal but the cursor's; its lines are cut", () => {
    for (const [rows, most] of [[12, 7], [11, 10], [2, 1], [1, 0]] as const) {
      const { screen, frame } = written(5, rows);
      expect(screen.blockRows).toBe(most);
      screen.setBlock(Array.from({ length: 20 }, (_, at) => `${at}`.padEnd(9, "x")));
      expect(frame().match(/x…\n/g) ?? []).toHaveLength(most);
      screen.close();
    }
  });

  test("is for 80 columns and 24 rows where the terminal knows no size", () => {
    const { screen } = written(0, 0);
    expect([screen.columns, screen.blockRows]).toEqual([80, 19]);
    screen.close();
  });

  test("is kept from a terminal that has not read 256 KiB; more lines that are lost are told together", () => {
    const { screen, output, frame } = written(40, 20);
    output.writableLength = 256 * 1024;
    screen.print("seen");
    expect(frame()).toContain("seen");
    output.writableLength += 1;
    screen.print("lost");
    expect(frame()).toBe("");
    screen.print("lost, too");
    expect(frame()).toBe("");
    output.writableLength = 0;
    expect(frame(), "without anything new").toBe(
      `${BEGIN}\r${ERASE}… 2 lines not shown: the terminal was too slow\n${END}`,
    );
    screen.close();
  });

  test("ends with close, and so do its listeners; the cursor is shown also where the process ends before", () => {
    const before = process.listeners("exit");
    const { screen, output, frame } = written(40, 20);
    const [added] = process.listeners("exit").filter((listener) => !before.includes(listener));
    added?.call(process, 0);
    expect(output.take()).toBe("\u001b[?25h");
    screen.print("last");
    screen.close();
    expect(output.take()).toBe(`${BEGIN}\r${ERASE}last\n${END}\u001b[?25h`);
    expect([process.listeners("exit").length, output.listenerCount("resize")]).toEqual([before.length, 0]);
    expect(frame()).toBe("");
  });
});
