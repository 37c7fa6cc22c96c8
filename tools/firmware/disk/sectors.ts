// A disk as its readers see it: numbered sectors of 512 bytes, as SD cards, eMMC and most others have. (Of disks with sectors of
// 4096 bytes none that a board here boots from is known.)
import type { Span } from "../../../partitions/units.ts";

export { SECTOR } from "../../../partitions/plan/disk.ts";

export interface Sectors {
  /** For messages. */
  readonly name: string;
  readonly count: number;
  /** Of `first + sectors <= count` only. `into`: of that length, to be filled and given back where that saves memory. */
  read(first: number, sectors: number, into?: Uint8Array): Uint8Array;
  /** SHA-256 of so many of its bytes, made where the disk is: they need not come here for it. */
  readonly digest?: (span: Span) => Buffer;
}

/** Bytes for a place on a disk. */
export interface Extent {
  readonly sector: number;
  /** A multiple of a sector. */
  readonly bytes: Uint8Array;
}

/** [first, first + sectors) */
export interface SectorRange {
  readonly first: number;
  readonly sectors: number;
}

export const endOf = ({ first, sectors }: SectorRange): number => first + sectors;
export const meet = (a: SectorRange, b: SectorRange): boolean => a.first < endOf(b) && b.first < endOf(a);

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
