// A GUID Partition Table, written (UEFI 2.10, 5.3):
//
//  sector 0      1         2 … 33         …                           -33 … -2      -1
//  ┌────────────┬─────────┬──────────────┬───────────────────────────┬─────────────┬─────────┐
//  │ protective │ header  │ 128 entries  │ partitions                │ 128 entries │ header  │
//  │ MBR        │         │              │                           │ once more   │ once more
//  └────────────┴─────────┴──────────────┴───────────────────────────┴─────────────┴─────────┘
import { crc32 } from "node:zlib";
import { GPT_HEAD, GPT_TAIL } from "../../../partitions/plan/disk.ts";
import { guidBytes } from "./guid.ts";
import { protectiveMbr } from "./mbr.ts";
import { SECTOR, viewOf } from "./sectors.ts";
import type { Extent, SectorRange } from "./sectors.ts";

/** "EFI PART" */
export const GPT_SIGNATURE = 0x5452_4150_2049_4645n;
export const GPT_REVISION = 0x0001_0000;
/** Offsets in the header, of 92 bytes. */
export const GPT_HEADER = {
  signature: 0, revision: 8, size: 12, crc: 16, own: 24, other: 32, firstUsable: 40, lastUsable: 48, guid: 56, entries: 72,
  count: 80, entrySize: 84, entriesCrc: 88,
} as const;
export const GPT_HEADER_BYTES = 92;
/** Offsets in an entry; its name has the rest, UTF-16LE. */
export const GPT_ENTRY = { type: 0, guid: 16, first: 32, last: 40, attributes: 48, name: 56 } as const;
export const GPT_ENTRY_BYTES = 128;
export const GPT_NAME_UNITS = 36;
const ENTRIES = 128;
const ENTRY_SECTORS = GPT_TAIL - 1;

/** Attribute bit 2: what U-Boot's `part list -bootable` asks for. */
export const LEGACY_BOOTABLE = 4n;

export interface GptPartition extends SectorRange {
  readonly type: string;
  readonly guid: string;
  readonly attributes: bigint;
  readonly name: string;
}

/** In the order of the entries; all between the table's two ends, none over another. */
export function writeGpt(diskSectors: number, guid: string, partitions: readonly GptPartition[]): Extent[] {
  const entries = new Uint8Array(ENTRY_SECTORS * SECTOR);
  const view = viewOf(entries);
  for (const [index, { type, guid: unique, first, sectors, attributes, name }] of partitions.entries()) {
    const at = index * GPT_ENTRY_BYTES;
    entries.set(guidBytes(type), at + GPT_ENTRY.type);
    entries.set(guidBytes(unique), at + GPT_ENTRY.guid);
    view.setBigUint64(at + GPT_ENTRY.first, BigInt(first), true);
    view.setBigUint64(at + GPT_ENTRY.last, BigInt(first + sectors - 1), true);
    view.setBigUint64(at + GPT_ENTRY.attributes, attributes, true);
    entries.set(Buffer.from(name.slice(0, GPT_NAME_UNITS), "utf16le"), at + GPT_ENTRY.name);
  }
  const last = diskSectors - 1;
  const header = (own: number, other: number, entriesAt: number): Uint8Array => {
    const bytes = new Uint8Array(SECTOR);
    const fields = viewOf(bytes);
    fields.setBigUint64(GPT_HEADER.signature, GPT_SIGNATURE, true);
    fields.setUint32(GPT_HEADER.revision, GPT_REVISION, true);
    fields.setUint32(GPT_HEADER.size, GPT_HEADER_BYTES, true);
    fields.setBigUint64(GPT_HEADER.own, BigInt(own), true);
    fields.setBigUint64(GPT_HEADER.other, BigInt(other), true);
    fields.setBigUint64(GPT_HEADER.firstUsable, BigInt(GPT_HEAD), true);
    fields.setBigUint64(GPT_HEADER.lastUsable, BigInt(diskSectors - GPT_TAIL - 1), true);
    bytes.set(guidBytes(guid), GPT_HEADER.guid);
    fields.setBigUint64(GPT_HEADER.entries, BigInt(entriesAt), true);
    fields.setUint32(GPT_HEADER.count, ENTRIES, true);
    fields.setUint32(GPT_HEADER.entrySize, GPT_ENTRY_BYTES, true);
    fields.setUint32(GPT_HEADER.entriesCrc, crc32(entries), true);
    fields.setUint32(GPT_HEADER.crc, crc32(bytes.subarray(0, GPT_HEADER_BYTES)), true);
    return bytes;
  };
  const behind = last - ENTRY_SECTORS;
  return [
    protectiveMbr(diskSectors),
    { sector: 1, bytes: header(1, last, 2) },
    { sector: 2, bytes: entries },
    { sector: behind, bytes: entries },
    { sector: last, bytes: header(last, 1, behind) },
  ];
}
