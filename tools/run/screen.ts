// A terminal with lines that scroll and, below them, a block that is redrawn in place. Plain ANSI (ECMA-48) sequences.
//
// When a terminal is resized, some wrap what stands on it anew, others cut it, and none says which: where the block is then
// cannot be known. So everything on the screen is drawn again from its first row on: the last lines, and the block. The same is
// done when the block becomes smaller and lines have scrolled away: those lines come back into its rows.
import type { WriteStream } from "node:tty";
import { displayWidth, fit } from "./columns.ts";

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
// Private mode 2026 where a terminal has it: what stands between is shown at once, without flicker. Others ignore it.
const BEGIN_UPDATE = "\u001b[?2026h";
const END_UPDATE = "\u001b[?2026l";
const ERASE_BELOW = "\u001b[J";
const HOME = "\u001b[H";
const up = (rows: number): string => (rows > 0 ? `\u001b[${rows}A` : "");

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

const FRAME_MS = 50;
/** So many rows stay for what is printed, however large the block is, but on a terminal that is small. */
const LINES_MIN = 4;
const SMALL_ROWS = 12;
/** Lines that are remembered: no terminal shows more. */
const RECENT_MAX = 500;
/** A terminal that is stopped (Ctrl-S) or slow gets no more than this; the lines beyond it are counted instead. */
const UNREAD_MAX = 256 * 1024;

export class Screen {
  readonly #terminal: WriteStream;
  #lines: string[] = [];
  #dropped = 0;
  #block: readonly string[] = [];
  /** The last lines that were printed. */
  #recent: string[] = [];
  /** How it was when it was drawn last: rows of the block, and how many of the last lines were above it. */
  #drawn = { rows: 0, lines: 0 };
  #isResized = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #onResize = (): void => this.redraw();
  readonly #onExit = (): void => this.showCursor();

  constructor(terminal: WriteStream) {
    this.#terminal = terminal;
    terminal.on("resize", this.#onResize);
    process.on("exit", this.#onExit); // also after an error: nobody wants a terminal without a cursor
    terminal.write(HIDE_CURSOR);
  }

  /** A terminal that knows no size says 0. */
  get columns(): number {
    return this.#terminal.columns || DEFAULT_COLUMNS;
  }

  get #rows(): number {
    return this.#terminal.rows || DEFAULT_ROWS;
  }

  /** A block of more is cut. The cursor stands in the row below it. */
  get blockRows(): number {
    return Math.max(0, this.#rows - 1 - (this.#rows < SMALL_ROWS ? 0 : LINES_MIN));
  }

  /** Appends a line above the block. */
  print(line: string): void {
    this.#lines.push(line);
    this.#schedule();
  }

  /** All of it anew: somebody else has written there, or its size is another one. */
  redraw(): void {
    this.#terminal.write(HIDE_CURSOR);
    this.#isResized = true;
    this.#schedule();
  }

  setBlock(block: readonly string[]): void {
    this.#block = block;
    this.#schedule();
  }

  /** Draws what is due, without a block, and gives the terminal back. */
  close(): void {
    this.#block = [];
    this.#draw(true);
    this.#terminal.off("resize", this.#onResize);
    process.off("exit", this.#onExit);
    this.showCursor();
  }

  /** Gives the terminal back, for good or for a while. */
  showCursor(): void {
    this.#terminal.write(SHOW_CURSOR);
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#draw(), FRAME_MS);
  }

  #draw(isLast = false): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#terminal.writableLength > UNREAD_MAX) {
      this.#dropped += this.#lines.length;
      this.#lines = [];
      this.#schedule();
      return;
    }
    if (this.#dropped > 0) this.#lines.unshift(`… ${this.#dropped} lines not shown: the terminal was too slow`);
    this.#dropped = 0;

    const columns = this.columns;
    const rows = this.#rows;
    const block = this.#block.slice(0, this.blockRows).map((line) => fit(line, columns));
    const room = rows - 1 - block.length;
    const haveScrolled = this.#rowsOf(this.#recent, columns) + this.#drawn.rows >= rows;
    const isSmaller = !isLast && block.length < this.#drawn.rows && haveScrolled;
    const isWhole = this.#isResized || isSmaller;
    const back = isWhole ? HOME : `${up(this.#drawn.rows)}\r`;
    // What stood there, and what there is room for now, be it that the terminal itself has brought it back.
    const again = isWhole ? this.#lastLines(Math.max(this.#drawn.lines, this.#fitting(room, columns))) : [];
    const text = [...again, ...this.#lines, ...block].map((line) => `${line}\n`).join("");
    this.#terminal.write(`${BEGIN_UPDATE}${back}${ERASE_BELOW}${text}${END_UPDATE}`);
    this.#recent = [...this.#recent, ...this.#lines].slice(-RECENT_MAX);
    this.#isResized = false;
    this.#lines = [];
    this.#drawn = { rows: block.length, lines: this.#fitting(room, columns) };
  }

  #lastLines(count: number): string[] {
    return this.#recent.slice(Math.max(0, this.#recent.length - count));
  }

  #rowsOf(lines: readonly string[], columns: number): number {
    return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(displayWidth(line) / columns)), 0);
  }

  /** How many of the last lines stand in so many rows, the first of them perhaps in part. */
  #fitting(rows: number, columns: number): number {
    let room = rows;
    let count = 0;
    for (const line of this.#recent.toReversed()) {
      if (room <= 0) break;
      room -= this.#rowsOf([line], columns);
      count += 1;
    }
    return count;
  }
}
