// One running system as everybody here hears it: tools/run/session.ts.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as abi from "../../core/abi.ts";
import { encodeFrame } from "../../industrial/link/frame.ts";
import { type Line, Session } from "../../tools/run/session.ts";
import { demoPartitions, FakeBoard, LINUX, PLC } from "./fake-board.ts";
import { pair } from "./pair.ts";

let session: Session;
let board: FakeBoard;
let line: ReturnType<typeof pair>[1];
let lines: Line[];
beforeEach(() => {
  const [host, end] = pair();
  line = end;
  session = new Session(host, demoPartitions);
  board = new FakeBoard(end);
  lines = [];
  session.on("line", (each) => lines.push(each));
});
afterEach(() => session.link.close());

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("lines", () => {
  test("of each console by itself, and of the plain text, whole however they come", async () => {
    board.print(LINUX, "Boo");
    board.print(PLC, "plc: sta");
    board.text("axv: im");
    board.print(LINUX, "ting\r\n");
    board.print(PLC, "rted\r\n");
    board.text("age\r\n");
    await settle();
    expect(lines).toEqual([
      { partition: LINUX, kind: "console", text: "Booting" },
      { partition: PLC, kind: "console", text: "plc: started" },
      { partition: abi.FRAME_HYPERVISOR, kind: "text", text: "axv: image" },
    ]);
  });

  test("an event is a line, behind what its partition has printed so far, and nobody else's", async () => {
    board.print(LINUX, "half a li");
    board.print(PLC, "another's ha");
    board.event(LINUX, abi.EVENT_STARTED, 0x6000_0000n);
    await settle();
    expect(lines).toEqual([
      { partition: LINUX, kind: "console", text: "half a li" },
      { partition: LINUX, kind: "event", text: "started at 0x60000000" },
    ]);
    board.event(abi.FRAME_HYPERVISOR, abi.EVENT_BOOT, 1n, 1_000_000n, 1n);
    await settle();
    expect(lines.at(-1)).toEqual({
      partition: abi.FRAME_HYPERVISOR,
      kind: "event",
      text: "hypervisor at 0x1 booted 1 partition in 1.0 ms",
    });
  });

  test("at the end, what has no end of its own; then why it is the end", async () => {
    const reasons: string[] = [];
    session.on("close", (reason) => reasons.push(`${reason}, after ${lines.length} lines`));
    board.print(LINUX, "login: ");
    board.print(PLC, "plc: ");
    await settle();
    session.link.close();
    expect(lines.map(({ text }) => text)).toEqual(["login: ", "plc: "]);
    expect(reasons).toEqual(["closed by this side, after 2 lines"]);
  });
});

describe("warnings", () => {
  test.each([
    [1, "a frame of the hypervisor has not come"],
    [2, "2 frames of the hypervisor have not come"],
  ])("%i lost", async (lost, text) => {
    const frame = { kind: abi.FRAME_CONSOLE, partition: PLC, payload: new Uint8Array() };
    for (const sequence of [0, 1 + lost]) line.write(encodeFrame({ ...frame, sequence }));
    await settle();
    expect(lines).toEqual([
      {
        partition: abi.FRAME_HYPERVISOR,
        kind: "warning",
        text: `${text}: the line is disturbed, or this machine was too slow to read it`,
      },
    ]);
  });

  test("what makes no sense", async () => {
    line.write(encodeFrame({ kind: abi.FRAME_EVENT, partition: PLC, payload: new Uint8Array([0]) }));
    await settle();
    expect(lines).toEqual([
      {
        partition: abi.FRAME_HYPERVISOR,
        kind: "warning",
        text:
          "malformed telemetry: event frame of partition 1: payload is not a CBOR map. If this repeats, the image and axv-part " +
          "are of different versions: build the image again",
      },
    ]);
  });
});

test("telemetry is known before it is told, and is told as it came", async () => {
  const told: unknown[] = [];
  const { monitor } = session;
  const plc = monitor.partitions[PLC];
  session.on("partition", ({ partition, state }) => told.push(["partition", partition, state, plc?.telemetry?.state]));
  session.on("vcpu", ({ partition, index }) => told.push(["vcpu", partition, index, plc?.vcpus.length]));
  session.on("system", ({ slot, update }) => told.push(["system", slot, update, monitor.system?.slot]));
  session.on("event", ({ partition, code }) => told.push(["event", partition, code, plc?.events.length]));
  session.on("console", (partition, bytes) => told.push(["console", partition, new TextDecoder().decode(bytes)]));
  board.event(PLC, abi.EVENT_STARTED);
  board.system("b", abi.UPDATE_HEALTHY);
  board.tick();
  await settle();
  expect(told).toEqual([
    ["event", PLC, abi.EVENT_STARTED, 1],
    ["system", "b", "healthy", "b"],
    ["console", PLC, "plc: scans=1000 overruns=0 cycle=999/1000/1001 us\r\n"],
    ["partition", LINUX, "running", undefined],
    ["partition", PLC, "running", "running"],
    ["vcpu", LINUX, 0, 0],
    ["vcpu", LINUX, 1, 0],
    ["vcpu", PLC, 0, 1],
  ]);
});

test("a line without an end is shown when nothing more comes", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    session.link.emit("console", PLC, new TextEncoder().encode("login: "));
    vi.advanceTimersByTime(399);
    expect(lines).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(lines).toEqual([{ partition: PLC, kind: "console", text: "login: " }]);
  } finally {
    vi.useRealTimers();
  }
});
