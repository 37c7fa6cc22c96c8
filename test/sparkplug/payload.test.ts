// Sparkplug's payload, byte for byte, and back: what each type becomes (Sparkplug 3.0.0, 6.4.16).
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePayload, encodePayload, valueOf } from "../../industrial/sparkplug/payload.ts";
import type { TagValue } from "../../industrial/tags/value.ts";
import { parseType } from "../../partitions/tags/type.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("a payload by hand: timestamp, one metric by name and alias, sequence number", () => {
  const payload = encodePayload(1, 2, [{ name: "A", alias: 300, timestamp: 5, type: parseType("i32"), value: -1 }]);
  // 08 01 │ 12 length ( 0a 01 41 │ 10 ac 02 │ 18 05 │ 20 03 │ 50 ff ff ff ff 0f ) │ 18 02
  expect(hex(payload)).toBe("0801" + "1210" + "0a0141" + "10ac02" + "1805" + "2003" + "50ffffffff0f" + "1802");
});

test("a death has no sequence number", () => {
  expect(decodePayload(encodePayload(7, undefined, []))).toEqual({ timestamp: 7, seq: undefined, metrics: [] });
});

describe("what a value becomes", () => {
  const VALUES: readonly [string, TagValue, datatype: number, field: string][] = [
    ["bool", true, 11, "7001"],
    ["i8", -128, 1, "5080ffffff0f"],
    ["u8", 255, 5, "50ff01"],
    ["i16", -2, 2, "50feffffff0f"],
    ["u32", 2 ** 32 - 1, 7, "50ffffffff0f"],
    ["i64", -1n, 4, "58ffffffffffffffffff01"],
    ["u64", 2n ** 64n - 1n, 8, "58ffffffffffffffffff01"],
    ["u64", 2n ** 53n + 1n, 8, "5881808080808080 10".replace(" ", "")],
    ["f32", 1.5, 9, "650000c03f"],
    ["f64", -2, 10, "6900000000000000c0"],
    ["string[8]", "hé", 12, "7a0368c3a9"],
    ["i16[3]", [-1, 2, -3], 23, "820106ffff0200fdff"],
    ["bool[9]", [true, false, false, false, false, false, false, false, true], 32, "82010609000000" + "8080"],
    ["f64[1]", [1], 31, "820108000000000000f03f"],
  ];
  test.each(VALUES)("%s %s", (type, value, datatype, field) => {
    const payload = encodePayload(0, 0, [{ alias: 1, timestamp: 0, type: parseType(type), value }]);
    const metric = "1001" + "1800" + `20${datatype.toString(16).padStart(2, "0")}` + field;
    expect(hex(payload)).toBe(`080012${(metric.length / 2).toString(16).padStart(2, "0")}${metric}1800`);
  });

  test("none is null", () => {
    const [metric] =
      decodePayload(
        encodePayload(0, 0, [{ alias: 1, timestamp: 0, type: parseType("f32"), value: undefined, isHistorical: true }]),
      )?.metrics ?? [];
    expect(metric).toMatchObject({ alias: 1, isNull: true, isHistorical: true, datatype: 9 });
  });
});

test("every value comes back as it was, 64 bits too", () => {
  const i = (bits: number): fc.Arbitrary<number> => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
  const u = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });
  const any: fc.Arbitrary<readonly [string, TagValue]> = fc.oneof(
    ...[8, 16, 32].flatMap((bits) => [
      i(bits).map((value) => [`i${bits}`, value] as const),
      u(bits).map((value) => [`u${bits}`, value] as const),
    ]),
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((value) => ["i64", value] as const),
    fc.bigInt(0n, 2n ** 64n - 1n).map((value) => ["u64", value] as const),
    fc.boolean().map((value) => ["bool", value] as const),
    fc.float().map((value) => ["f32", value] as const),
    fc.double().map((value) => ["f64", value] as const),
    fc.string().map((value) => ["string[255]", value] as const),
  );
  fc.assert(
    fc.property(any, fc.nat(), ([name, value], alias) => {
      const type = parseType(name);
      const decoded = decodePayload(encodePayload(1e12, 255, [{ name: "x", alias, timestamp: 1e12, type, value }]));
      expect(decoded).toMatchObject({ timestamp: 1e12, seq: 255 });
      const [metric] = decoded?.metrics ?? [];
      expect(metric).toMatchObject({ name: "x", alias, timestamp: 1e12, isHistorical: false });
      expect(metric && valueOf(metric, type)).toEqual(value);
    }),
  );
});

test("bytes that are no payload are none, and nothing that they say is followed beyond their end", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const payload = decodePayload(bytes);
      for (const metric of payload?.metrics ?? [])
        for (const type of ["bool", "i8", "u64", "f32", "f64", "string[4]"]) valueOf(metric, parseType(type));
    }),
    { numRuns: 5000 },
  );
  for (const wrong of ["12", "1205", "0affffffffff0f", "08ffffffffffffffffffffff", "0b", "0f00", "12020801ff"])
    expect(decodePayload(Buffer.from(wrong, "hex")), wrong).toBeUndefined();
});

test("a value of another type than the tag's is none", () => {
  const [metric] =
    decodePayload(encodePayload(0, 0, [{ alias: 1, timestamp: 0, type: parseType("i16"), value: 5 }]))?.metrics ?? [];
  if (metric === undefined) throw new Error("no metric");
  expect([
    valueOf(metric, parseType("i16")),
    valueOf(metric, parseType("i32")),
    valueOf(metric, parseType("f32")),
    valueOf(metric, parseType("i16[2]")),
  ]).toEqual([5, undefined, undefined, undefined]);
});
