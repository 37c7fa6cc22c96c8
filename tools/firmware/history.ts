// What the slot state of a disk was, one after the other. A record is a state as its copy has it (slots.ts), and beside it the
// time and who has written it: an environment, too, so that libubootenv writes one as axv-part does. Records lie in the partition
// of the state, in a ring, by their generation: where the power fails in one, that one is not there, and all others are.
//
//   sector 0         STATE_SECTORS / 4            / 2
//  ┌────────┬ ─ ─ ┬──────────────────────┬ ─ ─ ┬────────┬ ─ ─ ┐
//  │ copy 0 │     │ HISTORY_SECTORS      │     │ copy 1 │     │   clear of the copies, in blocks of flash that are erased apart
//  └────────┴ ─ ─ ┴──────────────────────┴ ─ ─ ┴────────┴ ─ ─ ┘
import { SECTOR, STATE_SECTORS } from "../../partitions/plan/disk.ts";
import { isValue, readEnvironment, writeEnvironment } from "./environment.ts";
import { stateOf, variablesOf } from "./slots.ts";
import type { SlotState } from "./slots.ts";

/** From the state's first one; axv-commit knows it, too. */
export const HISTORY_FIRST = STATE_SECTORS / 4;
/** A record each; a deployment that is tried and committed takes four. */
export const HISTORY_SECTORS = STATE_SECTORS / 16;
/** Who counts as far as this has not begun at 0: so that what comes behind a record is always more. */
const GENERATION_END = 1n << 62n;

export interface HistoryRecord {
  readonly state: SlotState;
  /** By the clock of who wrote it, as ISO 8601; undefined: the state was found so. */
  readonly time: string | undefined;
  readonly by: string | undefined;
}

/** Of HISTORY_SECTORS. */
export const recordPlace = (generation: bigint): number => Number(generation % BigInt(HISTORY_SECTORS));

/** An environment has no colon: ISO 8601 in its basic form. */
const TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const FRACTION = /\.\d+/;

/** Undefined: somebody else's state leaves no room for it. */
export function writeRecord({ state, time = "", by = "" }: HistoryRecord): Uint8Array | undefined {
  const more = { axv_time: time.replace(FRACTION, "").replace(/[-:]/g, ""), axv_by: by };
  try {
    return writeEnvironment(new Map(Object.entries({ ...variablesOf(state), ...more })), SECTOR);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Of all sectors of the ring; the oldest one first. What is no record of its place is none. */
export function readRecords(ring: Uint8Array): HistoryRecord[] {
  const records: HistoryRecord[] = [];
  for (let place = 0; place < HISTORY_SECTORS; place++) {
    const found = readEnvironment(ring.subarray(place * SECTOR, (place + 1) * SECTOR));
    const state = found && stateOf(found);
    if (state === undefined || state.generation >= GENERATION_END || recordPlace(state.generation) !== place) continue;
    const time = found?.get("axv_time") ?? "";
    const by = found?.get("axv_by") ?? "";
    records.push({
      state,
      time: TIME.test(time) ? time.replace(TIME, "$1-$2-$3T$4:$5:$6Z") : undefined,
      by: isValue(by) && by !== "" ? by : undefined,
    });
  }
  return records.sort((one, other) => (one.state.generation < other.state.generation ? -1 : 1));
}

/** But for its generation, which boot.scr and a disk that was written anew count by themselves. */
export function isSameState(one: SlotState, other: SlotState): boolean {
  const [a, b] = [one, other].map((state) => JSON.stringify(variablesOf({ ...state, generation: 0n })));
  return a === b;
}

/** With the state as it is now at its end. */
export function withFound(records: readonly HistoryRecord[], now: SlotState): HistoryRecord[] {
  const last = records.at(-1);
  const isKnown = last !== undefined && isSameState(last.state, now);
  return isKnown ? [...records] : [...records, { state: now, time: undefined, by: undefined }];
}
