// What a person (or a program) sees of a running system: a live screen on a terminal; labelled lines and a table every few
// seconds in a pipe; or JSON lines.
import type { WriteStream } from "node:tty";
import * as abi from "../../core/abi.ts";
import { type Check, checkTable } from "./checks.ts";
import type { View } from "./display.ts";
import { hasTimes, histogramBlock } from "./histograms.ts";
import { JsonView } from "./json-view.ts";
import type { Keys, Listener } from "./keys.ts";
import { printable } from "../../industrial/live/lines.ts";
import { HYPERVISOR_NAME } from "../../industrial/live/monitor.ts";
import { showUptime } from "../../industrial/live/show.ts";
import { labelFormat, type Paint, paintFor, plain } from "./paint.ts";
import { Screen } from "./screen.ts";
import type { Line, Session } from "./session.ts";
import { liveTable, summaryTable } from "./table.ts";

/** Width of tables where no terminal sets one: wide enough for every column. */
const PIPE_WIDTH = 200;
const SNAPSHOT_MS = 5000;
const NANOSECONDS_PER_MS = 1_000_000n;

export type Hear = (listener: Listener) => Keys | undefined;

export interface ViewOptions {
  readonly title: string;
  readonly json: boolean;
}

/** `hear`: where the live view's keys come from, if there is such a place. */
export function openView(session: Session, { json, title }: ViewOptions, stdout: NodeJS.WriteStream, hear: Hear): View {
  if (json) return new JsonView(session, stdout);
  return stdout.isTTY ? new LiveView(session, title, stdout as WriteStream, hear) : new PlainView(session, stdout);
}

const CLEAR_KEY = "c";
const HISTOGRAM_KEY = "h";

function summary(session: Session, checks: readonly Check[], width: number, paint: Paint): string {
  const judged = checks.length > 0 ? ["", ...checkTable(checks, paint)] : [];
  return ["", ...summaryTable(session.monitor, width, paint), ...judged, ""].join("\n");
}

/** "linux │ text", labels as wide as the longest one. */
class Labels {
  readonly #session: Session;
  readonly #paint: Paint;
  readonly #width: number;

  constructor(session: Session, paint: Paint) {
    this.#session = session;
    this.#paint = paint;
    this.#width = Math.max(HYPERVISOR_NAME.length, ...session.monitor.partitions.map(({ name }) => name.length));
  }

  line({ partition, kind, text }: Line): string {
    const colours = this.#paint !== plain;
    const name = this.#session.monitor.nameOf(partition).padEnd(this.#width);
    const label = this.#paint(partition === abi.FRAME_HYPERVISOR ? "bold" : labelFormat(partition), name);
    const shown = printable(text, colours);
    switch (kind) {
      case "console":
        return `${label} │ ${shown}`;
      case "text":
        return `${label} │ ${this.#paint("bold", shown)}`;
      case "event":
        return `${label} ● ${this.#paint("yellow", shown)}`;
      case "warning":
        return `${label} ! ${this.#paint("red", shown)}`;
    }
  }
}

/** What a key does, and what is said of it. */
interface Deed {
  readonly name: () => string;
  readonly does: () => void;
}

class LiveView implements View {
  readonly #session: Session;
  readonly #title: string;
  readonly #screen: Screen;
  readonly #paint: Paint;
  readonly #stdout: WriteStream;
  readonly #started = Date.now();
  readonly #clock: NodeJS.Timeout;
  readonly #keys: Keys | undefined;
  /** By key. */
  readonly #deeds: ReadonlyMap<string, Deed>;
  #showsHistograms = false;

  constructor(session: Session, title: string, stdout: WriteStream, hear: Hear) {
    this.#session = session;
    this.#title = title;
    this.#stdout = stdout;
    this.#paint = paintFor(stdout);
    this.#screen = new Screen(stdout);
    const labels = new Labels(session, this.#paint);
    session.on("line", (line) => this.#screen.print(labels.line(line)));
    session.on("partition", () => this.#refresh());
    session.on("vcpu", () => this.#refresh());
    stdout.on("resize", this.#refresh);
    this.#clock = setInterval(this.#refresh, 1000);
    this.#deeds = this.#possibleDeeds();
    const listener = {
      hear: (key: string) => this.#deeds.get(key)?.does(),
      suspend: () => this.#screen.showCursor(),
      resume: () => this.#screen.redraw(),
    };
    this.#keys = this.#deeds.size > 0 ? hear(listener) : undefined;
    this.#refresh();
  }

  /** Without anything to show or to clear there is no key. */
  #possibleDeeds(): ReadonlyMap<string, Deed> {
    const { monitor } = this.#session;
    const shows = { name: () => (this.#showsHistograms ? "shows the table" : "shows histograms"), does: () => this.#turn() };
    const clears = { name: () => "clears maxima", does: () => this.#clear() };
    const hasMaxima = monitor.partitions.some(({ maxima }) => maxima.isPossible);
    return new Map([
      ...(hasTimes(monitor) ? [[HISTOGRAM_KEY, shows] as const] : []),
      ...(hasMaxima ? [[CLEAR_KEY, clears] as const] : []),
    ]);
  }

  #turn(): void {
    this.#showsHistograms = !this.#showsHistograms;
    this.#refresh();
  }

  #clear(): void {
    const cleared = this.#session.monitor.partitions.filter((partition) => partition.clearMaxima()).map(({ name }) => name);
    this.note(`${cleared.join(", ")}: maxima begin anew`);
    this.#refresh();
  }

  note(text: string): void {
    this.#screen.print(this.#paint("dim", text));
  }

  close(): void {
    clearInterval(this.#clock);
    this.#stdout.off("resize", this.#refresh);
    this.#keys?.close();
    this.#screen.close();
  }

  summarize(checks: readonly Check[]): void {
    this.#stdout.write(summary(this.#session, checks, this.#screen.columns, this.#paint));
  }

  readonly #refresh = (): void => {
    const width = this.#screen.columns;
    const uptime = showUptime(BigInt(Date.now() - this.#started) * NANOSECONDS_PER_MS);
    const deeds = this.#keys === undefined ? [] : [...this.#deeds].map(([key, { name }]) => `${key} ${name()}`);
    const rule = `── ${[this.#title, uptime, ...deeds, "Ctrl-C ends"].join(" ── ")} ──`.padEnd(width, "─");
    const { monitor } = this.#session;
    const block = this.#showsHistograms
      ? histogramBlock(monitor, width, this.#screen.blockRows - 1, this.#paint)
      : liveTable(monitor, width, this.#paint);
    this.#screen.setBlock([this.#paint("dim", rule), ...block]);
  };
}

class PlainView implements View {
  readonly #session: Session;
  readonly #stdout: NodeJS.WriteStream;
  readonly #snapshot: NodeJS.Timeout;

  constructor(session: Session, stdout: NodeJS.WriteStream) {
    this.#session = session;
    this.#stdout = stdout;
    const labels = new Labels(session, plain);
    session.on("line", (line) => stdout.write(`${labels.line(line)}\n`));
    this.#snapshot = setInterval(() => {
      stdout.write(["", ...liveTable(session.monitor, PIPE_WIDTH, plain), "", ""].join("\n"));
    }, SNAPSHOT_MS);
  }

  note(text: string): void {
    this.#stdout.write(`${text}\n`);
  }

  close(): void {
    clearInterval(this.#snapshot);
  }

  summarize(checks: readonly Check[]): void {
    this.#stdout.write(summary(this.#session, checks, PIPE_WIDTH, plain));
  }
}
