// The benchmark's result, as people and as programs read it.
import { type Column, layOut } from "../../tools/run/columns.ts";
import type { Paint } from "../../tools/run/paint.ts";
import type { Figure } from "./figures.ts";
import type { Range } from "./parse.ts";

export interface Row {
  readonly figure: Figure;
  /** Without a hypervisor, in the same run. */
  readonly bare?: Range;
  readonly measured: Range;
}

/** Deterministic figures have one value; where samples differ, the worst one counts. */
export const exactly = (value: number): Range => ({ least: value, most: value });
export const isOverBar = ({ figure: { bar }, measured }: Row): boolean => bar !== undefined && measured.most > bar;

const ABSENT = "–";
const number = (value: number): string => value.toLocaleString("en-US", { maximumFractionDigits: 4 });
const optional = (value: number | undefined): string => (value === undefined ? ABSENT : number(value));
const range = ({ least, most }: Range): string => (least === most ? number(most) : `${number(least)}…${number(most)}`);

const COLUMNS: readonly Column<Row>[] = [
  { title: "figure", align: "left", cell: ({ figure }) => figure.title },
  { title: "unit", align: "left", cell: ({ figure }) => figure.unit },
  { title: "bare metal", align: "right", cell: ({ bare }) => (bare === undefined ? ABSENT : range(bare)) },
  { title: "here", align: "right", cell: ({ measured }) => range(measured) },
  { title: "bar", align: "right", cell: ({ figure }) => optional(figure.bar) },
  { title: "goal", align: "right", cell: ({ figure }) => optional(figure.goal) },
  { title: "Bao", align: "right", cell: ({ figure }) => figure.bao ?? ABSENT },
  { title: "Xen", align: "right", cell: ({ figure }) => figure.xen ?? ABSENT },
  { title: "", align: "left", cell: (row) => (isOverBar(row) ? "OVER THE BAR" : "") },
];

export function formatTable(rows: readonly Row[], paint: Paint): string[] {
  const [titles = "", ...lines] = layOut(COLUMNS, rows);
  return [paint("bold", titles), ...lines.map((line, at) => (rows.slice(at, at + 1).some(isOverBar) ? paint("red", line) : line))];
}

export function formatJson(rows: readonly Row[]): string {
  return JSON.stringify(rows.map(({ figure, ...values }) => ({ ...figure, ...values, overBar: isOverBar({ figure, ...values }) })), undefined, 2);
}
