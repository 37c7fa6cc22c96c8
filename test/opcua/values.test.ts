// Values on the way to OPC UA and back: each type at its edges, and nothing of another type is taken.
import { DataType, Variant, VariantArrayType } from "node-opcua-variant";
import { expect, test } from "vitest";
import { fromVariant, toVariant } from "../../industrial/opcua/values.ts";
import type { TagValue } from "../../industrial/tags/value.ts";
import { parseType } from "../../partitions/tags/type.ts";

const EDGES: readonly (readonly [type: string, dataType: DataType, values: readonly TagValue[]])[] = [
  ["bool", DataType.Boolean, [false, true]],
  ["i8", DataType.SByte, [-128, 127]],
  ["u8", DataType.Byte, [0, 255]],
  ["i16", DataType.Int16, [-32_768, 32_767]],
  ["u16", DataType.UInt16, [0, 65_535]],
  ["i32", DataType.Int32, [-(2 ** 31), 2 ** 31 - 1]],
  ["u32", DataType.UInt32, [0, 2 ** 32 - 1]],
  ["i64", DataType.Int64, [-(2n ** 63n), -1n, 0n, 1n, 2n ** 53n + 1n, 2n ** 63n - 1n]],
  ["u64", DataType.UInt64, [0n, 2n ** 53n + 1n, 2n ** 64n - 1n]],
  ["f32", DataType.Float, [0, -1.5, Math.fround(3.4e38)]],
  ["f64", DataType.Double, [0, Number.MIN_VALUE, -Number.MAX_VALUE]],
  ["string[6]", DataType.String, ["", "é𝄞"]],
  ["i8[2]", DataType.SByte, [[-128, 127]]],
  ["bool[3]", DataType.Boolean, [[true, false, true]]],
  ["i64[2]", DataType.Int64, [[-(2n ** 63n), 7n]]],
  ["u64[1]", DataType.UInt64, [[2n ** 64n - 1n]]],
  ["f32[2]", DataType.Float, [[1.5, -2]]],
];

test.each(EDGES)("%s comes back", (name, dataType, values) => {
  const type = parseType(name);
  for (const value of values) {
    const variant = toVariant(type, value);
    expect([variant.dataType, variant.arrayType]).toEqual([
      dataType,
      Array.isArray(value) ? VariantArrayType.Array : VariantArrayType.Scalar,
    ]);
    expect(fromVariant(type, variant)).toEqual(value);
  }
});

test("a value of another type, of another shape or of another length is none", () => {
  for (const [name, dataType] of EDGES) {
    const type = parseType(name);
    for (const [other, written, values] of EDGES)
      if (written !== dataType)
        expect(fromVariant(type, toVariant(parseType(other), values[0] ?? 0)), `${name} of ${other}`).toBeUndefined();
    expect(fromVariant(type, new Variant({ dataType: DataType.Null })), name).toBeUndefined();
  }
  const list = parseType("i16[2]");
  expect(fromVariant(list, new Variant({ dataType: DataType.Int16, value: 1 }))).toBeUndefined();
  expect(
    fromVariant(list, new Variant({ dataType: DataType.Int16, arrayType: VariantArrayType.Array, value: [1] })),
  ).toBeUndefined();
  expect(
    fromVariant(list, new Variant({ dataType: DataType.Int16, arrayType: VariantArrayType.Array, value: [1, 2, 3] })),
  ).toBeUndefined();
  expect(
    fromVariant(parseType("i16"), new Variant({ dataType: DataType.Int16, arrayType: VariantArrayType.Array, value: [1] })),
  ).toBeUndefined();
});
