// A new system into the slot that does not start, and then onto trial. Whatever is cut off at any moment, what boot.scr finds is
// the old system or the new one, whole, for each step is on the disk before the next one begins:
//
//   1. the slot is not to be started (where it might be: the older copy of the state is written over; the newer one holds)
//   2. the new system is written into it
//   3. it is read back, and checked as it was before
//   4. it is `pending`, and first (the older copy of the state again)
import { createHash } from "node:crypto";
import { alignUp, MIB } from "../../../partitions/units.ts";
import { reasonOf } from "../../output/errors.ts";
import { SECTOR } from "../disk/sectors.ts";
import type { SectorRange, Sectors } from "../disk/sectors.ts";
import { piecesOf } from "../fit/source.ts";
import type { Source } from "../fit/source.ts";
import type { PublicKey } from "../fit/verify.ts";
import { otherSlot, TRIES } from "../slots.ts";
import type { Slot, SlotState } from "../slots.ts";
import { DeployError } from "./errors.ts";
import { placesOn, sourceOf, stateOn } from "./places.ts";
import type { Places } from "./places.ts";
import { goodSystem, isStarted, writeStateOn } from "./state.ts";
import { versionInState, wholeSystem } from "./system.ts";
import type { WholeSystem } from "./system.ts";
import type { WritableSectors } from "./target.ts";

/** What is to be done, after all that can be known before has been checked. */
export interface Deployment {
  readonly places: Places;
  /** That is written. */
  readonly slot: Slot;
  /** What stays in the other one. */
  readonly stays: WholeSystem;
  readonly system: WholeSystem;
}

/** Neither "good" nor "pending": it is not started. */
const WRITING = "writing";

/** Writes nothing. Throws an error of ours, if the FIT or the disk is not fit for it. */
export function planDeployment(disk: Sectors, fit: Source, keys?: readonly PublicKey[]): Deployment {
  const system = wholeSystem(fit, keys);
  const places = placesOn(disk);
  const { state } = stateOn(disk, places);
  const { slot: kept, stays } = whatStays(disk, places, state);
  const slot = otherSlot(kept);
  if (system.boards !== stays.boards) throw new DeployError("AXV_DEPLOY_BOARD", system.boards || "of no name", stays.boards);
  const room = places.slots[slot].sectors * SECTOR;
  if (system.bytes > room) throw new DeployError("AXV_DEPLOY_SIZE", String(system.bytes), slot, String(room));
  return { places, slot, stays, system };
}

/** The first slot that is good, and whole. */
function whatStays(disk: Sectors, places: Places, state: SlotState): { slot: Slot; stays: WholeSystem } {
  const reasons: string[] = [];
  for (const slot of state.order) {
    const stays = goodSystem(disk, places, state, slot);
    if (typeof stays !== "string") return { slot, stays };
    reasons.push(`slot ${slot}: ${stays}`);
  }
  throw new DeployError("AXV_DEPLOY_NOTHING_STAYS", disk.name, reasons.join("; "));
}

/** Called now and then while a slot is written and read back. */
export type Progress = (what: "written" | "read back", bytes: number, total: number) => void;

/** `fit`, `keys`: of its plan. Throws a DeployError. */
export function deploy(
  disk: WritableSectors,
  { places, slot, system }: Deployment,
  fit: Source,
  keys: readonly PublicKey[] | undefined,
  progress: Progress,
): void {
  const range = places.slots[slot];
  const attempt = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      // What the system says of an error of the disk's has a code; it is not one of ours.
      if (!(error instanceof Error) || !("syscall" in error)) throw error;
      throw new DeployError("AXV_DEPLOY_FAILED", disk.name, slot, reasonOf(error));
    }
  };
  attempt(() => {
    const { state } = stateOn(disk, places);
    if (isStarted(state, slot))
      writeStateOn(disk, places, { ...state, status: { ...state.status, [slot]: WRITING }, tries: 0 });
    const written = writeSlot(disk, range, fit, system.bytes, progress);
    disk.flush();
    const found = digestOf(sourceOf(disk, range), system.bytes, (bytes) => progress("read back", bytes, system.bytes));
    if (!found.equals(written)) throw new DeployError("AXV_DEPLOY_READ_BACK", disk.name, slot);
    // The file may have been changed since it was checked: what counts is what lies in the slot.
    const { boards } = wholeSystem(sourceOf(disk, range), keys);
    if (boards !== system.boards) throw new DeployError("AXV_DEPLOY_BOARD", boards, system.boards);
    const { state: now } = stateOn(disk, places);
    writeStateOn(disk, places, {
      ...now,
      order: [slot, otherSlot(slot)],
      status: { ...now.status, [slot]: "pending" },
      version: { ...now.version, [slot]: versionInState(system.version) },
      tries: TRIES,
      // This one has not been started yet, whatever lay there before.
      booted: now.booted === slot ? undefined : now.booted,
    });
  });
}

/** Gives back the SHA-256 of what was to be written. Its last sector ends in zeros. */
function writeSlot(disk: WritableSectors, { first }: SectorRange, fit: Source, total: number, progress: Progress): Buffer {
  const hash = createHash("sha256");
  let done = 0;
  for (const piece of piecesOf(fit, { base: 0, size: total })) {
    hash.update(piece);
    const whole = piece.length % SECTOR === 0 ? piece : Buffer.alloc(alignUp(piece.length, SECTOR));
    if (whole !== piece) piece.copy(whole);
    disk.write(first + done / SECTOR, whole);
    done += piece.length;
    // So that not all of a large one waits for the last flush, and progress is what has been done.
    if (done % FLUSHED === 0) disk.flush();
    progress("written", done, total);
  }
  return hash.digest();
}

const FLUSHED = 8 * MIB;

function digestOf(source: Source, total: number, progress: (bytes: number) => void): Buffer {
  const hash = createHash("sha256");
  let done = 0;
  for (const piece of piecesOf(source, { base: 0, size: total })) {
    hash.update(piece);
    done += piece.length;
    progress(done);
  }
  return hash.digest();
}
