// What every run is judged by, check by check: tools/run/checks.ts.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as abi from "../../core/abi.ts";
import type { PartitionState } from "../../industrial/link/telemetry.ts";
import { allPassed, type Check, checkTable, judgeHealth } from "../../tools/run/checks.ts";
import { coloured, plain } from "../../tools/run/paint.ts";
import { Session } from "../../tools/run/session.ts";
import { demoPartitions, LINUX, PLC } from "./fake-board.ts";
import { pair } from "./pair.ts";

const SECOND = 1_000_000_000n;

let session: Session;
let checks: () => Check[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  judge();
});
afterEach(() => {
  session.link.close();
  vi.useRealTimers();
});

function judge(partitions = demoPartitions): void {
  const [host] = pair();
  session = new Session(host, partitions);
  checks = judgeHealth(session);
}

function telemetry(partition: number, state: PartitionState, time: bigint): void {
  const told = {
    partition, time, state, uptime: time, restarts: 0, consoleDropped: 0, watchdogExpired: 0, doorbells: 0, tags: new Map(),
  };
  session.monitor.take(told);
  session.emit("partition", told);
}

function event(partition: number, code: number, a = 0n): void {
  const told = { partition, time: 1n, code, a, b: 0n, c: 0n };
  session.monitor.takeEvent(told);
  session.emit("event", told);
}

const shown = (): string[] => checks().map(({ name, verdict, detail }) => `${verdict}: ${name}: ${detail}`);
const of = (...words: string[]): string[] => shown().filter((line) => words.some((word) => line.includes(word)));

test("nothing is known before anything is told", () => {
  expect(shown()).toEqual([
    "pending: linux started: the hypervisor has not reported it",
    "pending: plc started: the hypervisor has not reported it",
    "pending: linux prints: nothing so far",
    "pending: plc prints: nothing so far",
    "pending: linux without fault, hang or panic: no telemetry",
    "pending: plc without fault, hang or panic: no telemetry",
    "pending: hypervisor without fault, hang or panic: no telemetry",
  ]);
});

test("who does not start by itself need neither start nor print, nor who does not print as it starts", () => {
  judge(demoPartitions.map((plan) => (plan.name === "plc" ? { ...plan, autostart: false } : { ...plan, prints: false })));
  expect(of("started", "prints")).toEqual(["pending: linux started: the hypervisor has not reported it"]);
});

describe("started", () => {
  test("by what the hypervisor said of it, or by its telemetry alone, each at its time", () => {
    vi.advanceTimersByTime(1500);
    event(LINUX, abi.EVENT_STARTED, 0x6000_0000n);
    vi.advanceTimersByTime(1000);
    telemetry(PLC, "running", SECOND);
    event(LINUX, abi.EVENT_STARTED, 0x6000_0000n);
    telemetry(LINUX, "running", SECOND);
    expect(of("started")).toEqual([
      "passed: linux started: started at 0x60000000, after 1.5 s",
      "passed: plc started: it runs, by its telemetry, after 2.5 s",
    ]);
  });

  test("not by telemetry of one that does not run", () => {
    telemetry(PLC, "off", SECOND);
    telemetry(LINUX, "paused", SECOND);
    expect(of("started").every((line) => line.startsWith("pending"))).toBe(true);
  });

  test("not by other events, nor those of partitions that are not in the plan", () => {
    event(PLC, abi.EVENT_STOPPED);
    event(7, abi.EVENT_STARTED);
    telemetry(7, "running", 99n * SECOND);
    session.emit("console", 7, new Uint8Array());
    expect(of("started", "prints", "without").every((line) => line.startsWith("pending"))).toBe(true);
  });
});

test("prints: its first line, counted from its start; without a start from the beginning, and never less than nothing", () => {
  vi.advanceTimersByTime(500);
  session.emit("console", PLC, new Uint8Array());
  event(LINUX, abi.EVENT_STARTED);
  vi.advanceTimersByTime(700);
  session.emit("console", LINUX, new Uint8Array());
  session.emit("console", PLC, new Uint8Array());
  expect(of("prints")).toEqual([
    "passed: linux prints: first line after 0.7 s",
    "passed: plc prints: first line after 0.5 s",
  ]);
  event(PLC, abi.EVENT_STARTED);
  expect(of("plc prints")).toEqual(["passed: plc prints: first line after 0.0 s"]);
});

describe("trouble", () => {
  test("none, as long as each was heard of; of the hypervisor, as long as any was", () => {
    telemetry(PLC, "running", 5n * SECOND);
    telemetry(LINUX, "running", 2n * SECOND + SECOND / 2n);
    expect(of("without")).toEqual([
      "passed: linux without fault, hang or panic: none until 2.5 s after boot",
      "passed: plc without fault, hang or panic: none until 5.0 s after boot",
      "passed: hypervisor without fault, hang or panic: none until 5.0 s after boot",
    ]);
    telemetry(LINUX, "running", 7n * SECOND);
    expect(of("hypervisor")).toEqual(["passed: hypervisor without fault, hang or panic: none until 7.0 s after boot"]);
  });

  test("of who was heard of at its very start", () => {
    telemetry(LINUX, "off", 0n);
    expect(of("linux without")).toEqual(["passed: linux without fault, hang or panic: none until 0.0 s after boot"]);
  });

  test("of one partition is not another's; the first is told, and how many more there are", () => {
    event(PLC, abi.EVENT_WATCHDOG, 5_000_000n);
    event(abi.FRAME_HYPERVISOR, abi.EVENT_PANIC);
    expect(of("plc without")).toEqual(["failed: plc without fault, hang or panic: watchdog expired: last fed 5.0 ms ago"]);
    expect(of("linux without")).toEqual(["pending: linux without fault, hang or panic: no telemetry"]);
    expect(of("hypervisor without")[0]).toMatch(/^failed: hypervisor without fault, hang or panic: PANIC of the hypervisor/);
    event(PLC, abi.EVENT_FAULT);
    event(PLC, abi.EVENT_STOPPED);
    event(PLC, abi.EVENT_FAULT);
    expect(of("plc without")).toEqual([
      "failed: plc without fault, hang or panic: watchdog expired: last fed 5.0 ms ago (and 2 more)",
    ]);
  });
});

describe("what keeps partitions apart", () => {
  const bandwidth = { budget: 65536, refills: 512, periodMicroseconds: 1000 };
  beforeEach(() => judge(demoPartitions.map((plan) => (plan.name === "plc" ? { ...plan, bandwidth, ways: [0] } : plan))));
  const protections = (): string[] => of("has its cache ways", "is held to its bandwidth");

  test("is seen once it has started, unless the board says that it cannot", () => {
    expect(protections()).toEqual([
      "pending: plc has its cache ways: it has not started",
      "pending: plc is held to its bandwidth: it has not started",
    ]);
    telemetry(PLC, "running", SECOND);
    session.monitor.takeVcpu({
      partition: PLC, index: 0, pcpu: 3, state: "on", exits: [], held: 0n, throttled: 17, time: SECOND,
    });
    expect(protections()).toEqual([
      "passed: plc has its cache ways: the board has not said that it cannot",
      "passed: plc is held to its bandwidth: held for it 17 times",
    ]);
    event(PLC, abi.EVENT_UNAVAILABLE, BigInt(abi.FEATURE_CLUSTER_WAYS));
    expect(protections()[0]).toMatch(/^failed: plc has its cache ways: its cache ways are not its own: /);
    expect(protections()[1]).toMatch(/^passed/);
  });

  test("is another event's business no more than another partition's", () => {
    telemetry(PLC, "running", SECOND);
    event(PLC, abi.EVENT_STOPPED, BigInt(abi.FEATURE_CLUSTER_WAYS));
    event(LINUX, abi.EVENT_UNAVAILABLE, BigInt(abi.FEATURE_CLUSTER_WAYS));
    expect(protections().every((line) => line.startsWith("passed"))).toBe(true);
  });
});

describe("all together", () => {
  const check = (verdict: Check["verdict"]): Check => ({ name: `is ${verdict}`, verdict, detail: "seen" });

  test("pass if each does, and none has not been seen", () => {
    expect([[], ["passed"], ["passed", "pending"], ["failed", "passed"]].map((verdicts) =>
      allPassed(verdicts.map((verdict) => check(verdict as Check["verdict"]))))).toEqual([true, true, false, false]);
  });

  test("as a table, with what went wrong in red", () => {
    const all = (["passed", "failed", "pending"] as const).map(check);
    expect(checkTable(all, plain)).toEqual([
      "CHECK       RESULT    SEEN",
      "is passed   ok        seen",
      "is failed   FAILED    seen",
      "is pending  NOT SEEN  seen",
    ]);
    const bad = (text: string): string => `\u001b[31m\u001b[1m${text}\u001b[22m\u001b[39m`;
    expect(checkTable(all, coloured)).toEqual([
      "\u001b[1mCHECK       RESULT    SEEN\u001b[22m",
      "is passed   \u001b[32mok\u001b[39m        seen",
      `is failed   ${bad("FAILED")}    seen`,
      `is pending  ${bad("NOT SEEN")}  seen`,
    ]);
    expect(checkTable([], plain)).toEqual(["CHECK  RESULT  SEEN"]);
  });
});
