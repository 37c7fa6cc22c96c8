// The bridge's link: opened again whenever it is lost, and nothing is taken for news that is none.
import { Duplex } from "node:stream";
import { encode } from "cborg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as abi from "../../core/abi.ts";
import { Hypervisor } from "../../industrial/bridge/hypervisor.ts";
import { decodeReply, numbered } from "../../industrial/link/commands.ts";
import { decodeFrame, encodeFrame } from "../../industrial/link/frame.ts";
import { Link } from "../../industrial/link/link.ts";

class Line extends Duplex {
  readonly sent: Uint8Array[] = [];
  override _read(): void {}
  override _write(bytes: Uint8Array, _encoding: string, done: () => void): void {
    this.sent.push(bytes);
    done();
  }
}
const partition = (index: number, state: number, sequence = 0): Uint8Array =>
  encodeFrame({
    kind: abi.FRAME_PARTITION,
    partition: index,
    sequence,
    payload: encode(
      new Map<number, unknown>([
        [abi.PARTITION_TIME, 1],
        [abi.PARTITION_STATE, state],
        [abi.PARTITION_UPTIME, 1],
        [abi.PARTITION_RESTARTS, 0],
        [abi.PARTITION_CONSOLE_DROPPED, 0],
        [abi.PARTITION_WATCHDOG_EXPIRED, 0],
        [abi.PARTITION_DOORBELLS, 0],
        [abi.PARTITION_TAGS, new Map()],
      ]),
    ),
  });

let lines: Line[];
let refused: number;
let hypervisor: Hypervisor;
let told: (string | undefined)[];
beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  refused = 0;
  told = [];
  hypervisor = new Hypervisor(async () => {
    if (refused-- > 0) throw new Error("connection refused");
    const line = new Line();
    lines.push(line);
    return new Link(line);
  });
  hypervisor.on("link", (lost) => told.push(lost));
});
afterEach(() => {
  hypervisor.close();
  vi.useRealTimers();
});

test("it is opened again after each loss: at once after news, later and later when there were none", async () => {
  refused = 4;
  hypervisor.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(told).toEqual(["connection refused"]);
  await vi.advanceTimersByTimeAsync(250 + 500 + 1000);
  expect(told).toHaveLength(4);
  await vi.advanceTimersByTimeAsync(1999);
  expect(hypervisor.isConnected).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(told.at(-1)).toBeUndefined();
  expect(hypervisor.isConnected).toBe(true);

  lines[0]?.push(partition(0, abi.STATE_RUNNING));
  await vi.advanceTimersByTimeAsync(0);
  lines[0]?.destroy();
  await vi.advanceTimersByTimeAsync(0);
  expect(hypervisor.isConnected).toBe(false);
  await vi.advanceTimersByTimeAsync(250);
  expect(hypervisor.isConnected).toBe(true);
  expect(hypervisor.counts.opened).toBe(2);
});

test("however long it is away, it is tried every ten seconds", async () => {
  refused = 1000;
  hypervisor.start();
  await vi.advanceTimersByTimeAsync(60_000);
  const before = told.length;
  await vi.advanceTimersByTimeAsync(100_000);
  expect(told.length - before).toBe(10);
});

test("news are told, garbage is not, and counted", async () => {
  const news: number[] = [];
  const malformed: string[] = [];
  hypervisor.on("malformed", (why) => malformed.push(why));
  hypervisor.on("partition", (telemetry) => news.push(telemetry.partition));
  hypervisor.start();
  await vi.advanceTimersByTimeAsync(0);
  lines[0]?.push(Buffer.from("some text\n"));
  lines[0]?.push(encodeFrame({ kind: abi.FRAME_PARTITION, partition: 1, payload: encode(new Map([[1, "x"]])) }));
  lines[0]?.push(partition(2, abi.STATE_RUNNING, 3));
  await vi.advanceTimersByTimeAsync(0);
  expect(news).toEqual([2]);
  expect(malformed).toEqual([expect.stringMatching(/^malformed telemetry: .*of different versions: build the image again$/)]);
  expect(hypervisor.counts).toEqual({ opened: 1, malformed: 1, lost: 2 });
});

test("commands are answered by the hypervisor, or refused while there is no link", async () => {
  await expect(hypervisor.command(0, "restart")).rejects.toMatchObject({ code: "AXV_LINK_CLOSED" });
  hypervisor.start();
  await vi.advanceTimersByTimeAsync(0);
  const asked = hypervisor.command(1, "restart");
  await vi.advanceTimersByTimeAsync(0);
  expect(lines[0]?.sent).toHaveLength(1);
  const command = decodeFrame((lines[0]?.sent[0] ?? new Uint8Array()).subarray(1, -1));
  if (command === undefined) throw new Error("no command was sent");
  lines[0]?.push(
    encodeFrame({ kind: abi.FRAME_REPLY, partition: 1, payload: numbered(abi.REPLY_OK, decodeReply(command).number) }),
  );
  await vi.advanceTimersByTimeAsync(0);
  await expect(asked).resolves.toBeUndefined();
});

test("one that only tells is told nothing: commands are refused at once, and nothing is typed", async () => {
  const line = new Line();
  const only = new Hypervisor(async () => new Link(line), false);
  only.start();
  await vi.advanceTimersByTimeAsync(0);
  await expect(only.command(1, "restart")).rejects.toMatchObject({ code: "AXV_LINK_LISTENS" });
  only.type(1, Buffer.from("x"));
  await vi.advanceTimersByTimeAsync(0);
  expect(line.sent).toEqual([]);
  only.close();
});

test("closed, it stays closed, also in the middle of being opened", async () => {
  hypervisor.start();
  hypervisor.close();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(lines.map(({ destroyed }) => destroyed)).toEqual([true]);
  expect(told).toEqual([]);
});
