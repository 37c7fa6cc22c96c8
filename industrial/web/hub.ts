// Who looks: every page gets what has changed, ten times a second at most, made once for all of them. One that does not read
// fast enough is told nothing until it has room again; then it gets all that is known now. So what waits for a page is
// bounded, whatever it does.
import type { WebSocket } from "ws";
import { joined } from "./cells.ts";
import type { Live } from "./live.ts";
import { WATCHED_MAX } from "./protocol.ts";
import type { FromPage, History } from "./protocol.ts";

/** Between two messages. */
const PERIOD_MS = 100;
/** Bytes that wait for a page, besides what its kernel keeps. */
export const UNREAD_MAX = 256 * 1024;
/** A page that does not answer this is gone. */
const PING_MS = 30_000;
/** Messages of a page in a second. */
const MESSAGES_MAX = 10;
const SECOND = 1000;

/** WebSocket's own reasons (RFC 6455, 7.4.1). */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;
const PAGE_GONE = 1000;

interface Page {
  readonly socket: WebSocket;
  /** Told by whoever let it in: as long as this is true it may look. */
  readonly isAllowed: () => boolean;
  watched: readonly string[];
  /** It has not got everything: the next message is a snapshot. */
  isBehind: boolean;
  isAlive: boolean;
  messages: number;
  countedFrom: number;
}

export class Hub {
  readonly #live: Live;
  readonly #pages = new Set<Page>();
  #timer: NodeJS.Timeout | undefined;
  #pings: NodeJS.Timeout | undefined;
  #fellBehind = 0;

  constructor(live: Live) {
    this.#live = live;
  }

  get size(): number {
    return this.#pages.size;
  }

  /** Bytes that wait for the page that has most of them. */
  get unread(): number {
    return Math.max(0, ...[...this.#pages].map(({ socket }) => socket.bufferedAmount));
  }

  /** How often a page did not keep up. */
  get fellBehind(): number {
    return this.#fellBehind;
  }

  add(socket: WebSocket, isAllowed: () => boolean): void {
    const page: Page = { socket, isAllowed, watched: [], isBehind: true, isAlive: true, messages: 0, countedFrom: Date.now() };
    this.#pages.add(page);
    socket.on("message", (data, isBinary) => this.#hear(page, isBinary ? undefined : String(data)));
    socket.on("pong", () => (page.isAlive = true));
    socket.on("error", () => socket.terminate());
    socket.on("close", () => this.#remove(page));
    socket.send(this.#live.welcome);
    this.#timer ??= setInterval(() => this.#tell(), PERIOD_MS);
    this.#pings ??= setInterval(() => this.#ping(), PING_MS);
  }

  /** Ends those that may not look any more. */
  review(): void {
    for (const page of this.#pages) if (!page.isAllowed()) page.socket.close(PAGE_GONE);
  }

  close(): void {
    clearInterval(this.#timer);
    clearInterval(this.#pings);
    for (const { socket } of this.#pages) {
      socket.close(GOING_AWAY);
      socket.terminate();
    }
  }

  #remove(page: Page): void {
    if (!this.#pages.delete(page)) return;
    for (const name of page.watched) this.#live.trends.unwatch(name);
    if (this.#pages.size > 0) return;
    clearInterval(this.#timer);
    clearInterval(this.#pings);
    this.#timer = this.#pings = undefined;
  }

  #ping(): void {
    this.review();
    for (const page of this.#pages) {
      if (!page.isAlive) {
        page.socket.terminate();
        continue;
      }
      page.isAlive = false;
      page.socket.ping();
    }
  }

  #hear(page: Page, text: string | undefined): void {
    const now = Date.now();
    if (now - page.countedFrom >= SECOND) {
      page.messages = 0;
      page.countedFrom = now;
    }
    const wish = ++page.messages > MESSAGES_MAX || text === undefined ? undefined : parse(text);
    if (wish === undefined) {
      page.socket.close(POLICY_VIOLATION);
      return;
    }
    const { trends } = this.#live;
    const wanted = [...new Set(wish.watch)].filter((name) => trends.isKnown(name));
    for (const name of wanted) trends.watch(name);
    for (const name of page.watched) trends.unwatch(name);
    page.watched = wanted;
    if (!page.isBehind) this.#tellHistory(page);
  }

  #tellHistory({ socket, watched }: Page): void {
    const history: History = {
      type: "history",
      trends: Object.fromEntries(watched.map((name) => [name, this.#live.trends.history(name)])),
    };
    socket.send(JSON.stringify(history));
  }

  #tell(): void {
    this.#live.update();
    const delta = this.#delta();
    const points = this.#live.trends.takeNew();
    let snapshot: string | undefined;
    for (const page of this.#pages) {
      const { socket, watched } = page;
      if (page.isBehind) {
        if (socket.bufferedAmount > 0) continue;
        socket.send((snapshot ??= this.#snapshot()));
        page.isBehind = false;
        if (watched.length > 0) this.#tellHistory(page);
      } else if (socket.bufferedAmount > UNREAD_MAX) {
        page.isBehind = true;
        this.#fellBehind++;
      } else {
        if (delta !== undefined) socket.send(delta);
        const own = watched.flatMap((name) => {
          const json = points.get(name);
          return json === undefined ? [] : [[name, json] as const];
        });
        if (own.length > 0) socket.send(`{"type":"points","trends":${joined(own)}}`);
      }
    }
  }

  /** Undefined: nothing has changed. */
  #delta(): string | undefined {
    const cells = this.#live.cells.takeChanged();
    const logs = [...this.#live.logs].flatMap(([name, log]) => {
      const entries = log.takeNew();
      return entries === undefined ? [] : [[name, entries] as const];
    });
    return cells === undefined && logs.length === 0 ? undefined : message("delta", cells ?? "{}", logs);
  }

  #snapshot(): string {
    const { cells, logs } = this.#live;
    return message(
      "snapshot",
      cells.all,
      [...logs].map(([name, log]) => [name, log.all] as const),
    );
  }
}

const message = (type: "snapshot" | "delta", cells: string, logs: readonly (readonly [string, string])[]): string =>
  `{"type":"${type}","cells":${cells},"logs":${joined(logs)}}`;

/** Undefined: no page of ours has sent this. */
function parse(text: string): FromPage | undefined {
  try {
    const wish: unknown = JSON.parse(text);
    if (typeof wish !== "object" || wish === null || !("watch" in wish) || !Array.isArray(wish.watch)) return undefined;
    const watch: readonly unknown[] = wish.watch;
    return watch.length <= WATCHED_MAX && watch.every((name) => typeof name === "string") ? { watch } : undefined;
  } catch {
    return undefined;
  }
}
