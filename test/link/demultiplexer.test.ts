import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FRAME_CONSOLE } from "../../core/abi.ts";
import { Demultiplexer, type Item } from "../../industrial/link/demultiplexer.ts";
import { encodeFrame, FRAME_ENCODED_MAX, type Frame } from "../../industrial/link/frame.ts";
import { anyFrame, anyText } from "./arbitraries.ts";

const utf8 = new TextEncoder();

function collect(): { demultiplexer: Demultiplexer; items: Item[] } {
  const items: Item[] = [];
  return { demultiplexer: new Demultiplexer((item) => items.push(item)), items };
}

const frames = (items: readonly Item[]): Frame[] => items.flatMap((item) => ("frame" in item ? [item.frame] : []));
const text = (items: readonly Item[]): string =>
  Buffer.concat(items.flatMap((item) => ("text" in item ? [item.text] : []))).toString("latin1");

const hello: Frame = { kind: FRAME_CONSOLE, partition: 1, sequence: 7, payload: utf8.encode("hello\n") };

/** Frames and texts in turn, as one wire. Texts beside each other would be one text, so each is set between zeros. */
const anyWire = fc
  .array(
    fc.oneof(
      anyFrame.map((frame) => ({ frame })),
      anyText.map((bytes) => ({ text: bytes })),
    ),
    { maxLength: 8 },
  )
  .map((items) => ({
    items,
    wire: Buffer.concat(
      items.map((item) => ("frame" in item ? encodeFrame(item.frame) : Buffer.concat([Buffer.of(0), item.text, Buffer.of(0)]))),
    ),
  }));

describe("a mixed wire", () => {
  test("comes apart into its frames and texts, in order, wherever the chunks are cut", () => {
    fc.assert(
      fc.property(anyWire, fc.array(fc.nat(), { maxLength: 12 }), ({ items, wire }, cuts) => {
        const whole = collect();
        const places = [...new Set(cuts.map((cut) => cut % (wire.length + 1)))].sort((a, b) => a - b);
        let from = 0;
        for (const place of [...places, wire.length]) {
          whole.demultiplexer.push(wire.subarray(from, place));
          from = place;
        }
        expect(merged(whole.items)).toEqual(merged(items));
      }),
    );
  });

  test("comes apart byte by byte", () => {
    fc.assert(
      fc.property(anyWire, ({ items, wire }) => {
        const single = collect();
        for (const byte of wire) single.demultiplexer.push(Uint8Array.of(byte));
        expect(merged(single.items)).toEqual(merged(items));
      }),
      { numRuns: 30 },
    );
  });
});

/** Neighbouring texts joined: how text is cut into pieces is free. */
function merged(items: readonly Item[]): (Frame | string)[] {
  const result: (Frame | string)[] = [];
  for (const item of items) {
    const last = result.at(-1);
    if ("frame" in item) result.push(item.frame);
    else if (typeof last === "string") result[result.length - 1] = last + Buffer.from(item.text).toString("latin1");
    else result.push(Buffer.from(item.text).toString("latin1"));
  }
  return result;
}

describe("text", () => {
  test("is handed on at once, though no delimiter follows", () => {
    const { demultiplexer, items } = collect();
    demultiplexer.push(utf8.encode("axv: boo"));
    expect(text(items)).toBe("axv: boo");
    demultiplexer.push(utf8.encode("ting\n"));
    expect(text(items)).toBe("axv: booting\n");
  });

  test("after a frame is handed on at once", () => {
    const { demultiplexer, items } = collect();
    demultiplexer.push(Buffer.concat([encodeFrame(hello), utf8.encode("PANIC")]));
    expect(frames(items)).toEqual([hello]);
    expect(text(items)).toBe("PANIC");
  });

  test("a single character waits for the next byte, or for silence", () => {
    const { demultiplexer, items } = collect();
    demultiplexer.push(utf8.encode("a"));
    expect(items).toEqual([]);
    demultiplexer.flush();
    expect(text(items)).toBe("a");
    demultiplexer.push(utf8.encode("xv\n"));
    expect(text(items)).toBe("axv\n");
  });

  test("in the middle of a frame (a panic) is shown after silence, and with the next delimiter at the latest", () => {
    const cut = encodeFrame(hello).subarray(0, 6);
    const { demultiplexer, items } = collect();
    demultiplexer.push(cut);
    demultiplexer.push(utf8.encode("\r\nPANIC: data abort\r\n"));
    expect(items).toEqual([]);
    demultiplexer.flush();
    expect(text(items)).toContain("\r\nPANIC: data abort\r\n");
    demultiplexer.push(encodeFrame(hello));
    expect(frames(items)).toEqual([hello]);
    expect(text(items).match(/PANIC/g)).toHaveLength(1);
  });

  test("a frame whose second half comes late is shown as text, and still delivered", () => {
    const wire = encodeFrame(hello);
    const { demultiplexer, items } = collect();
    demultiplexer.push(wire.subarray(0, 7));
    demultiplexer.flush();
    demultiplexer.push(wire.subarray(7));
    expect(frames(items)).toEqual([hello]);
  });

  test("a damaged frame is text, and the next frame is intact", () => {
    const damaged = encodeFrame(hello);
    damaged[5] = (damaged[5] ?? 0) ^ 0x20;
    const { demultiplexer, items } = collect();
    demultiplexer.push(Buffer.concat([damaged, encodeFrame(hello)]));
    expect(frames(items)).toEqual([hello]);
    expect(text(items)).toBe(Buffer.from(damaged.subarray(1, -1)).toString("latin1"));
  });
});

describe("garbage", () => {
  test("of any kind loses no byte that is not in a frame, and the frame after it is found", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1500, size: "max" }), (garbage) => {
        const { demultiplexer, items } = collect();
        demultiplexer.push(garbage);
        demultiplexer.push(encodeFrame(hello));
        expect(frames(items)).toEqual([hello]); // a random CRC-32 that fits would be one in four thousand million
        expect(text(items)).toBe(Buffer.from(garbage.filter((byte) => byte !== 0)).toString("latin1"));
      }),
    );
  });

  test("that begins like a frame and never ends is handed on, not hoarded", () => {
    const { demultiplexer, items } = collect();
    const endless = new Uint8Array(100_000).fill(0x41);
    endless[1] = FRAME_CONSOLE;
    demultiplexer.push(endless);
    expect(text(items).length).toBe(endless.length);
    demultiplexer.push(encodeFrame(hello));
    expect(frames(items)).toEqual([hello]);
  });

  test("the longest possible frame is held to its end", () => {
    const longest: Frame = { kind: 4, partition: 7, sequence: 0xaa, payload: new Uint8Array(512).fill(0xaa) };
    expect(encodeFrame(longest).length).toBe(FRAME_ENCODED_MAX + 2);
    const { demultiplexer, items } = collect();
    demultiplexer.push(encodeFrame(longest));
    expect(frames(items)).toEqual([longest]);
  });

  test("joining in the middle of a frame: the next one is found", () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), (frame, cut) => {
        const wire = encodeFrame(frame);
        const { demultiplexer, items } = collect();
        demultiplexer.push(wire.subarray(2 + (cut % (wire.length - 2))));
        demultiplexer.push(encodeFrame(hello));
        expect(frames(items)).toEqual([hello]);
      }),
    );
  });
});
