import { Duplex } from "node:stream";
import { encode } from "cborg";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as abi from "../../core/abi.ts";
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

  send(frame: Frame): void {
    this.push(encodeFrame(frame));
  }
}

function start(commandTimeoutMs?: number): { board: Board; link: Link; log: [string, ...(string | number)[]][] } {
  const board = new Board();
  const link = new Link(board, commandTimeoutMs);
  const log: [string, ...(string | number)[]][] = [];
  link.on("console", (partition, bytes) => log.push(["console", partition, Buffer.from(bytes).toString()]));
  link.on("text", (bytes) => {
    const text = Buffer.from(bytes).toString();
    const last = log.at(-1);
    if (last?.[0] === "text") last[1] += text; // in how many pieces it comes is free
    else log.push(["text", text]);
  });
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
  test("carry their number, and settle with the reply of the same number, in any order", async () => {
    const { board, link } = start();
    const done: string[] = [];
    const first = link.command(0, "stop").then(() => done.push("first"));
    const second = link.command(1, "restart").then(() => done.push("second"));
    await settled();
    expect(board.received.map(({ partition, payload }) => [partition, ...payload])).toEqual([
      [0, 0, abi.COMMAND_STOP],
      [1, 1, abi.COMMAND_RESTART],
    ]);
    board.send({ kind: abi.FRAME_REPLY, partition: 1, payload: Uint8Array.of(1, abi.REPLY_OK) });
    board.send({ kind: abi.FRAME_REPLY, partition: 0, payload: Uint8Array.of(0, abi.REPLY_OK) });
    await Promise.all([first, second]);
    expect(done).toEqual(["second", "first"]);
    link.close();
  });

  test.each([
    [abi.REPLY_UNKNOWN_COMMAND, /does not know the command/],
    [abi.REPLY_NO_SUCH_PARTITION, /no such partition/],
    [abi.REPLY_WRONG_STATE, /present state/],
    [200, /reason 200/],
  ])("refused with %i", async (result, message) => {
    const { board, link } = start();
    const reply = link.command(0, "start");
    board.send({ kind: abi.FRAME_REPLY, partition: 0, payload: Uint8Array.of(0, result) });
    await expect(reply).rejects.toThrow(message);
    expect(await codeOf(reply)).toBe("AXV_COMMAND_REFUSED");
    link.close();
  });

  test("without a reply fail in time; the late reply is dropped", async () => {
    const { board, link, log } = start(20);
    const reply = link.command(0, "start");
    expect(await codeOf(reply)).toBe("AXV_COMMAND_TIMEOUT");
    board.send({ kind: abi.FRAME_REPLY, partition: 0, payload: Uint8Array.of(0, abi.REPLY_OK) });
    await settled();
    expect(log).toEqual([]);
    link.close();
  });

  test("256 may wait at a time, the next one is refused, and numbers are used again", async () => {
    const { board, link } = start();
    const replies = Array.from({ length: 256 }, () => link.command(0, "start"));
    await settled();
    expect(await codeOf(link.command(0, "start"))).toBe("AXV_COMMAND_FLOOD");
    board.send({ kind: abi.FRAME_REPLY, partition: 0, payload: Uint8Array.of(17, abi.REPLY_OK) });
    await replies[17];
    const again = link.command(0, "stop");
    await settled();
    expect([...(board.received.at(-1)?.payload ?? [])]).toEqual([17, abi.COMMAND_STOP]);
    link.close();
    expect(await codeOf(again)).toBe("AXV_LINK_CLOSED");
    await Promise.allSettled(replies);
  });
});

describe("the end of a link", () => {
  test("the other side hangs up: said once, waiting and later commands fail", async () => {
    const { board, link, log } = start();
    const waiting = link.command(0, "stop");
    board.push(null);
    expect(await codeOf(waiting)).toBe("AXV_LINK_CLOSED");
    expect(await codeOf(link.command(0, "stop"))).toBe("AXV_LINK_CLOSED");
    board.destroy();
    await settled();
    expect(log).toEqual([["close", "the other side hung up"]]);
    expect(link.closed).toBe("the other side hung up");
  });

  test("an error of the stream is the reason", async () => {
    const { board, log } = start();
    board.destroy(new Error("read ECONNRESET"));
    await settled();
    expect(log).toEqual([["close", "read ECONNRESET"]]);
  });

  test("what was held is not lost", async () => {
    const { board, log } = start();
    board.push(Uint8Array.of(0x02, 0x01));
    board.push(null);
    await settled();
    expect(log).toEqual([["text", "\x02\x01"], ["close", "the other side hung up"]]);
  });
});
