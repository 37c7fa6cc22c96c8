// Random frames for the property tests of the link.
import fc from "fast-check";
import { FRAME_PAYLOAD_MAX } from "../../core/abi.ts";
import { FRAME_KIND_MAX, type Frame } from "../../industrial/link/frame.ts";

/** Payloads with many zeros, with none, and of the greatest length. */
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ maxLength: FRAME_PAYLOAD_MAX, size: "max" }),
  fc.integer({ min: 0, max: FRAME_PAYLOAD_MAX }).map((length) => new Uint8Array(length)),
  fc.integer({ min: 200, max: FRAME_PAYLOAD_MAX }).map((length) => new Uint8Array(length).fill(0x55)),
);

export const anyFrame: fc.Arbitrary<Frame> = fc.record({
  kind: fc.integer({ min: 1, max: FRAME_KIND_MAX }),
  partition: fc.integer({ min: 0, max: 255 }),
  sequence: fc.integer({ min: 0, max: 255 }),
  payload,
});

/** Text as a board prints it: no control characters besides those of a terminal. */
export const anyText: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
      { weight: 1, arbitrary: fc.constantFrom(0x09, 0x0a, 0x0d, 0x1b) },
    ),
    {
      minLength: 1,
      maxLength: 200,
    },
  )
  .map((codes) => Uint8Array.from(codes));
