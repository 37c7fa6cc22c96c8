// Stores that others do not see yet.
import { describe, expect, test } from "vitest";
import { StoreBuffer } from "../../tools/machine/storeBuffer.ts";

describe("the store buffer", () => {
  const made = (): { bytes: Uint8Array; buffer: StoreBuffer } => {
    const bytes = new Uint8Array(8);
    return { bytes, buffer: new StoreBuffer(bytes.buffer, /^$/) };
  };
  const store = (bytes: Uint8Array, buffer: StoreBuffer, pcpu: number, at: number, value: number): void => {
    buffer.store(pcpu, at, 1);
    bytes[at] = value;
  };

  test("hides what is not in order yet from others, and puts it there behind what they store", () => {
    const { bytes, buffer } = made();
    store(bytes, buffer, 0, 1, 5);
    store(bytes, buffer, 0, 1, 6);
    store(bytes, buffer, 0, 2, 7);
    let seen: number[] = [];
    buffer.hidden(0, () => {
      seen = [...bytes.subarray(0, 4)];
      store(bytes, buffer, 1, 2, 9);
      store(bytes, buffer, 1, 3, 9);
    });
    expect([seen, [...bytes.subarray(0, 4)]]).toEqual([[0, 0, 0, 0], [0, 6, 7, 9]]);
  });

  test("hides nothing behind a barrier", () => {
    const { bytes, buffer } = made();
    store(bytes, buffer, 0, 1, 5);
    expect(buffer.holds(0)).toBe(true);
    buffer.drain(0);
    expect(buffer.holds(0)).toBe(false);
    buffer.hidden(0, () => expect(bytes[1]).toBe(5));
  });
});
