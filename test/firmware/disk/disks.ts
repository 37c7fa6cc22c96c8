// Disks in memory and in files, for readers of ours and of others.
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { SECTOR } from "../../../tools/firmware/disk/sectors.ts";
import type { Extent, Sectors } from "../../../tools/firmware/disk/sectors.ts";

/** Reading outside of it is a mistake of the reader's. */
export class MemoryDisk implements Sectors {
  readonly name = "disk.img";
  readonly count: number;
  readonly bytes: Uint8Array;

  constructor(count: number, extents: readonly Extent[] = []) {
    this.count = count;
    this.bytes = new Uint8Array(count * SECTOR);
    for (const { sector, bytes } of extents) this.bytes.set(bytes, sector * SECTOR);
  }

  read(first: number, sectors: number): Uint8Array {
    const isThere = [first, sectors].every((each) => Number.isSafeInteger(each) && each >= 0) && first + sectors <= this.count;
    if (!isThere)
      throw new RangeError(`sectors ${first} to ${first + sectors} of ${this.count}`);
    return this.bytes.subarray(first * SECTOR, (first + sectors) * SECTOR);
  }
}

export function writeDisk(path: string, sectors: number, extents: readonly Extent[]): void {
  const file = openSync(path, "w");
  ftruncateSync(file, sectors * SECTOR);
  for (const { sector, bytes } of extents) writeSync(file, bytes, 0, bytes.length, sector * SECTOR);
  closeSync(file);
}
