// A partner that writes what it likes into a ring, whenever it likes: between the calls, and in the middle
// of them, at every point where the library turns to the channel. No access leaves the ring, no call is
// endless, what was seen is reported, nothing that belongs to the partner is written; and with a partner
// that begins anew and behaves, records flow again.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  RING_CORRUPT, RING_DATA, RING_EMPTY, RING_FULL, RING_HEAD, RING_TAIL, RING_TOO_LONG,
} from "../../rtos-guests/channel/ringLayout.ts";
import { Pairs } from "./pairs.ts";
import type { Strike } from "./peer.ts";

const SEED = 3;
const RUNS = 900;
const RING = 0;
const OFFSET = 0x240;
const CAPACITY = 128;
const SIZE = RING_DATA + CAPACITY;
/** More records than a ring of this size can hold. */
const ENOUGH = CAPACITY / 2;

let pairs: Pairs;
beforeAll(async () => {
  pairs = await Pairs.create();
});
afterAll(() => pairs.stop());

/** Counts are most dangerous when they are nearly right; lengths too. */
const value = fc.oneof(
  fc.nat(2 * CAPACITY),
  fc.nat(2 * CAPACITY).map((n) => (0x1_0000_0000 - n) >>> 0),
  fc.constantFrom(0xffff_ffff, 0xffff_fffc, 0x8000_0000, 0x7fff_ffff),
  fc.nat(0xffff_ffff),
);
const somewhere = fc.oneof(fc.constantFrom(RING_HEAD, RING_TAIL), fc.nat(CAPACITY / 4 - 1).map((n) => RING_DATA + 4 * n));
const strike: fc.Arbitrary<Strike> = fc.record({ offset: somewhere.map((at) => OFFSET + at), value });
/** What is ready in the ring, and the length of its first record, as an honest producer might have left them. */
const plausible = fc.option(fc.record({ ready: fc.nat(CAPACITY / 4).map((n) => 4 * n), length: fc.nat(CAPACITY) }));
const round = fc.record({
  plausible,
  now: fc.array(strike, { maxLength: 4, size: "max" }),
  during: fc.array(strike, { maxLength: 6, size: "max" }),
  bytes: fc.uint8Array({ maxLength: 150, size: "max" }),
  size: fc.nat(150),
});
const rounds = fc.array(round, { minLength: 1, maxLength: 12, size: "max" });

interface Round {
  readonly plausible: { readonly ready: number; readonly length: number } | null;
  readonly now: readonly Strike[];
}

/** What the partner does before a call. */
function attack({ plausible, now }: Round): void {
  if (plausible !== null) {
    const tail = pairs.file.u32(OFFSET + RING_TAIL);
    pairs.file.store32(OFFSET + RING_HEAD, tail + plausible.ready);
    pairs.file.store32(OFFSET + RING_DATA + (tail % CAPACITY), plausible.length);
  } else {
    for (const one of now) pairs.file.store32(one.offset, one.value);
  }
}

/** The channel but for what `isOwn` says the attacked end may write. */
function others(isOwn: (offset: number) => boolean): string {
  const bytes = pairs.file.read(0, 4096);
  for (let offset = 0; offset < bytes.length; offset++) if (isOwn(offset - OFFSET)) bytes[offset] = 0;
  return bytes.toString("hex");
}

describe.each(["C", "AssemblyScript"] as const)("%s as a consumer", (language) => {
  test("of garbage", () => {
    const consumer = pairs.first(language);
    const seen = new Map<number, number>();
    fc.assert(
      fc.property(rounds, (all) => {
        pairs.begin([consumer]);
        expect(consumer.consumer(RING, OFFSET, CAPACITY)).toBe(0);
        for (const one of all) {
          const { during, size } = one;
          attack(one);
          consumer.strike(during);
          const { result, bytes } = consumer.receive(RING, size);
          seen.set(Math.min(result, 0), (seen.get(Math.min(result, 0)) ?? 0) + 1);
          expect(
            result >= 0 ? result <= size && result <= CAPACITY - 4 : [RING_EMPTY, RING_TOO_LONG, RING_CORRUPT].includes(result),
          ).toBe(true);
          expect(bytes).toHaveLength(Math.max(result, 0));
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
    for (const result of [0, RING_EMPTY, RING_TOO_LONG, RING_CORRUPT])
      expect(seen.get(result) ?? 0, `result ${result}`).toBeGreaterThan(50);
  });

  test("writes its tail and nothing else", () => {
    const consumer = pairs.first(language);
    const isOwn = (at: number): boolean => at >= RING_TAIL && at < RING_TAIL + 4;
    fc.assert(
      fc.property(rounds, (all) => {
        pairs.begin([consumer]);
        consumer.consumer(RING, OFFSET, CAPACITY);
        for (const one of all) {
          attack(one);
          const before = others(isOwn);
          consumer.receive(RING, one.size);
          expect(others(isOwn)).toBe(before);
          expect(pairs.file.u32(OFFSET + RING_TAIL) % 4).toBe(0);
        }
      }),
      { numRuns: RUNS / 3, seed: SEED },
    );
  });

  test("works again with a producer that begins anew and behaves", () => {
    const consumer = pairs.first(language);
    const producer = pairs.second(language === "C" ? "AssemblyScript" : "C");
    fc.assert(
      fc.property(rounds, (all) => {
        pairs.begin([consumer]);
        consumer.consumer(RING, OFFSET, CAPACITY);
        for (const one of all) {
          const { during, size } = one;
          attack(one);
          consumer.strike(during);
          consumer.receive(RING, size);
        }
        consumer.strike([]);
        producer.begin();
        producer.producer(RING, OFFSET, CAPACITY);
        let left = 0;
        while (consumer.receive(RING, CAPACITY).result !== RING_EMPTY) expect(left++).toBeLessThan(ENOUGH);
        expect(producer.send(RING, Uint8Array.of(1, 2, 3))).toBe(3);
        expect(consumer.receive(RING, 3)).toEqual({ result: 3, bytes: Uint8Array.of(1, 2, 3) });
      }),
      { numRuns: RUNS / 3, seed: SEED },
    );
  });
});

describe.each(["C", "AssemblyScript"] as const)("%s as a producer", (language) => {
  const isOwn = (at: number): boolean => (at >= RING_HEAD && at < RING_HEAD + 4) || (at >= RING_DATA && at < SIZE);

  test("to a consumer that cannot count", () => {
    const producer = pairs.first(language);
    const seen = new Map<number, number>();
    fc.assert(
      fc.property(rounds, (all) => {
        pairs.begin([producer]);
        expect(producer.producer(RING, OFFSET, CAPACITY)).toBe(0);
        for (const { now, during, bytes } of all) {
          attack({ plausible: null, now });
          producer.strike(during);
          const result = producer.send(RING, bytes);
          seen.set(Math.min(result, 0), (seen.get(Math.min(result, 0)) ?? 0) + 1);
          expect([bytes.length, RING_FULL, RING_TOO_LONG, RING_CORRUPT]).toContain(result);
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
    for (const result of [0, RING_FULL, RING_TOO_LONG, RING_CORRUPT])
      expect(seen.get(result) ?? 0, `result ${result}`).toBeGreaterThan(50);
  });

  test("writes its head and its records and nothing else", () => {
    const producer = pairs.first(language);
    fc.assert(
      fc.property(rounds, (all) => {
        pairs.begin([producer]);
        producer.producer(RING, OFFSET, CAPACITY);
        for (const { now, bytes } of all) {
          attack({ plausible: null, now });
          const before = others(isOwn);
          producer.send(RING, bytes);
          expect(others(isOwn)).toBe(before);
        }
      }),
      { numRuns: RUNS / 3, seed: SEED },
    );
  });

  test("works again with a consumer that begins anew and behaves", () => {
    const producer = pairs.first(language);
    const consumer = pairs.second(language === "C" ? "AssemblyScript" : "C");
    fc.assert(
      fc.property(rounds, (all) => {
        pairs.begin([producer]);
        producer.producer(RING, OFFSET, CAPACITY);
        for (const { now, bytes } of all) {
          attack({ plausible: null, now });
          producer.send(RING, bytes);
        }
        consumer.begin();
        consumer.consumer(RING, OFFSET, CAPACITY);
        producer.send(RING, new Uint8Array()); // tells its head again, if it was overwritten
        let left = 0;
        while (consumer.receive(RING, CAPACITY).result !== RING_EMPTY) expect(left++).toBeLessThan(ENOUGH);
        expect(producer.send(RING, Uint8Array.of(1, 2, 3))).toBe(3);
        expect(consumer.receive(RING, 3)).toEqual({ result: 3, bytes: Uint8Array.of(1, 2, 3) });
      }),
      { numRuns: RUNS / 3, seed: SEED },
    );
  });

  test("a record that is longer than the ring is refused before anything is written", () => {
    const producer = pairs.first(language);
    pairs.begin([producer]);
    producer.producer(RING, OFFSET, CAPACITY);
    const before = pairs.file.read(0, 4096);
    expect(producer.send(RING, new Uint8Array(CAPACITY - 3))).toBe(RING_TOO_LONG);
    expect(pairs.file.read(0, 4096)).toEqual(before);
  });
});
