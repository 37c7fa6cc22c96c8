// A system on trial. Firmware's device tree says which of two slots has been started, and whether it is `pending`
// (tools/firmware/boot-script.ts). Such a system has to be well for `healthy_after`: then whoever may (PARTITION_COMMITS, or the
// host) makes its slot `good` on the disk, and tells so. If nobody has within `commit_within`, the board is reset, and in the end
// returns to the old system. Outside of a trial nothing here resets anything.

import { resetBoard } from "../build/generated/isa";
import { bound } from "../build/generated/cpu";
import { header, MAX_PARTITIONS, PARTITION_AUTOSTART } from "../build/generated/blob";
import {
  COMMAND_COMMIT, EVENT_TRIAL_FAILED, FRAME_HYPERVISOR, STATE_RUNNING, UPDATE_COMMITTED, UPDATE_FAILED, UPDATE_HEALTHY,
  UPDATE_NONE, UPDATE_PENDING,
} from "./abi";
import { recordEvent } from "./events";
import { Partition, partitionOf, stateOf, tag } from "./partition";
import { ticks } from "./time";

const SLOT_A: u64 = 0x61;
const PENDING: u64 = 0x0070656e64696e; // what follows the slot's letter: NUL, "pendin"
const LETTER_SHIFT: u64 = 56;
const LAST_WORDS_MICROSECONDS: u32 = 200_000; // Between the event that says so and the reset

let slot: u64 = 0;
let update: u32 = UPDATE_NONE;
/** Since when all is well; how much has gone wrong before that; when the trial is over, 0: it has not begun. */
let wellSince: u64 = 0;
let troubles: u64 = 0;
let until: u64 = 0;

@inline export function startedSlot(): u64 { return slot; }
@inline export function updateState(): u32 { return update; }
@inline export function hasTrialFailed(): bool { return update == UPDATE_FAILED; }

/** The first eight bytes of /chosen/axv,slot: "a" or "b", a NUL, what it is. */
export function noteSlot(value: u64): void {
  const letter = value >> LETTER_SHIFT;
  if (letter - SLOT_A > 1) return;
  slot = letter;
  if ((value & ~((<u64>0xff) << LETTER_SHIFT)) == PENDING) update = UPDATE_PENDING;
}

/** This system cannot go on: on trial that is the end of it. */
export function giveUpTrial(): void { if (update >= UPDATE_PENDING) resetBoard(); }

/** For the housekeeper, every tick. */
export function judgeTrial(now: u64): void {
  if (update < UPDATE_PENDING) return;
  if (until == 0) until = now + ticks(header().commitMicroseconds);
  if (update != UPDATE_FAILED) lookAtAll(now);
  if (now < until) return;
  if (update == UPDATE_FAILED) return resetBoard();
  recordEvent(EVENT_TRIAL_FAILED, FRAME_HYPERVISOR, now, update, slot, 0);
  update = UPDATE_FAILED;
  until = now + ticks(LAST_WORDS_MICROSECONDS);
}

function lookAtAll(now: u64): void {
  let isWell = true;
  let before: u64 = 0;
  for (let n: u32 = 0, count = header().partitionCount; n < count; n++) {
    bound(n, MAX_PARTITIONS);
    const partition = partitionOf(n);
    if ((partition.plan.flags & PARTITION_AUTOSTART) == 0) continue;
    const isUnfed = partition.watchdogPeriod != 0 && partition.watchdogDeadline == 0;
    if (isUnfed || stateOf(partition) != STATE_RUNNING) isWell = false;
    before += partition.restarts + partition.watchdogExpired + overruns(partition);
  }
  if (!isWell || before != troubles) wellSince = now;
  troubles = before;
  update = now - wellSince < ticks(header().healthyMicroseconds) ? UPDATE_PENDING : UPDATE_HEALTHY;
}

/** Cycles that were too long, as its guest counts them. */
function overruns(partition: Partition): u64 {
  const number = partition.plan.overrunTag;
  return number == 0 ? 0 : tag(partition, number - 1);
}

/** COMMAND_HEALTHY, COMMAND_COMMIT. False: it is not healthy, or there is no trial to end. */
export function answerTrial(command: u32): bool {
  if (command != COMMAND_COMMIT) return update < UPDATE_PENDING || update == UPDATE_HEALTHY;
  if (update != UPDATE_HEALTHY) return false;
  update = UPDATE_COMMITTED;
  return true;
}
