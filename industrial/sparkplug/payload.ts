// Sparkplug B's payload (Sparkplug 3.0.0, 6.4): metrics with a name or an alias, a time, a type and a value.
import type { Scalar, TagType } from "../../partitions/tags/type.ts";
import type { ScalarValue, TagValue } from "../tags/value.ts";
import { readFields, Writer } from "./protobuf.ts";
import type { Field } from "./protobuf.ts";

/** 6.4.16, "Data Types". */
const SCALAR_TYPES: Readonly<Record<Scalar, number>> = {
  i8: 1, i16: 2, i32: 3, i64: 4, u8: 5, u16: 6, u32: 7, u64: 8, f32: 9, f64: 10, bool: 11, string: 12,
};
const ARRAY_TYPES: Readonly<Record<Exclude<Scalar, "string">, number>> = {
  i8: 22, i16: 23, i32: 24, i64: 25, u8: 26, u16: 27, u32: 28, u64: 29, f32: 30, f64: 31, bool: 32,
};

/** Numbers of fields. */
const PAYLOAD = { timestamp: 1, metrics: 2, seq: 3 } as const;
const METRIC = {
  name: 1,
  alias: 2,
  timestamp: 3,
  datatype: 4,
  isHistorical: 5,
  isNull: 7,
  int: 10,
  long: 11,
  float: 12,
  double: 13,
  boolean: 14,
  string: 15,
  bytes: 16,
} as const;

export interface Metric {
  /** In births; otherwise the alias stands for it. */
  readonly name?: string;
  readonly alias?: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly type: TagType;
  /** Undefined: null. */
  readonly value: TagValue | undefined;
  readonly isHistorical?: boolean;
}

/** `seq`: undefined in a death. */
export function encodePayload(timestamp: number, seq: number | undefined, metrics: readonly Metric[]): Buffer {
  const out = new Writer();
  out.varint(PAYLOAD.timestamp, Math.round(timestamp));
  for (const metric of metrics) out.bytes(PAYLOAD.metrics, encodeMetric(metric));
  if (seq !== undefined) out.varint(PAYLOAD.seq, seq);
  return out.whole;
}

function encodeMetric({ name, alias, timestamp, type, value, isHistorical = false }: Metric): Buffer {
  const { scalar, count } = type;
  const out = new Writer();
  if (name !== undefined) out.text(METRIC.name, name);
  if (alias !== undefined) out.varint(METRIC.alias, alias);
  out.varint(METRIC.timestamp, Math.round(timestamp));
  out.varint(METRIC.datatype, count === undefined || scalar === "string" ? SCALAR_TYPES[scalar] : ARRAY_TYPES[scalar]);
  if (isHistorical) out.bool(METRIC.isHistorical, true);
  if (value === undefined) out.bool(METRIC.isNull, true);
  else if (Array.isArray(value)) out.bytes(METRIC.bytes, encodeArray(type, value as readonly ScalarValue[]));
  else encodeScalar(scalar, value as ScalarValue, out);
  return out.whole;
}

function encodeScalar(scalar: Scalar, value: ScalarValue, out: Writer): void {
  switch (scalar) {
    case "bool":
      return out.bool(METRIC.boolean, value === true);
    case "string":
      return out.text(METRIC.string, String(value));
    case "f32":
      return out.float(METRIC.float, Number(value));
    case "f64":
      return out.double(METRIC.double, Number(value));
    case "i64":
    case "u64":
      return out.varint(METRIC.long, BigInt.asUintN(64, BigInt(value)));
    default:
      // Negative ones as their two's complement of 32 bits (6.4.16).
      return out.varint(METRIC.int, Number(value) >>> 0);
  }
}

type Put = (view: DataView, at: number, value: ScalarValue) => void;
const PUTS: Readonly<Record<Exclude<Scalar, "bool" | "string">, Put>> = {
  i8: (view, at, value) => view.setInt8(at, Number(value)),
  u8: (view, at, value) => view.setUint8(at, Number(value)),
  i16: (view, at, value) => view.setInt16(at, Number(value), true),
  u16: (view, at, value) => view.setUint16(at, Number(value), true),
  i32: (view, at, value) => view.setInt32(at, Number(value), true),
  u32: (view, at, value) => view.setUint32(at, Number(value), true),
  i64: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
  u64: (view, at, value) => view.setBigUint64(at, BigInt(value), true),
  f32: (view, at, value) => view.setFloat32(at, Number(value), true),
  f64: (view, at, value) => view.setFloat64(at, Number(value), true),
};

/** Packed, little-endian; of booleans a count of 4 bytes and then a bit each, the first one the highest of its byte (6.4.16). */
function encodeArray({ scalar, size }: TagType, values: readonly ScalarValue[]): Uint8Array {
  if (scalar === "bool") {
    const bytes = Buffer.alloc(4 + Math.ceil(values.length / 8));
    bytes.writeUInt32LE(values.length);
    for (const [index, value] of values.entries())
      if (value === true) bytes[4 + (index >> 3)] = (bytes[4 + (index >> 3)] ?? 0) | (0x80 >> (index & 7));
    return bytes;
  }
  const view = new DataView(new ArrayBuffer(size * values.length));
  if (scalar !== "string") for (const [index, value] of values.entries()) PUTS[scalar](view, index * size, value);
  return new Uint8Array(view.buffer);
}

/** A metric as it came: what its value means depends on whose it is. */
export interface Received {
  readonly name: string | undefined;
  readonly alias: number | undefined;
  readonly timestamp: number | undefined;
  readonly datatype: number | undefined;
  readonly isHistorical: boolean;
  readonly isNull: boolean;
  readonly fields: readonly Field[];
}

export interface ReceivedPayload {
  readonly timestamp: number | undefined;
  readonly seq: number | undefined;
  readonly metrics: readonly Received[];
}

const numberIn = (fields: readonly Field[], wanted: number): number | undefined => {
  const value = fields.findLast(({ number }) => number === wanted)?.value;
  return typeof value === "bigint" ? Number(value) : undefined;
};

/** Undefined: it is none. */
export function decodePayload(bytes: Uint8Array): ReceivedPayload | undefined {
  const fields = readFields(bytes);
  if (fields === undefined) return undefined;
  const metrics: Received[] = [];
  for (const { number, value } of fields) {
    if (number !== PAYLOAD.metrics) continue;
    const inner = typeof value === "bigint" ? undefined : readFields(value);
    if (inner === undefined) return undefined;
    const name = inner.findLast((field) => field.number === METRIC.name)?.value;
    metrics.push({
      name: Buffer.isBuffer(name) ? name.toString("utf8") : undefined,
      alias: numberIn(inner, METRIC.alias),
      timestamp: numberIn(inner, METRIC.timestamp),
      datatype: numberIn(inner, METRIC.datatype),
      isHistorical: numberIn(inner, METRIC.isHistorical) === 1,
      isNull: numberIn(inner, METRIC.isNull) === 1,
      fields: inner,
    });
  }
  return { timestamp: numberIn(fields, PAYLOAD.timestamp), seq: numberIn(fields, PAYLOAD.seq), metrics };
}

/** The value as one of that type; undefined: it is none, or of another type. Whether it is in range, fits() says. */
export function valueOf({ isNull, fields, datatype }: Received, { scalar, count }: TagType): TagValue | undefined {
  // Arrays are only read.
  if (isNull || count !== undefined || (datatype !== undefined && datatype !== SCALAR_TYPES[scalar])) return undefined;
  const field = (number: number): bigint | Buffer | undefined => fields.findLast((each) => each.number === number)?.value;
  const int = field(METRIC.int);
  const long = field(METRIC.long);
  const bytes = (number: number, length?: number): Buffer | undefined => {
    const found = field(number);
    return Buffer.isBuffer(found) && (length === undefined || found.length === length) ? found : undefined;
  };
  switch (scalar) {
    case "bool": {
      const found = field(METRIC.boolean);
      return typeof found === "bigint" ? found !== 0n : undefined;
    }
    case "string":
      return bytes(METRIC.string)?.toString("utf8");
    case "f32":
      return bytes(METRIC.float, 4)?.readFloatLE();
    case "f64":
      return bytes(METRIC.double, 8)?.readDoubleLE();
    case "u64":
      return typeof long === "bigint" ? long : undefined;
    case "i64":
      return typeof long === "bigint" ? BigInt.asIntN(64, long) : undefined;
    case "u32":
    case "u16":
    case "u8":
      return typeof int === "bigint" ? Number(int) : undefined;
    default:
      return typeof int === "bigint" ? Number(BigInt.asIntN(32, int)) : undefined;
  }
}
