// Raw console bytes → lines that can be shown beside those of another console: whole lines, no control sequence that
// would move the cursor or clear the screen. Colours (SGR) stay.
import { stripControlSequences } from "./control-sequences.ts";

/** A line without an end is shown when nothing more came for so long: a prompt. */
const PARTIAL_LINE_MS = 400;
/** The longest line that is kept together. */
const LINE_MAX = 2000;

const ESCAPE = "\u001b";
const SGR = /\u001b\[[0-9;:]*m/g;
const SGR_RESET = `${ESCAPE}[0m`;
/** Control Pictures of Unicode: ␀ for NUL, and so on. */
const CONTROL_PICTURES = 0x2400;
const DELETE_PICTURE = "\u2421";
const TAB_WIDTH = 8;

/** What a printer would leave of the line: no cursor movement, no clearing, no bell; with or without its colours. */
export function printable(line: string, colours: boolean): string {
  const kept: string[] = [];
  // Every other control sequence goes; the colours between them are put back.
  const texts = line.split(SGR);
  const colourings = line.match(SGR) ?? [];
  texts.forEach((text, at) => {
    kept.push(visible(stripControlSequences(text)));
    if (colours) kept.push(colourings[at] ?? "");
  });
  return kept.join("") + (colours && colourings.length > 0 ? SGR_RESET : "");
}

function visible(text: string): string {
  let column = 0;
  let result = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    let shown = character;
    if (character === "\t") shown = " ".repeat(TAB_WIDTH - (column % TAB_WIDTH));
    else if (code < 0x20) shown = String.fromCodePoint(CONTROL_PICTURES + code);
    else if (code === 0x7f) shown = DELETE_PICTURE;
    else if (code < 0xa0 && code > 0x7f) shown = ""; // C1 controls: 8-bit forms of escape sequences
    result += shown;
    column += shown.length;
  }
  return result;
}

/** Collects the bytes of one console. `sink` gets a line, raw but for its end. */
export class LineAssembler {
  readonly #sink: (line: string) => void;
  readonly #decoder = new TextDecoder("utf-8"); // keeps a character that is cut in two by a frame's end
  readonly #patience: number;
  #partial = "";
  #timer: NodeJS.Timeout | undefined;

  /** `patience`: milliseconds; Infinity: a line is one when its end is there, however long that takes. */
  constructor(sink: (line: string) => void, patience = PARTIAL_LINE_MS) {
    this.#sink = sink;
    this.#patience = patience;
  }

  push(bytes: Uint8Array): void {
    clearTimeout(this.#timer);
    const lines = (this.#partial + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) this.#emit(line);
    while (this.#partial.length > LINE_MAX) {
      this.#emit(this.#partial.slice(0, LINE_MAX));
      this.#partial = this.#partial.slice(LINE_MAX);
    }
    if (this.#partial !== "" && this.#patience !== Infinity) this.#timer = setTimeout(() => this.flush(), this.#patience);
  }

  /** Hands on what has no end yet. */
  flush(): void {
    clearTimeout(this.#timer);
    if (this.#partial !== "") this.#emit(this.#partial);
    this.#partial = "";
  }

  #emit(line: string): void {
    // A carriage return writes over the line: what stands behind the last one is what one would see.
    const seen = line.replace(/\r+$/, "");
    this.#sink(seen.slice(seen.lastIndexOf("\r") + 1));
  }
}
