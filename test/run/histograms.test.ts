// Histograms on a terminal, at whatever width and height: tools/run/histograms.ts.
import { beforeEach, describe, expect, test } from "vitest";
import { displayWidth } from "../../tools/run/columns.ts";
import { hasTimes, histogramBlock } from "../../tools/run/histograms.ts";
import { coloured, plain } from "../../tools/run/paint.ts";
import { Monitor } from "../../industrial/live/monitor.ts";
import { demoPartitions, LINUX, PLC } from "./fake-board.ts";

let monitor: Monitor;
beforeEach(() => {
  monitor = new Monitor(demoPartitions);
});

function publish(times: Readonly<Record<string, number>>, partition = PLC): void {
  const { tags } = monitor.partitions[partition]?.plan ?? { tags: [] };
  monitor.take({
    partition,
    time: 1n,
    state: "running",
    uptime: 1n,
    restarts: 0,
    consoleDropped: 0,
    watchdogExpired: 0,
    doorbells: 0,
    tags: new Map(
      Object.entries(times).map(([time, value]) => [tags.findIndex(({ name }) => name === `${time} last`), BigInt(value)]),
    ),
  });
}

const ROWS = 12;
const block = (width: number, rows = ROWS): string[] => histogramBlock(monitor, width, rows, plain);
/** Of one column of figures, beside the longest name. */
const NARROWEST = 28;
const BAR = /[▁-█]/u;

test("before any sample: every time is named, nothing is drawn", () => {
  expect(block(80)).toEqual([
    "TIME           SCANS  MEDIAN µs  99 % UP TO µs  LARGEST µs  FAR OUT",
    "plc cycle          0          –              –           –        0",
    "plc jitter         0          –              –           –        0",
    "plc execution      0          –              –           –        0",
  ]);
});

test("a bar is as many samples as it is high, and the scale says where they are", () => {
  for (let at = 0; at < 16; at++) publish({ jitter: 805 });
  for (let at = 0; at < 8; at++) publish({ jitter: 806 });
  publish({ jitter: 807 });
  expect(block(80, 9)).toEqual([
    "TIME           SCANS  MEDIAN µs  99 % UP TO µs  LARGEST µs  FAR OUT",
    "plc cycle          0          –              –           –        0",
    "plc jitter        25        0.8            0.8         0.8        0",
    "plc execution      0          –              –           –        0",
    "plc jitter",
    "    █",
    "    █▄",
    "    ██▂",
    "0.801 0.812 µs",
  ]);
});

test("a single sample far from most others is seen, as little as it is", () => {
  for (let at = 0; at < 2000; at++) publish({ cycle: 1_000_000 + (at % 3) });
  publish({ cycle: 1_000_016 });
  expect(block(80)).toContain("███             ▁");
});

test("what lies too far out to be drawn is counted", () => {
  for (let at = 0; at < 100; at++) publish({ execution: 2300 + (at % 7) });
  publish({ execution: 900_000 });
  expect(block(80).find((line) => line.startsWith("plc execution "))).toMatch(/ 101 +2\.3 +2\.3 +900\.0 +1$/);
});

describe("with samples of all times", () => {
  beforeEach(() => {
    for (let at = 0; at < 500; at++) {
      publish({ cycle: 1_000_000 + 37 * (at % 41), jitter: 800 + 13 * (at % 29), execution: 2300 + 7 * (at % 11) });
    }
  });

  test("they stand beside one another as far as there is room", () => {
    const names = (width: number): string[] =>
      block(width).filter((line) => /^plc (cycle|jitter|execution)( {2,}plc|$)/.test(line));
    expect(names(130)).toEqual([expect.stringMatching(/^plc cycle +plc jitter +plc execution$/)]);
    expect(names(80)).toEqual([expect.stringMatching(/^plc cycle +plc jitter$/), "plc execution"]);
    expect(names(60)).toEqual(["plc cycle", "plc jitter", "plc execution"]);
  });

  test("at every width and height nothing is wider than the terminal, and every sample is in a bar", () => {
    for (let width = NARROWEST; width <= 200; width++) {
      for (const rows of [1, 12, 19, 50]) {
        const lines = block(width, rows);
        expect(Math.max(...lines.map(displayWidth)), `${width} columns`).toBeLessThanOrEqual(width);
        expect(lines.filter((line) => BAR.test(line)).length).toBeGreaterThan(0);
      }
    }
    // Down to what no table fits into, where the screen cuts.
    for (let width = 1; width < NARROWEST; width++) expect(() => block(width)).not.toThrow();
  });

  test("they are no higher than there is room for, and than can be told apart", () => {
    for (let rows = 17; rows < 100; rows++) {
      for (const width of [60, 80, 130]) expect(block(width, rows).length).toBeLessThanOrEqual(rows);
    }
    expect(block(80, 1000)).toEqual(block(80, 100));
  });

  test("where there are more bars than columns, neighbours become one", () => {
    const bars = (width: number): number[] => {
      const lines = block(width);
      const scales = lines.flatMap((line, at) => (/^\d[\d. ]* µs$/.test(line) ? [at] : []));
      return scales.map((at) => displayWidth(lines[at - 1] ?? ""));
    };
    expect(bars(50)).toEqual([30, 37, 36]);
    expect(bars(36)).toEqual([30, 19, 36]);
    expect(bars(28)).toEqual([15, 19, 18]);
  });

  test("the scale stands below its bars, from where the first begins to where the last ends, if there is room", () => {
    const scales = (width: number): string[] => block(width).filter((line) => /^\d.* µs$/.test(line));
    expect(scales(60)).toEqual([
      "1000.000           1001.500 µs", "0.800                        1.170 µs", "2.300                       2.372 µs",
    ]);
    expect(scales(36), "of two bars each").toEqual([
      "1000.000           1001.500 µs", "0.800      1.180 µs", "2.300                       2.372 µs",
    ]);
    expect(scales(28)).toEqual(["1000.0 1001.5 µs", "0.800      1.180 µs", "2.300     2.372 µs"]);
    expect(scales(14)).toEqual(["1000.0 µs", "0.800 1.190 µs", "2.300 2.372 µs"]);
    expect(scales(13)).toEqual(["1000.0 µs", "0.800 µs", "2.300 µs"]);
  });

  test("colours change no width", () => {
    const widths = (lines: readonly string[]): number[] => lines.map(displayWidth);
    const painted = histogramBlock(monitor, 80, ROWS, coloured);
    expect(widths(painted)).toEqual(widths(block(80)));
    expect(painted.join()).toContain("\u001b[");
  });
});

test("guests that publish no times have none", () => {
  expect(hasTimes(monitor)).toBe(true);
  const [linux] = demoPartitions;
  if (linux === undefined) throw new Error("no partition");
  monitor = new Monitor([linux]);
  publish({ cycle: 1 }, LINUX);
  expect(hasTimes(monitor)).toBe(false);
});
