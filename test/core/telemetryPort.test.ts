// The second emulated PL011, by which one partition reads along what leaves by the UART
// (core/devices/vpl011.ts, core/console.ts).
import { beforeEach, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { Demultiplexer } from "../../industrial/link/demultiplexer.ts";
import type { Frame } from "../../industrial/link/frame.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { GUEST_UART, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench, value } from "./bench.ts";

const TELEMETRY = GUEST_UART + 0x1000;
const DR = 0x00;
const FR = 0x18;
const CR = 0x30;
const IMSC = 0x38;
const RIS = 0x3c;
const MIS = 0x40;
const FR_RXFE = 0x10n;
const FR_TXFE = 0x80n;
const RX = 0x10n;
const CONSOLE_SPI = 232;
const CR_ON = 0x301n; // UARTEN, TXE, RXE, as a driver has it that is open
const RING = 8192;
const SEQUENCES = 256;

let bench: Bench;
let guest: Guest;
let frames: Frame[];
let garbage: number;
let demultiplexer: Demultiplexer;
beforeEach(() => {
  bench = new Bench({ ...STANDARD, partitions: [{ ...LINUX, telemetry: true }, PLC] });
  guest = bench.openInterrupts(0);
  bench.enable(0, CONSOLE_SPI);
  write(CR, CR_ON);
  frames = [];
  garbage = 0;
  demultiplexer = new Demultiplexer((item) => {
    if ("frame" in item) frames.push(item.frame);
    else garbage += item.text.length;
  });
});

const read = (offset: number, from = TELEMETRY): bigint => value(guest.load(from + offset, 4));
const write = (offset: number, data: bigint, to = TELEMETRY): bigint => value(guest.store(to + offset, 4, data));
/** As a driver does. Gives back how many bytes there were. */
function take(most = Infinity): number {
  let taken = 0;
  for (; taken < most && (read(FR) & FR_RXFE) === 0n; taken++) demultiplexer.push(Uint8Array.of(Number(read(DR))));
  return taken;
}
const print = (text: string, from: Guest): void => {
  for (const byte of new TextEncoder().encode(text)) value(from.store(GUEST_UART, 1, BigInt(byte)));
};
const shown = (list: readonly Frame[]): unknown[] =>
  list.map(({ kind, partition, sequence, payload }) => [kind, partition, sequence, Buffer.from(payload).toString("hex")]);

test("every frame that leaves by the UART can be read there, in order, and nothing else", () => {
  for (let n = 0; n < 30; n++) {
    if (n % 3 === 0) print(`line ${n}\n`, bench.guest(3));
    bench.pass(20);
    take();
  }
  bench.command(1, abi.COMMAND_RESTART);
  bench.pass(20);
  take();
  expect(garbage).toBe(0);
  expect(frames.length).toBeGreaterThan(20);
  const first = bench.frames.findIndex(({ sequence }) => sequence === frames[0]?.sequence);
  // The one that has left last goes along with the next one.
  expect(shown(frames)).toEqual(shown(bench.frames.slice(first, first + frames.length)));
  expect(bench.frames.length - first - frames.length).toBeLessThanOrEqual(1);
  expect(new Set(frames.map(({ kind }) => kind))).toEqual(
    new Set([abi.FRAME_CONSOLE, abi.FRAME_PARTITION, abi.FRAME_VCPU, abi.FRAME_EVENT, abi.FRAME_REPLY]),
  );
});

test("it rings by the console's interrupt, once that is unmasked here, and says so here and not at the console", () => {
  bench.pass(200);
  expect(guest.interruptPending).toBe(false);
  write(IMSC, RX);
  bench.machine.settle();
  expect(guest.interruptPending).toBe(true);
  expect([read(MIS), read(MIS, GUEST_UART) & RX]).toEqual([RX, 0n]);
  expect(guest.acknowledge()).toBe(CONSOLE_SPI);
  take();
  expect(read(RIS) & RX).toBe(0n);
  guest.endOfInterrupt(CONSOLE_SPI);
  bench.machine.settle();
  expect(guest.interruptPending).toBe(false);
  bench.pass(200);
  expect(guest.interruptPending).toBe(true);
});

test("what it is told goes nowhere, and it takes all of it at once", () => {
  for (let n = 0; n < 20_000; n++) if (n % 100 === 0 || n < 100) write(DR, BigInt(n & 0xff));
  expect(read(FR) & ~FR_RXFE).toBe(FR_TXFE);
  expect(bench.console(0)).toBe("");
  expect(bench.partition(0).consoleDropped).toBe(0);
  bench.type(0, "typed");
  expect(read(DR, GUEST_UART)).toBe(0x74n);
});

test("who does not read loses whole frames, and sees by their numbers how many", () => {
  for (let n = 0; n < 40; n++) {
    print("a long line of which there are many ".repeat(10), bench.guest(3));
    bench.pass(50);
  }
  const before = bench.frames.length;
  expect(before).toBeGreaterThan(100);
  const kept = take();
  expect(kept).toBeLessThanOrEqual(RING);
  expect(kept).toBeGreaterThan(RING - 600);
  print("one more", bench.guest(3));
  bench.pass(300);
  take();
  expect(garbage).toBe(0);
  const numbers = frames.map(({ sequence = NaN }) => sequence);
  const steps = numbers.slice(1).map((number, n) => (number - (numbers[n] ?? NaN) + SEQUENCES) % SEQUENCES);
  expect(steps.filter((step) => step !== 1)).toHaveLength(1);
  const sent = new Set(shown(bench.frames).map((frame) => JSON.stringify(frame)));
  expect(shown(frames).filter((frame) => !sent.has(JSON.stringify(frame)))).toEqual([]);
});

test("what comes while it is off is lost, and what was left from before it was: it begins with a frame of now", () => {
  bench.pass(300);
  write(CR, 0x300n);
  bench.pass(1000);
  write(CR, CR_ON);
  expect(read(FR) & FR_RXFE).toBe(FR_RXFE);
  const now = bench.frames.length;
  bench.pass(200);
  take();
  expect(garbage).toBe(0);
  expect(shown(frames)).toEqual(shown(bench.frames.slice(now - 1, now - 1 + frames.length)));
});

test("what waits to be read is there still when UARTCR changes otherwise, and when it is written as it was", () => {
  bench.pass(300);
  for (const cr of [CR_ON, CR_ON | 0x800n, CR_ON]) write(CR, cr);
  const before = bench.frames.length;
  take();
  expect(garbage).toBe(0);
  expect(frames.length).toBeGreaterThanOrEqual(before - 1);
});

test("a partition that starts anew is told nothing of before", () => {
  bench.pass(300);
  bench.command(0, abi.COMMAND_RESTART);
  const started = bench.frames.length;
  guest = bench.guest(0);
  expect(read(FR) & FR_RXFE).toBe(FR_RXFE);
  bench.pass(300);
  expect(read(FR) & FR_RXFE, "it has not asked yet").toBe(FR_RXFE);
  write(CR, CR_ON);
  bench.pass(300);
  take();
  expect(garbage).toBe(0);
  expect(frames.length).toBeGreaterThan(0);
  const first = bench.frames.findIndex((frame) => shown([frame]).join() === shown(frames.slice(0, 1)).join());
  expect(first).toBeGreaterThanOrEqual(started - 4);
});

test("only who asks for it has it: for the others it is memory that they have not", () => {
  expect(bench.guest(3).load(TELEMETRY + FR, 4).kind).not.toBe("done");
  expect(new Bench().guest(0).load(TELEMETRY + FR, 4).kind).not.toBe("done");
});
