// Values of tags as OPC UA's, both ways. Int64 and UInt64 are pairs of halves there, also in arrays (industrial/tags/value.ts).
import { DataType, Variant, VariantArrayType } from "node-opcua-variant";
import type { Scalar, TagType } from "../../partitions/tags/type.ts";
import { fromHalves, toHalves } from "../tags/value.ts";
import type { ScalarValue, TagValue } from "../tags/value.ts";

/** The companion specification's elementary types are these (OPC 30000, 5.2). */
export const DATA_TYPES: Readonly<Record<Scalar, DataType>> = {
  bool: DataType.Boolean,
  i8: DataType.SByte,
  i16: DataType.Int16,
  i32: DataType.Int32,
  i64: DataType.Int64,
  u8: DataType.Byte,
  u16: DataType.UInt16,
  u32: DataType.UInt32,
  u64: DataType.UInt64,
  f32: DataType.Float,
  f64: DataType.Double,
  string: DataType.String,
};

export const NO_VALUE = (): Variant => new Variant({ dataType: DataType.Null });

const TYPED = {
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;
const isTyped = (scalar: Scalar): scalar is keyof typeof TYPED => scalar in TYPED;
const isWide = (scalar: Scalar): scalar is "i64" | "u64" => scalar === "i64" || scalar === "u64";

export function toVariant({ scalar, count }: TagType, value: TagValue): Variant {
  const dataType = DATA_TYPES[scalar];
  if (count === undefined)
    return new Variant({
      dataType,
      arrayType: VariantArrayType.Scalar,
      value: typeof value === "bigint" ? toHalves(value) : value,
    });
  const values: readonly ScalarValue[] = Array.isArray(value) ? value : [];
  return new Variant({ dataType, arrayType: VariantArrayType.Array, value: arrayOf(scalar, values) });
}

function arrayOf(scalar: Scalar, values: readonly ScalarValue[]): unknown {
  if (isTyped(scalar)) return new TYPED[scalar](values.map(Number));
  return values.map((value) => (typeof value === "bigint" ? toHalves(value) : value));
}

/** What a client has written; undefined: it is of another type. Whether it is in range, fits() says. */
export function fromVariant({ scalar, count }: TagType, { dataType, arrayType, value }: Variant): TagValue | undefined {
  if (dataType !== DATA_TYPES[scalar]) return undefined;
  const written: unknown = value;
  if (count === undefined) return arrayType === VariantArrayType.Scalar ? scalarOf(scalar, written) : undefined;
  if (arrayType !== VariantArrayType.Array || !isList(written) || written.length !== count) return undefined;
  const values: ScalarValue[] = [];
  for (const each of written) {
    const one = scalarOf(scalar, each);
    if (one === undefined) return undefined;
    values.push(one);
  }
  return values;
}

const isList = (value: unknown): value is Iterable<unknown> & { readonly length: number } =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

function scalarOf(scalar: Scalar, value: unknown): ScalarValue | undefined {
  if (isWide(scalar)) {
    if (!isList(value)) return undefined;
    const [high, low] = value;
    return typeof high === "number" && typeof low === "number" ? fromHalves([high, low], scalar) : undefined;
  }
  const kind = scalar === "bool" ? "boolean" : scalar === "string" ? "string" : "number";
  return typeof value === kind ? (value as ScalarValue) : undefined;
}
