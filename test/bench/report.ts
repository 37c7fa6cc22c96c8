// The benchmark's result, as people read it and as programs do.
import { type Column, layOut } from "../../tools/run/columns.ts";
import type { Paint } from "../../tools/run/paint.ts";
import type { Check } from "./checks.ts";
import { type Goal, type Mode, MODES } from "./figures.ts";
import { type HandlerRow, isUnsound } from "./handlers.ts";
import type { Company, Setting } from "./matrix.ts";
import { type FigureRow, inSetting, type Measured, type PathRow } from "./rows.ts";
import { GICS } from "./system.ts";

export interface Result {
  readonly paths: readonly PathRow[];
  readonly figures: readonly FigureRow[];
  readonly checks: readonly Check[];
  readonly handlers: readonly HandlerRow[];
}

const ABSENT = "–";
const number = (value: number): string => value.toLocaleString("en-US", { maximumFractionDigits: 4 });

function samples(measured: Measured | undefined): string {
  if (measured === undefined) return ABSENT;
  const { least, most, turns, isOver } = measured;
  const range = least === most ? number(most) : `${number(least)}…${number(most)}`;
  return range + (turns === 0 ? "" : ` (${turns})`) + (isOver ? " !" : "");
}

const goal = (value: Goal | undefined): string => (value === undefined ? ABSENT : value === "bare" ? "as bare" : number(value));
const isRowOver = ({ measured }: PathRow): boolean => measured.some(({ isOver }) => isOver);
const verdict = (isOver: boolean): string => (isOver ? "OVER" : "ok");

function pathColumns(gic: number, hasLinux: boolean): Column<PathRow>[] {
  const value = (title: string, setting: Setting, company: Company): Column<PathRow> => ({
    title,
    align: "right",
    cell: (row) => samples(inSetting(row, setting, company)),
  });
  const hosted = (mode: Mode): Column<PathRow>[] => [
    value(mode, mode, "alone"),
    ...(hasLinux ? [value("beside Linux", mode, "linux")] : []),
  ];
  const goals = MODES.map((mode): Column<PathRow> => ({
    title: `${mode} ≤`,
    align: "right",
    cell: ({ figure }) => goal(figure.goals?.[mode]),
  }));
  const others: Column<PathRow>[] = [
    { title: "Bao", align: "right", cell: ({ figure }) => figure.bao ?? ABSENT },
    { title: "Xen", align: "right", cell: ({ figure }) => figure.xen ?? ABSENT },
  ];
  return [
    { title: `GICv${gic}, instructions`, align: "left", cell: ({ figure }) => figure.title },
    value("bare metal", "bare", "alone"),
    ...MODES.flatMap(hosted),
    ...goals,
    ...(gic === GICS[0] ? others : []),
    { title: "", align: "left", cell: (row) => (row.figure.goals === undefined ? "" : verdict(isRowOver(row))) },
  ];
}

const FIGURE_COLUMNS: readonly Column<FigureRow>[] = [
  { title: "figure", align: "left", cell: ({ figure }) => figure.title },
  { title: "unit", align: "left", cell: ({ figure }) => figure.unit },
  { title: "here", align: "right", cell: ({ value }) => number(value) },
  { title: "goal ≤", align: "right", cell: ({ figure: { goal } }) => (goal === undefined ? "" : number(goal)) },
  { title: "Bao", align: "right", cell: ({ figure }) => figure.bao ?? ABSENT },
  { title: "Xen", align: "right", cell: ({ figure }) => figure.xen ?? ABSENT },
  { title: "", align: "left", cell: ({ isOver }) => verdict(isOver) },
];

const HANDLER_COLUMNS: readonly Column<HandlerRow>[] = [
  { title: "handler", align: "left", cell: ({ name }) => name },
  { title: "proven at most", align: "right", cell: ({ bound, bySize }) => number(bound) + (bySize ? " + sizes" : "") },
  {
    title: "measured at most",
    align: "right",
    cell: ({ measured }) => (measured === undefined ? ABSENT : number(measured.instructions)),
  },
  { title: "", align: "left", cell: (row) => (row.measured === undefined ? "not executed" : isUnsound(row) ? "OVER" : "ok") },
];

/** Vectors that nothing enters, as those of the hypervisor's own faults, say nothing; what is inside only if it is wrong. */
const isTold = (row: HandlerRow): boolean =>
  isUnsound(row) || (row.kind === "assembly" ? row.measured !== undefined : row.kind !== "inner");

function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], isBad: (row: Row) => boolean, paint: Paint): string[] {
  const [titles = "", ...lines] = layOut(columns, rows);
  return [paint("bold", titles), ...lines.map((line, at) => (rows.slice(at, at + 1).some(isBad) ? paint("red", line) : line))];
}

export function formatTable({ paths, figures, checks, handlers }: Result, paint: Paint): string[] {
  const hasLinux = paths.some(({ measured }) => measured.some(({ company }) => company === "linux"));
  return [
    ...GICS.flatMap((gic) => [
      ...table(
        pathColumns(gic, hasLinux),
        paths.filter((row) => row.gic === gic),
        isRowOver,
        paint,
      ),
      "",
    ]),
    ...table(FIGURE_COLUMNS, figures, ({ isOver }) => isOver, paint),
    "",
    ...(handlers.length === 0 ? [] : [...table(HANDLER_COLUMNS, handlers.filter(isTold), isUnsound, paint), ""]),
    ...checks.map(({ title, holds, detail }) => (holds ? `ok      ${title}` : paint("red", `FAILED  ${title} (${detail})`))),
  ];
}

/** Something is not as it has to be. */
export const isBad = ({ paths, figures, checks, handlers }: Result): boolean =>
  paths.some(isRowOver) || figures.some(({ isOver }) => isOver) || checks.some(({ holds }) => !holds) || handlers.some(isUnsound);

export function formatJson({ paths, figures, checks, handlers }: Result): string {
  return JSON.stringify(
    {
      paths: paths.map(({ figure, gic, measured }) => ({
        ...figure,
        gic,
        measured: measured.map((one) => ({ ...one, gic: undefined, samples: [...one.samples] })),
      })),
      figures: figures.map(({ figure, ...values }) => ({ ...figure, ...values })),
      checks,
      handlers,
    },
    undefined,
    1,
  );
}

/** What the figures mean. */
export const NOTES: readonly string[] = [
  "Instructions as executed by QEMU's Cortex-A53 (-icount), the hypervisor's in EL2 included: path lengths, " +
    "without caches and buses. Of each interrupt",
  "10,000 samples: one number means that all took as many. A timer's path begins where its time has come and its interrupt " +
    "is switched on.",
  'QEMU\'s CPUs take turns, so "beside Linux" is what the hypervisor executes for the guest while its neighbour runs, not ' +
    "what sharing caches and the",
  "bus would cost; (n): so many samples had a turn of Linux's CPU in them, and count that too. " +
    "The doorbell's is the sum of both CPUs' paths.",
];
