// How the times that guests publish spread, drawn with block characters: a bar is as many samples as it is high.
//
//    TIME        SCANS  MEDIAN µs  99 % UP TO µs  LARGEST µs  FAR OUT
//    plc jitter   2048        0.8            2.1        12.3        3
//
//    plc jitter
//       ▂█▃
//     ▁▄███▅▂▁  ▁
//    0.500   1.100 µs
import type { Histogram } from "../../industrial/live/samples.ts";
import type { Monitor } from "../../industrial/live/monitor.ts";
import { type Column, displayWidth, layOutFolded } from "./columns.ts";
import { type Paint, titled } from "./paint.ts";

/** Eighths of a row, from one on (Unicode, Block Elements). */
const BLOCKS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
const EIGHTHS = BLOCKS.length;
/** Where two drawings stand beside one another, neither is narrower. */
const COLUMNS_LEAST = 36;
const GAP = "  ";
const ROWS_MOST = 8;
/** Of a drawing, besides its bars: its name and its scale. */
const ROWS_AROUND = 2;
const MICROSECOND = 1000;
/** Bars that stand for less nanoseconds than a tenth of a microsecond have a scale with all digits. */
const TENTH = 100;
const UNIT = " µs";
const UNKNOWN = "–";

interface Time {
  readonly title: string;
  /** undefined: no scan has been seen yet. */
  readonly histogram: Histogram | undefined;
}

export const hasTimes = ({ partitions }: Monitor): boolean => partitions.some(({ times }) => times.names.length > 0);

const timesOf = ({ partitions }: Monitor): Time[] =>
  partitions.flatMap(({ name: partition, times }) => {
    const { histograms } = times;
    return times.names.map((name) => ({
      title: `${partition} ${name}`,
      histogram: histograms.find((each) => each.name === name),
    }));
  });

const micro = (nanoseconds: number | undefined, digits = 1): string =>
  nanoseconds === undefined ? UNKNOWN : (nanoseconds / MICROSECOND).toFixed(digits);

const figures: readonly Column<Time>[] = [
  { title: "TIME", align: "left", cell: ({ title }) => title },
  { title: "SCANS", align: "right", cell: ({ histogram }) => String(histogram?.samples ?? 0) },
  { title: "MEDIAN µs", align: "right", cell: ({ histogram }) => micro(histogram?.median) },
  { title: "99 % UP TO µs", align: "right", cell: ({ histogram }) => micro(histogram?.p99) },
  { title: "LARGEST µs", align: "right", cell: ({ histogram }) => micro(histogram?.largest) },
  { title: "FAR OUT", align: "right", cell: ({ histogram }) => String(histogram?.far ?? 0) },
];

/** As large as `rows` allow; where that is less than a row for each one's bars, the last ones stand beyond it. */
export function histogramBlock(monitor: Monitor, width: number, rows: number, paint: Paint): string[] {
  const times = timesOf(monitor);
  const table = layOutFolded(figures, times, width).flatMap((lines) => titled(lines, paint));
  const drawn = times.filter(({ histogram }) => histogram !== undefined);
  const most = Math.floor((width + GAP.length) / (COLUMNS_LEAST + GAP.length));
  const abreast = Math.max(1, Math.min(drawn.length, most));
  const columns = Math.max(1, Math.floor((width - GAP.length * (abreast - 1)) / abreast));
  const bands = Array.from({ length: Math.ceil(drawn.length / abreast) }, (_, at) =>
    drawn.slice(at * abreast, (at + 1) * abreast),
  );
  const room = Math.floor((rows - table.length) / Math.max(1, bands.length)) - ROWS_AROUND;
  const barRows = Math.max(1, Math.min(ROWS_MOST, room));
  return [...table, ...bands.flatMap((band) => beside(band.map((time) => drawing(time, columns, barRows, paint)), columns))];
}

/** Each one's lines, all of the same number. */
function beside(drawings: readonly (readonly string[])[], columns: number): string[] {
  const [first = []] = drawings;
  return first.map((_, at) =>
    drawings
      .map((lines) => lines[at] ?? "")
      .map((line) => line + " ".repeat(Math.max(0, columns - displayWidth(line))))
      .join(GAP)
      .trimEnd(),
  );
}

function drawing({ title, histogram }: Time, columns: number, rows: number, paint: Paint): string[] {
  if (histogram === undefined) return [];
  const { from, step, counts } = histogram;
  const together = Math.ceil(counts.length / columns);
  const bars = Array.from({ length: Math.ceil(counts.length / together) }, (_, at) =>
    counts.slice(at * together, (at + 1) * together).reduce((sum, count) => sum + count, 0),
  );
  const scale = scaleOf(from, step * together, bars.length, columns);
  return [paint("bold", title), ...barLines(bars, rows).map((line) => paint("cyan", line)), scale];
}

/** From above to below. What is there at all is seen, however little it is. */
function barLines(bars: readonly number[], rows: number): string[] {
  const highest = Math.max(...bars);
  const heights = bars.map((count) => (count === 0 ? 0 : Math.max(1, Math.round((count / highest) * rows * EIGHTHS))));
  return Array.from({ length: rows }, (_, fromAbove) => {
    const below = (rows - 1 - fromAbove) * EIGHTHS;
    const line = heights.map((height) => BLOCKS[Math.min(EIGHTHS, height - below) - 1] ?? " ").join("");
    return line.trimEnd();
  });
}

/** Where the first bar begins, and where the last one ends: below it, if there is room between the two. */
function scaleOf(from: number, step: number, bars: number, columns: number): string {
  const digits = step < TENTH ? 3 : 1;
  const [begin, end] = [micro(from, digits), micro(from + step * bars, digits) + UNIT];
  const between = Math.max(bars - begin.length - end.length, 1);
  const both = begin + " ".repeat(between) + end;
  return both.length <= columns ? both : begin + UNIT;
}
