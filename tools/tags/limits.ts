// What a guest checks of a value before it takes it over: kind and limits of a tag that may be written, as
// rtos-guests/channel/tagWrites.ts and axv.h compare them.
import type { Tag } from "../../partitions/tags/table.ts";
import { boundsOf } from "../../partitions/tags/type.ts";
import {
  TAG_WRITES_FLOAT,
  TAG_WRITES_SIGNED,
  TAG_WRITES_TEXT,
  TAG_WRITES_UNSIGNED,
} from "../../rtos-guests/channel/tagWritesLayout.ts";

export interface Limits {
  readonly offset: number;
  /** Elements; of a text, bytes with the length's. */
  readonly count: number;
  readonly size: number;
  readonly kind: number;
  readonly low: bigint;
  readonly high: bigint;
}

const SIGN64 = 1n << 63n;

/** Its bits as an unsigned number that is the greater the greater the value is. */
function floatKey(value: number, size: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  if (size === 4) view.setFloat32(0, value);
  else view.setFloat64(0, value);
  const bits = size === 4 ? BigInt(view.getUint32(0)) : view.getBigUint64(0);
  const sign = 1n << BigInt(8 * size - 1);
  return (bits & sign) !== 0n ? ~bits & (2n * sign - 1n) : bits | sign;
}

/** Of floats of that size that are at least (most) `limit`: the key of the least (greatest). */
function floatLimit(limit: number, size: number, isLow: boolean): bigint {
  const stored = size === 4 ? Math.fround(limit) : limit;
  // Zero has two signs, and both are in a range that begins or ends with it.
  const key = floatKey(stored === 0 ? (isLow ? -0 : 0) : stored, size);
  if (isLow) return stored < limit ? key + 1n : key;
  return stored > limit ? key - 1n : key;
}

export function limitsOf({ offset, type, range }: Tag): Limits {
  const { scalar, size, count = 1, text } = type;
  if (scalar === "string") return { offset, count: 1 + text, size: 1, kind: TAG_WRITES_TEXT, low: 0n, high: 0n };
  if (scalar === "bool") return { offset, count, size, kind: TAG_WRITES_UNSIGNED, low: 0n, high: 1n };
  const bits = BigInt(8 * size);
  if (scalar.startsWith("f")) {
    const [low, high] = range ?? boundsOf(type) ?? [0, 0];
    return { offset, count, size, kind: TAG_WRITES_FLOAT, low: floatLimit(low, size, true), high: floatLimit(high, size, false) };
  }
  const isSigned = scalar.startsWith("i");
  const [least, most] = isSigned ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
  const [low, high] = range === undefined ? [least, most] : [BigInt(range[0]), BigInt(range[1])];
  const key = (value: bigint): bigint => (isSigned ? BigInt.asUintN(64, value) ^ SIGN64 : value);
  return { offset, count, size, kind: isSigned ? TAG_WRITES_SIGNED : TAG_WRITES_UNSIGNED, low: key(low), high: key(high) };
}

/** By offset, ascending. */
export const writablesOf = (tags: readonly Tag[]): Tag[] =>
  tags.filter(({ writable }) => writable).sort((a, b) => a.offset - b.offset);
