// All samples as one picture: small multiples, a row a path and a column an interrupt controller alone
// or in company; across, instructions; upwards, how many samples, each line ten times the one below
// it, so that a single one is still seen.
import { join } from "node:path";
import { drawing, hue, path, rectangle, text } from "../../tools/plan/svg.ts";
import { ROOT, writeAtomically } from "../../tools/build/files.ts";
import type { Company, Setting } from "./matrix.ts";
import { OUT } from "./programs.ts";
import type { Measured, PathRow } from "./rows.ts";
import { type Gic, GICS } from "./system.ts";

/** Relative to the root. */
export const PICTURE = `${OUT}/latency.svg`;
const DRAWN: readonly string[] = ["timer", "physical-timer", "spi", "sgi", "doorbell"];
const SETTINGS: readonly Setting[] = ["bare", "injected", "direct"];
const SETTING_HUES: Readonly<Record<Setting, string>> = { bare: hue(7), injected: hue(0), direct: hue(1) };
const COMPANIES: readonly Company[] = ["alone", "linux"];

// Pixels.
const PLOT = { width: 210, height: 90 } as const;
const STEP = { x: 250, y: 196 } as const;
const LEFT = 64;
const TOP = 142;
const TITLE_Y = 30;
const LEGEND_Y = 54;
const LEGEND_STEP = 150;
const SWATCH = 12;
const BAR = 4;
/** Where settings take as long their bars stand side by side. */
const BAR_SHIFT: Readonly<Record<Setting, number>> = { bare: -BAR, injected: 0, direct: BAR };
const RISE = 16;
const LABEL_GAP = 14;
const TITLE_GAP = 20;

const DECADES = 4; // 10,000 samples
const HEADROOM = 1.15;
/** Ticks of the axis: 1, 2 or 5 times a power of ten, about so many. */
const TICKS = 4;

function tickStep(end: number): number {
  const rough = end / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough) ?? power;
}

/** One more than none is the first line, ten the next. */
const heightOf = (count: number): number => Math.min(1, (Math.log10(count) + 1) / (DECADES + 1)) * PLOT.height;

interface Place {
  readonly x: number;
  readonly y: number;
}

function plot({ x, y }: Place, measured: readonly Measured[], end: number): string[] {
  const bottom = y + PLOT.height;
  const across = (value: number): number => x + (value / end) * PLOT.width;
  const lines = Array.from({ length: DECADES + 1 }, (_, decade) =>
    path(`M${x} ${bottom - heightOf(10 ** decade)}h${PLOT.width}`, "free"),
  );
  const step = tickStep(end);
  const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, n) =>
    text(across(n * step), bottom + LABEL_GAP, String(n * step), "mono middle"),
  );
  const goals = [...new Set(measured.flatMap(({ goal }) => (goal === undefined || goal > end ? [] : [goal])))];
  const bars = measured.flatMap(({ samples, setting, most }) => {
    const drawn = [...samples].filter(([value]) => value <= most).sort(([, a], [, b]) => b - a);
    const middle = (value: number): number => round(across(value) + BAR_SHIFT[setting]);
    return [
      ...drawn.map(([value, count]) => {
        const height = round(heightOf(count));
        return rectangle({ x: middle(value) - BAR / 2, y: round(bottom - height), width: BAR, height }, SETTING_HUES[setting], 0);
      }),
      ...drawn
        .slice(0, 1)
        .filter(() => setting !== "bare" || !measured.some((one) => one.setting === "direct" && one.most === most))
        .map(([value, count]) => text(middle(value), round(bottom - heightOf(count) - 3), String(value), "mono middle")),
    ];
  });
  const turns = measured.reduce((sum, one) => sum + one.turns, 0);
  return [
    ...lines,
    path(`M${x} ${bottom}h${PLOT.width}`, "neutral"),
    ...ticks,
    ...goals.map((goal) => path(`M${round(across(goal))} ${y}V${bottom}`, "free")),
    ...bars,
    ...(turns === 0 ? [] : [text(x + PLOT.width, y - RISE, `+ ${turns} with a turn of Linux's CPU`, "mono end")]),
  ];
}

const round = (value: number): number => Math.round(value * 10) / 10;

export function histograms(rows: readonly PathRow[]): string {
  const drawn = DRAWN.filter((id) => rows.some(({ figure, measured }) => figure.id === id && measured.length > 0));
  const columns = GICS.flatMap((gic) => COMPANIES.map((company) => ({ gic, company })));
  const elements = drawn.flatMap((id, line) => {
    const all = rows.filter(({ figure }) => figure.id === id);
    const end = Math.max(...all.flatMap(({ measured }) => measured.flatMap(({ most, goal = 0 }) => [most, goal]))) * HEADROOM;
    const y = TOP + line * STEP.y;
    return [
      text(LEFT, y - RISE - LABEL_GAP - TITLE_GAP, all[0]?.figure.title ?? id, "name"),
      ...columns.flatMap(({ gic, company }, column) => {
        const measured = measuredIn(all, gic, company);
        const x = LEFT + column * STEP.x;
        return measured.length === 0
          ? []
          : [text(x, y - RISE - LABEL_GAP, titleOf(gic, company), "dim"), ...plot({ x, y }, measured, end)];
      }),
      ...Array.from({ length: DECADES + 1 }, (_, decade) =>
        text(LEFT - 6, y + PLOT.height - heightOf(10 ** decade) + 4, String(10 ** decade), "mono end"),
      ),
    ];
  });
  const legend = SETTINGS.flatMap((setting, at) => {
    const x = LEFT + at * LEGEND_STEP;
    return [
      rectangle({ x, y: LEGEND_Y - SWATCH + 2, width: SWATCH, height: SWATCH }, SETTING_HUES[setting], 2),
      text(x + SWATCH + 6, LEGEND_Y, setting === "bare" ? "bare metal" : setting),
    ];
  });
  const width = LEFT + columns.length * STEP.x;
  const head = text(
    LEFT,
    TITLE_Y,
    "Instructions from an interrupt's cause to the guest's handler, and how many samples took as many",
    "title",
  );
  return drawing(width, TOP + drawn.length * STEP.y, "Latency histograms", [head, ...legend, ...elements]);
}

const titleOf = (gic: Gic, company: Company): string => `GICv${gic}, ${company === "alone" ? "alone" : "beside Linux"}`;

/** What is without a hypervisor is without company. */
const measuredIn = (rows: readonly PathRow[], gic: Gic, company: Company): Measured[] =>
  rows.filter((row) => row.gic === gic).flatMap(({ measured }) => measured.filter((one) => one.company === company));

export function drawHistograms(rows: readonly PathRow[]): void {
  writeAtomically(join(ROOT, PICTURE), histograms(rows));
}
