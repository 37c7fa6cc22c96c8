import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as abi from "../../core/abi.ts";
import type { PartitionPlan } from "../../industrial/live/monitor.ts";
import { FailureWatch, type WatchOptions } from "../../tools/run/failure-watch.ts";
import { Session } from "../../tools/run/session.ts";
import { type Defect, demoPartitions, FakeBoard, LINUX } from "./fake-board.ts";
import { pair } from "./pair.ts";

const OPTIONS: WatchOptions = { telemetryMs: 1000, everybody: true, ownTime: false, delays: () => new Map() };

let running: { session: Session; watch: FailureWatch } | undefined;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"] });
});
afterEach(() => {
  running?.session.link.close();
  vi.useRealTimers();
});

interface Watched {
  readonly board: FakeBoard;
  readonly session: Session;
  /** Seconds of the host go by; so many periods of the board in each. What the watch says by then. */
  readonly pass: (seconds: number, periods?: number) => Promise<string | undefined>;
}

function watched(
  defect: Defect,
  options: Partial<WatchOptions> = {},
  partitions: readonly PartitionPlan[] = demoPartitions,
): Watched {
  const [host, end] = pair();
  const session = new Session(host, partitions);
  const watch = new FailureWatch(session, { ...OPTIONS, ...options });
  running = { session, watch };
  const board = new FakeBoard(end, defect);
  let failure: string | undefined;
  void watch.failed.then((error) => {
    failure ??= `${error.code}: ${error.message}`;
  });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const pass = async (seconds: number, periods = 1): Promise<string | undefined> => {
    await settle();
    for (let tenth = 0; tenth < seconds * 10; tenth++) {
      vi.advanceTimersByTime(100);
      if ((tenth + 1) % 10 === 0) for (let period = 0; period < periods; period++) board.tick();
      await settle();
      if (failure !== undefined) return failure;
    }
    return undefined;
  };
  return { board, session, pass };
}

test("a board that works does not fail, however long", async () => {
  const { board, pass } = watched("none");
  board.boot();
  expect(await pass(70)).toBeUndefined();
});

describe("a refusal at boot", () => {
  test.each([
    "axv: pCPU 0x0000000000000000: PA bits: planned 0x0000000000000028, found 0x0000000000000024",
    "axv: the blob was altered (checksum): build the image again with axv-part build",
    "axv: no sign of life of pCPU 0x0000000000000003",
  ])("ends the run as soon as it is said: %s", async (line) => {
    const { board, pass } = watched("dead");
    board.text("U-Boot 2023.01\r\naxv: slot a (good)\r\naxv: slot a does not start\r\naxv: image at 0x0000000040200000\r\n");
    expect(await pass(1)).toBeUndefined();
    board.text(`${line}\r\n`);
    expect(await pass(0.7)).toBe(`AXV_RUN_REFUSED: the hypervisor refused to start anything. It said:\n  ${line}`);
  });

  test("is told whole, however slowly the UART sends it", async () => {
    const { board, pass } = watched("dead");
    board.text("axv: pCPU 0x0: PA bits: planned");
    expect(await pass(0.6)).toBeUndefined();
    board.text(" 0x28, found 0x24\r\n");
    expect(await pass(1)).toContain("  axv: pCPU 0x0: PA bits: planned\n   0x28, found 0x24");
  });

  test("is not what firmware says, nor a guest, nor where the image is", async () => {
    const { board, pass } = watched("none");
    board.text(
      "NOTICE:  BL31: axv: not ours\r\naxv: firmware does not start pCPU 0x0000000000000003: its partition stays off\r\n",
    );
    board.boot();
    board.print(LINUX, "axv: pCPU 0x0: this is a guest's\r\n");
    expect(await pass(5)).toBeUndefined();
  });
});

describe("what is no refusal", () => {
  test.each([
    "axv: image at 0x40200000", "axv: slot a (good)", "axv: slot b does not start", "axv: no slot state on the disk",
    "axv: the slot state is broken", "axv: firmware does not start pCPU 3", "no axv: at the beginning", "axv:nothing",
  ])("%s", async (line) => {
    const { board, pass } = watched("dead");
    board.text(`${line}\r\n`);
    expect(await pass(2)).toBeUndefined();
  });

  test("what it says once its frames come, of whatever kind", async () => {
    for (const speak of [
      (board: FakeBoard) => board.print(LINUX, "x"),
      (board: FakeBoard) => board.event(LINUX, abi.EVENT_STARTED),
      (board: FakeBoard) => board.tick(),
    ]) {
      const { board, session, pass } = watched("none", { everybody: false });
      speak(board);
      await pass(0.2);
      board.text("axv: pCPU 0x0: is late\r\n");
      expect(await pass(0.8)).toBeUndefined();
      session.link.close();
    }
  });
});

test("last words are those of half a second, without empty lines, and only the hypervisor's own; the first counts", async () => {
  const { board, pass } = watched("dead");
  board.text("axv: first\r\n");
  await pass(0.1);
  board.text("\r\n  \r\naxv: PANIC second\r\n");
  board.print(LINUX, "a guest's\r\n");
  expect(await pass(0.3)).toBeUndefined();
  expect(await pass(0.3)).toBe(
    "AXV_RUN_REFUSED: the hypervisor refused to start anything. It said:\n  axv: first\n  axv: PANIC second",
  );
});

test("it looks no more once the session has ended, and nothing is left to be waited for", async () => {
  const { board, session, pass } = watched("dead");
  board.text("axv: first\r\n");
  await pass(0.1);
  session.link.close();
  expect(vi.getTimerCount()).toBe(0);
  expect(await pass(70)).toBeUndefined();
});

describe("a panic of the hypervisor", () => {
  test("ends the run, with all that it said", async () => {
    const { board, pass } = watched("none");
    board.boot();
    await pass(2);
    board.text(
      "\r\naxv: PANIC in the hypervisor on pCPU 0x0\r\naxv:   ESR_EL2 0x96000005 ELR_EL2 0x40201234 FAR_EL2 " +
        "0x4000100000\r\naxv:   its partition stops; the others go on\r\n",
    );
    const failure = await pass(1);
    expect(failure).toMatch(
      /^AXV_RUN_PANIC: .*It said:\n {2}axv: PANIC in the hypervisor on pCPU 0x0\n {2}axv: {3}ESR_EL2 0x96000005 .*\n {2}axv: {3}its partition stops; the others go on/,
    );
  });

  test("also when only its event comes through", async () => {
    const { board, pass } = watched("none");
    board.boot();
    board.event(LINUX, abi.EVENT_PANIC, 0x96000005n, 0x4000100000n, 0x40201234n);
    expect(await pass(1)).toMatch(/^AXV_RUN_PANIC: [^]*linux: PANIC of the hypervisor: data abort/);
  });
});

describe("silence of the hypervisor", () => {
  test("for three periods of its telemetry", async () => {
    const { board, pass } = watched("dies");
    board.boot();
    expect(await pass(4.5)).toBeUndefined(); // its last frames came after 2 s
    expect(await pass(1)).toMatch(
      /^AXV_RUN_SILENT: the hypervisor has been silent for 3(\.\d)? s, and speaks every 1 s as long as it lives/,
    );
  });

  test("also with three partitions, and where nobody starts by himself", async () => {
    const third = { ...demoPartitions[0], name: "third" } as PartitionPlan;
    for (const partitions of [[...demoPartitions, third], demoPartitions.map((plan) => ({ ...plan, autostart: false }))]) {
      const { board, session, pass } = watched("dies", { everybody: false }, partitions);
      board.boot();
      expect(await pass(6)).toMatch(/^AXV_RUN_SILENT/);
      session.link.close();
    }
  });

  test("is measured by how fast the board's time goes: a slow emulator is no dead board", async () => {
    const { board, pass } = watched("none");
    board.boot();
    await pass(2.5, 0); // its second takes two and a half of the host's
    board.tick();
    expect(await pass(7, 0)).toBeUndefined();
    expect(await pass(2, 0)).toMatch(/^AXV_RUN_SILENT: the hypervisor has been silent for 7/);
  });

  test("does not count what this process has slept", async () => {
    const { board, pass } = watched("none");
    board.boot();
    await pass(2);
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(await pass(2)).toBeUndefined();
  });

  test("does not count what the emulator had to wait for a CPU, whichever of its threads", async () => {
    let share = 0;
    let waited = 0;
    let looked = performance.now();
    const delays = (): Map<string, number> => {
      waited += share * (performance.now() - looked);
      looked = performance.now();
      return new Map([["main", 0], ["cpu", waited]]);
    };
    const { board, pass } = watched("none", { delays });
    board.boot();
    await pass(2);
    share = 0.9;
    expect(await pass(25, 0)).toBeUndefined();
    share = 0;
    expect(await pass(2, 0)).toMatch(/^AXV_RUN_SILENT: the hypervisor has been silent for 3/);
  });

  test("where time goes by instructions, the start limit holds instead", async () => {
    const { board, pass } = watched("none", { ownTime: true });
    board.boot();
    await pass(2, 3);
    expect(await pass(50, 0)).toBeUndefined();
    expect(await pass(15, 0)).toMatch(/^AXV_RUN_SILENT/);
  });
});

describe("the start limit", () => {
  test("a board that says nothing at all", async () => {
    for (const everybody of [true, false]) {
      const { session, pass } = watched("dead", { everybody });
      expect(await pass(59)).toBeUndefined();
      expect(await pass(2)).toMatch(/^AXV_RUN_SILENT: the hypervisor has been silent for 60 s from its start on/);
      session.link.close();
    }
  });

  test("a partition that does not start, though the others do", async () => {
    const { board, pass } = watched("plc-never-starts");
    board.boot();
    expect(await pass(59)).toBeUndefined();
    expect(await pass(2)).toBe("AXV_RUN_NOT_STARTED: plc has not started within 60 s, and nobody has said why");
  });

  test("several that do not", async () => {
    const third = { ...demoPartitions[0], name: "third", autostart: false } as PartitionPlan;
    const { board, pass } = watched("none", {}, [...demoPartitions, third]);
    for (let second = 0; second < 59; second++) {
      expect(await pass(1, 0)).toBeUndefined();
      board.send({ kind: abi.FRAME_CONSOLE, partition: 2, payload: new Uint8Array() });
    }
    expect(await pass(0.9, 0)).toBeUndefined();
    expect(await pass(0.1, 0)).toBe("AXV_RUN_NOT_STARTED: linux and plc have not started within 60 s, and nobody has said why");
  });

  test("one that everybody keeps who starts by himself", async () => {
    const { board, pass } = watched("plc-never-starts", {}, demoPartitions.map((plan) => (
      { ...plan, autostart: plan.name !== "plc" })));
    board.boot();
    expect(await pass(70)).toBeUndefined();
  });

  test("which is no reason to end a run that somebody looks at", async () => {
    const { board, pass } = watched("plc-never-starts", { everybody: false });
    board.boot();
    expect(await pass(70)).toBeUndefined();
  });
});

describe("a guest that prints as it starts", () => {
  test("and has not for 20 s of the board's time", async () => {
    const { board, pass } = watched("plc-mute");
    board.boot();
    expect(await pass(19)).toBeUndefined();
    expect(await pass(2)).toMatch(
      /^AXV_RUN_MUTE: plc has run for 20 s without printing anything, and every plc prints as it starts: /,
    );
  });

  test("in the board's time, which may be slower than the host's", async () => {
    const { board, pass } = watched("plc-mute");
    board.boot();
    for (let second = 0; second < 15; second++) {
      expect(await pass(2, 0)).toBeUndefined();
      board.tick();
    }
  });

  test("who is of another kind may be silent", async () => {
    const { board, pass } = watched("plc-mute", {}, demoPartitions.map((plan) => ({ ...plan, prints: plan.name === "linux" })));
    board.boot();
    expect(await pass(40)).toBeUndefined();
  });
});
