// A GUID Partition Table, read (UEFI 2.10, 5.3.2): of any bytes, each checked before it is used. Where the first of the two
// headers is not sound the second one is taken, as firmware does it.
import { crc32 } from "node:zlib";
import { DiskError } from "./errors.ts";
import {
  GPT_ENTRY, GPT_ENTRY_BYTES, GPT_HEADER, GPT_HEADER_BYTES, GPT_NAME_UNITS, GPT_REVISION, GPT_SIGNATURE,
} from "./gpt.ts";
import type { GptPartition } from "./gpt.ts";
import { GUID_BYTES, guidText } from "./guid.ts";
import { meet, SECTOR, viewOf } from "./sectors.ts";
import type { Sectors } from "./sectors.ts";

export interface Gpt {
  readonly guid: string;
  /** By number, from 1 on; unused entries left out. */
  readonly partitions: ReadonlyMap<number, GptPartition>;
  /** What is wrong with the header that was not taken; undefined: it says the same. */
  readonly otherIsWrong: string | undefined;
  /** The one at the disk's end was taken. */
  readonly isBackup: boolean;
}

/** Of what a disk may have: as many as Linux looks at, and more than anybody writes. */
const ENTRIES_MAX = 1024;
const ENTRY_BYTES_MAX = 4096;
const UNUSED = "00000000-0000-0000-0000-000000000000";

export const hasGpt = (disk: Sectors): boolean =>
  disk.count > 1 && [1, disk.count - 1].some((at) => viewOf(disk.read(at, 1)).getBigUint64(0, true) === GPT_SIGNATURE);

/** Throws a DiskError, where neither header is sound. */
export function readGpt(disk: Sectors): Gpt {
  if (disk.count < 2) throw new DiskError("AXV_DISK_GPT", disk.name, "1", "is not there: the disk ends before");
  const attempt = (at: number): Table | DiskError => {
    try {
      return readTable(disk, at);
    } catch (error) {
      if (error instanceof DiskError) return error;
      throw error;
    }
  };
  const [first, second] = [attempt(1), attempt(disk.count - 1)];
  if (!(first instanceof DiskError)) {
    const wrong = second instanceof DiskError ? second.message : second.content === first.content ? undefined : DIFFERENT;
    return { guid: first.guid, partitions: first.partitions, otherIsWrong: wrong, isBackup: false };
  }
  if (second instanceof DiskError) throw first;
  return { guid: second.guid, partitions: second.partitions, otherIsWrong: first.message, isBackup: true };
}

const DIFFERENT = "the table at the disk's end says something else";

interface Table extends Pick<Gpt, "guid" | "partitions"> {
  /** By which two are compared. */
  readonly content: string;
}

function readTable(disk: Sectors, at: number): Table {
  const refuse = (what: string): never => {
    throw new DiskError("AXV_DISK_GPT", disk.name, String(at), what);
  };
  const bytes = disk.read(at, 1);
  const view = viewOf(bytes);
  const word = (offset: number): number => view.getUint32(offset, true);
  /** A sector of this disk. */
  const sector = (fields: DataView, offset: number, what: string): number => {
    const value = fields.getBigUint64(offset, true);
    return value < BigInt(disk.count) ? Number(value) : refuse(`says sector ${value} of ${what}, and the disk has ${disk.count}`);
  };

  if (view.getBigUint64(GPT_HEADER.signature, true) !== GPT_SIGNATURE) refuse('does not begin with "EFI PART"');
  if (word(GPT_HEADER.revision) !== GPT_REVISION) refuse(`is of revision 0x${word(GPT_HEADER.revision).toString(16)}`);
  const size = word(GPT_HEADER.size);
  if (size < GPT_HEADER_BYTES || size > SECTOR) refuse(`has a header of ${size} bytes, not 92 to 512`);
  const header = Uint8Array.from(bytes.subarray(0, size));
  viewOf(header).setUint32(GPT_HEADER.crc, 0, true);
  if (crc32(header) !== word(GPT_HEADER.crc)) refuse("has a header with another CRC-32 than it says");
  if (sector(view, GPT_HEADER.own, "its header") !== at) refuse("says that it is in another sector");

  const [count, entrySize] = [word(GPT_HEADER.count), word(GPT_HEADER.entrySize)];
  if (count > ENTRIES_MAX) refuse(`has ${count} entries, and at most ${ENTRIES_MAX} are read`);
  if (entrySize < GPT_ENTRY_BYTES || entrySize > ENTRY_BYTES_MAX || entrySize % GPT_ENTRY_BYTES !== 0)
    refuse(`has entries of ${entrySize} bytes, not 128 to 4096`);
  const entriesAt = sector(view, GPT_HEADER.entries, "its entries");
  const entriesSectors = Math.ceil((count * entrySize) / SECTOR);
  if (entriesAt + entriesSectors > disk.count) refuse("has entries that go beyond the disk's end");
  const entries = disk.read(entriesAt, entriesSectors).subarray(0, count * entrySize);
  if (crc32(entries) !== word(GPT_HEADER.entriesCrc)) refuse("has entries with another CRC-32 than its header says");

  const firstUsable = sector(view, GPT_HEADER.firstUsable, "the first usable one");
  const lastUsable = sector(view, GPT_HEADER.lastUsable, "the last usable one");
  const partitions = new Map<number, GptPartition>();
  for (let index = 0; index < count; index++) {
    const entry = entries.subarray(index * entrySize, (index + 1) * entrySize);
    const type = guidText(entry.subarray(GPT_ENTRY.type, GPT_ENTRY.type + GUID_BYTES));
    if (type === UNUSED) continue;
    const number = index + 1;
    const fields = viewOf(entry);
    const first = sector(fields, GPT_ENTRY.first, `partition ${number}`);
    const last = sector(fields, GPT_ENTRY.last, `partition ${number}`);
    if (first < firstUsable || last > lastUsable || first > last)
      refuse(`has partition ${number} at ${first} to ${last}, and ${firstUsable} to ${lastUsable} are usable`);
    const partition: GptPartition = {
      type,
      guid: guidText(entry.subarray(GPT_ENTRY.guid, GPT_ENTRY.guid + GUID_BYTES)),
      first,
      sectors: last - first + 1,
      attributes: fields.getBigUint64(GPT_ENTRY.attributes, true),
      name: nameOf(entry.subarray(GPT_ENTRY.name, GPT_ENTRY.name + 2 * GPT_NAME_UNITS)),
    };
    for (const [other, range] of partitions)
      if (meet(range, partition)) refuse(`has partition ${number} over partition ${other}`);
    partitions.set(number, partition);
  }
  const guid = guidText(bytes.subarray(GPT_HEADER.guid, GPT_HEADER.guid + GUID_BYTES));
  return { guid, partitions, content: `${guid} ${word(GPT_HEADER.entriesCrc)} ${firstUsable} ${lastUsable}` };
}

/** Up to its first NUL. */
function nameOf(bytes: Uint8Array): string {
  const [name = ""] = Buffer.from(bytes).toString("utf16le").split("\0");
  return name;
}
