// The history on a disk (history.ts): read, and written along with the slot state.
import { projectVersion } from "../../../partitions/project.ts";
import type { Sectors } from "../disk/sectors.ts";
import { HISTORY_FIRST, HISTORY_SECTORS, readRecords, recordPlace, writeRecord } from "../history.ts";
import type { HistoryRecord } from "../history.ts";
import type { SlotState } from "../slots.ts";
import type { Places } from "./places.ts";
import type { Target } from "./target.ts";

export const recordsOn = (disk: Sectors, { state }: Places): HistoryRecord[] =>
  readRecords(disk.read(state.first + HISTORY_FIRST, HISTORY_SECTORS));

/** That it was found so: who wrote it has left no record. */
export const rememberFound = (disk: Target, places: Places, state: SlotState): void =>
  write(disk, places, { state, time: undefined, by: undefined });

/** It is on the disk already. */
export const rememberWritten = (disk: Target, places: Places, state: SlotState): void =>
  write(disk, places, { state, time: new Date().toISOString(), by: `axv-part ${projectVersion()}` });

function write(disk: Target, { state: { first } }: Places, record: HistoryRecord): void {
  const bytes = writeRecord(record);
  if (bytes === undefined) return;
  try {
    disk.write(first + HISTORY_FIRST + recordPlace(record.state.generation), bytes);
    disk.flush();
  } catch {
    // Nothing hangs on it: the state is found without a record then, and if the disk is gone, what follows says so.
  }
}
