// Telemetry as a table for other programs (RFC 4180): a row for each tag in each frame of telemetry, of every partition. What is
// between two frames is in it only as far as the guest publishes it: minimum, average, maximum, and those of its recent time.
import { closeSync, openSync, writeSync } from "node:fs";
import { OutputError, reasonOf } from "../output/errors.ts";
import type { Session } from "./session.ts";

const HEADER = ["time_ns", "partition", "state", "restarts", "tag", "value"];
const END_OF_ROW = "\r\n";

/** Quoted where a comma, a quote or an end of line would be taken for one of the table's. */
const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const row = (fields: readonly string[]): string => fields.map(field).join(",") + END_OF_ROW;

/** `path`: one that `claim` gave. The first thing that cannot be written is told to `warn`, and is the last that is tried. */
export function recordCsv(session: Session, path: string, warn: (text: string) => void): void {
  let file: number | undefined;
  const write = (text: string): void => {
    if (file === undefined) return;
    try {
      writeSync(file, text);
    } catch (error) {
      closeSync(file);
      file = undefined;
      warn(`${new OutputError("AXV_OUTPUT_FAILED", path, reasonOf(error)).message}: what comes from now on is not in it`);
    }
  };
  try {
    file = openSync(path, "w");
  } catch (error) {
    throw new OutputError("AXV_OUTPUT_FAILED", path, reasonOf(error));
  }
  write(row(HEADER));
  session.on("partition", ({ partition, time, state, restarts, tags }) => {
    const names = session.monitor.partitions[partition]?.plan.tags ?? [];
    const about = [String(time), session.monitor.nameOf(partition), state, String(restarts)];
    const rows = [...tags].map(([tag, value]) => row([...about, names[tag]?.name ?? String(tag), String(value)]));
    write(rows.join(""));
  });
  session.on("close", () => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  });
}
