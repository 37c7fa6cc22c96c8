// Values of tags between the tag image and the protocols: the one place where they change their shape.
//
//             in the image   in TypeScript    Modbus            OPC UA            Sparkplug B    Prometheus, JSON
//  i64, u64   8 bytes        bigint           4 registers       [high, low]       u64            nearest double (2^53 and
//                                                                                                beyond loses bits)
//  f32, f64   IEEE 754       number           2, 4 registers    number            number         number
//  others     1…4 bytes      number           1, 2 registers    number            u32, u64       number
//  bool       0 or not       boolean          bit               boolean           boolean        0 or 1
//  string     length, text   string           text, 2 a word    string            string         text
import type { Scalar, TagType } from "../../partitions/tags/type.ts";
import type { WordOrder } from "../modbus/registers.ts";

export type ScalarValue = boolean | number | bigint | string;
/** An array has as many as its type says. */
export type TagValue = ScalarValue | readonly ScalarValue[];

const decoder = new TextDecoder(); // what is no UTF-8 becomes U+FFFD
const encoder = new TextEncoder();

type Getter = (view: DataView, at: number) => ScalarValue;
const GETTERS: Readonly<Record<Exclude<Scalar, "string">, Getter>> = {
  bool: (view, at) => view.getUint8(at) !== 0,
  i8: (view, at) => view.getInt8(at),
  i16: (view, at) => view.getInt16(at, true),
  i32: (view, at) => view.getInt32(at, true),
  i64: (view, at) => view.getBigInt64(at, true),
  u8: (view, at) => view.getUint8(at),
  u16: (view, at) => view.getUint16(at, true),
  u32: (view, at) => view.getUint32(at, true),
  u64: (view, at) => view.getBigUint64(at, true),
  f32: (view, at) => view.getFloat32(at, true),
  f64: (view, at) => view.getFloat64(at, true),
};

/** The value of a tag in an image, or in any bytes laid out as there. */
export function readValue(view: DataView, at: number, { scalar, count, size, text }: TagType): TagValue {
  if (scalar === "string") {
    const length = Math.min(view.getUint8(at), text);
    return decoder.decode(new Uint8Array(view.buffer, view.byteOffset + at + 1, length));
  }
  const get = GETTERS[scalar];
  return count === undefined ? get(view, at) : Array.from({ length: count }, (_, index) => get(view, at + index * size));
}

/** Writes a value that fits(). */
export function writeValue(view: DataView, at: number, type: TagType, value: TagValue): void {
  if (type.scalar === "string") {
    const bytes = encoder.encode(String(value));
    const whole = new Uint8Array(view.buffer, view.byteOffset + at, type.size);
    whole.fill(0);
    whole.set(bytes.subarray(0, type.text), 1);
    view.setUint8(at, Math.min(bytes.length, type.text));
  } else if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) writeScalar(view, at + index * type.size, type.scalar, each as ScalarValue);
  } else {
    writeScalar(view, at, type.scalar, value as ScalarValue);
  }
}

function writeScalar(view: DataView, at: number, scalar: Exclude<Scalar, "string">, value: ScalarValue): void {
  switch (scalar) {
    case "bool":
      view.setUint8(at, value === true ? 1 : 0);
      break;
    case "i8":
    case "u8":
      view.setUint8(at, Number(value)); // modulo 2^8: both
      break;
    case "i16":
    case "u16":
      view.setUint16(at, Number(value), true);
      break;
    case "i32":
    case "u32":
      view.setUint32(at, Number(value), true);
      break;
    case "i64":
    case "u64":
      view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
      break;
    case "f32":
      view.setFloat32(at, Number(value), true);
      break;
    case "f64":
      view.setFloat64(at, Number(value), true);
  }
}

/**
 * Whether a value is one that a tag of this type, and of this range, can have. What comes from outside goes through here
 * first.
 */
export function fits(type: TagType, range: readonly [number, number] | undefined, value: TagValue): boolean {
  if (type.count === undefined) return fitsScalar(type, range, value);
  return Array.isArray(value) && value.length === type.count && value.every((each: TagValue) => fitsScalar(type, range, each));
}

function fitsScalar({ scalar, size, text }: TagType, range: readonly [number, number] | undefined, value: TagValue): boolean {
  if (scalar === "bool") return typeof value === "boolean";
  if (scalar === "string") return typeof value === "string" && !value.includes("\0") && encoder.encode(value).length <= text;
  if (scalar === "i64" || scalar === "u64") {
    if (typeof value !== "bigint") return false;
    const own = scalar === "i64" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
    return own === value && (range === undefined || (value >= BigInt(range[0]) && value <= BigInt(range[1])));
  }
  if (typeof value !== "number") return false;
  // A range begins where NaN is not; without one a number that is not finite is no process value to set, either.
  if (scalar === "f32" || scalar === "f64") {
    const stored = scalar === "f32" ? Math.fround(value) : value;
    return Number.isFinite(stored) && (range === undefined || (stored >= range[0] && stored <= range[1]));
  }
  const [least, most] = scalar.startsWith("i") ? [-(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1] : [0, 2 ** (8 * size) - 1];
  return Number.isInteger(value) && value >= Math.max(least, range?.[0] ?? least) && value <= Math.min(most, range?.[1] ?? most);
}

const REGISTER = 2;

/** The image's bytes of a value → its registers, in `into` from `to` on. A number of 8 bits takes a register, with its sign. */
export function toRegisters(view: DataView, at: number, type: TagType, order: WordOrder, into: DataView, to: number): void {
  const { scalar, count = 1, size, text } = type;
  if (scalar === "string") {
    const length = Math.min(view.getUint8(at), text);
    for (let k = 0; k < Math.ceil(text / REGISTER) * REGISTER; k++)
      into.setUint8(to + k, k < length ? view.getUint8(at + 1 + k) : 0);
    return;
  }
  const words = Math.max(1, size / REGISTER);
  for (let index = 0; index < count; index++) {
    const from = at + index * size;
    const target = to + index * words * REGISTER;
    if (size === 1) {
      into.setInt16(target, scalar === "i8" ? view.getInt8(from) : view.getUint8(from));
      continue;
    }
    for (let word = 0; word < words; word++) {
      const place = order === "low-first" ? word : words - 1 - word;
      into.setUint16(target + place * REGISTER, view.getUint16(from + word * REGISTER, true));
    }
  }
}

/** Registers → the value; undefined: a register's upper half is not the sign of an 8-bit number, or text is no UTF-8. */
export function fromRegisters(registers: DataView, from: number, type: TagType, order: WordOrder): TagValue | undefined {
  const { scalar, count, size, text } = type;
  if (scalar === "string") {
    const whole = new Uint8Array(registers.buffer, registers.byteOffset + from, text);
    const end = whole.indexOf(0);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(end < 0 ? whole : whole.subarray(0, end));
    } catch {
      return undefined;
    }
  }
  const words = Math.max(1, size / REGISTER);
  const one = new DataView(new ArrayBuffer(8));
  const values: ScalarValue[] = [];
  for (let index = 0; index < (count ?? 1); index++) {
    const source = from + index * words * REGISTER;
    if (size === 1) {
      const value = scalar === "i8" ? registers.getInt16(source) : registers.getUint16(source);
      if (scalar === "i8" ? value < -128 || value > 127 : value > 255) return undefined;
      values.push(value);
      continue;
    }
    for (let word = 0; word < words; word++) {
      const place = order === "low-first" ? word : words - 1 - word;
      one.setUint16(word * REGISTER, registers.getUint16(source + place * REGISTER), true);
    }
    values.push(GETTERS[scalar](one, 0));
  }
  return count === undefined ? values[0] : values;
}

const LOW = 0xffff_ffffn;
const HALF = 32n;

/** node-opcua's Int64 and UInt64: [high, low], both unsigned. */
export const toHalves = (value: bigint): [number, number] => {
  const bits = BigInt.asUintN(64, value);
  return [Number(bits >> HALF), Number(bits & LOW)];
};

export function fromHalves([high, low]: readonly [number, number], scalar: "i64" | "u64"): bigint {
  const bits = (BigInt(high >>> 0) << HALF) | BigInt(low >>> 0);
  return scalar === "i64" ? BigInt.asIntN(64, bits) : bits;
}

/** For what knows doubles only: the nearest one; text and arrays have none. */
export function toDouble(value: TagValue): number | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
}
