// A terminal, as much of one as the live view needs: wraps, scrolls, moves up, erases, and reflows its lines when it is
// resized, as today's terminals do. What cannot be understood is an error: so nothing else is sent.

interface LogicalLine {
  text: string;
}

export class MiniTerminal {
  columns: number;
  rows: number;
  /** All lines since the beginning, as they were written; the cursor is in one of them. */
  readonly #lines: LogicalLine[] = [{ text: "" }];
  #line = 0;
  /** In display rows: how far into its line the cursor is. */
  #cursor = 0;
  cursorShown = true;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
  }

  /** Every line, scrolled away or not; what is wider than the terminal takes several rows. */
  get text(): string[] {
    return this.#lines.map(({ text }) => text);
  }

  write(data: string): void {
    let at = 0;
    while (at < data.length) {
      const sequence = /^\u001b\[(\??)([0-9;]*)([A-Za-z])/.exec(data.slice(at));
      if (sequence !== null) {
        this.#control(sequence[1] ?? "", sequence[2] ?? "", sequence[3] ?? "");
        at += sequence[0].length;
      } else {
        this.#character(data[at] ?? "");
        at += 1;
      }
    }
  }

  #height(line: LogicalLine): number {
    return Math.max(1, Math.ceil([...line.text].length / this.columns));
  }

  #character(character: string): void {
    const line = this.#lines[this.#line];
    if (line === undefined) throw new Error("no line at the cursor");
    if (character === "\r") this.#cursor = 0;
    else if (character === "\n") {
      this.#line += 1;
      this.#cursor = 0;
      if (this.#line === this.#lines.length) this.#lines.push({ text: "" });
    } else if (character < " ") throw new Error(`control character ${JSON.stringify(character)}`);
    else {
      const characters = [...line.text];
      characters[this.#cursor++] = character;
      line.text = characters.join("");
    }
  }

  #control(prefix: string, parameter: string, letter: string): void {
    if (letter === "m") return;
    if (prefix === "?" && parameter === "25") this.cursorShown = letter === "h";
    else if (prefix === "?" && parameter === "2026") return;
    else if (letter === "A") this.#up(Number(parameter));
    else if (letter === "J" && parameter === "") {
      const line = this.#lines[this.#line];
      if (line !== undefined) line.text = [...line.text].slice(0, this.#cursor).join("");
      this.#lines.length = this.#line + 1;
    } else throw new Error(`unknown sequence ${prefix}${parameter}${letter}`);
  }

  /** Rows, not lines; and never above the first row that is shown. */
  #up(rows: number): void {
    let left = Math.min(rows, this.rows - 1);
    while (left > 0 && this.#line > 0) {
      this.#line -= 1;
      left -= this.#height(this.#lines[this.#line] ?? { text: "" });
    }
    if (left < 0) throw new Error("the cursor went up into the middle of a line");
    this.#cursor = 0;
  }
}
