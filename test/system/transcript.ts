// What a partition has printed, whole, and the sentences about it between. The session shows a line as soon as something else is to be shown,
// in two pieces then; and an event and the console of the same moment come in any order. So here a console's line grows until its end is there.

/** A terminal's view of a line: what stands behind the last carriage return. */
function seen(line: string): string {
  const trimmed = line.replace(/\r+$/, "");
  return trimmed.slice(trimmed.lastIndexOf("\r") + 1);
}

export class Transcript {
  readonly #entries: string[] = [];
  readonly #decoder = new TextDecoder();
  #text = "";
  /** Of the console's line that has no end yet. */
  #open: number | undefined;
  #line = "";

  /** Bytes of its console. */
  print(bytes: Uint8Array): void {
    const text = this.#decoder.decode(bytes, { stream: true });
    this.#text += text;
    const [first = "", ...more] = text.split("\n");
    this.#grow(first);
    for (const line of more) {
      this.#open = undefined;
      this.#line = "";
      this.#grow(line);
    }
  }

  /** A sentence about it. */
  add(sentence: string): void {
    this.#entries.push(sentence);
  }

  /** Lines and sentences; the console's last line as far as it has come. */
  get entries(): readonly string[] {
    return this.#entries;
  }

  /** All of its console. */
  get text(): string {
    return this.#text;
  }

  #grow(text: string): void {
    if (text === "") return;
    this.#line += text;
    this.#open ??= this.#entries.push("") - 1;
    this.#entries[this.#open] = seen(this.#line);
  }
}
