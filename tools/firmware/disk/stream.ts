// A whole disk as a stream of bytes, in order, of which no more is in memory than a piece at a time.
import { MIB } from "../../../partitions/units.ts";
import type { Stream } from "../../output/write.ts";
import { SECTOR } from "./sectors.ts";

export interface Piece {
  readonly sector: number;
  readonly content: Uint8Array | Stream;
}

const ZEROS = new Uint8Array(MIB);

function* zeros(bytes: number): Iterable<Uint8Array> {
  for (let left = bytes; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, left);
}

/** What is no piece's is zeros. */
export class DiskStream implements Stream {
  readonly length: number;
  readonly #pieces: readonly Piece[];

  /** None over another. */
  constructor(sectors: number, pieces: readonly Piece[]) {
    this.length = sectors * SECTOR;
    this.#pieces = [...pieces].sort((a, b) => a.sector - b.sector);
  }

  *chunks(): Iterable<Uint8Array> {
    let at = 0;
    for (const { sector, content } of this.#pieces) {
      if (sector * SECTOR < at) throw new RangeError(`sector ${sector} is written twice`);
      yield* zeros(sector * SECTOR - at);
      yield* content instanceof Uint8Array ? [content] : content.chunks();
      at = sector * SECTOR + content.length;
    }
    yield* zeros(this.length - at);
  }
}
