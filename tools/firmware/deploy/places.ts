// Where a disk has its slots and their state, by the names in its table; and the bytes of a slot.
import { STATE_SECTORS } from "../../../partitions/plan/disk.ts";
import { hasGpt } from "../disk/gpt-read.ts";
import { hasMbr } from "../disk/mbr.ts";
import { SECTOR } from "../disk/sectors.ts";
import type { SectorRange, Sectors } from "../disk/sectors.ts";
import type { Source } from "../fit/source.ts";
import { tableOf } from "../inspect/disk.ts";
import { COPIES, readState } from "../slots.ts";
import type { ReadState, Slot } from "../slots.ts";
import { DeployError } from "./errors.ts";

export interface Places {
  readonly slots: Readonly<Record<Slot, SectorRange>>;
  readonly state: SectorRange;
}

/** Throws a DeployError, or a DiskError where the table cannot be used. */
export function placesOn(disk: Sectors): Places {
  if (!hasGpt(disk) && !hasMbr(disk)) throw new DeployError("AXV_DEPLOY_NO_DISK", disk.name);
  const { parts } = tableOf(disk);
  const named = (name: string, least: number): SectorRange => {
    const [found, ...more] = parts.filter((part) => part.name === name);
    if (found === undefined || more.length > 0 || found.sectors < least)
      throw new DeployError("AXV_DEPLOY_NO_SLOTS", disk.name, name);
    return found;
  };
  return { slots: { a: named("slot-a", 1), b: named("slot-b", 1) }, state: named("state", STATE_SECTORS) };
}

/** Both copies of the slot state, as they are. */
export const copiesOn = (disk: Sectors, { state }: Places): [Uint8Array, Uint8Array] => [
  disk.read(state.first + COPIES[0], 1), disk.read(state.first + COPIES[1], 1),
];

/** Throws a DeployError where neither copy can be read. */
export function stateOn(disk: Sectors, places: Places): ReadState {
  const read = readState(copiesOn(disk, places));
  if (read.from === undefined) throw new DeployError("AXV_DEPLOY_NO_STATE", disk.name);
  return read;
}

/** What it has read last is written over by what it reads next: a system can be as large as its slot. */
export function sourceOf(disk: Sectors, { first, sectors }: SectorRange): Source {
  let buffer = new Uint8Array(0);
  const { digest } = disk;
  return {
    length: sectors * SECTOR,
    digest: digest && (({ base, size }) => digest.call(disk, { base: first * SECTOR + base, size })),
    fill: (target, offset) => {
      const size = Math.min(target.length, Math.max(0, sectors * SECTOR - offset));
      if (size === 0) return 0;
      const sector = Math.floor(offset / SECTOR);
      const count = Math.ceil((offset + size) / SECTOR) - sector;
      if (buffer.length < count * SECTOR) buffer = new Uint8Array(count * SECTOR);
      const bytes = disk.read(first + sector, count, buffer.subarray(0, count * SECTOR));
      const skipped = offset - sector * SECTOR;
      target.set(bytes.subarray(skipped, skipped + size));
      return size;
    },
  };
}
