// Charts by uPlot. Its canvas is a picture to a screen reader: whoever makes a chart says in words what it shows, and has a
// table beside it.
import uPlot from "uplot";
import { el, setAttribute } from "./dom.ts";

const colour = (name: string) => (): string => getComputedStyle(document.documentElement).getPropertyValue(name);
const FONT = "12px system-ui, sans-serif";

/** Colours follow the page: what was drawn in the dark is drawn anew in the light. */
const all = new Set<Chart>();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const chart of all) chart.redraw();
});

const axis = (size: number): uPlot.Axis => ({
  stroke: colour("--dim"),
  grid: { stroke: colour("--line"), width: 1 },
  ticks: { stroke: colour("--line"), width: 1, size: 4 },
  font: FONT,
  size,
});

export class Chart {
  readonly element: HTMLElement;
  readonly #plot: uPlot;
  readonly #height: number;

  constructor(height: number, options: Omit<uPlot.Options, "width" | "height">) {
    this.#height = height;
    this.element = el("div", { class: "chart", role: "img" });
    const fixed = { width: 300, height, legend: { show: false }, cursor: { show: false } } as const;
    this.#plot = new uPlot({ ...fixed, ...options }, [[], []], this.element);
    new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: this.#height });
    }).observe(this.element);
    all.add(this);
  }

  show(data: uPlot.AlignedData, inWords: string): void {
    setAttribute(this.element, "aria-label", inWords);
    this.#plot.setData(data);
  }

  redraw(): void {
    this.#plot.redraw(false);
  }

  remove(): void {
    all.delete(this);
    this.#plot.destroy();
    this.element.remove();
  }
}

const BAR_PART = 0.92;

/** Bars; x in microseconds. */
export const histogramChart = (height: number): Chart =>
  new Chart(height, {
    scales: {
      x: { time: false, range: (_, least, most) => (least === most ? [least - 1, most + 1] : [least, most]) },
      y: { range: (_, __, most) => [0, Math.max(1, most)] },
    },
    series: [
      {},
      {
        fill: colour("--accent"),
        stroke: colour("--accent"),
        width: 0,
        points: { show: false },
        paths: uPlot.paths.bars?.({ size: [BAR_PART, Infinity], align: 1 }) ?? (() => null),
      },
    ],
    axes: [axis(24), axis(40)],
  });

/** A line over time. */
export const trendChart = (height: number): Chart =>
  new Chart(height, {
    ms: 1,
    scales: {
      y: { range: (_, least, most) => (least === most ? [least - 1, most + 1] : uPlot.rangeNum(least, most, 0.1, true)) },
    },
    series: [{}, { stroke: colour("--accent"), width: 1.5, points: { show: false }, spanGaps: false }],
    axes: [
      { ...axis(24), values: "{HH}:{mm}:{ss}", space: 80 },
      { ...axis(64), space: 24, values: (_, ticks) => ticks.map(short) },
    ],
  });

/** "1.2M": an axis has little room. */
function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${+(value / 1e9).toPrecision(4)}G`;
  if (size >= 1e6) return `${+(value / 1e6).toPrecision(4)}M`;
  return size >= 1e4 ? `${+(value / 1e3).toPrecision(4)}k` : String(+value.toPrecision(6));
}
