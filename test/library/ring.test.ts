// Rings between axv.h and its AssemblyScript twin, each as producer and as consumer, behind caches that only the library keeps
// coherent.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  RING_CAPACITY_MAX, RING_CAPACITY_MIN, RING_DATA, RING_EMPTY, RING_FULL, RING_HEAD, RING_INVALID, RING_LINE, RING_TAIL,
  RING_TOO_LONG,
} from "../../rtos-guests/channel/ringLayout.ts";
import { Pairs, PAIRINGS } from "./pairs.ts";
import type { Peer } from "./peer.ts";

const SEED = 3;
const RING = 0;
/** Not at the channel's start, so that an offset that is left out is noticed. */
const OFFSET = 0x240;

let pairs: Pairs;
beforeAll(async () => {
  pairs = await Pairs.create();
});
afterAll(() => pairs.stop());

/** Counts in the channel as if so many bytes had gone through it. */
function beginAt(peers: readonly Peer[], count: number, capacity: number): void {
  pairs.begin(peers);
  pairs.file.store32(OFFSET + RING_HEAD, count);
  pairs.file.store32(OFFSET + RING_TAIL, count);
  for (const peer of peers) peer.begin();
  const [producer, consumer] = peers;
  expect(producer?.producer(RING, OFFSET, capacity)).toBe(0);
  expect(consumer?.consumer(RING, OFFSET, capacity)).toBe(0);
}

type Step =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  | { readonly kind: "receive"; readonly size: number }
  | { readonly kind: "restart"; readonly who: 0 | 1 };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.uint8Array({ maxLength: 140, size: "max" }).map((bytes) => ({ kind: "send", bytes }) as const) },
  { weight: 5, arbitrary: fc.oneof(fc.constant(140), fc.nat(40)).map((size) => ({ kind: "receive", size }) as const) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1).map((who) => ({ kind: "restart", who }) as const) },
);

/** Bytes of a record in the ring. */
const taken = (length: number): number => 4 + Math.ceil(length / 4) * 4;

describe.each(PAIRINGS)("from %s to %s", (from, to) => {
  const ends = (): readonly [Peer, Peer] => [pairs.first(from), pairs.second(to)];

  test("whatever is sent and received, and whoever begins anew: it is a queue", () => {
    const [producer, consumer] = ends();
    let full = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(64, 128, 512),
        fc.oneof(fc.nat(1024).map((n) => 4 * n), fc.nat(64).map((n) => 0x1_0000_0000 - 4 * n - 4)), // counts that wrap, too
        fc.array(step, { maxLength: 40, size: "max" }),
        (capacity, count, steps) => {
          beginAt([producer, consumer], count, capacity);
          const queue: Uint8Array[] = [];
          for (const one of steps) {
            if (one.kind === "restart") {
              (one.who === 0 ? producer : consumer).begin();
              expect(one.who === 0 ? producer.producer(RING, OFFSET, capacity) : consumer.consumer(RING, OFFSET, capacity)).toBe(
                0,
              );
            } else if (one.kind === "send") {
              const used = queue.reduce((sum, { length }) => sum + taken(length), 0);
              const expected =
                one.bytes.length > capacity - 4
                  ? RING_TOO_LONG
                  : capacity - used < taken(one.bytes.length)
                    ? RING_FULL
                    : one.bytes.length;
              expect(producer.send(RING, one.bytes)).toBe(expected);
              if (expected >= 0) queue.push(one.bytes);
              else full++;
            } else {
              const next = queue.shift();
              const received = consumer.receive(RING, one.size);
              if (next === undefined) expect(received.result).toBe(RING_EMPTY);
              else if (next.length > one.size) expect(received.result).toBe(RING_TOO_LONG);
              else expect(received).toEqual({ result: next.length, bytes: next });
            }
          }
        },
      ),
      { numRuns: 300, seed: SEED },
    );
    expect(full).toBeGreaterThan(100); // else nothing ever had to wait
  });

  test("the ring can be filled to its last byte, and no further", () => {
    const [producer, consumer] = ends();
    beginAt([producer, consumer], 0, 64);
    expect(producer.send(RING, new Uint8Array(60).fill(7))).toBe(60);
    expect(producer.send(RING, new Uint8Array(0))).toBe(RING_FULL);
    expect(consumer.receive(RING, 60)).toEqual({ result: 60, bytes: new Uint8Array(60).fill(7) });
    expect(producer.send(RING, new Uint8Array(61))).toBe(RING_TOO_LONG);
    expect(consumer.receive(RING, 60).result).toBe(RING_EMPTY);
  });

  test("nothing but the ring is written: the channel before and behind it is as it was", () => {
    const [producer, consumer] = ends();
    beginAt([producer, consumer], 0, 128);
    const before = pairs.file.read(0, OFFSET);
    const behind = pairs.file.read(OFFSET + RING_DATA + 128, 512);
    for (let n = 0; n < 100; n++) {
      expect(producer.send(RING, new Uint8Array(n % 61).fill(0xff))).toBe(n % 61);
      expect(consumer.receive(RING, 100).result).toBe(n % 61);
    }
    expect(pairs.file.read(0, OFFSET)).toEqual(before);
    expect(pairs.file.read(OFFSET + RING_DATA + 128, 512)).toEqual(behind);
  });

  test("a record's bytes lie as ringLayout.ts draws them", () => {
    const [producer, consumer] = ends();
    beginAt([producer, consumer], 0, 64);
    producer.send(RING, Uint8Array.of(0x11, 0x22, 0x33, 0x44, 0x55));
    expect(pairs.file.u32(OFFSET + RING_HEAD)).toBe(12);
    expect([0, 4, 8].map((at) => pairs.file.u32(OFFSET + RING_DATA + at))).toEqual([5, 0x4433_2211, 0x55]);
    consumer.receive(RING, 5);
    expect(pairs.file.u32(OFFSET + RING_TAIL)).toBe(12);
  });
});

describe.each(["C", "AssemblyScript"] as const)("%s opens", (language) => {
  test.each([
    ["not a power of two", 0, 96],
    ["too small", 0, RING_CAPACITY_MIN / 2],
    ["zero", 0, 0],
    ["too large", 0, RING_CAPACITY_MAX * 2],
    ["not at a cache line", RING_LINE / 2, 64],
  ] as const)("no ring that is %s", (_, shift, capacity) => {
    const peer = pairs.first(language);
    pairs.begin([peer]);
    expect(peer.producer(RING, OFFSET + shift, capacity)).toBe(RING_INVALID);
    expect(peer.consumer(RING, OFFSET + shift, capacity)).toBe(RING_INVALID);
    expect(pairs.file.read(0, 4096).every((byte) => byte === 0)).toBe(true);
  });
});

describe("two processes at once", () => {
  const RECORDS = 20_000;

  test("C to C: every record, in order, whole", () => {
    const [producer, consumer] = pairs.native;
    beginAt([producer, consumer], 0xffff_ff00, 512);
    producer.tell(`flood ${RING} ${RECORDS}`);
    consumer.tell(`drain ${RING} ${RECORDS}`);
    expect(consumer.hear()).toBe("0");
    expect(producer.hear()).toBe("0");
  });

  /** The record number n of a flood (native/peer.c). */
  function record(n: number): Uint8Array {
    const bytes = Buffer.alloc(4 + (n % 20), n & 0xff);
    bytes.writeUInt32LE(n);
    return new Uint8Array(bytes);
  }

  test("C to AssemblyScript", () => {
    const producer = pairs.native[0];
    const consumer = pairs.wasm[1];
    beginAt([producer, consumer], 0xffff_ff00, 512);
    producer.tell(`flood ${RING} ${RECORDS}`);
    for (let n = 0; n < RECORDS; ) {
      const { result, bytes } = consumer.receive(RING, 64);
      if (result === RING_EMPTY) continue;
      if (Buffer.compare(bytes, record(n)) !== 0)
        expect({ n, result, bytes }).toEqual({ n, result: 4 + (n % 20), bytes: record(n) });
      n++;
    }
    expect(producer.hear()).toBe("0");
  });

  test("AssemblyScript to C", () => {
    const producer = pairs.wasm[0];
    const consumer = pairs.native[1];
    beginAt([producer, consumer], 0xffff_ff00, 512);
    consumer.tell(`drain ${RING} ${RECORDS}`);
    for (let n = 0; n < RECORDS; ) {
      const bytes = record(n);
      const result = producer.send(RING, bytes);
      if (result === RING_FULL) continue;
      if (result !== bytes.length) expect({ n, result }).toEqual({ n, result: bytes.length });
      n++;
    }
    expect(consumer.hear()).toBe("0");
  });
});
