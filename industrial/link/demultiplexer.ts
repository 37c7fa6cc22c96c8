// Takes the byte stream of the board's UART apart: between two 0x00 bytes stands either one frame or plain text (early
// boot, a panic). Text must be seen at once, also when no delimiter ever follows: somebody is looking at a board that
// does not boot. So what cannot become a frame is handed on as it comes; what still can is held until its delimiter.
//
//   wire      00 │ frame │ 00 00 │ frame │ 00 │ text text │ 00 │ frame │ 00
//
// The second byte of an encoded frame is its kind, 1…8: control characters that no text contains. So two bytes decide,
// and no more than one frame is ever held.
import { DELIMITER, decodeFrame, FRAME_ENCODED_MAX, FRAME_KIND_MAX, type Frame } from "./frame.ts";

export type Item = { readonly frame: Frame } | { readonly text: Uint8Array };

export class Demultiplexer {
  readonly #sink: (item: Item) => void;
  /** The current segment, as long as it can still become a frame. */
  readonly #held = new Uint8Array(FRAME_ENCODED_MAX);
  #length = 0;
  /** How many of the held bytes `flush` has handed on as text already. */
  #shown = 0;
  /** The current segment is text for sure. */
  #inText = false;

  constructor(sink: (item: Item) => void) {
    this.#sink = sink;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const zero = bytes.indexOf(DELIMITER, at);
      const end = zero < 0 ? bytes.length : zero;
      while (at < end && !this.#inText) this.#hold(bytes[at++] ?? 0);
      if (at < end) this.#sink({ text: bytes.slice(at, end) });
      if (zero >= 0) this.#endSegment();
      at = end + 1;
    }
  }

  /**
   * The line has been silent for a while: hands on as text what is held, since a board that died in the middle of a
   * frame says why right after it. Should the rest of the frame come after all, the frame is still delivered.
   */
  flush(): void {
    if (this.#length > this.#shown) this.#sink({ text: this.#held.slice(this.#shown, this.#length) });
    this.#shown = this.#length;
  }

  #hold(byte: number): void {
    if (this.#length === FRAME_ENCODED_MAX) this.#becomeText();
    if (this.#inText) {
      this.#sink({ text: Uint8Array.of(byte) });
      return;
    }
    this.#held[this.#length++] = byte;
    if (this.#length === 2 && byte > FRAME_KIND_MAX) this.#becomeText();
  }

  #becomeText(): void {
    this.flush();
    this.#inText = true;
    this.#length = 0;
    this.#shown = 0;
  }

  #endSegment(): void {
    const frame = this.#length > 0 ? decodeFrame(this.#held.subarray(0, this.#length)) : undefined;
    if (frame) this.#sink({ frame });
    else this.flush();
    this.#inText = false;
    this.#length = 0;
    this.#shown = 0;
  }
}
