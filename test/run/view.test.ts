// What a person sees of a session, in a pipe and on a terminal: tools/run/view.ts.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as abi from "../../core/abi.ts";
import type { Check } from "../../tools/run/checks.ts";
import type { View } from "../../tools/run/display.ts";
import type { Listener } from "../../tools/run/keys.ts";
import { histogramBlock } from "../../tools/run/histograms.ts";
import { coloured, plain } from "../../tools/run/paint.ts";
import { Session } from "../../tools/run/session.ts";
import { liveTable, summaryTable } from "../../tools/run/table.ts";
import { openView } from "../../tools/run/view.ts";
import { demoPartitions, FakeBoard, LINUX, PLC } from "./fake-board.ts";
import { FakeOutput } from "./fake-output.ts";
import { GridTerminal } from "./grid-terminal.ts";
import { pair } from "./pair.ts";

let session: Session;
let board: FakeBoard;
let view: View | undefined;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] });
  begin();
});
afterEach(() => {
  view?.close();
  session.link.close();
  vi.useRealTimers();
});

function begin(partitions = demoPartitions): void {
  const [host, end] = pair();
  session = new Session(host, partitions);
  board = new FakeBoard(end);
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function tick(periods = 1): Promise<void> {
  for (let period = 0; period < periods; period++) board.tick();
  await settle();
}

const CHECKS: readonly Check[] = [{ name: "plc prints", verdict: "passed", detail: "first line after 0.1 s" }];

describe("in a pipe", () => {
  let output: FakeOutput;
  beforeEach(() => {
    output = new FakeOutput();
    view = openView(session, { title: "demo.yaml", json: false }, output.stream, () => undefined);
  });

  test("each kind of line has its sign, and labels are as wide as the longest one", () => {
    session.emit("line", { partition: LINUX, kind: "console", text: "\u001b[1mBoot\u001b[0ming" });
    session.emit("line", { partition: PLC, kind: "event", text: "started" });
    session.emit("line", { partition: abi.FRAME_HYPERVISOR, kind: "text", text: "axv: image" });
    session.emit("line", { partition: abi.FRAME_HYPERVISOR, kind: "warning", text: "lost" });
    session.emit("line", { partition: 7, kind: "console", text: "who?" });
    expect(output.text.split("\n")).toEqual([
      "linux │ Booting",
      "plc   ● started",
      "axv   │ axv: image",
      "axv   ! lost",
      "#7    │ who?",
      "",
    ]);
  });

  test("labels are at least as wide as the hypervisor's own", () => {
    view?.close();
    begin([{ ...demoPartitions[0], name: "p" }] as typeof demoPartitions);
    view = openView(session, { title: "", json: false }, output.stream, () => undefined);
    session.emit("line", { partition: 0, kind: "console", text: "short" });
    expect(output.text).toBe("p   │ short\n");
  });

  test("every five seconds the table, and between empty lines; after its end none", async () => {
    await tick();
    output.take();
    vi.advanceTimersByTime(4999);
    expect(output.text).toBe("");
    vi.advanceTimersByTime(1);
    expect(output.take()).toBe(["", ...liveTable(session.monitor, 200, plain), "", ""].join("\n"));
    view?.close();
    vi.advanceTimersByTime(10_000);
    expect(output.text).toBe("");
  });

  test("notes are lines of their own; the summary is the table of the whole run, and how it was judged", async () => {
    await tick(3);
    output.take();
    view?.note("a note");
    expect(output.take()).toBe("a note\n");
    view?.summarize([]);
    const table = summaryTable(session.monitor, 200, plain);
    expect(output.take()).toBe(`\n${table.join("\n")}\n`);
    view?.summarize(CHECKS);
    const judged = "CHECK       RESULT  SEEN\nplc prints  ok      first line after 0.1 s";
    expect(output.take()).toBe(`\n${table.join("\n")}\n\n${judged}\n`);
  });
});

describe("on a terminal", () => {
  const COLUMNS = 150;
  const ROWS = 40;

  interface Shown {
    readonly output: FakeOutput;
    /** What stands there by now. */
    readonly screen: () => string[];
    readonly type: (key: string) => void;
    readonly listener: () => Listener | undefined;
    readonly closed: () => number;
  }

  function open(colours = false, hears = true, rows = ROWS): Shown {
    const output = new FakeOutput({ isTTY: true, columns: COLUMNS, rows, colours });
    const terminal = new GridTerminal(COLUMNS, rows);
    let listener: Listener | undefined;
    let closed = 0;
    view = openView(session, { title: "demo.yaml", json: false }, output.stream, (heard) => {
      listener = heard;
      return hears ? { close: () => (closed += 1) } : undefined;
    });
    const screen = (): string[] => {
      vi.advanceTimersByTime(50); // a frame
      terminal.write(output.take());
      return terminal.screen;
    };
    return { output, screen, type: (key) => listener?.hear(key), listener: () => listener, closed: () => closed };
  }

  /** What was written last, behind what erases the screen. */
  const drawn = (output: FakeOutput): string => output.take().split("\u001b[J").at(-1) ?? "";

  const rule = (...words: string[]): string => `── ${words.join(" ── ")} ──`.padEnd(COLUMNS, "─");
  const table = (): string[] => liveTable(session.monitor, COLUMNS, plain);

  test("lines above, and below them a rule with the system, its time and the keys, and the table", async () => {
    const { screen } = open();
    session.emit("line", { partition: LINUX, kind: "console", text: "Booting" });
    session.emit("line", { partition: PLC, kind: "event", text: "started" });
    expect(screen()).toEqual([
      "linux │ Booting",
      "plc   ● started",
      rule("demo.yaml", "00:00", "h shows histograms", "c clears maxima", "Ctrl-C ends"),
      ...table(),
      "",
    ]);
    vi.advanceTimersByTime(62_000);
    expect(screen()[2]).toBe(rule("demo.yaml", "01:02", "h shows histograms", "c clears maxima", "Ctrl-C ends"));
  });

  test("in colours: a console's label its own, what the hypervisor says bold, events yellow, warnings red, notes dim", () => {
    const { output } = open(true);
    session.emit("line", { partition: LINUX, kind: "console", text: "\u001b[1mBoot\u001b[0ming" });
    session.emit("line", { partition: PLC, kind: "event", text: "started" });
    session.emit("line", { partition: abi.FRAME_HYPERVISOR, kind: "text", text: "axv: image" });
    session.emit("line", { partition: abi.FRAME_HYPERVISOR, kind: "warning", text: "lost" });
    view?.note("noted");
    vi.advanceTimersByTime(50);
    const lines = drawn(output).split("\n");
    expect(lines.slice(0, 5)).toEqual([
      "\u001b[36mlinux\u001b[39m │ \u001b[1mBoot\u001b[0ming\u001b[0m",
      "\u001b[35mplc  \u001b[39m ● \u001b[33mstarted\u001b[39m",
      "\u001b[1maxv  \u001b[22m │ \u001b[1maxv: image\u001b[22m",
      "\u001b[1maxv  \u001b[22m ! \u001b[31mlost\u001b[39m",
      "\u001b[2mnoted\u001b[22m",
    ]);
    expect(lines[5]).toMatch(/^\u001b\[2m── demo\.yaml .*─\u001b\[22m$/);
    expect(lines[6]).toBe(liveTable(session.monitor, COLUMNS, coloured)[0]);
  });

  test("the table is drawn anew with each telemetry, of a partition or of a vCPU, and each second", async () => {
    const { screen } = open();
    screen();
    await tick(2);
    expect(screen().slice(-1 - table().length)).toEqual([...table(), ""]);
    expect(screen().join("\n")).toContain("running");
    const telemetry = session.monitor.partitions[PLC]?.telemetry;
    if (telemetry === undefined) throw new Error("no telemetry");
    session.monitor.take({ ...telemetry, restarts: 77 });
    expect(screen().join("\n")).not.toContain("77");
    session.emit("partition", telemetry);
    expect(screen().join("\n")).toContain(" 77 ");
    session.monitor.take({ ...telemetry, restarts: 88 });
    session.emit("vcpu", { partition: PLC, index: 0, pcpu: 3, state: "on", exits: [], held: 0n, throttled: 0, time: 1n });
    expect(screen().join("\n")).toContain(" 88 ");
    session.monitor.take({ ...telemetry, restarts: 99 });
    vi.advanceTimersByTime(1000);
    expect(screen().join("\n")).toContain(" 99 ");
  });

  test("its size is the terminal's, whenever that changes", () => {
    const { output } = open();
    vi.advanceTimersByTime(50);
    output.take();
    Object.assign(output, { columns: 60 });
    output.emit("resize");
    vi.advanceTimersByTime(50);
    const [first = ""] = drawn(output).split("\n");
    expect(first).toMatch(/^── demo\.yaml .*…$/);
    expect([...first]).toHaveLength(60);
  });

  test("h shows histograms in place of the table, as high as there is room, and h again the table", async () => {
    const { screen, type } = open(false, true, 18);
    await tick(3);
    type("h");
    const shown = screen();
    const roomOfBlock = 18 - 1 - 4; // but for the cursor's row, and four of what is printed
    const histograms = histogramBlock(session.monitor, COLUMNS, roomOfBlock - 1, plain);
    expect(histograms).not.toEqual(histogramBlock(session.monitor, COLUMNS, roomOfBlock - 2, plain));
    expect(shown.slice(shown.findIndex((line) => line.startsWith("── demo.yaml")))).toEqual([
      rule("demo.yaml", "00:00", "h shows the table", "c clears maxima", "Ctrl-C ends"),
      ...histograms,
      "",
    ]);
    type("h");
    expect(screen()).toEqual(expect.arrayContaining(table()));
  });

  test("c clears the maxima of all that have some, and says whose", async () => {
    const { screen, type } = open();
    await tick(3);
    expect(screen().join("\n")).toContain("1001.0 / 5.0 / 3.0");
    type("c");
    const shown = screen();
    expect(shown).toContain("plc: maxima begin anew");
    expect(shown.join("\n")).not.toContain("1001.0 / 5.0 / 3.0");
    type("x");
    expect(screen()).toEqual(shown);
  });

  test("of two that have some, both are named", () => {
    begin([...demoPartitions, { ...demoPartitions[PLC], name: "cell" }] as typeof demoPartitions);
    const { screen, type } = open();
    type("c");
    expect(screen()[0]).toBe("plc, cell: maxima begin anew");
  });

  test.each([
    ["histograms alone", ["jitter last"], ["h shows histograms"]],
    ["maxima alone", ["jitter recent"], ["c clears maxima"]],
  ])("a guest that publishes what makes %s has no key for the other", (_, names, keys) => {
    const tags = names.map((name) => ({ name, unit: "ns" as const }));
    begin(demoPartitions.map((plan) => ({ ...plan, tags: plan.name === "plc" ? tags : [] })));
    const { screen } = open();
    expect(screen()[0]).toBe(rule("demo.yaml", "00:00", ...keys, "Ctrl-C ends"));
  });

  test("without anything that a key could do, none is heard; and where none is heard, none is told", () => {
    const deaf = open(false, false);
    expect(deaf.screen()[0]).toBe(rule("demo.yaml", "00:00", "Ctrl-C ends"));
    view?.close();
    begin(demoPartitions.map((plan) => ({ ...plan, tags: [] })));
    const idle = open();
    expect(idle.screen()[0]).toBe(rule("demo.yaml", "00:00", "Ctrl-C ends"));
    expect(idle.listener()).toBeUndefined();
  });

  test("suspended it shows the cursor; when it goes on it hides that, and draws all anew", () => {
    const { output, screen, listener } = open();
    screen();
    listener()?.suspend();
    expect(output.take()).toBe("\u001b[?25h");
    listener()?.resume();
    expect(output.take()).toBe("\u001b[?25l");
    vi.advanceTimersByTime(50);
    expect(output.take()).toContain("\u001b[H\u001b[J── demo.yaml");
  });

  test("closed, it gives keys and cursor back, leaves the lines, and draws no more", async () => {
    const { output, screen, closed } = open();
    session.emit("line", { partition: LINUX, kind: "console", text: "last" });
    screen();
    const listeners = output.listenerCount("resize");
    expect(listeners).toBe(2);
    view?.close();
    expect([closed(), output.listenerCount("resize")]).toEqual([1, 0]);
    expect(output.text.endsWith("\u001b[?25h")).toBe(true);
    expect(screen()).toEqual(["last", ""].map((text) => (text === "" ? "" : `linux │ ${text}`)));
    vi.advanceTimersByTime(10_000);
    expect(output.text).toBe("");
    view?.summarize(CHECKS);
    const width = COLUMNS;
    expect(output.take()).toBe(
      `\n${summaryTable(session.monitor, width, plain).join("\n")}\n\nCHECK       RESULT  SEEN\n` +
        "plc prints  ok      first line after 0.1 s\n",
    );
    view = undefined;
  });
});
