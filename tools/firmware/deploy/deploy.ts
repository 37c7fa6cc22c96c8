// A new system into the slot that does not start, and then onto trial. Whatever is cut off at any moment, what boot.scr finds is
// the old system or the new one, whole, for each step is on the disk before the next one begins:
//
//   1. the slot is not to be started (the older copy of the state is written over; the newer one holds)
//   2. the new system is written into it; after a deployment that was cut off, what of it is not there yet
//   3. it is read back, and checked as it was before
//   4. it is `pending`, and first (the older copy of the state again); or, where it is there to keep the new image of one
//      partition, `held`: then nothing starts it until that partition runs (state.ts)
import { createHash } from "node:crypto";
import { alignUp } from "../../../partitions/units.ts";
import type { Span } from "../../../partitions/units.ts";
import { reasonOf } from "../../output/errors.ts";
import { SECTOR } from "../disk/sectors.ts";
import type { SectorRange, Sectors } from "../disk/sectors.ts";
import { piecesOf } from "../fit/source.ts";
import type { Source } from "../fit/source.ts";
import { digestOf } from "../fit/verify.ts";
import type { PublicKey } from "../fit/verify.ts";
import { otherSlot, TRIES } from "../slots.ts";
import type { Slot, SlotState } from "../slots.ts";
import { DeployError } from "./errors.ts";
import { placesOn, sourceOf, stateOn } from "./places.ts";
import type { Places } from "./places.ts";
import { sha256 } from "./local-disk.ts";
import { checkOnePartition } from "./one-partition.ts";
import type { OnePartition, SignedImage } from "./one-partition.ts";
import type { Progress } from "./progress.ts";
import { RemoteFailure } from "./ssh/connection.ts";
import { goodSystem, HELD, writeStateOn } from "./state.ts";
import { versionInState, wholeSystem } from "./system.ts";
import type { WholeSystem } from "./system.ts";
import { CHUNK } from "./target.ts";
import type { Target } from "./target.ts";
import { checkStep, checkSystem } from "./update.ts";
import type { Update } from "./update.ts";

/** What is to be done, after all that can be known before has been checked. */
export interface Deployment {
  /** By which it was signed, and for which; undefined: by whatever. */
  readonly keys: readonly PublicKey[] | undefined;
  readonly update: Update | undefined;
  readonly places: Places;
  /** That is written. */
  readonly slot: Slot;
  /** What stays in the other one. */
  readonly stays: WholeSystem;
  readonly system: WholeSystem;
  /** The partition whose image is to stay, and by which signed one; undefined: all of the system is new. */
  readonly one: { readonly signed: SignedImage; readonly partition: OnePartition } | undefined;
}

/** Neither "good" nor "pending": it is not started. */
const WRITING = "writing";

/** Writes nothing. Throws an error of ours, if the FIT or the disk is not fit for it. */
export function planDeployment(
  disk: Sectors,
  fit: Source,
  keys?: readonly PublicKey[],
  update?: Update,
  signed?: SignedImage,
): Deployment {
  const system = wholeSystem(fit, keys);
  if (update !== undefined) checkSystem(update, system, digestOf(fit, { base: 0, size: system.bytes }));
  const places = placesOn(disk);
  const { state } = stateOn(disk, places);
  const { slot: kept, stays } = whatStays(disk, places, state);
  const slot = otherSlot(kept);
  if (system.boards !== stays.boards) throw new DeployError("AXV_DEPLOY_BOARD", system.boards || "of no name", stays.boards);
  const room = places.slots[slot].sectors * SECTOR;
  if (system.bytes > room) throw new DeployError("AXV_DEPLOY_SIZE", String(system.bytes), slot, String(room));
  if (update !== undefined) checkStep(update, stays);
  const deployment = { keys, update, places, slot, stays, system };
  if (signed === undefined) return { ...deployment, one: undefined };
  if (state.booted === slot) throw new DeployError("AXV_DEPLOY_NOT_STARTED", disk.name, slot);
  const partition = checkOnePartition(signed, [sourceOf(disk, places.slots[kept]), stays.fit], [fit, system.fit]);
  return { ...deployment, one: { signed, partition } };
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

/** `fit`: of its plan. Throws a DeployError. */
export async function deploy(
  disk: Target,
  { keys, update, places, slot, stays, system, one }: Deployment,
  fit: Source,
  progress: Progress,
): Promise<void> {
  const range = places.slots[slot];
  const other = otherSlot(slot);
  try {
    const { state: before } = stateOn(disk, places);
    const isResumed = before.status[slot] === WRITING;
    const state = isResumed
      ? before
      : writeStateOn(disk, places, { ...before, status: { ...before.status, [slot]: WRITING }, tries: 0 });
    const written = await writeSlot(disk, range, fit, system.bytes, isResumed, progress, () => {
      throw new DeployError("AXV_DEPLOY_READ_BACK", disk.name, slot);
    });
    // The file may have been changed since it was checked: what counts is what lies in the slot.
    const found = wholeSystem(sourceOf(disk, range), keys);
    if (found.boards !== system.boards) throw new DeployError("AXV_DEPLOY_BOARD", found.boards, system.boards);
    if (update !== undefined) checkSystem(update, found, written);
    const kept = sourceOf(disk, places.slots[other]);
    if (one !== undefined) checkOnePartition(one.signed, [kept, stays.fit], [sourceOf(disk, range), found.fit]);
    const { state: now } = stateOn(disk, places);
    if (now.generation !== state.generation) throw new DeployError("AXV_DEPLOY_MEANWHILE", disk.name);
    writeStateOn(disk, places, {
      ...now,
      order: one === undefined ? [slot, other] : [other, slot],
      status: { ...now.status, [slot]: one === undefined ? "pending" : HELD },
      version: { ...now.version, [slot]: versionInState(system.version) },
      tries: one === undefined ? TRIES : 0,
      // This one has not been started yet, whatever lay there before.
      booted: now.booted === slot ? undefined : now.booted,
    });
  } catch (error) {
    throw failureOf(error, disk.name, slot);
  }
}

/** What the system says of an error of the disk's has a code, and is none of ours. */
function failureOf(error: unknown, target: string, slot: Slot): unknown {
  if (error instanceof RemoteFailure)
    return new DeployError(error.isLost ? "AXV_DEPLOY_LOST" : "AXV_DEPLOY_FAILED", target, slot, error.message);
  if (error instanceof Error && "syscall" in error) return new DeployError("AXV_DEPLOY_FAILED", target, slot, reasonOf(error));
  return error;
}

/**
 * What of it is there already is not written again, if `isResumed`: that is compared, not believed. Gives back the SHA-256 of
 * what is in the slot then.
 */
export async function writeSlot(
  disk: Target,
  { first }: SectorRange,
  fit: Source,
  total: number,
  isResumed: boolean,
  progress: Progress,
  spoilt: () => never,
): Promise<Buffer> {
  const whole = createHash("sha256");
  const sectors = Math.ceil(total / SECTOR);
  const wanted: Buffer[] = [];
  const doneAt = (): number => Math.min(total, wanted.length * CHUNK);
  if (isResumed) {
    const there = disk.digests(first, sectors);
    for (const piece of wholeSectors(fit, { base: 0, size: total })) {
      const digest = sha256(piece);
      const { value } = await there.next();
      if (value === undefined || !digest.equals(value)) break;
      whole.update(piece.subarray(0, total - doneAt()));
      wanted.push(digest);
      progress("already there", doneAt(), total);
    }
    await there.return();
  }
  const from = doneAt();
  const rest = function* (): Generator<Buffer> {
    for (const piece of wholeSectors(fit, { base: from, size: total - from })) {
      whole.update(piece.subarray(0, total - doneAt()));
      wanted.push(sha256(piece));
      yield piece;
      progress("written", doneAt(), total);
    }
  };
  await disk.stream(first + Math.ceil(from / SECTOR), rest());
  let compared = 0;
  for await (const digest of disk.digests(first, sectors)) {
    if (wanted[compared]?.equals(digest) !== true) spoilt();
    compared += 1;
    progress("read back", Math.min(total, compared * CHUNK), total);
  }
  if (compared !== wanted.length) spoilt();
  return whole.digest();
}

/** A CHUNK each; the last one ends in zeros. */
function* wholeSectors(fit: Source, span: Span): Generator<Buffer> {
  for (const piece of piecesOf(fit, span, CHUNK)) {
    const whole = piece.length % SECTOR === 0 ? piece : Buffer.alloc(alignUp(piece.length, SECTOR));
    if (whole !== piece) piece.copy(whole);
    yield whole;
  }
}
