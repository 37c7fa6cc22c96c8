// The value instructions of WebAssembly's integer part (core specification §4.3.2), each with its C expression. Operands
// are unsigned C integers of exactly 32 or 64 bits (a and b are placeholders), and so is the result: nothing here can
// overflow a signed type. `condition` is given where C's own 0-or-1 integer is cheaper to read in an if.
export type ValueType = "i32" | "i64";

export interface Instruction {
  readonly result: ValueType;
  readonly operands: readonly ValueType[];
  /** C expression with parentheses around it where needed. */
  readonly c: (a: string, b: string) => string;
  /** The result is 0 or 1; `c` gives a C int, fit for a condition. */
  readonly truth: boolean;
  /** Can trap: must not be moved over a side effect. */
  readonly traps: boolean;
}

const unary = (type: ValueType, result: ValueType, c: (a: string) => string, truth = false): Instruction => ({
  result, operands: [type], c, truth, traps: false,
});

const binary = (type: ValueType, c: (a: string, b: string) => string): Instruction => ({
  result: type, operands: [type, type], c, truth: false, traps: false,
});

const dividing = (type: ValueType, c: (a: string, b: string) => string): Instruction => ({ ...binary(type, c), traps: true });

const comparison = (type: ValueType, c: (a: string, b: string) => string): Instruction => ({
  result: "i32", operands: [type, type], c, truth: true, traps: false,
});

const both = (bits: 32 | 64): [string, Instruction][] => {
  const type: ValueType = `i${bits}`;
  const mask = bits - 1;
  const signed = (x: string): string => `(i${bits})${x}`;
  const back = (x: string): string => `(u${bits})(${x})`;
  const compare = (name: string, operator: string): [string, Instruction][] => [
    [`${type}.${name}_u`, comparison(type, (a, b) => `(${a} ${operator} ${b})`)],
    [`${type}.${name}_s`, comparison(type, (a, b) => `(${signed(a)} ${operator} ${signed(b)})`)],
  ];
  return [
    [`${type}.clz`, unary(type, type, (a) => back(`__builtin_clzg(${a}, ${bits})`))],
    [`${type}.ctz`, unary(type, type, (a) => back(`__builtin_ctzg(${a}, ${bits})`))],
    [`${type}.popcnt`, unary(type, type, (a) => back(`__builtin_popcountg(${a})`))],
    [`${type}.eqz`, unary(type, "i32", (a) => `(${a} == 0)`, true)],
    [`${type}.extend8_s`, unary(type, type, (a) => back(`${signed(`(i8)${a}`)}`))],
    [`${type}.extend16_s`, unary(type, type, (a) => back(`${signed(`(i16)${a}`)}`))],
    [`${type}.add`, binary(type, (a, b) => `(${a} + ${b})`)],
    [`${type}.sub`, binary(type, (a, b) => `(${a} - ${b})`)],
    [`${type}.mul`, binary(type, (a, b) => `(${a} * ${b})`)],
    [`${type}.and`, binary(type, (a, b) => `(${a} & ${b})`)],
    [`${type}.or`, binary(type, (a, b) => `(${a} | ${b})`)],
    [`${type}.xor`, binary(type, (a, b) => `(${a} ^ ${b})`)],
    [`${type}.shl`, binary(type, (a, b) => `(${a} << ${shift(b, mask)})`)],
    [`${type}.shr_u`, binary(type, (a, b) => `(${a} >> ${shift(b, mask)})`)],
    [`${type}.shr_s`, binary(type, (a, b) => back(`${signed(a)} >> ${shift(b, mask)}`))],
    [`${type}.rotl`, binary(type, (a, b) => `__builtin_rotateleft${bits}(${a}, ${b})`)],
    [`${type}.rotr`, binary(type, (a, b) => `__builtin_rotateright${bits}(${a}, ${b})`)],
    [`${type}.div_u`, dividing(type, (a, b) => `axv_div_u${bits}(${a}, ${b})`)],
    [`${type}.div_s`, dividing(type, (a, b) => `axv_div_s${bits}(${a}, ${b})`)],
    [`${type}.rem_u`, dividing(type, (a, b) => `axv_rem_u${bits}(${a}, ${b})`)],
    [`${type}.rem_s`, dividing(type, (a, b) => `axv_rem_s${bits}(${a}, ${b})`)],
    [`${type}.eq`, comparison(type, (a, b) => `(${a} == ${b})`)],
    [`${type}.ne`, comparison(type, (a, b) => `(${a} != ${b})`)],
    ...compare("lt", "<"),
    ...compare("le", "<="),
    ...compare("gt", ">"),
    ...compare("ge", ">="),
  ];
};

/** C leaves shifts by the operand's width or more undefined; WebAssembly masks the count. */
const shift = (count: string, mask: number): string => {
  const constant = /^(\d+)ul?$/.exec(count);
  return constant === null ? `(${count} & ${mask})` : String(Number(constant[1]) & mask);
};

export const INSTRUCTIONS: ReadonlyMap<string, Instruction> = new Map([
  ...both(32),
  ...both(64),
  ["i32.wrap_i64", unary("i64", "i32", (a) => `(u32)${a}`)],
  ["i64.extend_i32_u", unary("i32", "i64", (a) => `(u64)${a}`)],
  ["i64.extend_i32_s", unary("i32", "i64", (a) => `(u64)(i64)(i32)${a}`)],
  ["i64.extend32_s", unary("i64", "i64", (a) => `(u64)(i64)(i32)${a}`)],
]);

/** Loads and stores: `i64.load16_s` → 64, 16, signed. */
export interface Access {
  readonly type: ValueType;
  readonly bits: number;
  readonly signed: boolean;
}

export function parseAccess(name: string, verb: "load" | "store"): Access | undefined {
  const match = new RegExp(`^(i32|i64)\\.${verb}(8|16|32)?(?:_([su]))?$`).exec(name);
  if (match === null) return undefined;
  const type: ValueType = match[1] === "i64" ? "i64" : "i32";
  const whole = type === "i64" ? 64 : 32;
  return { type, bits: match[2] === undefined ? whole : Number(match[2]), signed: match[3] === "s" };
}
