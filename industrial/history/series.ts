// The last values of a tag, in a ring of typed arrays: 8 bytes of time, one of quality, and the value's own bytes as in the
// tag image: 17 for the widest number, and nothing is lost on the way. A ring that is full forgets its oldest.
//
// Each value has a number, counted from 0 for the life of the series: whoever reads page by page goes on by
// number, whatever comes and goes meanwhile. Times never go back: one that would is taken as the last one's, so
// that what is found by time needs no sorting.
import { bytesOf } from "../../partitions/tags/type.ts";
import type { TagType } from "../../partitions/tags/type.ts";
import { QUALITIES } from "../tags/plant.ts";
import type { Quality } from "../tags/plant.ts";
import { readValue } from "../tags/value.ts";
import type { TagValue } from "../tags/value.ts";

export interface Entry {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly quality: Quality;
  /** Undefined: with this quality there is none. */
  readonly value: TagValue | undefined;
}

const TIME_BYTES = 8;
const QUALITY_BYTES = 1;
/** Beside the quality: that there is a value. */
const HAS_VALUE = 0x80;

/** Of each value that is kept. */
export const bytesPerValue = (type: TagType): number => TIME_BYTES + QUALITY_BYTES + bytesOf(type);

export class Series {
  readonly #type: TagType;
  readonly #capacity: number;
  readonly #size: number;
  readonly #times: Float64Array;
  readonly #qualities: Uint8Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #next = 0;

  constructor(type: TagType, capacity: number) {
    this.#type = type;
    this.#capacity = capacity;
    this.#size = bytesOf(type);
    this.#times = new Float64Array(capacity);
    this.#qualities = new Uint8Array(capacity);
    this.#bytes = new Uint8Array(capacity * this.#size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** The number of the oldest value that is still there. */
  get first(): number {
    return Math.max(0, this.#next - this.#capacity);
  }

  /** The number that the next value will have. */
  get next(): number {
    return this.#next;
  }

  /** `image`: where the value's bytes are, at `offset`; undefined: there is no value. */
  record(time: number, quality: Quality, image: DataView | undefined, offset: number): void {
    const at = this.#next % this.#capacity;
    const last = this.#next === 0 ? Number.NEGATIVE_INFINITY : this.#time(this.#next - 1);
    this.#times[at] = Math.max(time, last);
    this.#qualities[at] = QUALITIES.indexOf(quality) | (image === undefined ? 0 : HAS_VALUE);
    if (image !== undefined)
      this.#bytes.set(new Uint8Array(image.buffer, image.byteOffset + offset, this.#size), at * this.#size);
    this.#next++;
  }

  /** Undefined: it is not there, or no more. */
  entry(number: number): Entry | undefined {
    if (number < this.first || number >= this.#next) return undefined;
    const at = number % this.#capacity;
    const packed = this.#qualities[at] ?? 0;
    return {
      time: this.#time(number),
      quality: QUALITIES[packed & ~HAS_VALUE] ?? "waiting",
      value: (packed & HAS_VALUE) === 0 ? undefined : readValue(this.#view, at * this.#size, this.#type),
    };
  }

  /** The number of the first value that is not before a time; `next`, if there is none. */
  from(time: number): number {
    let [low, high] = [this.first, this.#next];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#time(middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The number of the first value that is after a time. */
  after(time: number): number {
    let number = this.from(time);
    while (number < this.#next && this.#time(number) === time) number++;
    return number;
  }

  #time(number: number): number {
    return this.#times[number % this.#capacity] ?? 0;
  }
}
