// What is changed of the slot state: always in the older of its two copies, and on the disk before anything else is done. Its
// history goes with it: first what was found, if nobody has recorded that (boot.scr does not); then what has been written.
import type { Sectors } from "../disk/sectors.ts";
import { withFound } from "../history.ts";
import { bootSteps, COPIES, otherSlot, SLOTS, writeState } from "../slots.ts";
import type { Slot, SlotState } from "../slots.ts";
import { DeployError } from "./errors.ts";
import { copiesOn, placesOn, sourceOf, stateOn } from "./places.ts";
import type { Places } from "./places.ts";
import { recordsOn, rememberFound, rememberWritten } from "./remember.ts";
import { systemIn } from "./system.ts";
import type { WholeSystem } from "./system.ts";
import type { Target } from "./target.ts";

/** What boot.scr starts next; undefined: nothing. */
export function startsNext(disk: Sectors, places: Places): Slot | undefined {
  const start = bootSteps(copiesOn(disk, places)).find((step) => step.kind === "start");
  return start?.kind === "start" ? start.slot : undefined;
}

/** With the next generation: so it is given back. Throws a DeployError where it is not found again. */
export function writeStateOn(disk: Target, places: Places, state: SlotState): SlotState {
  const { state: before, next } = stateOn(disk, places);
  const records = recordsOn(disk, places);
  // A state that was written anew, with the disk, counts from its beginning: what is written now comes behind the whole history.
  const newest = records.at(-1)?.state.generation ?? 0n;
  let generation = newest > BigInt.asIntN(64, before.generation) ? newest : before.generation;
  if (withFound(records, before).length > records.length) rememberFound(disk, places, { ...before, generation: ++generation });
  const written = { ...state, generation: BigInt.asUintN(64, generation + 1n) };
  const bytes = writeState(written);
  disk.write(places.state.first + COPIES[next], bytes);
  disk.flush();
  if (!Buffer.from(bytes).equals(copiesOn(disk, places)[next]))
    throw new DeployError("AXV_DEPLOY_FAILED", disk.name, "state", "it does not read back as it was written");
  rememberWritten(disk, places, written);
  return written;
}

/** Or why there is none to return to in this slot. */
export const goodSystem = (disk: Sectors, { slots }: Places, { status }: SlotState, slot: Slot): WholeSystem | string =>
  status[slot] === "good" ? systemIn(sourceOf(disk, slots[slot])) : `it is ${status[slot] || "not good"}`;

/** The system on trial is good. Gives back its slot. */
export function commit(disk: Target): Slot {
  const places = placesOn(disk);
  const { state } = stateOn(disk, places);
  const slot = SLOTS.find((each) => state.status[each] === "pending");
  if (slot === undefined) throw new DeployError("AXV_SLOTS_NO_TRIAL", disk.name);
  if (state.booted !== slot) throw new DeployError("AXV_SLOTS_NOT_STARTED", disk.name, slot);
  writeStateOn(disk, places, { ...state, status: { ...state.status, [slot]: "good" }, tries: 0 });
  return slot;
}

/** The slot that is there to keep the new image of one partition, which runs; undefined: there is none, or one on trial. */
export function heldSlot(state: SlotState): Slot | undefined {
  return SLOTS.some((slot) => state.status[slot] === "pending") ? undefined : SLOTS.find((slot) => state.status[slot] === HELD);
}

/** Its partition runs with the image: the system that has it starts from now on. `slot`: that was looked at. */
export function keep(disk: Target, slot: Slot): void {
  const places = placesOn(disk);
  const { state } = stateOn(disk, places);
  if (heldSlot(state) !== slot) throw new DeployError("AXV_DEPLOY_MEANWHILE", disk.name);
  const system = systemIn(sourceOf(disk, places.slots[slot]));
  if (typeof system === "string") throw new DeployError("AXV_SLOTS_NO_RETURN", disk.name, slot, system);
  writeStateOn(disk, places, { ...state, order: [slot, otherSlot(slot)], status: { ...state.status, [slot]: "good" }, tries: 0 });
}

/** The other system starts next; one on trial is not started again. Gives back the slot that starts. */
export function rollback(disk: Target): Slot {
  const places = placesOn(disk);
  const { state } = stateOn(disk, places);
  const isOpen = (each: Slot): boolean => state.status[each] === "pending" || state.status[each] === HELD;
  const slot = otherSlot(SLOTS.find(isOpen) ?? state.order[0]);
  const system = goodSystem(disk, places, state, slot);
  if (typeof system === "string") throw new DeployError("AXV_SLOTS_NO_RETURN", disk.name, slot, system);
  const left = otherSlot(slot);
  const status = { ...state.status, [left]: isOpen(left) ? ROLLED_BACK : state.status[left] };
  writeStateOn(disk, places, { ...state, order: [slot, left], status, tries: 0 });
  return slot;
}

/** Neither "good" nor "pending": they are not started. */
const ROLLED_BACK = "rolled back";
export const HELD = "held";
