// How chosen values go: a chart each, so that none needs the colour or the scale of another.
import { WATCHED_MAX } from "../protocol.ts";
import type { TrendName } from "../protocol.ts";
import { trendChart } from "./chart.ts";
import type { Chart } from "./chart.ts";
import { el, setText } from "./dom.ts";
import { UNKNOWN } from "./panel.ts";
import type { MakePanel } from "./panel.ts";
import type { SeenTrend } from "./store.ts";

const HEIGHT = 110;
const MICROSECOND = 1000;
/** Where this browser keeps what was chosen. */
const REMEMBERED = "axv-trends";
/** Shown to whoever has chosen nothing. */
const FIRST = /\.jitter recent$/;

const shownValue = (value: number, unit: string): string =>
  unit === "ns"
    ? `${(value / MICROSECOND).toFixed(1)} µs`
    : `${+value.toPrecision(8)}${unit === "" || unit === "count" ? "" : ` ${unit}`}`;

const shownUnit = (unit: string): string => (unit === "ns" ? "µs" : unit);

class TrendView {
  readonly element: HTMLElement;
  readonly #name: TrendName;
  readonly #chart: Chart = trendChart(HEIGHT);
  readonly #now = el("output", { class: "now" });
  readonly #range = el("figcaption");
  #drawn = "";

  constructor(name: TrendName, remove: () => void) {
    this.#name = name;
    const button = el("button", { type: "button", "aria-label": `remove ${name.name}`, onclick: remove }, "remove");
    this.element = el(
      "figure",
      {},
      el(
        "div",
        { class: "line" },
        el("h3", {}, name.name),
        el("span", { class: "dim" }, shownUnit(name.unit)),
        this.#now,
        button,
      ),
      this.#chart.element,
      this.#range,
    );
  }

  show(trend: SeenTrend | undefined): void {
    const { times = [], values = [] } = trend ?? {};
    const key = `${times.length} ${times[0] ?? 0} ${times.at(-1) ?? 0}`;
    if (key === this.#drawn) return;
    this.#drawn = key;
    const { name, unit } = this.#name;
    const known = values.filter((value) => value !== null);
    const last = values.at(-1);
    const show = (value: number | null | undefined): string =>
      value === null || value === undefined ? UNKNOWN : shownValue(value, unit);
    setText(this.#now, show(last));
    const minutes = times.length < 2 ? 0 : ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 60_000;
    const words =
      known.length === 0 ? "no values yet" : `${minutes.toFixed(1)} min: least ${show(min(known))}, largest ${show(max(known))}`;
    setText(this.#range, words);
    const scaled = unit === "ns" ? values.map((value) => (value === null ? null : value / MICROSECOND)) : values;
    this.#chart.show([[...times], [...scaled]], `Trend of ${name}: ${words}, now ${show(last)}`);
  }

  remove(): void {
    this.#chart.remove();
    this.element.remove();
  }
}

const min = (values: readonly number[]): number => values.reduce((least, value) => Math.min(least, value), Infinity);
const max = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), -Infinity);

function remembered(): string[] | undefined {
  try {
    const names: unknown = JSON.parse(localStorage.getItem(REMEMBERED) ?? "null");
    return Array.isArray(names) ? names.filter((name) => typeof name === "string") : undefined;
  } catch {
    return undefined; // this browser keeps nothing
  }
}

export const trendsPanel: MakePanel = (place, { trends }, deeds) => {
  const byName = new Map(trends.map((trend) => [trend.name, trend]));
  const views = new Map<string, TrendView>();
  const figures = el("div", { class: "figures" });
  const input = el("input", {
    id: "trend",
    list: "trend-names",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: trends[0]?.name ?? "",
  });
  const said = el("p", { role: "status", class: "dim" });
  const add = (name: string): void => {
    const trend = byName.get(name);
    if (trend === undefined) return setText(said, `there is no value "${name}"`);
    if (views.has(name)) return setText(said, `${name} is shown already`);
    if (views.size >= WATCHED_MAX) return setText(said, `${WATCHED_MAX} at most: remove one first`);
    const view = new TrendView(trend, () => remove(name));
    views.set(name, view);
    figures.append(view.element);
    setText(said, "");
  };
  const remove = (name: string): void => {
    views.get(name)?.remove();
    views.delete(name);
    input.focus();
    told();
  };
  const told = (): void => {
    deeds.watch([...views.keys()]);
    try {
      localStorage.setItem(REMEMBERED, JSON.stringify([...views.keys()]));
    } catch {
      // this browser keeps nothing
    }
  };
  const chosen = (event: Event): void => {
    event.preventDefault();
    add(input.value);
    input.value = "";
    told();
  };
  const names = el("datalist", { id: "trend-names" }, ...trends.map(({ name }) => el("option", { value: name })));
  place.append(
    el(
      "form",
      { class: "line", onsubmit: chosen },
      el("label", { for: "trend" }, "Value"),
      input,
      names,
      el("button", { type: "submit" }, "add"),
    ),
    said,
    figures,
  );
  const first = remembered() ?? trends.map(({ name }) => name).filter((name) => FIRST.test(name));
  for (const name of first.filter((each) => byName.has(each)).slice(0, WATCHED_MAX)) add(name);
  told();
  return {
    show(store) {
      for (const [name, view] of views) view.show(store.trends.get(name));
    },
  };
};
