// A backup onto a disk that is there. At every moment one slot holds a whole system, the old one or one of the backup's, and the
// state starts no other, as in a deployment: the slot that starts is written last, after the other one has taken its place.
import { reasonOf } from "../../output/errors.ts";
import { writeSlot } from "../deploy/deploy.ts";
import type { Progress } from "../deploy/progress.ts";
import { placesOn, sourceOf, stateOn } from "../deploy/places.ts";
import type { Places } from "../deploy/places.ts";
import { RemoteFailure } from "../deploy/ssh/connection.ts";
import { goodSystem, writeStateOn } from "../deploy/state.ts";
import { systemIn, wholeSystem } from "../deploy/system.ts";
import type { Target } from "../deploy/target.ts";
import { SECTOR } from "../disk/sectors.ts";
import { otherSlot, readState, SLOTS, STATE_BYTES } from "../slots.ts";
import type { Slot, SlotState } from "../slots.ts";
import { BackupError } from "./errors.ts";
import type { Backup } from "./format.ts";

export interface Restoration {
  readonly backup: Backup;
  readonly places: Places;
  /** As the backup has it; what it has no system of is not started. */
  readonly state: SlotState;
  /** What is written, in this order: the system of `from` into `slot`. */
  readonly steps: readonly { readonly slot: Slot; readonly from: Slot }[];
}

/** Writes nothing. `file`: of the backup. Throws an error of ours. */
export function planRestoration(disk: Target, file: string, backup: Backup): Restoration {
  const refuse = (what: string): never => {
    throw new BackupError("AXV_BACKUP_MALFORMED", file, what);
  };
  const read = readState([backup.state, new Uint8Array(STATE_BYTES)]);
  if (read.from === undefined) refuse("its slot state has another CRC-32 than it says");
  const status = (slot: Slot): string => (backup.systems.has(slot) ? read.state.status[slot] : "");
  const state = { ...read.state, status: { a: status("a"), b: status("b") } };
  const [good] = state.order.filter((slot) => status(slot) === "good");
  if (good === undefined) return refuse("no system in it is good");

  const places = placesOn(disk);
  for (const [slot, system] of backup.systems) {
    const { boards, bytes } = wholeSystem(system);
    const size = backup.slots.get(slot)?.size;
    if (boards !== backup.boards || bytes !== size) refuse(`slot ${slot} is not what it says of it`);
  }
  for (const each of SLOTS.map((slot) => systemIn(sourceOf(disk, places.slots[slot]))))
    if (typeof each !== "string" && each.boards !== backup.boards)
      throw new BackupError("AXV_BACKUP_BOARD", file, backup.boards, disk.name, each.boards);

  const { state: now } = stateOn(disk, places);
  const last = now.order.find((slot) => typeof goodSystem(disk, places, now, slot) !== "string") ?? now.order[0];
  const first = otherSlot(last);
  const steps = [
    // Where that slot's own is not good, the good one stands in for it until it is in its place.
    { slot: first, from: status(first) === "good" ? first : good },
    { slot: last, from: last },
    { slot: first, from: first },
  ].filter(({ from }, n) => backup.systems.has(from) && (n < 2 || status(first) !== "good"));
  for (const { slot, from } of steps) {
    const [bytes, room] = [backup.slots.get(from)?.size ?? 0, places.slots[slot].sectors * SECTOR];
    if (bytes > room) throw new BackupError("AXV_BACKUP_SIZE", file, from, String(bytes), disk.name, String(room));
  }
  return { backup, places, state, steps };
}

/** Neither "good" nor "pending": it is not started. */
const RESTORING = "restoring";

/** Throws an error of ours. */
export async function restore(disk: Target, plan: Restoration, progress: Progress): Promise<void> {
  try {
    await writeSteps(disk, plan, progress);
  } catch (error) {
    // The connection's, or what the system says of the disk.
    if (error instanceof RemoteFailure || (error instanceof Error && "syscall" in error))
      throw new BackupError("AXV_BACKUP_FAILED", disk.name, error instanceof RemoteFailure ? error.message : reasonOf(error));
    throw error;
  }
}

async function writeSteps(
  disk: Target,
  { backup, places, state, steps }: Restoration,
  progress: Progress,
): Promise<void> {
  for (const { slot, from } of steps) {
    const source = backup.systems.get(from);
    const wanted = backup.slots.get(from);
    if (source === undefined || wanted === undefined) throw new RangeError(`no system of slot ${from}`);
    const { state: before } = stateOn(disk, places);
    const other = otherSlot(slot);
    const statuses = (mine: string): SlotState["status"] => ({ ...before.status, [slot]: mine });
    writeStateOn(disk, places, { ...before, order: [other, slot], status: statuses(RESTORING), tries: 0 });
    const spoilt = (): never => {
      throw new BackupError("AXV_BACKUP_READ_BACK", disk.name, slot);
    };
    // The file may have been changed since it was checked: what counts is what lies in the slot.
    const written = await writeSlot(disk, places.slots[slot], source, wanted.size, false, progress, spoilt);
    if (!written.equals(wanted.sha256)) spoilt();
    // What is on trial in the backup starts with its state only.
    if (state.status[from] !== "good") continue;
    const version = { ...before.version, [slot]: state.version[from] };
    const order: SlotState["order"] = [slot, other];
    writeStateOn(disk, places, { ...before, order, status: statuses("good"), version, tries: 0, booted: undefined });
  }
  writeStateOn(disk, places, state);
}
