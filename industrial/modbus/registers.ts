// Values in registers, as Modbus clients and servers agree on them: a register has its high byte first; which register of a
// 32 or 64-bit value is first is the device's choice, its word order. One order holds for reading and for writing.
import { ModbusError } from "./errors.ts";

export const REGISTER_TYPES = ["u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "string"] as const;
export type RegisterType = (typeof REGISTER_TYPES)[number];
export type NumberType = Exclude<RegisterType, "string">;

export const WORD_ORDERS = ["high-first", "low-first"] as const;
export type WordOrder = (typeof WORD_ORDERS)[number];

const REGISTER_BYTES = 2;

/** Of one value; a string takes as many registers as are asked for. */
export const BYTES_OF: Readonly<Record<NumberType, number>> = { u16: 2, i16: 2, u32: 4, i32: 4, u64: 8, i64: 8, f32: 4, f64: 8 };

export const registersOf = (type: NumberType): number => BYTES_OF[type] / REGISTER_BYTES;

/** Integers of 64 bits are BigInt: a number would lose bits. */
export type RegisterValue = number | bigint | string;

/** Turns the registers of each value around, in place; the same again turns them back. */
function order(bytes: Buffer, type: NumberType, words: WordOrder): Buffer {
  const size = BYTES_OF[type];
  if (words === "low-first" && size > REGISTER_BYTES) {
    for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse().swap16();
  }
  return bytes;
}

const READ: Readonly<Record<NumberType, (bytes: Buffer, at: number) => number | bigint>> = {
  u16: (bytes, at) => bytes.readUInt16BE(at),
  i16: (bytes, at) => bytes.readInt16BE(at),
  u32: (bytes, at) => bytes.readUInt32BE(at),
  i32: (bytes, at) => bytes.readInt32BE(at),
  u64: (bytes, at) => bytes.readBigUInt64BE(at),
  i64: (bytes, at) => bytes.readBigInt64BE(at),
  f32: (bytes, at) => bytes.readFloatBE(at),
  f64: (bytes, at) => bytes.readDoubleBE(at),
};

/** The values in some registers, which hold a whole number of them. A string ends at its first zero. */
export function decode(registers: Buffer, type: RegisterType, words: WordOrder): RegisterValue[] {
  if (type === "string") return [(registers.toString("utf8").split("\0")[0] ?? "")];
  const bytes = order(Buffer.from(registers), type, words);
  return Array.from({ length: bytes.length / BYTES_OF[type] }, (_, index) => READ[type](bytes, index * BYTES_OF[type]));
}

const bits = (type: NumberType): bigint => BigInt(BYTES_OF[type] * 8);
const INTEGER = /^[+-]?(\d+|0x[0-9a-f]+)$/i;

/** From text, as a person writes it. */
export function encode(text: string, type: RegisterType, words: WordOrder): Buffer {
  if (type === "string") return encodeString(text);
  const bytes = Buffer.alloc(BYTES_OF[type]);
  if (type === "f32" || type === "f64") putFloat(text, type, bytes);
  else putInteger(text, type, bytes);
  return order(bytes, type, words);
}

/** Filled up with a zero to whole registers. */
function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  return bytes.length % REGISTER_BYTES === 0 ? bytes : Buffer.concat([bytes, Buffer.of(0)]);
}

function putFloat(text: string, type: "f32" | "f64", bytes: Buffer): void {
  const value = Number(text);
  const fits =
    text.trim() !== "" &&
    (text === "NaN" || !Number.isNaN(value)) &&
    (type === "f64" || !Number.isFinite(value) || Number.isFinite(Math.fround(value)));
  if (!fits) throw new ModbusError("AXV_MODBUS_VALUE", text, type, type === "f32" ? "a number of at most 3.4e38" : "a number");
  if (type === "f32") bytes.writeFloatBE(value);
  else bytes.writeDoubleBE(value);
}

function putInteger(text: string, type: Exclude<NumberType, "f32" | "f64">, bytes: Buffer): void {
  const isSigned = type.startsWith("i");
  const lowest = isSigned ? -(1n << (bits(type) - 1n)) : 0n;
  const highest = isSigned ? -lowest - 1n : (1n << bits(type)) - 1n;
  const value = INTEGER.test(text) ? bigintOf(text) : undefined;
  if (value === undefined || value < lowest || value > highest) {
    throw new ModbusError("AXV_MODBUS_VALUE", text, type, `a whole number, ${lowest} to ${highest}`);
  }
  const pattern = BigInt.asUintN(Number(bits(type)), value);
  bytes.set(Buffer.from(pattern.toString(16).padStart(bytes.length * 2, "0"), "hex"));
}

/** BigInt() takes no sign before 0x. */
function bigintOf(text: string): bigint {
  const digits = BigInt(text.replace(/^[+-]/, ""));
  return text.startsWith("-") ? -digits : digits;
}
