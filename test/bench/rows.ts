// Measured values beside the figures that they are of, and whether they keep within their goals.
import { ROOT } from "../../tools/build/files.ts";
import { loadElf } from "../../tools/verify/native/elf.ts";
import { linearMemory, sourceLines, textAndRodata } from "../../tools/verify/size.ts";
import { measuredCore } from "./core.ts";
import { type Distribution, least, most, quantile, size } from "./distribution.ts";
import { COPY, type Figure, LINEAR_MEMORY, LINES, LINUX, MODES, PATHS, type PathFigure, TEXT } from "./figures.ts";
import type { LinuxFigures } from "./linux.ts";
import type { Cell, Company, Setting } from "./matrix.ts";
import { type Gic, GICS } from "./system.ts";

const SOURCES = ["core", "arch/aarch64"];
/**
 * Beside Linux, so many samples at most may have a turn of Linux's CPU in them: QEMU gives its CPUs turns, and
 * what one executes in its turn counts as everybody's time. It gets one at each of its interrupts, and the
 * housekeeping on it comes in five pieces a tick.
 */
const TURNS_SHARE = 0.05;

/** Paths that are not taken beside Linux. */
const ALONE_ONLY = new Set(["doorbell", "reset-longest", "reset-tree", "restart", "restart-cached", "gic-read", "gic-write"]);

/** What one setting needs for one path. */
export interface Measured {
  readonly gic: Gic;
  readonly setting: Setting;
  readonly company: Company;
  readonly samples: Distribution;
  readonly least: number;
  /** Of the samples without a turn of another CPU. */
  readonly most: number;
  /** Samples with one. */
  readonly turns: number;
  /** Undefined: there is none. */
  readonly goal?: number;
  readonly isOver: boolean;
}

/** One path on one interrupt controller. */
export interface PathRow {
  readonly figure: PathFigure;
  readonly gic: Gic;
  readonly measured: readonly Measured[];
}

/** Instructions for each byte copied are taken off a restart. */
function samplesOf({ id }: PathFigure, { paths }: Cell, copyPerByte: number): Distribution | undefined {
  const samples = paths.get(id);
  if (!id.startsWith("restart") || samples === undefined) return samples;
  const copying = Math.round([...(paths.get("copied")?.keys() ?? [])].reduce((sum, bytes) => sum + bytes, 0) * copyPerByte);
  return new Map([...samples].map(([value, count]) => [value - copying, count]));
}

export function pathRows(cells: readonly Cell[], copyPerByte: number): PathRow[] {
  return GICS.flatMap((gic) =>
    PATHS.map((figure) => ({
      figure,
      gic,
      measured: measuredOf(
        figure,
        cells.filter((cell) => cell.gic === gic),
        copyPerByte,
      ),
    })),
  );
}

function measuredOf(figure: PathFigure, cells: readonly Cell[], copyPerByte: number): Measured[] {
  const found = cells.flatMap((cell) => {
    const samples = samplesOf(figure, cell, copyPerByte);
    return samples === undefined ? [] : [{ ...cell, samples }];
  });
  const bare = found.find(({ setting }) => setting === "bare");
  return found.map(({ gic, setting, company, samples }) => {
    const highest = company === "linux" ? quantile(samples, TURNS_SHARE) : most(samples);
    const turns = size(new Map([...samples].filter(([value]) => value > highest)));
    const common = { gic, setting, company, samples, least: least(samples), most: highest, turns };
    // A reset is one sample: beside Linux, whose image is copied meanwhile, it has such turns in it.
    const goal = setting === "bare" || (company === "linux" && figure.id === "reset") ? undefined : figure.goals?.[setting];
    if (goal === undefined) return { ...common, isOver: false };
    const allowed = goal === "bare" ? (bare === undefined ? 0 : most(bare.samples)) : goal;
    return { ...common, goal: allowed, isOver: highest > allowed };
  });
}

/** A figure of the hypervisor as a whole. */
export interface FigureRow {
  readonly figure: Figure;
  readonly value: number;
  readonly isOver: boolean;
}

export const figureRow = (figure: Figure, value: number): FigureRow =>
  ({ figure, value, isOver: figure.goal !== undefined && value > figure.goal });

/** Of the core as it was built for the paths. */
export async function sizeRows(copyPerByte: number): Promise<FigureRow[]> {
  const elf = loadElf((await measuredCore()).elf);
  return [
    figureRow(COPY, copyPerByte),
    figureRow(TEXT, textAndRodata(elf)),
    figureRow(LINEAR_MEMORY, linearMemory(elf)),
    figureRow(LINES, sourceLines(ROOT, SOURCES)),
  ];
}

export const linuxRow = ({ bare, hosted }: LinuxFigures): FigureRow => figureRow(LINUX, hosted / bare);

/** What each path that was measured in that setting needs there; for those that look for one. */
export const inSetting = (row: PathRow, setting: Setting, company: Company): Measured | undefined =>
  row.measured.find((one) => one.setting === setting && one.company === company);

/** Paths that every hosted setting takes have been taken by all of them; by id, what is missing. */
export function missingPaths(rows: readonly PathRow[], company: Company): string[] {
  const needed = rows.filter(({ figure: { id } }) => company === "alone" || !ALONE_ONLY.has(id));
  return needed.flatMap((row) =>
    MODES.filter((mode) => inSetting(row, mode, company) === undefined).map(
      (mode) => `${row.figure.id}, GICv${row.gic}, ${mode}`,
    ),
  );
}
