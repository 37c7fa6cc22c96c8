// The Modbus map as a table for the panel builder: Markdown to read, CSV for the panel's own tool.
import type { RegisterRow } from "../../partitions/tags/registers.ts";

const TITLES = ["Table", "First", "Last", "Name", "Type", "Access", "Unit", "Range", "Meaning"] as const;

const cells = ({ kind, first, count, name, type, writable, unit, range, meaning }: RegisterRow): string[] => [
  kind === "bits" ? (writable ? "coil" : "discrete input") : writable ? "holding register" : "input register",
  String(first),
  String(first + count - 1),
  name,
  type,
  writable ? "rw" : "ro",
  unit,
  range,
  meaning,
];

const WORDS = `Addresses count from 0, as they are on the line; a panel that counts from 1 adds 1 (40001 is holding register 0).
Holding and input registers read the same, and so do coils and discrete inputs. Only what is "rw" can be written.
A value of several registers has its high word first, unless the bridge is told otherwise; read the test values to find out.
Text has two bytes a register, the first one high, and ends at the first zero.
A number of 64 bits is whole here; many panels lose what is beyond 2^53.`;

/** What a cell of a Markdown table cannot have in it. */
const escaped = (text: string): string => text.replace(/[\\|]/g, "\\$&");

export function markdownMap(rows: readonly RegisterRow[]): string {
  const line = (row: readonly string[]): string => `| ${row.map(escaped).join(" | ")} |`;
  return [line(TITLES), `|${"---|".repeat(TITLES.length)}`, ...rows.map((row) => line(cells(row))), "", WORDS, ""].join("\n");
}

/** RFC 4180. What a spreadsheet would take for a formula is text for it. */
export function csvMap(rows: readonly RegisterRow[]): string {
  const quoted = (text: string): string => {
    const inert = /^[=+\-@\t]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
    return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
  };
  return [TITLES, ...rows.map(cells)].map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
}
