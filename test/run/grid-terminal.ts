// A terminal, as much of one as the live view needs: wraps, scrolls, moves up, goes home, erases. When it is resized
// it does as one of two kinds that there are: it wraps its lines anew (VTE, tmux, kitty), bringing them back from
// above when they take fewer rows; or it cuts what is too wide now (xterm, Linux's console). What cannot be
// understood is an error: so nothing else is sent.

interface Row {
  text: string;
  /** It goes on in the next row. */
  wraps: boolean;
}

const empty = (): Row => ({ text: "", wraps: false });

export class GridTerminal {
  columns: number;
  rows: number;
  readonly #kind: "wraps anew" | "cuts";
  /** Scrolled away. */
  #above: Row[] = [];
  /** Never more than there are rows; what is not there is empty. */
  #screen: Row[] = [empty()];
  #row = 0;
  #column = 0;
  cursorShown = true;

  constructor(columns: number, rows: number, kind: "wraps anew" | "cuts" = "cuts") {
    this.columns = columns;
    this.rows = rows;
    this.#kind = kind;
  }

  /** What is seen. */
  get screen(): string[] {
    return this.#screen.map(({ text }) => text);
  }

  /** Every line, scrolled away or not, whole. */
  get text(): string[] {
    return joined([...this.#above, ...this.#screen]);
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    if (this.#kind === "cuts") {
      for (const row of this.#screen) {
        row.text = [...row.text].slice(0, columns).join("");
        row.wraps = false;
      }
    } else {
      const below = this.#screen.slice(this.#row + 1);
      const before = joined([...this.#above, ...this.#screen.slice(0, this.#row + 1)]);
      const wrapped = before.flatMap((line) => wrap(line, columns));
      this.#above = [];
      this.#screen = [...wrapped, ...below];
      this.#row = wrapped.length - 1;
    }
    while (this.#screen.length > rows || this.#row >= rows) this.#scroll();
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

  #scroll(): void {
    const top = this.#screen.shift();
    if (top !== undefined) this.#above.push(top);
    this.#row = Math.max(0, this.#row - 1);
    if (this.#screen.length === 0) this.#screen.push(empty());
  }

  #down(): void {
    this.#row += 1;
    this.#column = 0;
    if (this.#row === this.#screen.length) this.#screen.push(empty());
    if (this.#screen.length > this.rows) this.#scroll();
  }

  #character(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\n") this.#down();
    else if (character < " ") throw new Error(`control character ${JSON.stringify(character)}`);
    else {
      // Behind the last column the cursor waits: only the next character wraps.
      if (this.#column === this.columns) {
        const full = this.#screen[this.#row];
        if (full !== undefined) full.wraps = true;
        this.#down();
      }
      const row = this.#screen[this.#row];
      if (row === undefined) throw new Error("no row at the cursor");
      const characters = [...row.text];
      characters[this.#column++] = character;
      row.text = characters.join("");
    }
  }

  #control(prefix: string, parameter: string, letter: string): void {
    if (letter === "m") return;
    if (prefix === "?" && parameter === "25") this.cursorShown = letter === "h";
    else if (prefix === "?" && parameter === "2026") return;
    else if (letter === "A") this.#row = Math.max(0, this.#row - Math.max(1, Number(parameter))); // as xterm: 0 is 1
    else if (letter === "H" && parameter === "") {
      this.#row = 0;
      this.#column = 0;
    } else if (letter === "J" && parameter === "") {
      this.#screen.length = this.#row + 1;
      const row = this.#screen[this.#row];
      if (row !== undefined) {
        row.text = [...row.text].slice(0, this.#column).join("");
        row.wraps = false;
      }
      const above = this.#screen[this.#row - 1] ?? this.#above.at(-1);
      if (above !== undefined) above.wraps = false;
    } else throw new Error(`unknown sequence ${prefix}${parameter}${letter}`);
  }
}

function joined(rows: readonly Row[]): string[] {
  const lines: string[] = [];
  let goesOn = false;
  for (const { text, wraps } of rows) {
    if (goesOn) lines.push(`${lines.pop() ?? ""}${text}`);
    else lines.push(text);
    goesOn = wraps;
  }
  return lines;
}

function wrap(line: string, columns: number): Row[] {
  const characters = [...line];
  const count = Math.max(1, Math.ceil(characters.length / columns));
  return Array.from({ length: count }, (_, at) => ({
    text: characters.slice(at * columns, (at + 1) * columns).join(""),
    wraps: at < count - 1,
  }));
}
