// Which general registers an instruction reads and writes (Arm ARM DDI 0487, C6.2), as sets of bits: bit n is X<n>, its
// lower half too.
import type { Instruction } from "./disassemble.ts";

export type Registers = number;
export const NONE: Registers = 0;
/** X0…X30. */
export const EVERY: Registers = 0x7fff_ffff;

export const bit = (register: number): Registers => (1 << register) >>> 0;
export const union = (a: Registers, b: Registers): Registers => (a | b) >>> 0;
export const without = (a: Registers, b: Registers): Registers => (a & ~b) >>> 0;
export const list = (registers: Registers): string[] =>
  Array.from({ length: 31 }, (_, n) => n)
    .filter((n) => (registers & bit(n)) !== 0)
    .map((n) => `x${n}`);

export interface Access {
  readonly reads: Registers;
  readonly writes: Registers;
}

/** Their first operand is read as the others are. */
const READS_ALL = /^(cmp|cmn|tst|ccmp|ccmn|cbn?z|tbn?z|msr|dc|ic|at|tlbi|st(r|p|l?ur|lr)[bh]?|prfm)$/;
/** The first operand is written where some of its bits are; the others stay. */
const KEEPS_REST = /^(movk|bfi|bfxil|bfc)$/;
/** SMCCC (DEN 0028): what firmware may change, and what our calls pass. */
const BY_CALL: Registers = 0x3_ffff;
const ASKED: Registers = 0xf;

const named = (text: string): Registers =>
  [...text.matchAll(/\b[xw](\d+)\b/g)].reduce((all, [, number]) => union(all, bit(Number(number))), NONE);

export function operandsOf({ operands }: Instruction): string[] {
  return operands.split(/,\s*(?![^[]*\])/);
}

export function accessOf(instruction: Instruction): Access {
  const { mnemonic, operands } = instruction;
  if (mnemonic === "smc" || mnemonic === "hvc") return { reads: ASKED, writes: BY_CALL };
  if (mnemonic === "b" || mnemonic.startsWith("b.") || mnemonic === "bl") return { reads: NONE, writes: NONE };
  if (mnemonic === "ret") return { reads: bit(30), writes: NONE };
  if (mnemonic === "eret") return { reads: EVERY, writes: NONE }; // the guest's
  const all = operandsOf(instruction);
  const address = all.findIndex((one) => one.startsWith("["));
  // [x1, #8]! and [x1], #8 write the base back.
  const base =
    address >= 0 && (all[address]?.endsWith("!") === true || address < all.length - 1)
      ? named((all[address] ?? "").split(",")[0] ?? "")
      : NONE;
  if (READS_ALL.test(mnemonic)) return { reads: named(operands.replace(/0x[0-9a-f]+.*$/, "")), writes: base };
  const targets = /^ldp/.test(mnemonic) ? 2 : 1;
  const writes = named(all.slice(0, targets).join());
  return {
    reads: union(named(all.slice(targets).join()), KEEPS_REST.test(mnemonic) ? writes : NONE),
    writes: union(writes, base),
  };
}
