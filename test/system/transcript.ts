// What a partition has printed, line by line, and the sentences about it between. The session shows a line as soon as
// something else is to be shown, in two pieces then; and an event and the console of the same moment come in any order.
// So here a line is one when its end is there.

/** A line without an end is one when nothing more came for so long: a prompt. */
const PROMPT_MS = 400;

/** A terminal's view of a line: what stands behind the last carriage return. */
function seen(line: string): string {
  const trimmed = line.replace(/\r+$/, "");
  return trimmed.slice(trimmed.lastIndexOf("\r") + 1);
}

export class Transcript {
  readonly #entries: string[] = [];
  readonly #decoder = new TextDecoder();
  readonly #now: () => number;
  #text = "";
  /** Of the console's line that has no end yet, and when its last byte came. */
  #line = "";
  #last = 0;

  /** `now`: milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Bytes of its console. */
  print(bytes: Uint8Array): void {
    const text = this.#decoder.decode(bytes, { stream: true });
    this.#text += text;
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() ?? "";
    this.#last = this.#now();
    for (const line of lines) this.#entries.push(seen(line));
  }

  /** A sentence about it. */
  add(sentence: string): void {
    this.#entries.push(sentence);
  }

  /** Lines and sentences. */
  get entries(): readonly string[] {
    const isPrompt = this.#line !== "" && this.#now() - this.#last >= PROMPT_MS;
    return isPrompt ? [...this.#entries, seen(this.#line)] : this.#entries;
  }

  /** All of its console. */
  get text(): string {
    return this.#text;
  }
}
