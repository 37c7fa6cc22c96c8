// Where a run writes, as far as it knows: a pipe, or a terminal of a size, with or without colours. Keeps what was written.
import { EventEmitter } from "node:events";
import type { WriteStream } from "node:tty";

interface Kind {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly colours?: boolean;
}

export class FakeOutput extends EventEmitter {
  text = "";
  writableLength = 0;
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows: number;
  readonly #colours: boolean;

  constructor({ isTTY = false, columns = 0, rows = 0, colours = false }: Kind = {}) {
    super();
    this.isTTY = isTTY;
    this.columns = columns;
    this.rows = rows;
    this.#colours = colours;
  }

  /** As what it stands for. */
  get stream(): WriteStream {
    return this as unknown as WriteStream;
  }

  /** What has been written since this was asked last. */
  take(): string {
    const { text } = this;
    this.text = "";
    return text;
  }

  hasColors(): boolean {
    return this.#colours;
  }

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}
