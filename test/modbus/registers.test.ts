// Values in registers: their edges, both word orders, and back.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ModbusError } from "../../industrial/modbus/errors.ts";
import {
  decode, encode, REGISTER_TYPES, type RegisterType, WORD_ORDERS, type WordOrder,
} from "../../industrial/modbus/registers.ts";

const bytes = (text: string, type: RegisterType, words: WordOrder = "high-first"): string =>
  encode(text, type, words).toString("hex");
const value = (hex: string, type: RegisterType, words: WordOrder = "high-first"): unknown =>
  decode(Buffer.from(hex, "hex"), type, words)[0];

test("the published test value 0x0102030405060708, in both orders of its registers", () => {
  expect(bytes("0x0102030405060708", "u64")).toBe("0102030405060708");
  expect(bytes("0x0102030405060708", "u64", "low-first")).toBe("0708050603040102");
  expect(bytes("0x01020304", "u32", "low-first")).toBe("03040102");
  expect(bytes("0x0102", "u16", "low-first")).toBe("0102");
  expect(bytes("1.5", "f32")).toBe("3fc00000");
  expect(bytes("1.5", "f32", "low-first")).toBe("00003fc0");
});

describe("whole numbers", () => {
  test.each([
    ["u16", "0", "65535"],
    ["i16", "-32768", "32767"],
    ["u32", "0", "4294967295"],
    ["i32", "-2147483648", "2147483647"],
    ["u64", "0", "18446744073709551615"],
    ["i64", "-9223372036854775808", "9223372036854775807"],
  ] as const)("%s reaches from %s to %s, and no further", (type, lowest, highest) => {
    for (const edge of [lowest, highest]) expect(String(value(bytes(edge, type), type))).toBe(edge);
    for (const beyond of [BigInt(lowest) - 1n, BigInt(highest) + 1n])
      expect(() => encode(String(beyond), type, "high-first")).toThrow(ModbusError);
  });
  test.each(["", " ", "1.5", "1e3", "0x", "--1", "one", "1 2"])("%j is none", (text) => {
    expect(() => encode(text, "i32", "high-first")).toThrow(/write a whole number, -2147483648 to 2147483647/);
  });
  test("hexadecimal, with a sign too", () => {
    expect(value(bytes("-0x10", "i16"), "i16")).toBe(-16);
    expect(value(bytes("+7", "i16"), "i16")).toBe(7);
  });
});

test("f32 takes what it can hold, infinity and NaN", () => {
  expect(value(bytes("-Infinity", "f32"), "f32")).toBe(-Infinity);
  expect(value(bytes("NaN", "f64"), "f64")).toBeNaN();
  expect(() => encode("1e39", "f32", "high-first")).toThrow(ModbusError);
  expect(() => encode("", "f32", "high-first")).toThrow(ModbusError);
  expect(() => encode("warm", "f64", "high-first")).toThrow(ModbusError);
});

test("a string fills whole registers and ends at its first zero", () => {
  expect(bytes("abc", "string")).toBe("61626300");
  expect(value("61626300", "string")).toBe("abc");
  expect(value("61006263", "string", "low-first")).toBe("a");
});

test("several values, of registers one behind the other", () => {
  expect(decode(Buffer.from("0001ffff", "hex"), "i16", "high-first")).toEqual([1, -1]);
  expect(decode(Buffer.from("0001000000020000", "hex"), "u32", "low-first")).toEqual([1, 2]);
});

test("what is encoded is decoded to the same, in either order", () => {
  const number = fc.oneof(
    fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }).map(String),
    fc.double().map(String),
    fc.integer({ min: -70000, max: 70000 }).map(String),
  );
  fc.assert(
    fc.property(fc.constantFrom(...REGISTER_TYPES), fc.constantFrom(...WORD_ORDERS), number, (type, words, text) => {
      let encoded: Buffer;
      try {
        encoded = encode(text, type, words);
      } catch (error) {
        expect(error).toBeInstanceOf(ModbusError);
        return;
      }
      const [back] = decode(encoded, type, words);
      if (type === "f32") expect(back).toBe(Math.fround(Number(text)));
      else if (type === "f64") expect(back).toBe(Number(text));
      else expect(String(back)).toBe(text);
    }),
    { numRuns: 2000 },
  );
});
