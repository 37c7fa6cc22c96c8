// Tag images from tag-reader (rtos-guests/linux/tags), one behind the other on a stream: pipe, ssh, TCP. Each that is whole
// is told, as a view that is valid until the listener comes back; so are answers to batches of writes, between them.
// Garbage is skipped and counted; memory is one image's.
import { EventEmitter } from "node:events";
import type { Readable } from "node:stream";
import {
  TAG_IMAGE_LAYOUT, TAG_IMAGE_MAGIC, TAG_IMAGE_SEQUENCE, TAG_IMAGE_SIZE, TAG_IMAGE_TABLE, TAG_IMAGE_TIME, TAG_IMAGE_VERSION,
  TAG_STREAM_TRAILER,
} from "../../rtos-guests/channel/tagImageLayout.ts";
import { TAG_ANSWER_BYTES, TAG_ANSWER_MAGIC } from "../../rtos-guests/channel/tagWritesLayout.ts";

export interface SnapshotEvents {
  /** `time`: CNTVCT_EL0 of the scan. Its values are at the offsets of the tag table. */
  image: [image: DataView, time: bigint];
  /** To the batch of that number: one of TAG_WRITES_*. The images before it show what was done. */
  answer: [number: number, result: number];
  /** The guest was built for another tag table: its images are not told. Once, until it is another one again. */
  mismatch: [found: { readonly table: number; readonly size: number }];
  /** The last event. */
  close: [reason: string];
}

/** What an image and an answer begin with. */
const BEGINNING = Buffer.from(Uint32Array.of(TAG_IMAGE_MAGIC).buffer).subarray(0, 3);

export class TagSnapshots extends EventEmitter<SnapshotEvents> {
  readonly #table: number;
  readonly #size: number;
  /** With the trailer. */
  readonly #whole: number;
  readonly #image: Buffer;
  readonly #view: DataView;
  #filled = 0;
  #skipped = 0;
  #told: number | undefined;

  /** `table`, `size`: layoutSum() and size of the partition's tags. */
  constructor(stream: Readable, { table, size }: { readonly table: number; readonly size: number }) {
    super();
    this.#table = table;
    this.#size = size;
    this.#whole = size + TAG_STREAM_TRAILER;
    this.#image = Buffer.alloc(this.#whole);
    this.#view = new DataView(this.#image.buffer, this.#image.byteOffset, this.#whole);
    let reason = "the reader has ended";
    stream.on("data", (bytes: Uint8Array) => this.#take(bytes));
    stream.on("error", (error) => (reason = error.message));
    stream.on("close", () => this.emit("close", reason));
  }

  /** Bytes that belong to no image of this table. */
  get skipped(): number {
    return this.#skipped;
  }

  #take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const count = Math.min(bytes.length - at, this.#whole - this.#filled);
      this.#image.set(bytes.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      this.#look();
    }
  }

  /** Tells what is whole, or looks for the next beginning of something. */
  #look(): void {
    while (this.#filled >= TAG_ANSWER_BYTES) {
      const isAnswer = this.#word(0) === TAG_ANSWER_MAGIC && this.#word(12) === ~this.#word(4) >>> 0;
      if (isAnswer) {
        this.emit("answer", this.#word(4), this.#word(8));
        this.#drop(TAG_ANSWER_BYTES);
        continue;
      }
      if (this.#filled < TAG_IMAGE_TIME && this.#word(0) === TAG_IMAGE_MAGIC) return;
      const isWhole = this.#filled === this.#whole;
      if (this.#begins() && (!isWhole || this.#ends())) {
        if (!isWhole) return;
        this.#filled = 0;
        this.#told = undefined;
        this.emit("image", this.#view, this.#view.getBigUint64(TAG_IMAGE_TIME, true));
        return;
      }
      const found = this.#image.subarray(0, this.#filled).indexOf(BEGINNING, 1);
      // The last bytes may be the first of one.
      const garbage = found >= 0 ? found : this.#filled - Math.min(this.#filled, BEGINNING.length - 1);
      this.#skipped += garbage;
      this.#drop(garbage);
    }
  }

  #drop(count: number): void {
    this.#image.copyWithin(0, count, this.#filled);
    this.#filled -= count;
  }

  #word(at: number): number {
    return this.#view.getUint32(at, true);
  }

  /** And not with the bytes of another one. */
  #ends(): boolean {
    const sequence = this.#word(TAG_IMAGE_SEQUENCE);
    return this.#word(this.#size) === sequence && this.#word(this.#size + 4) === ~sequence >>> 0;
  }

  #begins(): boolean {
    const word = (at: number): number => this.#word(at);
    if (word(0) !== TAG_IMAGE_MAGIC || word(TAG_IMAGE_VERSION) !== TAG_IMAGE_LAYOUT || word(TAG_IMAGE_SEQUENCE) % 2 !== 0)
      return false;
    const [table, size] = [word(TAG_IMAGE_TABLE), word(TAG_IMAGE_SIZE)];
    if (table === this.#table && size === this.#size) return true;
    if (this.#told !== table) this.emit("mismatch", { table, size });
    this.#told = table;
    return false;
  }
}
