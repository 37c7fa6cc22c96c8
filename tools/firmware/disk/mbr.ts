// The Master Boot Record, sector 0 of a disk (UEFI 2.10, 5.2.1):
//
//   0            440         444   446                                   510
//  ┌────────────┬───────────┬─────┬─────────┬─────────┬────────┬────────┬───────┐
//  │ code       │ signature │  0  │ entry 1 │ entry 2 │ …      │ entry 4│ 55 aa │
//  └────────────┴───────────┴─────┴─────────┴─────────┴────────┴────────┴───────┘
//  entry, 16 bytes: 0 status (80: boots), 1 CHS of the first sector, 4 type, 5 CHS of the last, 8 first sector, 12 sectors: u32
import { DiskError } from "./errors.ts";
import { endOf, meet, SECTOR, viewOf } from "./sectors.ts";
import type { Extent, SectorRange, Sectors } from "./sectors.ts";

export const MBR_ENTRIES = 4;
const SIGNATURE_AT = 440;
const ENTRIES_AT = 446;
const ENTRY_BYTES = 16;
const MAGIC_AT = 510;
export const MBR_MAGIC = 0xaa55;
const BOOTS = 0x80;
const TYPE_AT = 4;
const LAST_CHS_AT = 5;
const FIRST_AT = 8;
const SECTORS_AT = 12;
/** Cylinder 1023, head 254, sector 63: "see the other fields". */
const NO_CHS = [0xfe, 0xff, 0xff] as const;
export const MBR_SECTORS_MAX = 2 ** 32 - 1;

export const MBR_TYPES = {
  fat16: 0x0e, // by LBA
  linux: 0x83,
  raw: 0xda, // "non-FS data"
  /** UEFI 2.10, 5.2.3: the whole disk is a GPT's. */
  protective: 0xee,
} as const;

export interface MbrPartition extends SectorRange {
  readonly type: number;
  readonly boots: boolean;
}

/** `signature`: by which the disk is told from others. In the order of the entries. */
export function writeMbr(signature: number, partitions: readonly MbrPartition[]): Extent {
  const bytes = new Uint8Array(SECTOR);
  const view = viewOf(bytes);
  view.setUint32(SIGNATURE_AT, signature, true);
  for (const [index, { type, boots, first, sectors }] of partitions.entries()) {
    const at = ENTRIES_AT + index * ENTRY_BYTES;
    bytes[at] = boots ? BOOTS : 0;
    bytes.set(NO_CHS, at + 1);
    bytes[at + TYPE_AT] = type;
    bytes.set(NO_CHS, at + LAST_CHS_AT);
    view.setUint32(at + FIRST_AT, first, true);
    view.setUint32(at + SECTORS_AT, sectors, true);
  }
  view.setUint16(MAGIC_AT, MBR_MAGIC, true);
  return { sector: 0, bytes };
}

export interface Mbr {
  readonly signature: number;
  /** By entry, 1 to 4; empty ones left out. */
  readonly partitions: ReadonlyMap<number, MbrPartition>;
}

export const hasMbr = (disk: Sectors): boolean =>
  disk.count > 0 && viewOf(disk.read(0, 1)).getUint16(MAGIC_AT, true) === MBR_MAGIC;

/** Throws a DiskError. An extended partition is one of its entries; what is in it is not looked at. */
export function readMbr(disk: Sectors): Mbr {
  const refuse = (what: string): never => {
    throw new DiskError("AXV_DISK_MBR", disk.name, what);
  };
  if (!hasMbr(disk)) refuse("does not end in 55 aa");
  const bytes = disk.read(0, 1);
  const view = viewOf(bytes);
  const partitions = new Map<number, MbrPartition>();
  for (let number = 1; number <= MBR_ENTRIES; number++) {
    const at = ENTRIES_AT + (number - 1) * ENTRY_BYTES;
    const type = view.getUint8(at + TYPE_AT);
    if (type === 0) continue;
    const status = view.getUint8(at);
    if (status !== 0 && status !== BOOTS) refuse(`says status 0x${status.toString(16)} of partition ${number}, not 0 or 0x80`);
    const first = view.getUint32(at + FIRST_AT, true);
    const sectors = view.getUint32(at + SECTORS_AT, true);
    const partition = { type, boots: status === BOOTS, first, sectors };
    if (first === 0 || sectors === 0) refuse(`has partition ${number} with ${sectors} sectors from sector ${first}`);
    if (endOf(partition) > disk.count)
      refuse(`has partition ${number} up to sector ${endOf(partition) - 1}, and the disk has ${disk.count}`);
    for (const [other, range] of partitions)
      if (meet(range, partition)) refuse(`has partition ${number} over partition ${other}`);
    partitions.set(number, partition);
  }
  return { signature: view.getUint32(SIGNATURE_AT, true), partitions };
}

/** That a GPT is behind it. */
export function isProtective(disk: Sectors): boolean {
  if (!hasMbr(disk)) return false;
  const bytes = disk.read(0, 1);
  const types = Array.from({ length: MBR_ENTRIES }, (_, n) => bytes[ENTRIES_AT + n * ENTRY_BYTES + TYPE_AT]);
  return types.includes(MBR_TYPES.protective);
}

/** UEFI 2.10, 5.2.3, table 5-4: from sector 1 to the disk's end, as far as 32 bits say it. */
export function protectiveMbr(diskSectors: number): Extent {
  const sectors = Math.min(diskSectors - 1, MBR_SECTORS_MAX);
  const mbr = writeMbr(0, [{ type: MBR_TYPES.protective, boots: false, first: 1, sectors }]);
  mbr.bytes.set([0x00, 0x02, 0x00], ENTRIES_AT + 1); // CHS of sector 1
  mbr.bytes.set([0xff, 0xff, 0xff], ENTRIES_AT + LAST_CHS_AT);
  return mbr;
}
