// A disk whose sectors are read and written one after the other.
import { hash } from "node:crypto";
import { SECTOR } from "../disk/sectors.ts";
import { CHUNK } from "./target.ts";
import type { Target } from "./target.ts";

export abstract class LocalDisk implements Target {
  abstract readonly name: string;
  abstract readonly count: number;
  abstract readonly model: string | undefined;
  abstract read(first: number, sectors: number, into?: Uint8Array): Uint8Array;
  abstract write(first: number, bytes: Uint8Array): void;
  abstract flush(): void;

  /** Flushed now and then, so that not all of it waits for the last one. */
  async stream(first: number, pieces: Iterable<Uint8Array>): Promise<void> {
    let at = first;
    for (const piece of pieces) {
      this.write(at, piece);
      this.flush();
      at += piece.length / SECTOR;
      await breath();
    }
    this.flush();
  }

  async *digests(first: number, sectors: number): AsyncGenerator<Buffer, void> {
    const buffer = new Uint8Array(Math.min(CHUNK, sectors * SECTOR));
    for (let done = 0; done < sectors; done += CHUNK / SECTOR) {
      const count = Math.min(CHUNK / SECTOR, sectors - done);
      yield sha256(this.read(first + done, count, buffer.subarray(0, count * SECTOR)));
      await breath();
    }
  }
}

export const sha256 = (bytes: Uint8Array): Buffer => hash("sha256", bytes, "buffer");

/** For signals, and whatever else waits. */
const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
