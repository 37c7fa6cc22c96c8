// Lines of text, as the guest and the Linux reader print them.
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { loadLogic, type Logic } from "./logicProgram.ts";

let logic: Logic;
beforeEach(async () => {
  logic = await loadLogic();
});

const LINE_MAX = 240;
const text = (): string => Buffer.from(logic.memory.buffer, logic.lineStart(), logic.lineLength()).toString("latin1");
const written = (write: () => void): string => {
  logic.lineClear();
  write();
  return text();
};

test("decimal: every u64, with leading zeros where asked for", () => {
  expect(written(() => logic.lineDecimal(0n, 1))).toBe("0");
  expect(written(() => logic.lineDecimal(7n, 3))).toBe("007");
  expect(written(() => logic.lineDecimal(0xffff_ffff_ffff_ffffn, 1))).toBe("18446744073709551615");
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      (value) => written(() => logic.lineDecimal(value, 1)) === value.toString(),
    ),
  );
});

test("hex", () => {
  expect(written(() => logic.lineHex(0n))).toBe("0");
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      (value) => written(() => logic.lineHex(value)) === value.toString(16),
    ),
  );
});

test("thousandths", () => {
  for (const [value, expected] of [
    [0, "0.000"],
    [-1500, "-1.500"],
    [-1, "-0.001"],
    [60_005, "60.005"],
    [-0x8000_0000, "-2147483.648"],
  ] as const) {
    expect(written(() => logic.lineMilli(value))).toBe(expected);
  }
});

test("what does not fit is cut off, and nothing behind the line is written", () => {
  logic.lineClear();
  for (let i = 0; i < 60; i++) logic.lineText();
  expect(text()).toBe("text ".repeat(48));
  expect(logic.lineLength()).toBe(LINE_MAX);
  expect(new Uint8Array(logic.memory.buffer)[logic.lineStart() + LINE_MAX]).toBe(0);
});
