import { Duplex } from "node:stream";
import { encode } from "cborg";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as abi from "../../core/abi.ts";
import { numbered } from "../../industrial/link/commands.ts";
import { Demultiplexer } from "../../industrial/link/demultiplexer.ts";
import { LinkError } from "../../industrial/link/errors.ts";
import { encodeFrame, type Frame } from "../../industrial/link/frame.ts";
import { Link } from "../../industrial/link/link.ts";

const utf8 = new TextEncoder();

/** The board's end of the line: what it received, and a way to send. */
class Board extends Duplex {
  readonly received: Frame[] = [];
  readonly #frames = new Demultiplexer((item) => {
    if ("frame" in item) this.received.push(item.frame);
  });

  override _read(): void {}

  override _write(chunk: Uint8Array, _: BufferEncoding, done: () => void): void {
    this.#frames.push(chunk);
    done();
  }

  #sent = 250;

  send(frame: Frame): void {
    this.push(encodeFrame({ ...frame, sequence: this.#sent++ & 0xff }));
  }

  /** A frame that does not come. */
  lose(): void {
    this.#sent++;
  }
}

function start(
  commandTimeoutMs?: number,
  firstNumber = 7,
): { board: Board; link: Link; log: [string, ...(string | number)[]][] } {
  const board = new Board();
  const link = new Link(board, commandTimeoutMs, firstNumber);
  const log: [string, ...(string | number)[]][] = [];
  link.on("console", (partition, bytes) => log.push(["console", partition, Buffer.from(bytes).toString()]));
  link.on("text", (bytes) => {
    const text = Buffer.from(bytes).toString();
    const last = log.at(-1);
    if (last?.[0] === "text")
      last[1] += text; // in how many pieces it comes is free
    else log.push(["text", text]);
  });
  link.on("lost", (frames) => log.push(["lost", frames]));
  link.on("event", (event) => log.push(["event", event.code]));
  link.on("malformed", (error) => log.push(["malformed", error.code]));
  link.on("close", (reason) => log.push(["close", reason]));
  return { board, link, log };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof LinkError ? error.code : "no error";
}

const event = encode(new Map([[0, 1], [1, abi.EVENT_STARTED], [2, 0], [3, 0], [4, 0]]));

afterEach(() => vi.useRealTimers());

test("frames become events, in order; garbage and nonsense between them are reported and survived", async () => {
  const { board, link, log } = start();
  board.push(utf8.encode("axv: boot\n"));
  board.send({ kind: abi.FRAME_CONSOLE, partition: 0, payload: utf8.encode("Booting") });
  board.send({ kind: abi.FRAME_EVENT, partition: 0, payload: utf8.encode("not cbor") });
  board.send({ kind: 7, partition: 0, payload: new Uint8Array() });
  board.send({ kind: abi.FRAME_REPLY, partition: 0, payload: new Uint8Array(3) });
  board.send({ kind: abi.FRAME_EVENT, partition: 0, payload: event });
  await settled();
  expect(log).toEqual([
    ["text", "axv: boot\n"],
    ["console", 0, "Booting"],
    ["malformed", "AXV_TELEMETRY_MALFORMED"],
    ["malformed", "AXV_TELEMETRY_MALFORMED"],
    ["malformed", "AXV_TELEMETRY_MALFORMED"],
    ["event", abi.EVENT_STARTED],
  ]);
  link.close();
});

test("lost frames are counted: none at first, none where all come, also past 255, and those that come damaged", async () => {
  const { board, link, log } = start();
  const send = (): void => board.send({ kind: abi.FRAME_CONSOLE, partition: 0, payload: utf8.encode("x") });
  for (let n = 0; n < 10; n++) send();
  board.lose();
  send();
  for (let n = 0; n < 3; n++) board.lose();
  send();
  const damaged = encodeFrame({ kind: abi.FRAME_CONSOLE, partition: 0, payload: utf8.encode("y") });
  damaged[5] = (damaged[5] ?? 0) ^ 1;
  board.push(damaged);
  board.lose();
  send();
  await settled();
  expect(log.filter(([what]) => what === "lost")).toEqual([
    ["lost", 1],
    ["lost", 3],
    ["lost", 1],
  ]);
  expect(log.filter(([what]) => what === "console")).toHaveLength(13);
  link.close();
});

test("half a frame is shown as text after half a second of silence", async () => {
  const { board, log, link } = start();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  board.push(Uint8Array.of(0, 5, abi.FRAME_CONSOLE, 0x41));
  await settled();
  vi.advanceTimersByTime(499);
  expect(log).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(log).toEqual([["text", "\x05\x01A"]]);
  link.close();
});

test("typing longer than the board's receive FIFO goes out in pieces", () => {
  const { board, link } = start();
  link.type(1, new Uint8Array(70).fill(0x61));
  expect(board.received.map((frame) => [frame.kind, frame.partition, frame.payload.length])).toEqual([
    [abi.FRAME_CONSOLE, 1, 32],
    [abi.FRAME_CONSOLE, 1, 32],
    [abi.FRAME_CONSOLE, 1, 6],
  ]);
  link.close();
});

describe("commands", () => {
  test("go out one after the other, each when the one before has its reply", async () => {
    const { board, link } = start();
    const sent = (): number[][] => board.received.map(({ partition, payload }) => [partition, ...payload]);
    const first = link.command(0, "stop");
    const second = link.command(1, "restart");
    await settled();
    expect(sent()).toEqual([[0, ...numbered(abi.COMMAND_STOP, 7)]]);
    board.send({ kind: abi.FRAME_REPLY, partition: 0, payload: numbered(abi.REPLY_WRONG_STATE, 7) });
    expect(await codeOf(first)).toBe("AXV_COMMAND_REFUSED");
    await settled();
    expect(sent()).toEqual([[0, ...numbered(abi.COMMAND_STOP, 7)], [1, ...numbered(abi.COMMAND_RESTART, 8)]]);
    board.send({ kind: abi.FRAME_REPLY, partition: 1, payload: numbered(abi.REPLY_OK, 8) });
    await second;
    link.close();
  });

  test.each([
    ["start", abi.COMMAND_START, "start needs a stopped partition"],
    ["stop", abi.COMMAND_STOP, "stop needs one that runs or is paused"],
    ["restart", abi.COMMAND_RESTART, "restart needs one that is not just stopping"],
    ["pause", abi.COMMAND_PAUSE, "pause needs a running partition"],
    ["resume", abi.COMMAND_RESUME, "resume needs a paused one"],
  ] as const)("%s goes out as command %i, and in the wrong state its refusal says what it needs", async (name, command, need) => {
    const { board, link } = start();
    const reply = link.command(1, name);
    await settled();
    expect(board.received).toEqual([{ kind: abi.FRAME_COMMAND, partition: 1, sequence: 0, payload: numbered(command, 7) }]);
    board.send({ kind: abi.FRAME_REPLY, partition: 1, payload: numbered(abi.REPLY_WRONG_STATE, 7) });
    await expect(reply).rejects.toThrow(`the hypervisor refused "${name}": not in the partition's present state (${need})`);
    link.close();
  });

  test("about a system on trial go out with no partition, and say why they are refused", async () => {
    const { board, link } = start();
    const refused = async (asked: Promise<void>, command: number, number: number, result: number, why: string) => {
      await settled();
      expect(board.received.at(-1)).toMatchObject({ partition: abi.FRAME_HYPERVISOR, payload: numbered(command, number) });
      board.send({ kind: abi.FRAME_REPLY, partition: abi.FRAME_HYPERVISOR, payload: numbered(result, number) });
      await expect(asked).rejects.toThrow(why);
    };
    await refused(link.askForHealth(), abi.COMMAND_HEALTHY, 7, abi.REPLY_WRONG_STATE, "not healthy yet");
    await refused(link.commit(), abi.COMMAND_COMMIT, 8, abi.REPLY_WRONG_STATE, "not in the system's present state (commit needs");
    await refused(link.commit(), abi.COMMAND_COMMIT, 9, abi.REPLY_NOT_ALLOWED, "`commits: true`");
    link.close();
  });

  test.each([
    [abi.REPLY_UNKNOWN_COMMAND, /does not know the command/],
    [abi.REPLY_NO_SUCH_PARTITION, /no such partition/],
    [abi.REPLY_WRONG_STATE, /present state/],
    [abi.REPLY_NOT_ALLOWED, /does not let this partition/],
    [200, /reason 200/],
  ])("refused with %i", async (result, message) => {
    const { board, link } = start();
    const reply = link.command(0, "start");
    board.send({ kind: abi.FRAME_REPLY, partition: 0, payload: numbered(result, 7) });
    await expect(reply).rejects.toThrow(message);
    expect(await codeOf(reply)).toBe("AXV_COMMAND_REFUSED");
    link.close();
  });

  test("without a reply fail in time; its late reply does not count for the next one", async () => {
    const { board, link } = start(50);
    expect(await codeOf(link.command(0, "start"))).toBe("AXV_COMMAND_TIMEOUT");
    const next = link.command(0, "stop");
    await settled();
    board.send({ kind: abi.FRAME_REPLY, partition: 0, payload: numbered(abi.REPLY_OK, 7) });
    expect(await codeOf(next)).toBe("AXV_COMMAND_TIMEOUT");
    link.close();
  });

  test("number 0 follows the largest one", async () => {
    const { board, link } = start(undefined, 2 ** 32 - 1);
    for (const number of [2 ** 32 - 1, 0, 1]) {
      const reply = link.command(0, "start");
      await settled();
      expect(board.received.at(-1)?.payload).toEqual(numbered(abi.COMMAND_START, number));
      board.send({ kind: abi.FRAME_REPLY, partition: 0, payload: numbered(abi.REPLY_OK, number) });
      await reply;
    }
    link.close();
  });

  test("a reply to somebody else's command is none to this one", async () => {
    const { board, link } = start(50);
    const reply = link.command(0, "start");
    await settled();
    board.send({ kind: abi.FRAME_REPLY, partition: 0, payload: numbered(abi.REPLY_OK, 6) });
    expect(await codeOf(reply)).toBe("AXV_COMMAND_TIMEOUT");
    link.close();
  });
});
