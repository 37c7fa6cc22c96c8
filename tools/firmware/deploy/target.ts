// The disk that is written to, wherever it is. It stays as large as it is.
import { MIB } from "../../../partitions/units.ts";
import type { Sectors } from "../disk/sectors.ts";

/** What a slot is written and compared in: so much of it is in memory at once. */
export const CHUNK = 2 * MIB;

export interface Target extends Sectors {
  /** Of a device that is here: what its maker calls it, or "". Undefined: nobody names it by mistake. */
  readonly model: string | undefined;
  /** Whole sectors, within the disk: few. Which of several arrive first nobody knows before `flush`. */
  write(first: number, bytes: Uint8Array): void;
  /** All that was written stays, even without power. */
  flush(): void;
  /**
   * Many sectors, from `first` on, of which each piece is whole ones; good until the next one is asked for. When it is done, all
   * of them stay, even without power.
   */
  stream(first: number, pieces: Iterable<Uint8Array>): Promise<void>;
  /** SHA-256 of each CHUNK of so many sectors, in order; the last one may be shorter. */
  digests(first: number, sectors: number): AsyncGenerator<Buffer, void>;
}
