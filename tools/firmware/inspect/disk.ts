// What is on a disk: its table, and what is in each partition.
import { STATE_SECTORS } from "../../../partitions/plan/disk.ts";
import { CodedError } from "../../../industrial/link/coded-error.ts";
import { hasFat16, readFat16 } from "../disk/fat16-read.ts";
import { readGpt } from "../disk/gpt-read.ts";
import { LEGACY_BOOTABLE } from "../disk/gpt.ts";
import { GPT_TYPES } from "../disk/image.ts";
import { hasMbr, isProtective, MBR_TYPES, readMbr } from "../disk/mbr.ts";
import type { SectorRange, Sectors } from "../disk/sectors.ts";
import { readScript } from "../script-image.ts";
import { COPIES, readState } from "../slots.ts";
import type { ReadState } from "../slots.ts";

export interface FoundFile {
  readonly name: string;
  readonly bytes: number;
  /** Of a script for U-Boot: whether it is sound. */
  readonly script: string | undefined;
}

/** `S`: what a slot holds. */
export type Contents<S> =
  | { readonly what: "files"; readonly files: readonly FoundFile[] }
  | { readonly what: "state"; readonly state: ReadState }
  | { readonly what: "slot"; readonly system: S }
  | { readonly what: "broken"; readonly why: string }
  | { readonly what: "not looked at" };

export interface FoundPart<S> extends SectorRange {
  /** In the table; undefined: a part of the one before. */
  readonly number: number | undefined;
  readonly name: string;
  readonly type: string;
  readonly boots: boolean;
  readonly contents: Contents<S>;
}

export interface FoundDisk<S> {
  readonly kind: "disk";
  readonly sectors: number;
  readonly table: "gpt" | "mbr";
  readonly id: string;
  /** What else is wrong with the table. */
  readonly remark: string | undefined;
  readonly parts: readonly FoundPart<S>[];
}

export type Part = Omit<FoundPart<unknown>, "contents">;

/** `system`: what is made of a slot. Throws a DiskError, if the table cannot be used. */
export function inspectDisk<S>(disk: Sectors, system: (range: SectorRange) => S): FoundDisk<S> {
  const { table, id, remark, parts } = tableOf(disk);
  return {
    kind: "disk",
    sectors: disk.count,
    table,
    id,
    remark,
    parts: parts.map((part) => ({ ...part, contents: contentsOf(disk, part, system) })),
  };
}

export interface Table {
  readonly table: "gpt" | "mbr";
  readonly id: string;
  readonly remark: string | undefined;
  readonly parts: readonly Part[];
}

/** Throws a DiskError, if it cannot be used. */
export const tableOf = (disk: Sectors): Table => (isProtective(disk) || !hasMbr(disk) ? ofGpt(disk) : ofMbr(disk));

function ofGpt(disk: Sectors): Table {
  const { guid, partitions, otherIsWrong, isBackup } = readGpt(disk);
  const which = isBackup ? "the table at the disk's end was taken" : "that at the disk's end is wrong";
  return {
    table: "gpt",
    id: guid,
    remark: otherIsWrong === undefined ? undefined : `${which}: ${otherIsWrong}`,
    parts: [...partitions].map(([number, { name, type, first, sectors, attributes }]) => ({
      number, name, type, first, sectors, boots: (attributes & LEGACY_BOOTABLE) !== 0n,
    })),
  };
}

function ofMbr(disk: Sectors): Table {
  const { signature, partitions } = readMbr(disk);
  const parts = [...partitions].flatMap(([number, { type, boots, first, sectors }]): Part[] => {
    const part = { number, name: "", type: `0x${type.toString(16).padStart(2, "0")}`, boots, first, sectors };
    // As image.ts lays them out: two slots of the same size, then their state.
    const slot = (sectors - STATE_SECTORS) / 2;
    if (type !== MBR_TYPES.raw || !Number.isInteger(slot) || slot <= 0) return [part];
    const inside = (name: string, from: number, count: number): Part => ({
      ...part, number: undefined, name, first: first + from, sectors: count,
    });
    return [part, inside("slot-a", 0, slot), inside("slot-b", slot, slot), inside("state", 2 * slot, STATE_SECTORS)];
  });
  return { table: "mbr", id: `0x${signature.toString(16).padStart(8, "0")}`, remark: undefined, parts };
}

function contentsOf<S>(disk: Sectors, part: Part, system: (range: SectorRange) => S): Contents<S> {
  try {
    if (part.type === GPT_TYPES.slot || part.name.startsWith("slot-")) return { what: "slot", system: system(part) };
    if ((part.type === GPT_TYPES.state || part.name === "state") && part.sectors >= STATE_SECTORS) {
      const copies = COPIES.map((at) => disk.read(part.first + at, 1)) as [Uint8Array, Uint8Array];
      return { what: "state", state: readState(copies) };
    }
    if (hasFat16(disk, part)) return { what: "files", files: filesOf(disk, part) };
    return { what: "not looked at" };
  } catch (error) {
    if (error instanceof CodedError) return { what: "broken", why: error.message };
    throw error;
  }
}

const filesOf = (disk: Sectors, part: Part): FoundFile[] =>
  readFat16(disk, part).map(({ name, size, bytes }) => {
    const script = name.endsWith(".scr") && bytes !== undefined ? readScript(bytes) : undefined;
    return { name, bytes: size, script: script && (typeof script === "string" ? script : "sound") };
  });
