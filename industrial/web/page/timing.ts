// Cycle, jitter and execution times of guests that publish them: the figures, how they spread, and the largest since
// somebody cleared them.
import type { Histogram as Counted } from "../../live/samples.ts";
import { CLEAR_MAXIMA } from "../protocol.ts";
import { histogramChart } from "./chart.ts";
import type { Chart } from "./chart.ts";
import { el, setText } from "./dom.ts";
import { known, rowsOf } from "./panel.ts";
import type { MakePanel, Row } from "./panel.ts";
import { LiveTable } from "./table.ts";

const WHICH = ["min", "avg", "max", "last", "recent"] as const;
const TITLES: Readonly<Record<(typeof WHICH)[number], string>> = {
  min: "Least",
  avg: "Mean",
  max: "Largest",
  last: "Last scan",
  recent: "Last 1–2 s",
};
const HEIGHT = 150;
const MICROSECOND = 1000;

/** A tenth of one counts, however long a cycle is. */
const micro = (nanoseconds: number): string => `${(nanoseconds / MICROSECOND).toFixed(1)} µs`;
const seconds = (nanoseconds: number): string => `${(nanoseconds / 1e9).toFixed(0)} s`;
const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

/** Of one time, such as "jitter". */
interface Time {
  readonly name: string;
  readonly row: Row;
}

/** Names of times: what has a tag "NAME last". */
const timesOf = ({ facts }: Row): string[] =>
  facts.tags.flatMap(({ name, unit }) => (unit === "ns" && name.endsWith(" last") ? [name.slice(0, -" last".length)] : []));

function figure({ name, row }: Time, which: string): string {
  const value = row.now.tags?.[row.facts.tags.findIndex((tag) => tag.name === `${name} ${which}`)];
  return known(value, (time) => micro(Number(time)));
}

class Histogram {
  readonly element: HTMLElement;
  readonly #chart: Chart;
  readonly #said = el("figcaption");
  readonly #table = new LiveTable<{ from: string; to: string; count: number }>("How often each was seen", [
    { title: "From", isNumber: true, cell: ({ from }) => from },
    { title: "To", isNumber: true, cell: ({ to }) => to },
    { title: "Scans", isNumber: true, cell: ({ count }) => String(count) },
  ]);
  readonly #details: HTMLDetailsElement;
  readonly #title: string;
  #drawn = "";

  constructor(title: string) {
    this.#title = title;
    this.#chart = histogramChart(HEIGHT);
    this.#details = el("details", {}, el("summary", {}, `${title} as a table`), this.#table.element);
    this.element = el("figure", {}, el("h4", {}, `${title}, µs`), this.#chart.element, this.#said, this.#details);
  }

  show(seen: Counted | undefined): void {
    const key = JSON.stringify(seen);
    if (key === this.#drawn) return;
    this.#drawn = key;
    const { samples = 0, from = 0, step = 1, counts = [], far = 0, median = 0, p99 = 0, largest = 0 } = seen ?? {};
    const figures = `median ${micro(median)}, 99 % up to ${micro(p99)}, largest ${micro(largest)}`;
    const beyond = far === 0 ? "" : `; ${far} too far out to be drawn`;
    const words = samples === 0 ? "no scan seen yet" : `${samples} scans looked at: ${figures}${beyond}`;
    setText(this.#said, words);
    this.#chart.show(
      [counts.map((_, at) => (from + at * step) / MICROSECOND), [...counts]],
      `Histogram of ${this.#title}: ${words}`,
    );
    const rows = counts.flatMap((count, at) =>
      count === 0 ? [] : [{ from: micro(from + at * step), to: micro(from + (at + 1) * step), count }],
    );
    this.#table.show(rows);
  }
}

export const timingPanel: MakePanel = (place, welcome, deeds) => {
  let mayAct = false;
  const parts = welcome.partitions.flatMap((facts, index) => {
    const names = timesOf({ index, facts, now: {} });
    if (names.length === 0) return [];
    const table = new LiveTable<Time>(`Times of ${facts.name}`, [
      { title: facts.name, cell: ({ name }) => name },
      ...WHICH.map((which) => ({ title: TITLES[which], isNumber: true, cell: (time: Time) => figure(time, which) })),
      { title: "Largest since cleared", isNumber: true, cell: ({ name, row }) => known(row.now.maxima?.[name], micro) },
    ]);
    const clear = el(
      "button",
      { type: "button", hidden: true, onclick: () => deeds.command(facts.name, CLEAR_MAXIMA) },
      `clear maxima of ${facts.name}`,
    );
    const since = el("span", { class: "dim" });
    const histograms = names.map((name) => [name, new Histogram(`${capital(name)} of ${facts.name}`)] as const);
    const scans = el("span");
    place.append(
      el("h3", {}, facts.name),
      scans,
      el("div", { class: "scroller", role: "group", tabindex: 0, "aria-label": `Times of ${facts.name}` }, table.element),
      el("p", { class: "line" }, since, ...(facts.hasMaxima ? [clear] : [])),
      el("div", { class: "figures" }, ...histograms.map(([, { element }]) => element)),
    );
    return [{ index, names, table, clear, since, scans, histograms }];
  });
  if (parts.length === 0) place.append(el("p", { class: "dim" }, "No guest of this system publishes its cycle times."));
  return {
    show(store) {
      const rows = rowsOf(welcome, store);
      for (const { index, names, table, clear, since, scans, histograms } of parts) {
        const row = rows[index];
        if (row === undefined) continue;
        table.show(names.map((name) => ({ name, row })));
        const count = (name: string): string =>
          known(row.now.tags?.[row.facts.tags.findIndex((tag) => tag.name === name)], String);
        const load = known(row.now.load, (part) => `${(part * 100).toFixed(1)} %`);
        setText(scans, `${count("scans")} scans, overruns: ${count("overruns")}, load ${load}`);
        const { cleared } = row.now;
        const now = Number(store.cells.get("time") ?? 0);
        setText(
          since,
          cleared === undefined || cleared === null
            ? `Maxima since this view began`
            : `Maxima cleared ${seconds(Math.max(0, now - cleared))} ago`,
        );
        clear.hidden = !mayAct;
        for (const [name, histogram] of histograms) histogram.show(row.now.histograms?.find((each) => each.name === name));
      }
    },
    allow(session) {
      mayAct = session.mayAct;
    },
  };
};
