// The report as people read it.
import type { Taken } from "./measured.ts";
import type { EntryRow, Report, StackProof } from "./verify.ts";

const number = (value: number): string => value.toLocaleString("en-US");
/** A budget, with a mark if the value passes it. */
const within = (value: number, budget: number | undefined): string =>
  budget === undefined ? "" : `${number(budget)}${value > budget ? " !" : ""}`;

/** `measured`: the most instructions that functions took in runs of this very core, by name. */
export function formatReport(report: Report, measured?: ReadonlyMap<string, Taken>): string[] {
  const loops = [...new Set(report.entries.flatMap(({ perIteration }) => perIteration.map(({ place }) => place)))];
  const header = [
    "entry",
    "instructions",
    ...(measured === undefined ? [] : ["measured"]),
    "budget",
    "by size",
    "stack",
    "budget",
  ];
  const kinds = [...new Set(report.entries.map(({ kind }) => kind))];
  const rows = kinds.flatMap((kind) => {
    const ofKind = alike(report.entries.filter((row) => row.kind === kind));
    return [[TITLES[kind]], ...ofKind.map((row) => entryCells(row, loops, measured))];
  });
  const sizes = report.sizes.map(({ name, value, budget }) => [SIZES[name], number(value), within(value, budget)]);
  const { stack } = report;
  return [
    ...align([header, ...rows]),
    "",
    ...loops.map((place, index) => `  ${letter(index)}: iterations of the loop in ${place}`),
    ...align([["size", "", "budget"], ...sizes]),
    "",
    ...(stack === undefined ? [] : [stackLine(stack)]),
    ...report.notes,
    ...(measured === undefined ? ["`npm run bench` measures what handlers take, and then it is shown here too."] : []),
  ];
}

const stackLine = ({ entry, needed, available }: StackProof): string =>
  `the hypervisor's stack: ${number(needed)} of ${number(available)} bytes (${entry}), ${number(available - needed)} left`;

const TITLES = { export: "called by assembly", assembly: "assembly", function: "inside" } as const;
const SIZES = {
  textAndRodata: "text + rodata, bytes",
  linearMemory: "linear memory, bytes",
  sourceLines: "source lines",
} as const;

function entryCells(
  { name, instructions, perIteration, stack, budget }: EntryRow,
  loops: readonly string[],
  measured: ReadonlyMap<string, Taken> | undefined,
): string[] {
  const bySize = perIteration.map((one) => `${one.instructions}${letter(loops.indexOf(one.place))}`).join(" + ");
  const most = measured?.get(name);
  const executed =
    measured === undefined
      ? []
      : [most === undefined ? "–" : `${number(most.instructions)}${most.besidesSizes > instructions ? " !" : ""}`];
  return [
    `  ${name}`,
    number(instructions),
    ...executed,
    within(instructions, budget?.instructions),
    bySize,
    number(stack),
    within(stack, budget?.stack),
  ];
}

/** Vectors of one kind are copies of each other: one row will do. */
function alike(rows: readonly EntryRow[]): EntryRow[] {
  const groups = new Map<string, { readonly first: EntryRow; more: number }>();
  for (const row of rows) {
    const key = row.kind === "assembly" && row.budget === undefined ? JSON.stringify({ ...row, name: undefined }) : row.name;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: row, more: 0 });
    else group.more++;
  }
  return [...groups.values()].map(({ first, more }) => {
    const name = more === 0 ? first.name : `${first.name} and ${more} alike`;
    return { ...first, name };
  });
}

/** a, b, … z, aa … */
function letter(index: number): string {
  const last = String.fromCharCode("a".charCodeAt(0) + (index % 26));
  return index < 26 ? last : letter(Math.floor(index / 26) - 1) + last;
}

/** First column to the left, the others to the right; a title alone in its row does not widen it. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    if (row.length > 1) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  }
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd());
}
