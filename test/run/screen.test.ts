import { EventEmitter } from "node:events";
import type { WriteStream } from "node:tty";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Screen } from "../../tools/run/screen.ts";
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
