import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FRAME_CONSOLE, FRAME_PAYLOAD_MAX } from "../../core/abi.ts";
import { LinkError } from "../../industrial/link/errors.ts";
import { DELIMITER, decodeFrame, encodeFrame, FRAME_ENCODED_MAX } from "../../industrial/link/frame.ts";
import { anyFrame } from "./arbitraries.ts";

const inner = (wire: Uint8Array): Uint8Array => wire.subarray(1, -1);

test("golden: one console frame, byte for byte", () => {
  const wire = encodeFrame({ kind: FRAME_CONSOLE, partition: 0, sequence: 0x2a, payload: new TextEncoder().encode("Hi") });
  // CRC-32 of 01 00 2a 48 69 is 0xc256016a (zlib says so too).
  expect(Buffer.from(wire).toString("hex")).toBe("00" + "0201" + "082a48696a0156c2" + "00");
});

test("any frame comes back, between two delimiters and without one inside", () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      const wire = encodeFrame(frame);
      expect(wire[0]).toBe(DELIMITER);
      expect(wire.at(-1)).toBe(DELIMITER);
      expect(inner(wire).includes(DELIMITER)).toBe(false);
      expect(inner(wire).length).toBeLessThanOrEqual(FRAME_ENCODED_MAX);
      expect(decodeFrame(inner(wire))).toEqual(frame);
    }),
  );
});

test("a damaged frame is never taken for another one", () => {
  const damage = fc.array(fc.record({ at: fc.nat(), xor: fc.integer({ min: 1, max: 255 }) }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(anyFrame, damage, (frame, flips) => {
      const original = inner(encodeFrame(frame));
      const damaged = original.slice();
      for (const { at, xor } of flips) damaged[at % damaged.length] = (damaged[at % damaged.length] ?? 0) ^ xor;
      fc.pre(!Buffer.from(damaged).equals(Buffer.from(original)));
      expect(decodeFrame(damaged)).toBeUndefined();
    }),
    { numRuns: 2000 },
  );
});

test("a truncated frame is never taken for another one", () => {
  fc.assert(
    fc.property(anyFrame, fc.nat(), (frame, cut) => {
      const whole = inner(encodeFrame(frame));
      expect(decodeFrame(whole.subarray(0, cut % whole.length))).toBeUndefined();
      if (cut % whole.length > 0) expect(decodeFrame(whole.subarray(cut % whole.length))).toBeUndefined();
    }),
  );
});

describe("what cannot be sent", () => {
  test.each([
    ["a payload too long", { kind: 1, partition: 0, payload: new Uint8Array(FRAME_PAYLOAD_MAX + 1) }, /payload has 513 bytes/],
    ["kind 0", { kind: 0, partition: 0, payload: new Uint8Array() }, /kind is 0/],
    ["a kind that text may contain", { kind: 9, partition: 0, payload: new Uint8Array() }, /kind is 9/],
    ["a partition above 255", { kind: 1, partition: 256, payload: new Uint8Array() }, /partition is 256/],
  ])("%s", (_, frame, message) => {
    expect(() => encodeFrame(frame)).toThrow(LinkError);
    expect(() => encodeFrame(frame)).toThrow(message);
  });
});
