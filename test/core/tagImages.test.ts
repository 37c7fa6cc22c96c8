// What changes in a partition's tag image leaves by the UART (core/tags.ts): all of it, nothing torn,
// only while somebody asks, and whatever a guest writes there harms nobody.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import {
  TAG_IMAGE_MAGIC, TAG_IMAGE_SEQUENCE, TAG_IMAGE_SIZE, TAG_IMAGE_TABLE, TAG_IMAGE_TIME, TAG_IMAGE_VALUES,
} from "../../rtos-guests/channel/tagImageLayout.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { LINUX, mailbox, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { PartitionSpec } from "../../tools/machine/aarch64/system.ts";
import { Bench, value } from "./bench.ts";

const MAILBOX = 0x5000_1000;
const IMAGE = MAILBOX + abi.MAILBOX_TAG_IMAGE;
/** Of values: two whole pieces and a third one that is not. */
const WORDS = 2 * abi.TAG_PIECE_WORDS + 7;
const SIZE = TAG_IMAGE_VALUES + 8 * WORDS;
const FIRST_WORD = TAG_IMAGE_VALUES / 8;
const TABLE = 0x1234_abcd;
const MAGIC = 0;

const tagged = (spec: PartitionSpec, at = MAILBOX): PartitionSpec => ({
  ...spec,
  regions: [...spec.regions, mailbox(at, at, 0x2000)],
  tagImage: { ipa: at + abi.MAILBOX_TAG_IMAGE, size: SIZE, overLink: true },
});

let bench: Bench;
let guest: Guest;
let sequence = 0;
const put = (offset: number, bytes: number, data: number | bigint): bigint =>
  value(guest.store(IMAGE + offset, bytes, BigInt(data)));

/** One scan: word n of the values becomes that. */
function scan(time: number | bigint, words: Readonly<Record<number, number | bigint>> = {}): void {
  put(TAG_IMAGE_SEQUENCE, 4, ++sequence);
  put(MAGIC, 4, TAG_IMAGE_MAGIC);
  put(TAG_IMAGE_TABLE, 4, TABLE);
  put(TAG_IMAGE_SIZE, 4, SIZE);
  for (const [word, data] of Object.entries(words)) put(TAG_IMAGE_VALUES + 8 * Number(word), 8, data);
  put(TAG_IMAGE_TIME, 8, time);
  put(TAG_IMAGE_SEQUENCE, 4, ++sequence);
}

interface Sent {
  readonly partition: number;
  readonly table: number;
  readonly time: bigint;
  readonly words: Readonly<Record<number, bigint>>;
}

/** Frames that have come since the last call. */
function sent(): Sent[] {
  const all = bench.frames.splice(0);
  bench.frames.push(...all.filter(({ kind }) => kind !== abi.FRAME_TAGS));
  const frames = all.filter(({ kind }) => kind === abi.FRAME_TAGS);
  return frames.map(({ partition, payload }) => {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const words: Record<number, bigint> = {};
    for (let at = 12; at < payload.length; at += 10)
      words[view.getUint16(at, true) - FIRST_WORD] = view.getBigUint64(at + 2, true);
    return { partition, table: view.getUint32(0, true), time: view.getBigUint64(4, true), words };
  });
}

const merged = (frames: readonly Sent[]): Record<number, bigint> =>
  Object.assign({}, ...frames.map(({ words }) => words)) as Record<number, bigint>;
const ask = (partition = 1): number => bench.command(partition, abi.COMMAND_TAGS);
const everything = Array.from({ length: WORDS }, (_, n) => n);
/** Long enough for a round. */
const ROUND = 80;

beforeEach(() => {
  bench = new Bench({ ...STANDARD, partitions: [LINUX, tagged(PLC)] });
  guest = bench.openInterrupts(3);
  sequence = 0;
});

describe("a partition's values", () => {
  test("leave for nobody", () => {
    scan(1, { 0: 7 });
    bench.pass(500);
    expect(sent()).toEqual([]);
  });

  test("all come once they are asked for, then those that change, each with its scan's time", () => {
    scan(1, { 0: 7, 64: 8, 134: 0xfedc_ba98_7654_3210n });
    expect(ask()).toBe(abi.REPLY_OK);
    bench.pass(ROUND);
    const first = sent();
    expect(Object.keys(merged(first)).map(Number)).toEqual(everything);
    expect(merged(first)).toMatchObject({ 0: 7n, 1: 0n, 64: 8n, 134: 0xfedc_ba98_7654_3210n });
    expect(new Set(first.map(({ partition, table, time }) => `${partition} ${table} ${time}`))).toEqual(
      new Set([`1 ${TABLE} 1`]),
    );
    scan(0x1_0000_0002n, { 3: 1, 133: 2 });
    bench.pass(ROUND);
    expect(sent()).toEqual([
      { partition: 1, table: TABLE, time: 0x1_0000_0002n, words: { 3: 1n } },
      { partition: 1, table: TABLE, time: 0x1_0000_0002n, words: { 133: 2n } },
    ]);
  });

  test("a scan that changes nothing is told, and one that is not made is not", () => {
    ask();
    scan(1);
    bench.pass(ROUND);
    sent();
    scan(2);
    bench.pass(5 * ROUND);
    expect(sent()).toEqual([{ partition: 1, table: TABLE, time: 2n, words: {} }]);
  });

  test("are told anew when they are asked for again, with the next scan", () => {
    scan(1, { 5: 55 });
    ask();
    bench.pass(ROUND);
    sent();
    ask();
    bench.pass(2 * ROUND);
    expect(sent(), "nothing of a guest that does not scan").toEqual([]);
    scan(2);
    bench.pass(ROUND);
    expect(Object.keys(merged(sent())).map(Number)).toEqual(everything);
  });

  test("all come that were asked for, also if the guest was writing when another piece's turn was than the first one's", () => {
    scan(1, Object.fromEntries(everything.map((n) => [n, n + 1])));
    ask();
    bench.pass(2 * ROUND);
    ask();
    sent();
    scan(2);
    for (let waited = 0; waited < ROUND && !bench.frames.some(({ kind }) => kind === abi.FRAME_TAGS); waited++) bench.pass(1);
    put(TAG_IMAGE_SEQUENCE, 4, ++sequence);
    bench.pass(2 * ROUND);
    expect(Object.keys(merged(sent())).length).toBeLessThan(WORDS);
    put(TAG_IMAGE_SEQUENCE, 4, ++sequence);
    bench.pass(2 * ROUND);
    expect(Object.keys(merged(sent())).map(Number)).toEqual(everything);
  });

  test("are compared with what the same partition had before, and with nobody else's", () => {
    bench = new Bench({ ...STANDARD, partitions: [tagged(LINUX, 0x5010_0000), tagged(PLC)] });
    guest = bench.openInterrupts(3);
    const linux = bench.guest(0);
    linux.store(0x5010_1000, 4, BigInt(TAG_IMAGE_MAGIC));
    for (const partition of [0, 1]) ask(partition);
    for (let round = 1; round < 6; round++) {
      linux.store(0x5010_1000 + TAG_IMAGE_VALUES, 8, BigInt(round));
      linux.store(0x5010_1000 + TAG_IMAGE_SEQUENCE, 4, BigInt(4 * round));
      scan(round, { 0: round });
      bench.pass(2 * ROUND);
      const frames = sent();
      for (const partition of [0, 1])
        expect(merged(frames.filter((frame) => frame.partition === partition))[0]).toBe(BigInt(round));
      linux.store(0x5010_1000 + TAG_IMAGE_SEQUENCE, 4, BigInt(4 * round + 2));
      scan(round);
      bench.pass(2 * ROUND);
      expect(sent().map(({ partition, words }) => [partition, words]), "and these have not changed").toEqual([[0, {}], [1, {}]]);
    }
  });

  test("are looked at every 50 ms, however often the guest scans", () => {
    ask();
    sent();
    for (let time = 1; time <= 1000; time++) {
      scan(time, { 0: time });
      bench.pass(1);
    }
    const looks = sent().filter(({ words }) => 0 in words).length;
    expect(looks).toBeGreaterThan(10);
    expect(looks).toBeLessThanOrEqual(21);
  });

  test("are no longer sent some time after the last question", () => {
    ask();
    for (let second = 0; second < abi.TAG_LEASE_SECONDS; second++) bench.pass(1000);
    sent();
    scan(3, { 0: 1 });
    bench.pass(1000);
    expect(sent()).toEqual([]);
    ask();
    bench.pass(ROUND);
    expect(merged(sent())).toMatchObject({ 0: 1n });
  });

  test("none is lost, and none is old, whatever changes while they are sent", () => {
    ask();
    const now: Record<number, bigint> = Object.fromEntries(everything.map((n) => [n, 0n]));
    const seen: Record<number, bigint> = {};
    const times: bigint[] = [];
    for (let round = 1; round <= 200; round++) {
      const changed = Object.fromEntries(
        everything.filter((n) => (n * 7 + round * 13) % 10 === 0).map((n) => [n, BigInt(round * 1000 + n)]),
      );
      Object.assign(now, changed);
      scan(round, changed);
      bench.pass(round % 9);
      for (const { words, time } of sent()) {
        Object.assign(seen, words);
        times.push(time);
      }
    }
    bench.pass(2 * ROUND);
    Object.assign(seen, merged(sent()));
    expect(seen).toEqual(now);
    expect(times).toEqual(times.toSorted((a, b) => Number(a - b)));
  });

  test("none is torn: all that a frame has is of its own scan, whichever word the hypervisor was at when the guest wrote", () => {
    ask();
    const { memory } = bench.machine;
    const read = memory.read64.bind(memory);
    let time = 0;
    let wordsLeft = -1;
    memory.read64 = (pa) => {
      if (wordsLeft-- === 0) scan(++time, Object.fromEntries(everything.map((n) => [n, time])));
      return read(pa);
    };
    let frames = 0;
    for (let word = 0; word < WORDS + 10; word++) {
      wordsLeft = word;
      scan(++time, Object.fromEntries(everything.map((n) => [n, time])));
      bench.pass(ROUND);
      for (const { words, time: of } of sent()) {
        frames++;
        expect(new Set(Object.values(words)), `written at word ${word}`).toEqual(
          new Set(Object.keys(words).length === 0 ? [] : [of]),
        );
      }
    }
    expect(frames).toBeGreaterThan(WORDS);
  });

  test("no exit is made for them", () => {
    const { exits } = bench.vcpu(1, 0);
    ask();
    for (let n = 1; n < 50; n++) {
      scan(n, { 0: n, 100: n });
      bench.pass(3);
    }
    expect(bench.vcpu(1, 0).exits).toEqual(exits);
  });
});

describe("a guest that is no help", () => {
  test("always writing: none of its values leaves, and the other partition's do", () => {
    bench = new Bench({ ...STANDARD, partitions: [tagged(LINUX, 0x5010_0000), tagged(PLC)] });
    guest = bench.openInterrupts(3);
    scan(1, { 0: 1 });
    put(TAG_IMAGE_SEQUENCE, 4, ++sequence);
    const linux = bench.guest(0);
    linux.store(0x5010_1000, 4, BigInt(TAG_IMAGE_MAGIC));
    linux.store(0x5010_1000 + TAG_IMAGE_SEQUENCE, 4, 2n);
    linux.store(0x5010_1000 + TAG_IMAGE_VALUES, 8, 9n);
    expect([ask(0), ask(1)]).toEqual([abi.REPLY_OK, abi.REPLY_OK]);
    bench.pass(4 * ROUND);
    const frames = sent();
    expect(new Set(frames.map(({ partition }) => partition))).toEqual(new Set([0]));
    expect(merged(frames)).toMatchObject({ 0: 9n });
    put(TAG_IMAGE_SEQUENCE, 4, ++sequence);
    bench.pass(2 * ROUND);
    expect(Object.keys(merged(sent().filter(({ partition }) => partition === 1))).map(Number), "and then all of them").toEqual(
      everything,
    );
  });

  test("no image at all: nothing leaves", () => {
    for (let offset = 0; offset < SIZE; offset += 8) put(offset, 8, 0xffff_ffff_ffff_fff0n);
    ask();
    bench.pass(2 * ROUND);
    expect(sent()).toEqual([]);
  });

  test("one that has been stopped: nothing leaves, until it runs again and scans", () => {
    scan(1, { 0: 1 });
    ask();
    bench.pass(ROUND);
    sent();
    scan(2, { 0: 2 });
    bench.command(1, abi.COMMAND_STOP);
    sent();
    bench.pass(3 * ROUND);
    expect(sent()).toEqual([]);
    bench.command(1, abi.COMMAND_START);
    scan(3, { 1: 3 });
    bench.pass(2 * ROUND);
    expect(merged(sent())).toEqual({ 0: 2n, 1: 3n });
  });

  test("noise in the image changes nobody's state", () => {
    ask();
    let noise = 12345;
    const before = bench.vcpu(0, 0).exits;
    for (let round = 0; round < 10; round++) {
      for (let offset = 0; offset < SIZE; offset += 4) {
        noise = (Math.imul(noise, 1103515245) + 12345) >>> 0;
        put(offset, 4, noise);
      }
      put(MAGIC, 4, TAG_IMAGE_MAGIC);
      put(TAG_IMAGE_SEQUENCE, 4, round * 2);
      bench.pass(20);
    }
    expect(bench.vcpu(0, 0).exits).toEqual(before);
    expect(bench.partition(1).state).toBe("running");
    expect(bench.command(1, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
  });
});

test("a mailbox says how large the image behind it is, in each life; with one elsewhere, or none, it says 0", () => {
  const said = (at: number): bigint => value(guest.load(at + abi.MAILBOX_TAG_BYTES, 4));
  expect(said(MAILBOX)).toBe(BigInt(SIZE));
  bench.command(1, abi.COMMAND_RESTART);
  expect(said(MAILBOX)).toBe(BigInt(SIZE));
  const [channel] = PLC.channels ?? [];
  const regions = [...PLC.regions, mailbox(MAILBOX, MAILBOX, 0x2000)];
  const elsewhere = { tagImage: { ipa: channel?.ipa ?? NaN, size: SIZE, overLink: true } };
  for (const other of [elsewhere, {}]) {
    bench = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, regions, ...other }] });
    guest = bench.guest(3);
    expect(said(MAILBOX)).toBe(0n);
  }
});

test("a partition without an image is not asked with success", () => {
  expect(ask(0)).toBe(abi.REPLY_WRONG_STATE);
});

test("consoles, telemetry and commands go on while everything changes all the time", () => {
  ask();
  const text = "the line of a console\n".repeat(20);
  let printed = 0;
  for (let n = 1; n < 200; n++) {
    scan(n, Object.fromEntries(everything.map((word) => [word, n * 1000 + word])));
    if (n % 10 === 0) {
      for (const byte of new TextEncoder().encode("the line of a console\n")) bench.guest(0).store(0x0900_0000, 4, BigInt(byte));
      printed++;
    }
    bench.pass(2);
  }
  expect(bench.command(1, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
  bench.pass(50);
  expect(text.startsWith(bench.console(0).slice(0, 22 * printed))).toBe(true);
  expect(bench.console(0).length).toBe(22 * printed);
  expect(sent().length).toBeGreaterThan(20);
});

// Issue: 1.5 Mbaud empty a FIFO of 32 bytes within each tick of 1 ms, so no more than that leaves in one.
test("over a UART of 1.5 Mbaud: 1,000 tags, a tenth of them changing 10 times a second; none is lost or late", () => {
  const TAGS = 1000;
  const size = TAG_IMAGE_VALUES + 8 * TAGS;
  bench = new Bench({
    ...STANDARD,
    partitions: [
      LINUX,
      { ...PLC, regions: [...PLC.regions, mailbox(MAILBOX, MAILBOX, 0x4000)], tagImage: { ipa: IMAGE, size, overLink: true } },
    ],
  });
  guest = bench.openInterrupts(3);
  bench.machine.uart.slowFifo = 32;
  scan(1);
  ask();
  bench.pass(1500);
  expect(Object.keys(merged(sent()))).toHaveLength(TAGS);
  let late = 0;
  for (let round = 2; round <= 100; round++) {
    const changed = Object.fromEntries(Array.from({ length: TAGS / 10 }, (_, n) => [n * 10 + (round % 10), BigInt(round)]));
    scan(round, changed);
    if (round % 10 === 0) {
      for (let n = 0; n < 50; n++) bench.guest(0).store(0x0900_0000, 4, BigInt(65 + (n % 26)));
      const before = bench.machine.clock.now;
      expect(bench.command(1, abi.COMMAND_TAGS + 1)).toBe(abi.REPLY_UNKNOWN_COMMAND);
      late = Math.max(late, Number(bench.machine.clock.now - before) / 1e6);
    }
    bench.pass(100 - (round % 10 === 0 ? late : 0));
    expect(merged(sent()), `round ${round}`).toEqual(changed);
  }
  expect(bench.console(0)).toHaveLength(10 * 50);
  expect(late, "ms until a command is answered").toBeLessThanOrEqual(30);
});
