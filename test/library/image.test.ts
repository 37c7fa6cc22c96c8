// The process image between axv.h and its AssemblyScript twin, and against a partner that writes to it at any time.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PROCESS_IMAGE_MAGIC, PROCESS_IMAGE_SEQUENCE, PROCESS_IMAGE_SIZE } from "../../rtos-guests/plc/abi.ts";
import { Pairs, PAIRINGS } from "./pairs.ts";
import type { Image, Strike } from "./peer.ts";

const SEED = 3;

let pairs: Pairs;
beforeAll(async () => {
  pairs = await Pairs.create();
});
afterAll(() => pairs.stop());

const unsigned = fc.nat(0xffff_ffff);
const signed = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const image: fc.Arbitrary<Image> = fc.tuple(
  fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
  unsigned,
  unsigned,
  signed,
  signed,
  signed,
  unsigned,
  unsigned,
);

describe.each(PAIRINGS)("from %s to %s", (from, to) => {
  test("every value arrives, in its place; the sequence number goes on from wherever it stood", () => {
    const [writer, reader] = [pairs.first(from), pairs.second(to)];
    fc.assert(
      fc.property(fc.array(image, { minLength: 1, maxLength: 4 }), unsigned, (images, start) => {
        pairs.begin([writer, reader]);
        let sequence = start;
        for (const one of images) {
          const next = writer.writeImage(sequence, one);
          expect(next).toBe(((sequence | 1) + 1) >>> 0);
          expect(pairs.file.u32(PROCESS_IMAGE_SEQUENCE)).toBe(next);
          expect(reader.readImage()).toEqual(one);
          sequence = next;
        }
        expect(pairs.file.u32(0)).toBe(PROCESS_IMAGE_MAGIC);
      }),
      { numRuns: 200, seed: SEED },
    );
  });
});

const WHOLE: Image = [1n, 2, 3, 4, -5, 6, 7, 8];

describe.each(["C", "AssemblyScript"] as const)("%s as a reader", (language) => {
  test("of an empty channel, of another magic, and of a writer that stands still in mid-write", () => {
    const [writer, reader] = [pairs.first("C"), pairs.second(language)];
    pairs.begin([writer, reader]);
    expect(reader.readImage()).toBe("none");
    writer.writeImage(0, WHOLE);
    pairs.file.store32(0, PROCESS_IMAGE_MAGIC + 1);
    expect(reader.readImage()).toBe("none");
    pairs.file.store32(0, PROCESS_IMAGE_MAGIC);
    pairs.file.store32(PROCESS_IMAGE_SEQUENCE, 7);
    expect(reader.readImage()).toBe("busy");
  });

  test("of garbage that never rests: it ends, and says what it found", () => {
    const reader = pairs.second(language);
    const strike: fc.Arbitrary<Strike> = fc.record({
      offset: fc.nat(PROCESS_IMAGE_SIZE / 4 - 1).map((n) => 4 * n),
      value: fc.oneof(fc.constant(PROCESS_IMAGE_MAGIC), fc.nat(8), unsigned),
    });
    const found = new Set<string>();
    fc.assert(
      fc.property(fc.array(strike, { maxLength: 60, size: "max" }), (strikes) => {
        pairs.begin([reader]);
        for (const { offset, value } of strikes.slice(0, 8)) pairs.file.store32(offset, value);
        reader.strike(strikes);
        const result = reader.readImage();
        found.add(typeof result === "string" ? result : "image");
      }),
      { numRuns: 300, seed: SEED },
    );
    expect(found.has("none")).toBe(true);
  });
});

test("axv_image_open gives the sequence number that an earlier life has left", () => {
  const [writer] = pairs.native;
  pairs.begin([writer]);
  pairs.file.store32(PROCESS_IMAGE_SEQUENCE, 0xffff_fffd);
  expect(writer.ask("sequence")).toBe(String(0xffff_fffd));
});

test("two processes at once: an image that the C reader takes for whole is one that was written", () => {
  const reader = pairs.native[1];
  const writer = pairs.wasm[0];
  pairs.begin([reader, writer]);
  let sequence = 0;
  let whole = 0;
  for (let n = 1; n <= 2000; n++) {
    reader.tell("read");
    sequence = writer.writeImage(sequence, [BigInt(n), n, n, n, n, n, n, n]);
    const answer = reader.hear();
    if (answer === "-13" || answer === "-14") continue;
    const [result, ...values] = answer.split(" ");
    expect(result).toBe("0");
    expect(new Set(values).size).toBe(1);
    whole++;
  }
  expect(whole).toBeGreaterThan(100);
});
