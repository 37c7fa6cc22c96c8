// A value is the same on every way: image, registers in both word orders, OPC UA's halves; at the edges of its type above all.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fits, fromHalves, fromRegisters, readValue, toDouble, toHalves, toRegisters, writeValue,
} from "../../industrial/tags/value.ts";
import { WORD_ORDERS } from "../../industrial/modbus/registers.ts";
import type { TagValue } from "../../industrial/tags/value.ts";
import { registersOf } from "../../partitions/tags/table.ts";
import { boundsOf, bytesOf, parseType } from "../../partitions/tags/type.ts";
import type { TagType } from "../../partitions/tags/type.ts";

const NUMBERS = ["i8", "u8", "i16", "u16", "i32", "u32"];

/** Any value of a type, its edges often. */
function values(type: TagType): fc.Arbitrary<TagValue> {
  const [least, most] = boundsOf(type) ?? [0, 0];
  const scalar = ((): fc.Arbitrary<boolean | number | bigint | string> => {
    switch (type.scalar) {
      case "bool":
        return fc.boolean();
      case "string":
        return fc.string({ unit: "grapheme", maxLength: type.text }).filter((text) => fits(type, undefined, text));
      case "i64":
        return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
      case "u64":
        return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
      case "f32":
        return fc.float({ noNaN: true, noDefaultInfinity: true });
      case "f64":
        return fc.double({ noNaN: true, noDefaultInfinity: true });
      default:
        return fc.integer({ min: least, max: most });
    }
  })();
  return type.count === undefined ? scalar : fc.array(scalar, { minLength: type.count, maxLength: type.count });
}

const ALL = ["bool", "string[7]", "string[1]", ...NUMBERS, "i64", "u64", "f32", "f64", "i8[3]", "i64[2]", "bool[5]", "f32[4]"];

test.each(ALL)("%s comes back from the image, and from registers in both orders", (name) => {
  const type = parseType(name);
  fc.assert(
    fc.property(values(type), (value) => {
      const image = new DataView(new ArrayBuffer(bytesOf(type) + 16));
      writeValue(image, 8, type, value);
      expect(fits(type, undefined, value)).toBe(true);
      expect(readValue(image, 8, type)).toEqual(value);
      expect(
        new Uint8Array(image.buffer, 0, 8).every((byte) => byte === 0) &&
          new Uint8Array(image.buffer, 8 + bytesOf(type)).every((byte) => byte === 0),
        "nothing beside it",
      ).toBe(true);
      if (type.scalar === "bool") return;
      for (const order of WORD_ORDERS) {
        const registers = new DataView(new ArrayBuffer(2 * registersOf(type) + 4));
        toRegisters(image, 8, type, order, registers, 2);
        expect(fromRegisters(registers, 2, type, order)).toEqual(value);
        expect([registers.getUint16(0), registers.getUint16(2 * registersOf(type) + 2)], "nothing beside them").toEqual([0, 0]);
      }
    }),
  );
});

const registersFor = (name: string, value: TagValue, order: "high-first" | "low-first"): string => {
  const type = parseType(name);
  const image = new DataView(new ArrayBuffer(bytesOf(type)));
  writeValue(image, 0, type, value);
  const registers = Buffer.alloc(2 * registersOf(type));
  toRegisters(image, 0, type, order, new DataView(registers.buffer, registers.byteOffset), 0);
  return registers.toString("hex").replace(/(....)(?=.)/g, "$1 ");
};

test("registers are as the Modbus specification has them, and words swapped where that is asked for", () => {
  expect(registersFor("u32", 0x0102_0304, "high-first")).toBe("0102 0304");
  expect(registersFor("u32", 0x0102_0304, "low-first")).toBe("0304 0102");
  expect(registersFor("u64", 0x0102_0304_0506_0708n, "high-first")).toBe("0102 0304 0506 0708");
  expect(registersFor("u64", 0x0102_0304_0506_0708n, "low-first")).toBe("0708 0506 0304 0102");
  expect(registersFor("f32", 123.5, "high-first")).toBe("42f7 0000");
  expect(registersFor("i8", -2, "high-first")).toBe("fffe");
  expect(registersFor("i16[2]", [-1, 2], "low-first")).toBe("ffff 0002");
  expect(registersFor("string[5]", "abc", "low-first")).toBe("6162 6300 0000");
});

describe("what comes from outside", () => {
  test.each<[string, TagValue]>([
    ["u8", 256],
    ["u8", -1],
    ["u8", 0.5],
    ["u8", Number.NaN],
    ["u8", 1n],
    ["i8", 128],
    ["i16", -32769],
    ["u32", 2 ** 32],
    ["i64", 2n ** 63n],
    ["i64", -(2n ** 63n) - 1n],
    ["u64", -1n],
    ["u64", 2n ** 64n],
    ["i64", 1],
    ["f32", 3.5e38],
    ["f32", Number.POSITIVE_INFINITY],
    ["f64", Number.NaN],
    ["bool", 1],
    ["string[3]", "abcd"],
    ["string[3]", "\u00e9\u00e9"],
    ["string[3]", "a\0"],
    ["i16[2]", [1]],
    ["i16[2]", [1, 2, 3]],
    ["i16[2]", [1, 70000]],
    ["i16[2]", 1],
    ["i16", [1]],
  ])("%s does not take %s", (name, value) => expect(fits(parseType(name), undefined, value)).toBe(false));

  test("has to lie in the range, ends included", () => {
    const inRange = (name: string, range: [number, number], list: readonly TagValue[]): boolean[] =>
      list.map((value) => fits(parseType(name), range, value));
    expect(inRange("u8", [10, 20], [9, 10, 20, 21])).toEqual([false, true, true, false]);
    expect(inRange("i64", [-5, 5], [-6n, -5n, 5n, 6n])).toEqual([false, true, true, false]);
    expect(inRange("f32", [0, 0.1], [0, 0.05, 0.2])).toEqual([true, true, false]);
    expect(inRange("i16[2]", [0, 9], [[0, 9], [0, 10]])).toEqual([true, false]);
  });

  test("as registers is no 8-bit number with other upper bits, and no text that is no UTF-8", () => {
    const of = (...words: number[]): DataView =>
      new DataView(Uint8Array.from(words.flatMap((word) => [word >> 8, word & 255])).buffer);
    expect(fromRegisters(of(0x0080), 0, parseType("i8"), "high-first")).toBeUndefined();
    expect(fromRegisters(of(0xff7f), 0, parseType("i8"), "high-first")).toBeUndefined();
    expect(fromRegisters(of(0x0100), 0, parseType("u8"), "high-first")).toBeUndefined();
    expect(fromRegisters(of(0xc300), 0, parseType("string[2]"), "high-first")).toBeUndefined();
  });
});

test("a length in the image that is more than there is room for is cut", () => {
  const image = new DataView(new ArrayBuffer(8));
  image.setUint8(0, 200);
  expect(readValue(image, 0, parseType("string[3]"))).toBe("\0\0\0");
});

test("OPC UA's halves, and doubles, at the edges", () => {
  for (const value of [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    const halves = toHalves(value);
    expect(halves.every((half) => Number.isInteger(half) && half >= 0 && half < 2 ** 32)).toBe(true);
    expect(fromHalves(halves, "u64")).toBe(value);
    expect(fromHalves(toHalves(-value), "i64")).toBe(BigInt.asIntN(64, -value));
  }
  expect(toHalves(-1n)).toEqual([0xffff_ffff, 0xffff_ffff]);
  expect([toDouble(true), toDouble(2n ** 53n + 1n), toDouble("1"), toDouble([1])]).toEqual([1, 2 ** 53, undefined, undefined]);
});
