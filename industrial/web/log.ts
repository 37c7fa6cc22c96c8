// A log whose newest entries are kept, as JSON; each has a number, so that whoever was told of some knows which are missing.

export class KeptLog {
  readonly #entriesMax: number;
  readonly #charactersMax: number;
  #entries: string[] = [];
  #characters = 0;
  /** Number of the oldest that is kept; of the first that has not been told. */
  #first = 0;
  #told = 0;

  constructor(entriesMax: number, charactersMax: number) {
    this.#entriesMax = entriesMax;
    this.#charactersMax = charactersMax;
  }

  push(entry: unknown): void {
    const json = JSON.stringify(entry);
    this.#entries.push(json);
    this.#characters += json.length;
    let gone = Math.max(0, this.#entries.length - this.#entriesMax);
    let characters = this.#entries.slice(0, gone).reduce((sum, { length }) => sum + length, 0);
    while (this.#characters - characters > this.#charactersMax) characters += this.#entries[gone++]?.length ?? 0;
    if (gone === 0) return;
    this.#entries = this.#entries.slice(gone);
    this.#characters -= characters;
    this.#first += gone;
  }

  get all(): string {
    return this.#from(this.#first);
  }

  /** Undefined: there is none that has not been told. */
  takeNew(): string | undefined {
    const from = Math.max(this.#told, this.#first);
    const end = this.#first + this.#entries.length;
    this.#told = end;
    return from === end ? undefined : this.#from(from);
  }

  #from(number: number): string {
    return `{"from":${number},"entries":[${this.#entries.slice(number - this.#first).join(",")}]}`;
  }
}
