// A terminal with lines that scroll and, below them, a block that is redrawn in place. Plain ANSI (ECMA-48) sequences.
import type { WriteStream } from "node:tty";
import { displayWidth, fit } from "./columns.ts";

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
// Private mode 2026 where a terminal has it: what stands between is shown at once, without flicker. Others ignore it.
const BEGIN_UPDATE = "\u001b[?2026h";
const END_UPDATE = "\u001b[?2026l";
const ERASE_BELOW = "\u001b[J";
const up = (rows: number): string => (rows > 0 ? `\u001b[${rows}A` : "");

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

const FRAME_MS = 50;
/** A terminal that is stopped (Ctrl-S) or slow gets no more than this; the lines beyond it are counted instead. */
const UNREAD_MAX = 256 * 1024;

export class Screen {
  readonly #terminal: WriteStream;
  #lines: string[] = [];
  #dropped = 0;
  #block: readonly string[] = [];
  /** The block as it stands on the screen. */
  #drawn: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #onResize = (): void => this.#schedule();
  readonly #onExit = (): void => this.#restore();

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

  /** Appends a line above the block. */
  print(line: string): void {
    this.#lines.push(line);
    this.#schedule();
  }

  setBlock(block: readonly string[]): void {
    this.#block = block;
    this.#schedule();
  }

  /** Draws what is due, without a block, and gives the terminal back. */
  close(): void {
    this.#block = [];
    this.#draw();
    this.#terminal.off("resize", this.#onResize);
    process.off("exit", this.#onExit);
    this.#restore();
  }

  #restore(): void {
    this.#terminal.write(SHOW_CURSOR);
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#draw(), FRAME_MS);
  }

  #draw(): void {
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
    const rows = this.#terminal.rows || DEFAULT_ROWS;
    // The cursor is at the start of the row below the block. A row of it that was wider than the terminal is now (it has been
    // made narrower) takes several.
    const occupied = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(displayWidth(line) / columns)), 0);
    const block = this.#block.slice(0, Math.max(0, rows - 1)).map((line) => fit(line, columns));
    const text = [...this.#lines, ...block].map((line) => `${line}\n`).join("");
    this.#terminal.write(`${BEGIN_UPDATE}${up(occupied)}\r${ERASE_BELOW}${text}${END_UPDATE}`);
    this.#lines = [];
    this.#drawn = block;
  }
}
