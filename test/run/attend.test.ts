// A run from its start to its end, whatever ends it, with a machine that is none, within this process: tools/run/run.ts.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Check } from "../../tools/run/checks.ts";
import { RunError } from "../../tools/run/errors.ts";
import { run, type RunOptions } from "../../tools/run/run.ts";
import type { Session } from "../../tools/run/session.ts";
import { until } from "../patience.ts";
import { type Defect, demoPartitions, FakeBoard, LINUX } from "./fake-board.ts";
import { FakeOutput } from "./fake-output.ts";
import { pair } from "./pair.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-attend-"));
  vi.stubEnv("XDG_RUNTIME_DIR", folder);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type Signal = (typeof SIGNALS)[number];
const listeners = (): number[] => SIGNALS.map((signal) => process.listenerCount(signal));

interface Running {
  readonly board: FakeBoard;
  readonly output: FakeOutput;
  /** In turn, what was done of which order matters. */
  readonly steps: string[];
  /** The exit status; or the message of the error. */
  readonly ended: Promise<number | string>;
  readonly hasEnded: () => boolean;
  readonly die: (error: RunError) => void;
  /** To this run alone. */
  readonly send: (signal: Signal) => void;
  /** So many seconds go by, with so many periods of the board in each. */
  readonly pass: (seconds: number, periods?: number) => Promise<void>;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function started(options: Partial<RunOptions> = {}, defect: Defect = "none"): Promise<Running> {
  const before = SIGNALS.map((signal) => new Set(process.listeners(signal)));
  const [uart, end] = pair();
  const board = new FakeBoard(end, defect);
  const output = new FakeOutput();
  const steps: string[] = [];
  let die: (error: RunError) => void = () => {};
  const died = new Promise<RunError>((resolve) => (die = resolve));
  const stop = async (): Promise<void> => void steps.push("the machine stops");
  let hasEnded = false;
  const ended = run(async () => ({ uart, died, stop }), {
    title: "demo.yaml",
    partitions: demoPartitions,
    json: false,
    durationMs: undefined,
    telemetryMs: 1000,
    watch: "host time",
    socketPath: undefined,
    judge: () => () => [],
    notes: [],
    stdout: output.stream,
    ...options,
  })
    .catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
    .finally(() => (hasEnded = true));
  const send = (signal: Signal): void => {
    const at = SIGNALS.indexOf(signal);
    for (const listener of process.listeners(signal))
      if (before[at]?.has(listener) === false) (listener as (signal: Signal) => void)(signal);
  };
  const pass = async (seconds: number, periods = 1): Promise<void> => {
    for (let fifth = 1; fifth <= Math.round(seconds * 5); fifth++) {
      vi.advanceTimersByTime(200);
      if (fifth % 5 === 0) for (let period = 0; period < periods; period++) board.tick();
      await settle();
    }
  };
  await until("the run to begin", () => hasEnded || output.text.includes("consoles attach with"));
  board.boot();
  await settle();
  return { board, output, steps, ended, hasEnded: () => hasEnded, die, send, pass };
}

const check = (name: string, verdict: Check["verdict"]): Check => ({ name, verdict, detail: "" });

describe("signals", () => {
  test.each<[Signal, number | undefined, number]>([
    ["SIGINT", undefined, 0],
    ["SIGINT", 60_000, 130],
    ["SIGTERM", undefined, 143],
    ["SIGHUP", 60_000, 129],
  ])("%s, with an end of its own after %s ms: status %i", async (signal, durationMs, status) => {
    const before = listeners();
    const running = await started({ durationMs });
    expect(listeners()).toEqual(before.map((count) => count + 1));
    running.send(signal);
    expect(await running.ended).toBe(status);
    expect(running.steps).toEqual(["the machine stops"]);
    expect(listeners()).toEqual(before);
  });

  test("whoever reads goes away: as after SIGPIPE; nothing that is still written fails", async () => {
    const running = await started();
    running.output.emit("error", new Error("write EPIPE"));
    expect(await running.ended).toBe(141);
    expect(() => running.output.emit("error", new Error("write EPIPE"))).not.toThrow();
  });

  test("a broken pipe is no signal that ends the process, neither during the run nor behind it", async () => {
    const isIgnored = (): boolean => {
      const [, mask = ""] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
      return (BigInt(`0x${mask}`) >> BigInt(constants.signals.SIGPIPE - 1)) % 2n === 1n;
    };
    const running = await started();
    expect(isIgnored()).toBe(true);
    running.send("SIGINT");
    await running.ended;
    expect(isIgnored()).toBe(true);
  });

  test("before the machine has started: it is ended as soon as it has", async () => {
    const before = listeners();
    let start: () => void = () => {};
    const output = new FakeOutput();
    const known = SIGNALS.map((signal) => new Set(process.listeners(signal)));
    const [uart] = pair();
    let stopped = 0;
    const ended = run(
      async () => {
        await new Promise<void>((resolve) => (start = resolve));
        return { uart, died: new Promise(() => {}), stop: async () => void (stopped += 1) };
      },
      {
        title: "", partitions: [], json: false, durationMs: undefined, telemetryMs: 1000, watch: "none",
        socketPath: undefined, judge: () => () => [], notes: [], stdout: output.stream,
      },
    );
    for (const listener of process.listeners("SIGTERM"))
      if (known[1]?.has(listener) === false) (listener as (signal: string) => void)("SIGTERM");
    start();
    expect([await ended, stopped]).toEqual([143, 1]);
    expect(listeners()).toEqual(before);
  });

  test("a machine that does not start is told, and nothing is left", async () => {
    const before = listeners();
    const options = {
      title: "", partitions: [], json: false, durationMs: undefined, telemetryMs: 1000, watch: "none" as const,
      socketPath: undefined, judge: () => () => [], notes: [], stdout: new FakeOutput().stream,
    };
    await expect(run(() => Promise.reject(new Error("no machine")), options)).rejects.toThrow("no machine");
    expect(listeners()).toEqual(before);
  });
});

describe("the machine", () => {
  test("dies: that is told, after all that it said", async () => {
    const running = await started();
    running.board.print(LINUX, "last words\r\n");
    await settle();
    running.die(new RunError("AXV_QEMU_FAILED", "was killed by SIGKILL", ""));
    expect(await running.ended).toBe("QEMU was killed by SIGKILL");
    expect(running.output.text).toContain("linux │ last words\n");
    expect(running.output.text).toContain("\nPARTITION ");
    expect(running.steps).toEqual(["the machine stops"]);
  });

  test("has failed for certain: what the watch says", async () => {
    const running = await started({}, "dies");
    await running.pass(7);
    expect(await running.ended).toMatch(/^the hypervisor has been silent for 3(\.\d)? s, and speaks every 1 s/);
  });

  test("where time goes by instructions, or somebody debugs it, it has longer, or for ever", async () => {
    for (const watch of ["own time", "none"] as const) {
      const running = await started({ watch }, "dies");
      await running.pass(10);
      expect(running.hasEnded(), watch).toBe(false);
      await running.pass(60);
      expect(running.hasEnded(), watch).toBe(watch === "own time");
      running.send("SIGINT");
      await running.ended;
    }
  });

  test("need not have started everybody where somebody looks on; where it has an end, it has to", async () => {
    const looked = await started({}, "plc-never-starts");
    await looked.pass(65);
    expect(looked.hasEnded()).toBe(false);
    looked.send("SIGINT");
    await looked.ended;
    const timed = await started({ durationMs: 1000 }, "plc-never-starts");
    await timed.pass(65);
    expect(await timed.ended).toBe("plc has not started within 60 s, and nobody has said why");
  });
});

describe("its time", () => {
  const judged = (...checks: Check[]): Partial<RunOptions> => ({ durationMs: 2000, judge: () => () => checks });

  test("counts from when every partition that starts by itself has, and is told then", async () => {
    const idle = demoPartitions.map((plan) => ({ ...plan, autostart: plan.name !== "plc" }));
    for (const partitions of [demoPartitions, idle]) {
      const running = await started({ ...judged(check("fine", "passed")), partitions }, "plc-never-starts");
      await running.pass(3);
      const isIdle = partitions === idle;
      expect(running.output.text.includes("every partition has started: 2 s from now\n")).toBe(isIdle);
      expect(running.hasEnded()).toBe(isIdle);
      running.send("SIGINT");
      expect(await running.ended).toBe(isIdle ? 0 : 130);
    }
  });

  test("ends when it is over, and not before", async () => {
    const running = await started(judged(check("fine", "passed")));
    await running.pass(0.2); // has seen the start
    await running.pass(1.8);
    expect(running.hasEnded()).toBe(false);
    await running.pass(0.2);
    expect(await running.ended).toBe(0);
    expect(running.output.text.match(/every partition has started/g)).toHaveLength(1);
    expect(running.output.text).toMatch(/\nCHECK {2}RESULT {2}SEEN\nfine {3}ok\n$/);
    expect(running.output.text).not.toContain("the time is over");
  });

  test("a check that has failed: status 1 when the time is over, also where another one is not seen yet", async () => {
    const running = await started(judged(check("broken", "failed"), check("late", "pending")));
    await running.pass(2.4);
    expect(await running.ended).toBe(1);
    expect(running.output.text).not.toContain("the time is over");
    expect(running.output.text).toMatch(/\nbroken {2}FAILED\nlate {4}NOT SEEN\n$/);
  });

  test("what has not been seen yet gets three minutes more, which is told once; then it is as good as failed", async () => {
    const late = [check("boots", "pending"), check("fine", "passed"), check("prints", "pending")];
    const running = await started(judged(...late));
    await running.pass(2.4);
    const told = "the time is over, but this has not been seen yet, and gets up to 180 s more: boots; prints\n";
    expect(running.output.text).toContain(told);
    await running.pass(179.6);
    expect(running.hasEnded()).toBe(false);
    await running.pass(0.6);
    expect(await running.ended).toBe(1);
    expect(running.output.text.split(told)).toHaveLength(2);
  });

  test("as soon as it is seen, the run ends well", async () => {
    const seen: { verdict: Check["verdict"] } = { verdict: "pending" };
    const running = await started({ durationMs: 1000, judge: () => () => [check("boots", seen.verdict)] });
    await running.pass(10);
    expect(running.hasEnded()).toBe(false);
    seen.verdict = "passed";
    await running.pass(0.2);
    expect(await running.ended).toBe(0);
  });

  test("without one, nothing is judged", async () => {
    const running = await started({ judge: () => () => [check("broken", "failed")] });
    await running.pass(3);
    running.send("SIGINT");
    expect(await running.ended).toBe(0);
    expect(running.output.text).not.toContain("CHECK");
  });
});

describe("what is told, and what else is done", () => {
  test("notes first, in their order, and how consoles attach; JSON where it is wanted", async () => {
    const running = await started({ notes: ["one", "two"], json: true });
    running.send("SIGINT");
    await running.ended;
    const lines = running.output.text.trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ type }) => type === "note")).toEqual(
      ["one", "two", "consoles attach with: axv-part console linux|plc"].map((text) => ({ type: "note", text })),
    );
    expect(lines.at(-1)).toEqual({ type: "end", checks: [] });
  });

  test("a socket is there as long as it runs", async () => {
    const running = await started();
    const sockets = (): string[] => readdirSync(join(folder, "axv-part"));
    expect(sockets()).toEqual([`${process.pid}.sock`]);
    running.send("SIGINT");
    await running.ended;
    await until("it to go", () => sockets().length === 0);
  });

  test("telemetry goes into a table; what is wrong with that is told, and the run goes on", async () => {
    const csv = join(folder, "run.csv");
    for (const path of [csv, "/dev/full"]) {
      const running = await started({ csv: path });
      await running.pass(2);
      running.send("SIGINT");
      expect(await running.ended).toBe(0);
      expect(running.output.text.includes("cannot write /dev/full: no space left on device: what comes from now on")).toBe(
        path !== csv,
      );
    }
    expect(readFileSync(csv, "utf8")).toContain("2000000000,plc,running,0,scans,2000\r\n");
  });

  test("what else serves the session is told of it, speaks through the view, and ends before it", async () => {
    const steps: string[] = [];
    let session: Session | undefined;
    const beside: RunOptions["beside"] = async (given, note) => {
      session = given;
      note("the live page");
      return { close: async () => void steps.push(`closed while the link is ${given.link.closed ?? "open"}`) };
    };
    const running = await started({ beside });
    expect(session?.monitor.partitions.map(({ name }) => name)).toEqual(["linux", "plc"]);
    expect(running.output.text).toMatch(/^the live page\nconsoles attach with/);
    running.send("SIGINT");
    await running.ended;
    expect(steps).toEqual(["closed while the link is open"]);
    expect(session?.link.closed).toBe("closed by this side");
  });

  test("where that fails, the run does, and everything is closed", async () => {
    const running = await started({ beside: () => Promise.reject(new Error("no page")) });
    expect(await running.ended).toBe("no page");
    expect(running.steps).toEqual(["the machine stops"]);
    await until("the socket to go", () => readdirSync(join(folder, "axv-part")).length === 0);
    const written = running.output.text;
    await running.pass(10);
    expect(running.output.text).toBe(written);
  });
});
