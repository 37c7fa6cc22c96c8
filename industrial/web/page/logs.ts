// The event log and the overrun log.
import { showUptime } from "../../live/show.ts";
import type { EntryKind, LogEntry, OverrunEntry } from "../protocol.ts";
import { decoration, el } from "./dom.ts";
import { UNKNOWN } from "./panel.ts";
import type { MakePanel } from "./panel.ts";
import type { SeenLog } from "./store.ts";
import { LiveTable } from "./table.ts";

const SHAPES: Readonly<Record<EntryKind, string>> = { event: "●", text: "│", warning: "▲", command: "▶" };
const SHOWN = 200;
/** Nearer to the end than this counts as there. */
const NEAR = 24;

const clock = (at: number): string => new Date(at).toLocaleTimeString("en-GB");
export const boardTime = (time: number | null): string => (time === null ? UNKNOWN : showUptime(BigInt(Math.round(time))));

/** A list to which entries are appended; whoever looks at its end stays there. */
export class Tail<T> {
  readonly element: HTMLElement;
  readonly #make: (entry: T) => HTMLElement;
  #next = 0;
  #missed = 0;

  constructor(element: HTMLElement, make: (entry: T) => HTMLElement) {
    this.element = element;
    this.#make = make;
  }

  show(log: SeenLog | undefined): void {
    if (log === undefined) return;
    const end = log.first + log.entries.length;
    if (end === this.#next) return;
    const { element } = this;
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    const from = Math.max(this.#next, log.first, end - SHOWN);
    if (log.missed > this.#missed) {
      const gone = log.missed - this.#missed;
      element.append(el("div", { class: "dim" }, `… ${gone} not shown: this page did not keep up`));
      this.#missed = log.missed;
    }
    element.append(...log.entries.slice(from - log.first).map((entry) => this.#make(entry as T)));
    this.#next = end;
    while (element.childElementCount > SHOWN) element.firstElementChild?.remove();
    if (isAtEnd) element.scrollTop = element.scrollHeight;
  }
}

export const eventsPanel: MakePanel = (place) => {
  const list = el("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": "Events", tabindex: 0 });
  const make = ({ time, at, partition, kind, text }: LogEntry): HTMLElement =>
    el(
      "div",
      { class: kind },
      el("time", { title: `board's clock ${boardTime(time)}` }, clock(at)),
      decoration("shape", SHAPES[kind]),
      el("b", {}, partition),
      el("span", {}, text),
    );
  const tail = new Tail(list, make);
  const none = el("p", { class: "dim" }, "Nothing has happened since this view began.");
  place.append(none, list);
  return {
    show(store) {
      const log = store.logs.get("events");
      none.hidden = log !== undefined;
      tail.show(log);
    },
  };
};

export const overrunsPanel: MakePanel = (place) => {
  const none = el("p", { class: "dim" }, "No overrun has been seen since this view began.");
  const table = new LiveTable<OverrunEntry>("Overruns, the newest first", [
    { title: "Time", cell: ({ at }) => clock(at) },
    { title: "Board", isNumber: true, cell: ({ time }) => boardTime(time) },
    { title: "Partition", cell: ({ partition }) => partition },
    { title: "More", isNumber: true, cell: ({ more }) => `+${more}` },
    { title: "In all", isNumber: true, cell: ({ total }) => String(total) },
  ]);
  const region = el(
    "div",
    { class: "scroller tall", role: "group", tabindex: 0, "aria-label": "Overruns", hidden: true },
    table.element,
  );
  place.append(none, region);
  let seen = -1;
  return {
    show(store) {
      const log = store.logs.get("overruns");
      const end = log === undefined ? 0 : log.first + log.entries.length;
      if (end === seen) return;
      seen = end;
      none.hidden = end > 0;
      region.hidden = end === 0;
      table.show([...(log?.entries ?? [])].reverse().slice(0, SHOWN) as OverrunEntry[]);
    },
  };
};
