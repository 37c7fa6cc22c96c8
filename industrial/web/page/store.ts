// What the page knows: what came over the WebSocket, put together.
import type { Delta, History, LogPart, NewPoints, PartitionShown, Points, Snapshot, ToPage, Welcome } from "../protocol.ts";

/** Entries of a log that the page keeps. */
const KEPT = 500;
const POINTS_KEPT = 600;

export interface SeenLog {
  /** Number of the first entry. */
  first: number;
  readonly entries: unknown[];
  /** Entries that this page has not seen between those that it has. */
  missed: number;
}

export interface SeenTrend {
  readonly times: number[];
  readonly values: (number | null)[];
}

export class Store {
  welcome: Welcome | undefined;
  readonly cells = new Map<string, unknown>();
  readonly partitions: Partial<PartitionShown>[] = [];
  readonly logs = new Map<string, SeenLog>();
  readonly trends = new Map<string, SeenTrend>();

  take(message: ToPage): void {
    switch (message.type) {
      case "welcome":
        this.welcome = message;
        break;
      case "snapshot":
        this.cells.clear();
        this.partitions.length = 0;
        this.#merge(message);
        break;
      case "delta":
        this.#merge(message);
        break;
      case "history":
        this.trends.clear();
        this.#addPoints(message);
        break;
      case "points":
        this.#addPoints(message);
    }
  }

  #merge({ cells, logs }: Snapshot | Delta): void {
    for (const [key, value] of Object.entries(cells)) {
      const [, index, field] = /^(\d+)\.(\w+)$/.exec(key) ?? [];
      if (index === undefined || field === undefined) this.cells.set(key, value);
      else this.partitions[Number(index)] = { ...this.partitions[Number(index)], [field]: value };
    }
    for (const [name, part] of Object.entries(logs) as [string, LogPart<unknown>][]) this.#append(name, part);
  }

  /** A snapshot tells again what is known already: numbers tell which. */
  #append(name: string, { from, entries }: LogPart<unknown>): void {
    let log = this.logs.get(name);
    let next = log === undefined ? from : log.first + log.entries.length;
    if (log === undefined) this.logs.set(name, (log = { first: from, entries: [], missed: 0 }));
    if (from > next) {
      log.missed += from - next;
      log.entries.length = 0;
      log.first = from;
      next = from;
    }
    log.entries.push(...entries.slice(next - from));
    const over = Math.max(0, log.entries.length - KEPT);
    log.entries.splice(0, over);
    log.first += over;
  }

  #addPoints({ trends }: History | NewPoints): void {
    for (const [name, points] of Object.entries(trends)) {
      let trend = this.trends.get(name);
      if (trend === undefined) this.trends.set(name, (trend = { times: [], values: [] }));
      addPoints(trend, points);
    }
  }
}

function addPoints({ times, values }: SeenTrend, [newTimes, newValues]: Points): void {
  for (const [at, time] of newTimes.entries()) {
    if (time <= (times.at(-1) ?? 0)) continue;
    times.push(time);
    values.push(newValues[at] ?? null);
  }
  const over = Math.max(0, times.length - POINTS_KEPT);
  times.splice(0, over);
  values.splice(0, over);
}
