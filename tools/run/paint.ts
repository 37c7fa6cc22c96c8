// Colours of the views, or none of them: NO_COLOR, a dumb terminal, and pipes are respected.
import type { WriteStream } from "node:tty";
import { styleText } from "node:util";
import type { PartitionState } from "../../industrial/link/telemetry.ts";

type Format = Parameters<typeof styleText>[0];
export type Paint = (format: Format, text: string) => string;

export const plain: Paint = (_, text) => text;
export const coloured: Paint = (format, text) => styleText(format, text, { validateStream: false });

/** Node's hasColors heeds NO_COLOR, FORCE_COLOR and TERM. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return stream.isTTY && (stream as WriteStream).hasColors() ? coloured : plain;
}

/** A table whose first line has the titles. */
export const titled = (table: readonly string[], paint: Paint): string[] =>
  table.map((line, at) => (at === 0 ? paint("bold", line) : line));

/** Labels of the consoles, in turn. */
const LABELS: readonly Format[] = ["cyan", "magenta", "green", "blue", "yellow"];

export const labelFormat = (partition: number): Format => LABELS[partition % LABELS.length] ?? "cyan";

export const STATE_FORMATS: Readonly<Record<PartitionState, Format>> = {
  off: "dim",
  running: "green",
  stopping: "yellow",
  paused: "yellow",
  failed: ["red", "bold"],
  inspect: ["red", "bold"],
};
