// Lays out text in columns. Knows nothing of what stands in them.
import { stripVTControlCharacters } from "node:util";

export interface Column<Row> {
  readonly title: string;
  readonly align: "left" | "right";
  readonly cell: (row: Row) => string;
  /** Columns stay at least that wide, so that a live table does not jump. */
  readonly width?: number;
}

const GAP = "  ";

/** How many columns of a terminal a text takes. */
export function displayWidth(text: string): number {
  return [...stripVTControlCharacters(text)].length; // names and numbers here are of single-width characters
}

/** The first line has the titles; then one line a row. */
export function layOut<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = columns.map((column) => [column.title, ...rows.map((row) => column.cell(row))]);
  const widths = cells.map((texts, at) => Math.max(columns[at]?.width ?? 0, ...texts.map(displayWidth)));
  return ["", ...rows].map((_, line) =>
    columns
      .map((column, at) => pad(cells[at]?.[line] ?? "", widths[at] ?? 0, column.align))
      .join(GAP)
      .trimEnd(),
  );
}

function pad(text: string, width: number, align: "left" | "right"): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "left" ? text + space : space + text;
}

/** Cuts a text to a terminal's width; control sequences (colours) take no room and are all kept. */
export function fit(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let room = Math.max(0, width - 1);
  return text.replace(/(\u001b\[[0-9;:]*m)|([^\u001b])/gu, (_, colour: string | undefined, character: string) => {
    if (colour !== undefined) return colour;
    room -= 1;
    if (room === -1) return "…";
    return room < 0 ? "" : character;
  });
}
