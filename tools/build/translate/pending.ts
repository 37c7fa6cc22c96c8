// A C expression that stands for a WebAssembly value but has not been evaluated yet.
import { NOTHING, type Resources } from "./effects.ts";
import { children, type Expression } from "./expression.ts";
import type { ValueType } from "./instructions.ts";

export const C_TYPE: Readonly<Record<ValueType, string>> = { i32: "u32", i64: "u64" };

/** Has no side effects; where `reads` has OUTSIDE it can trap. */
export interface Pending {
  readonly code: string;
  readonly reads: Resources;
  /** A C int that is 0 or 1. */
  readonly truth?: boolean;
}

/** Stands for the value of what never returns; the code that uses it is never reached. */
export const MISSING: Pending = { code: "0", reads: NOTHING };

export const plain = (value: Pending): string => (value.truth === true ? `(u32)${value.code}` : value.code);
export const union = (values: readonly Pending[]): Resources => values.reduce((all, one) => all | one.reads, NOTHING);
export const offset = (bytes: number): string => literal(BigInt(bytes), "i64");

/** Unsigned, so that C's arithmetic on it wraps; small ones in decimal. */
export function literal(value: bigint, type: ValueType | undefined): string {
  const bits = type === "i64" ? 64 : 32;
  const unsigned = BigInt.asUintN(bits, value);
  return `${unsigned < 4096n ? unsigned.toString() : `0x${unsigned.toString(16)}`}${bits === 64 ? "ul" : "u"}`;
}

/** Has no side effect, so that `?:` may evaluate it or not. */
export function isPlain(expression: Expression): boolean {
  switch (expression.kind) {
    case "const":
    case "local.get":
    case "global.get":
    case "memory.size":
      return true;
    case "value":
    case "load":
      return children(expression).every(isPlain);
    case "if":
      return expression.then.length === 1 && expression.otherwise.length === 1 && children(expression).every(isPlain);
    default:
      return false;
  }
}
