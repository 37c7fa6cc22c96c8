// Every value instruction of WebAssembly's integer part (core specification §4.3.2, index of instructions), written down
// here on its own, so that one missing in the translator's table is found.
const UNARY = ["clz", "ctz", "popcnt", "extend8_s", "extend16_s"];
const BINARY = [
  "add",
  "sub",
  "mul",
  "div_s",
  "div_u",
  "rem_s",
  "rem_u",
  "and",
  "or",
  "xor",
  "shl",
  "shr_s",
  "shr_u",
  "rotl",
  "rotr",
];
const COMPARISON = ["eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"];

export type Type = "i32" | "i64";

export interface Sample {
  readonly name: string;
  readonly operands: readonly Type[];
  readonly result: Type;
}

export const VALUE_INSTRUCTIONS: readonly Sample[] = [
  ...(["i32", "i64"] as const).flatMap((type): Sample[] => [
    ...UNARY.map((op): Sample => ({ name: `${type}.${op}`, operands: [type], result: type })),
    ...BINARY.map((op): Sample => ({ name: `${type}.${op}`, operands: [type, type], result: type })),
    ...COMPARISON.map((op): Sample => ({ name: `${type}.${op}`, operands: [type, type], result: "i32" })),
    { name: `${type}.eqz`, operands: [type], result: "i32" },
  ]),
  { name: "i64.extend32_s", operands: ["i64"], result: "i64" },
  { name: "i32.wrap_i64", operands: ["i64"], result: "i32" },
  { name: "i64.extend_i32_s", operands: ["i32"], result: "i64" },
  { name: "i64.extend_i32_u", operands: ["i32"], result: "i64" },
];

export const LOADS: Readonly<Record<Type, readonly string[]>> = {
  i32: ["load", "load8_s", "load8_u", "load16_s", "load16_u"],
  i64: ["load", "load8_s", "load8_u", "load16_s", "load16_u", "load32_s", "load32_u"],
};
export const STORES: Readonly<Record<Type, readonly string[]>> = {
  i32: ["store", "store8", "store16"],
  i64: ["store", "store8", "store16", "store32"],
};

/** Where instructions change their ways. */
export const EDGES: Readonly<Record<Type, readonly bigint[]>> = {
  i32: [
    0n,
    1n,
    2n,
    7n,
    31n,
    32n,
    33n,
    0x7fn,
    0x80n,
    0xffn,
    0x8000n,
    0xffffn,
    0x7fffffffn,
    0x80000000n,
    0xfffffffen,
    0xffffffffn,
    0x12345678n,
  ],
  i64: [
    0n,
    1n,
    2n,
    7n,
    31n,
    32n,
    63n,
    64n,
    65n,
    0x80n,
    0x8000n,
    0x7fffffffn,
    0x80000000n,
    0xffffffffn,
    0x100000000n,
    0x7fffffffffffffffn,
    0x8000000000000000n,
    0xfffffffffffffffen,
    0xffffffffffffffffn,
    0x123456789abcdef0n,
  ],
};
