import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cobsDecode, cobsEncode, cobsEncodedMax } from "../../industrial/link/cobs.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const run = (length: number): number[] => Array.from({ length }, (_, at) => (at % 255) + 1);

describe("examples of the paper and of its readers", () => {
  test.each([
    ["empty", [], [0x01]],
    ["one zero", [0x00], [0x01, 0x01]],
    ["two zeros", [0x00, 0x00], [0x01, 0x01, 0x01]],
    ["zeros around", [0x00, 0x11, 0x00], [0x01, 0x02, 0x11, 0x01]],
    ["zero inside", [0x11, 0x22, 0x00, 0x33], [0x03, 0x11, 0x22, 0x02, 0x33]],
    ["zeros at the end", [0x11, 0x00, 0x00, 0x00], [0x02, 0x11, 0x01, 0x01, 0x01]],
    ["253 bytes", run(253), [0xfe, ...run(253)]],
    ["254 bytes", run(254), [0xff, ...run(254)]],
    ["255 bytes", run(255), [0xff, ...run(254), 0x02, 0xff]],
    ["254 bytes and a zero", [...run(254), 0x00], [0xff, ...run(254), 0x01, 0x01]],
  ])("%s", (_, data, encoded) => {
    expect([...cobsEncode(bytes(...data))]).toEqual(encoded);
    expect([...(cobsDecode(bytes(...encoded)) ?? [])]).toEqual(data);
  });

  test("an encoder that closes a full last block with an empty one is understood too", () => {
    expect([...(cobsDecode(bytes(0xff, ...run(254), 0x01)) ?? [])]).toEqual(run(254));
  });
});

describe("what is not COBS", () => {
  test.each([
    ["nothing", []],
    ["a zero as code", [0x00, 0x11]],
    ["a zero in a block", [0x03, 0x11, 0x00]],
    ["a block past the end", [0x04, 0x11, 0x22]],
  ])("%s", (_, encoded) => expect(cobsDecode(bytes(...encoded))).toBeUndefined());
});

test("any bytes come back, without a zero on the way, within the stated length", () => {
  // Long runs without zeros are rare in random bytes, and the interesting case.
  const data = fc.oneof(
    fc.uint8Array({ maxLength: 1100 }),
    fc
      .array(
        fc.integer({ min: 0, max: 255 }).map((b) => b || 1),
        { maxLength: 1100 },
      )
      .map((a) => Uint8Array.from(a)),
  );
  fc.assert(
    fc.property(data, (input) => {
      const encoded = cobsEncode(input);
      expect(encoded.includes(0)).toBe(false);
      expect(encoded.length).toBeLessThanOrEqual(cobsEncodedMax(input.length));
      expect(cobsDecode(encoded)).toEqual(input);
    }),
  );
});

test("any bytes are decoded or refused, never more than they are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (input) => {
      expect(cobsDecode(input)?.length ?? 0).toBeLessThan(Math.max(1, input.length));
    }),
  );
});
