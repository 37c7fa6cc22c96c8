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

/** East Asian Wide and Fullwidth, and pictures (Unicode Standard Annex 11): two columns of a terminal. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
/** They stand on the character before. */
const COMBINING = /[\p{Mn}\p{Me}\p{Cf}]/u;

const characterWidth = (character: string): number => (COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1);

/** How many columns of a terminal a text takes. */
export function displayWidth(text: string): number {
  return [...stripVTControlCharacters(text)].reduce((sum, character) => sum + characterWidth(character), 0);
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
  let isCut = false;
  return text.replace(/(\u001b\[[0-9;:]*m)|([^\u001b])/gu, (_, colour: string | undefined, character: string) => {
    if (colour !== undefined) return colour;
    if (isCut) return "";
    room -= characterWidth(character);
    if (room >= 0) return character;
    isCut = true;
    return width > 0 ? "…" : "";
  });
}

/**
 * Tables, as few as fit into the width: each begins with the first column, which says whose row it is. Only what is too wide
 * beside that column alone is wider.
 */
export function layOutFolded<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): string[][] {
  const [first, ...others] = columns;
  if (first === undefined) return [];
  const widest = (table: readonly string[]): number => Math.max(...table.map(displayWidth));
  const tables: string[][] = [];
  let taken: Column<Row>[] = [];
  let table = layOut([first], rows);
  for (const column of others) {
    const wider = layOut([first, ...taken, column], rows);
    if (taken.length > 0 && widest(wider) > width) {
      tables.push(table);
      taken = [];
    }
    taken.push(column);
    table = layOut([first, ...taken], rows);
  }
  return [...tables, table];
}
