import { describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { encodeFrame } from "../../industrial/link/frame.ts";
import { allPassed, type Check, judgeHealth, type Judge } from "../../tools/run/checks.ts";
import { judgeDemo } from "../../tools/run/demo-checks.ts";
import { Session } from "../../tools/run/session.ts";
import { type Defect, demoPartitions, FakeBoard } from "./fake-board.ts";
import { pair } from "./pair.ts";

/** Runs the fake board for some periods; gives back the checks. */
async function judged(
  judge: Judge,
  defect: Defect,
  periods = 5,
  partitions = demoPartitions,
  atLast = (_: FakeBoard): void => undefined,
): Promise<Check[]> {
  const [host, board] = pair();
  const session = new Session(host, partitions);
  const checks = judge(session);
  const fake = new FakeBoard(board, defect);
  fake.boot();
  for (let period = 0; period < periods; period++) fake.tick();
  atLast(fake);
  await new Promise((resolve) => setTimeout(resolve, 20));
  session.link.close();
  return checks();
}

const notPassed = (checks: readonly Check[]): string[] =>
  checks.filter(({ verdict }) => verdict !== "passed").map(({ name, verdict, detail }) => `${verdict}: ${name}: ${detail}`);

test("a board that works passes every check", async () => {
  const checks = await judged(judgeDemo, "none");
  expect(notPassed(checks)).toEqual([]);
  expect(allPassed(checks)).toBe(true);
  expect(checks.filter(({ detail }) => detail === "")).toEqual([]); // each says what it has seen
  const details = Object.fromEntries(checks.map(({ name, detail }) => [name, detail]));
  expect(details["plc started"]).toMatch(/^started at 0x40000000, after \d\.\d s$/);
  expect(details["plc prints"]).toMatch(/^first line after \d\.\d s$/);
  expect(details["plc without fault, hang or panic"]).toBe("none until 5.0 s after boot");
  expect(checks).toHaveLength(14);
});

test.each([
  ["a fault", abi.EVENT_FAULT, "fault"],
  ["a watchdog that has expired", abi.EVENT_WATCHDOG, "watchdog"],
  ["a panic", abi.EVENT_PANIC, "PANIC"],
  ["a stop that hangs", abi.EVENT_STOP_HANGS, "stop"],
])("%s is trouble of the partition that it is told of, and of no other", async (_, code, said) => {
  for (const [partition, name] of ["linux", "plc"].entries()) {
    const checks = await judged(judgeHealth, "none", 5, demoPartitions, (board) =>
      board.event(partition, code, 0x92000045n, 0x9000000n, 0x40001000n),
    );
    expect(notPassed(checks)).toEqual([
      expect.stringMatching(new RegExp(`^failed: ${name} without fault, hang or panic: .*${said}`)),
    ]);
  }
});

describe("each defect fails the check that names it, and no board with one passes", () => {
  test.each<[Defect, string[]]>([
    [
      "linux-silent",
      [
        "pending: linux has its CPUs, disk, network and channel: no line of its init with cpus=2 disk=ok net=ok channel=ok",
        "pending: linux reads the PLC's process image: no line of it",
      ],
    ],
    ["no-disk", ["failed: linux has its CPUs, disk, network and channel: axv: linux=6.1.0 cpus=2 disk=absent net=ok channel=ok"]],
    ["image-stands", ["failed: linux reads the PLC's process image: 3 lines, scans 5 → 5"]],
    ["plc-held", ["failed: plc never held by the hypervisor: held 5.0 µs"]],
    [
      "plc-stands",
      [
        "failed: linux reads the PLC's process image: 3 lines, scans 7 → 7",
        "pending: plc publishes its scans, and they go on: 7 → 7, longest standstill 4.0 s",
      ],
    ],
    [
      "plc-faults",
      [
        "failed: plc without fault, hang or panic: fault: write of IPA 0x9000000, which it does not own; " +
          "pc 0x40001000 (data abort, translation fault, level 1, ESR 0x92000045)",
      ],
    ],
    ["plc-restarts", ["failed: plc runs, never restarted: running, restarts 1"]],
    ["plc-exits", ["failed: plc works without a single exit: 4 in 4.0 s, 33 while it started"]],
    [
      "panics",
      [
        "failed: linux without fault, hang or panic: PANIC of the hypervisor: data abort in the hypervisor, " +
          "translation fault, level 1 on read of 0x4000100000 at pc 0x40201234 (ESR 0x96000005)",
      ],
    ],
  ])("%s", async (defect, expected) => {
    expect(notPassed(await judged(judgeDemo, defect))).toEqual(expected);
  });

  test("a PLC that stands still for more than 5 s has failed, not only not begun", async () => {
    expect(notPassed(await judged(judgeDemo, "plc-stands", 8))).toContain(
      "failed: plc publishes its scans, and they go on: 7 → 7, longest standstill 7.0 s",
    );
  });
});

test("a board that says nothing passes nothing that has to be seen", async () => {
  const [host] = pair();
  const session = new Session(host, demoPartitions);
  const checks = judgeDemo(session)();
  session.link.close();
  expect(checks.filter(({ verdict }) => verdict === "pending")).toHaveLength(14);
  expect(allPassed(checks)).toBe(false);
});

test("a line that comes in two pieces, long after each other, is one", async () => {
  const [host, board] = pair();
  const session = new Session(host, demoPartitions);
  const checks = judgeDemo(session);
  const partition = demoPartitions.findIndex(({ name }) => name === "linux");
  const say = (text: string): void =>
    void board.write(encodeFrame({ kind: abi.FRAME_CONSOLE, partition, payload: new TextEncoder().encode(text) }));
  const piece = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 450));
  say("axv: linux=6.1.0 cpus=2 disk=");
  await piece();
  say("ok net=ok channel=ok\nprocess image: scans=900\nprocess image: scans=1");
  await piece();
  say("000\n");
  await piece();
  session.link.close();
  const linux = checks().filter(({ name }) => /^linux (has|reads)/.test(name));
  expect(linux.map(({ verdict, detail }) => `${verdict}: ${detail}`)).toEqual([
    "passed: axv: linux=6.1.0 cpus=2 disk=ok net=ok channel=ok",
    "passed: 2 lines, scans 900 → 1000",
  ]);
});

/** A session of which a test tells itself. */
function told(partitions = demoPartitions): { session: Session; shown: (words: RegExp) => string[] } {
  const [host] = pair();
  const session = new Session(host, partitions);
  const checks = judgeDemo(session);
  const shown = (words: RegExp): string[] =>
    checks().filter(({ name }) => words.test(name)).map(({ verdict, detail }) => `${verdict}: ${detail}`);
  return { session, shown };
}

describe("what Linux prints", () => {
  const say = (session: Session, text: string, partition = 0): unknown =>
    session.emit("console", partition, new TextEncoder().encode(text));

  test("counts of Linux alone", () => {
    const { session, shown } = told();
    say(session, "axv: linux=6 cpus=2 disk=ok net=ok channel=ok\nprocess image: scans=1\nprocess image: scans=2\n", 1);
    expect(shown(/^linux (has|reads)/)).toEqual([
      "pending: no line of its init with cpus=2 disk=ok net=ok channel=ok", "pending: no line of it",
    ]);
    session.link.close();
  });

  test.each([
    ["axv: linux=6 cpus=1 disk=ok net=ok channel=ok", "failed"],
    ["axv: linux=6 cpus=2 disk=ok net=ok channel=okay", "failed"],
    ["axv: linux=6 cpus=2 net=ok channel=ok", "failed"],
    ["\u001b[1maxv: linux=6 channel=ok net=ok disk=ok cpus=2", "passed"],
  ])("%s: %s", (line, verdict) => {
    const { session, shown } = told();
    say(session, ` axv: linux=no\n${line}\n`);
    expect(shown(/^linux has/)).toEqual([`${verdict}: ${line.replace("\u001b[1m", "")}`]);
    session.link.close();
  });

  test("of the process image, two lines at least, each with more scans than the one before", () => {
    const { session, shown } = told();
    const seen: string[] = [];
    for (const scans of [5, 9, 9, 10]) {
      say(session, `process image: scans=${scans}\n`);
      seen.push(...shown(/^linux reads/));
    }
    expect(seen).toEqual([
      "pending: 1 lines, scans 5 → 5", "passed: 2 lines, scans 5 → 9", "failed: 3 lines, scans 5 → 9",
      "failed: 4 lines, scans 5 → 10",
    ]);
    session.link.close();
  });
});

describe("what the PLC publishes", () => {
  const SECOND = 1_000_000_000n;
  const publish = (session: Session, seconds: bigint, scans: bigint | undefined, partition = 1): void => {
    const telemetry = {
      partition, time: seconds * SECOND, state: "running" as const, uptime: seconds * SECOND, restarts: 0, consoleDropped: 0,
      watchdogExpired: 0, doorbells: 0, tags: new Map(scans === undefined ? [] : [[0, scans]]),
    };
    session.monitor.take(telemetry);
    session.emit("partition", telemetry);
  };

  test.each<[string, readonly (readonly [seconds: bigint, scans: bigint | undefined])[], string]>([
    ["nothing", [], "pending: no telemetry with scans"],
    ["other tags", [[1n, undefined]], "pending: no telemetry with scans"],
    ["a first number", [[1n, 7n]], "pending: 7 → 7, longest standstill 0"],
    ["two that grow", [[1n, 7n], [2n, 8n]], "passed: 7 → 8, longest standstill 1.0 s"],
    ["they go back", [[1n, 7n], [2n, 9n], [3n, 8n]], "failed: 7 → 8, went back, longest standstill 1.0 s"],
    ["they go back and on", [[1n, 7n], [2n, 3n], [3n, 9n]], "failed: 7 → 9, went back, longest standstill 2.0 s"],
    ["as long a standstill as may be", [[1n, 7n], [6n, 8n]], "passed: 7 → 8, longest standstill 5.0 s"],
    ["a longer one, though they go on", [[1n, 7n], [7n, 8n], [8n, 9n]], "failed: 7 → 9, longest standstill 6.0 s"],
    ["the longest of several", [[1n, 1n], [4n, 2n], [5n, 3n], [7n, 4n]], "passed: 1 → 4, longest standstill 3.0 s"],
  ])("%s", (_, frames, expected) => {
    const { session, shown } = told();
    publish(session, 100n, 1n, 0);
    for (const [seconds, scans] of frames) publish(session, seconds, scans);
    expect(shown(/^plc publishes/)).toEqual([expected]);
    session.link.close();
  });

  test("its hold-ups and exits are those of its vCPU", () => {
    const { session, shown } = told();
    const vcpu = (seconds: bigint, held: bigint, exits: number): void => session.monitor.takeVcpu({
      partition: 1, index: 0, pcpu: 3, state: "on", exits: [exits], held, throttled: 0, time: seconds * SECOND,
    });
    expect(shown(/^plc (never|works)/)).toEqual(["pending: it has not published a tag", "pending: no telemetry of its vCPU"]
      .reverse());
    publish(session, 1n, 1n);
    vcpu(1n, 0n, 5);
    expect(shown(/^plc (never|works)/)).toEqual(["passed: held 0", "pending: 0 in 0, 5 while it started"]);
    vcpu(2n, 1000n, 5);
    expect(shown(/^plc (never|works)/)).toEqual(["failed: held 1.0 µs", "passed: 0 in 1.0 s, 5 while it started"]);
    vcpu(2n, 0n, 6);
    expect(shown(/^plc (never|works)/)).toEqual(["passed: held 0", "failed: 1 in 1.0 s, 5 while it started"]);
    session.link.close();
  });

  test("each partition runs, without a restart", () => {
    const { session, shown } = told();
    expect(shown(/runs, never/)).toEqual(["pending: no telemetry", "pending: no telemetry"]);
    publish(session, 1n, 1n);
    const telemetry = session.monitor.partitions[1]?.telemetry;
    if (telemetry === undefined) throw new Error("no telemetry");
    session.monitor.take({ ...telemetry, partition: 0, state: "paused" });
    expect(shown(/runs, never/)).toEqual(["failed: paused, restarts 0", "passed: running, restarts 0"]);
    session.monitor.take({ ...telemetry, restarts: 1 });
    expect(shown(/^plc runs, never/)).toEqual(["failed: running, restarts 1"]);
    session.link.close();
  });
});

test("without partitions of the demo's names, nothing of theirs is seen", () => {
  const { session, shown } = told([]);
  expect(shown(/^(linux|plc)/)).toEqual([
    "pending: no line of its init with cpus=undefined disk=ok net=ok channel=ok", "pending: no line of it",
    "pending: no telemetry with scans", "pending: no telemetry of its vCPU",
  ]);
  session.link.close();
});

test("without an exit so far, but for less than a second: not yet", async () => {
  expect(notPassed(await judged(judgeDemo, "none", 1))).toContain(
    "pending: plc works without a single exit: 0 in 0, 32 while it started",
  );
});

test("a PLC whose interrupts are injected has exits, and that is no defect", async () => {
  const injected = demoPartitions.map((plan) => ({ ...plan, direct: false }));
  const checks = await judged(judgeDemo, "plc-exits", 5, injected);
  expect(notPassed(checks)).toEqual([]);
  expect(checks).toHaveLength(13);
});

test("of a Linux whose interrupts are direct, too, nobody knows when it works: its exits are no defect", async () => {
  const direct = demoPartitions.map((plan) => ({ ...plan, direct: true }));
  const checks = await judged(judgeDemo, "none", 5, direct);
  expect(notPassed(checks)).toEqual([]);
  expect(checks).toHaveLength(14);
});

describe("what a board cannot do", () => {
  const bandwidth = { budget: 65536, refills: 512, periodMicroseconds: 1000 };
  const asking = demoPartitions.map((plan) => (plan.name === "linux" ? { ...plan, bandwidth, ways: [0] } : plan));

  test("is a failure where the plan asks for it", async () => {
    expect(notPassed(await judged(judgeHealth, "no-bandwidth", 5, asking))).toEqual([
      expect.stringMatching(/^failed: linux is held to its bandwidth: its bandwidth is not limited: /) as unknown,
    ]);
  });

  test("and what it can do is seen as soon as the partition has started", async () => {
    const checks = await judged(judgeHealth, "none", 5, asking);
    expect(notPassed(checks)).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["linux has its cache ways", "linux is held to its bandwidth"]),
    );
  });
});

test("health, which every system must have, knows nothing of the demo", async () => {
  expect(notPassed(await judged(judgeHealth, "linux-silent"))).toEqual([]);
  expect(notPassed(await judged(judgeHealth, "plc-faults"))).toHaveLength(1);
  expect(notPassed(await judged(judgeHealth, "plc-mute"))).toEqual(["pending: plc prints: nothing so far"]);
});
