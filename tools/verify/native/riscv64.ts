// How RISC-V is read (The RISC-V Instruction Set Manual, I and II), as llvm-objdump writes it: with the assembler's own short
// names, also for compressed instructions. An ecall is one instruction: the time of whoever answers it is not ours to count.
// What is called must be in reach of jal: the linker makes one of each call, where auipc and jalr would be two.
import { bit, NONE, union } from "./instruction.ts";
import type { Flow, Instruction, Moved, Registers, StackAccess, Written } from "./instruction.ts";
import { targetIn, type Reading } from "./reading.ts";

/** With the C extension. */
const ALIGNMENT = 2;

/** Names of the calling convention (RISC-V ELF psABI) → numbers. */
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ["zero", 0], ["ra", 1], ["sp", 2], ["gp", 3], ["tp", 4], ["fp", 8],
  ...["t0", "t1", "t2", "s0", "s1"].map((name, n) => [name, 5 + n] as const),
  ...Array.from({ length: 8 }, (_, n) => [`a${n}`, 10 + n] as const),
  ...Array.from({ length: 10 }, (_, n) => [`s${n + 2}`, 18 + n] as const),
  ...Array.from({ length: 4 }, (_, n) => [`t${n + 3}`, 28 + n] as const),
]);
/** Neither zero, which is none, nor the stack pointer, which is followed by itself. */
const EVERY: Registers = 0xffff_fffa;
const LINK: Registers = bit(1);
const A0 = 10;
const FRAME = "s0";

/** Of a call by the convention: two results, eight arguments. Wasm's functions have one result. */
const RESULTS: Registers = bit(A0);
const ARGUMENTS: Registers = 0x3_fc00;
/** SBI, "Binary Encoding": an ecall takes a0…a7 and changes a0 and a1. */
const ASKED: Registers = ARGUMENTS;
const BY_CALL: Registers = 0xc00;

/** What is not listed goes on to the next one. */
const FLOW: Readonly<Record<string, Flow>> = {
  j: "branch",
  jr: "indirect-branch",
  jalr: "indirect-call",
  ret: "return",
  sret: "end",
  mret: "end",
  unimp: "end",
  ebreak: "end",
  wfi: "wait",
  "wrs.nto": "wait",
  "wrs.sto": "wait",
  "<unknown>": "undecodable",
};
const CONDITIONAL = /^b(eq|ne|lt|ge|gt|le)(u|z)?$/;

function flowOf({ mnemonic, operands }: Written): Flow {
  const known = FLOW[mnemonic];
  if (known !== undefined) return known;
  if (CONDITIONAL.test(mnemonic)) return "conditional";
  // With a link register of its own it is no call by the convention (millicode): nothing says how it comes back.
  if (mnemonic === "jal") return /^0x/.test(operands) ? "call" : "indirect-call";
  if (mnemonic.startsWith(".")) return "undecodable"; // data: .word, .byte
  return "next";
}

const isPadding = ({ mnemonic, operands }: Written): boolean =>
  mnemonic === "nop" || mnemonic === "unimp" || mnemonic.startsWith(".") || (mnemonic === "<unknown>" && operands === "");

/** The address in `0x10(sp)` and `(a0)`. */
const ADDRESS = /^(-?\w*)\((\w+)\)$/;
const split = (operands: string): string[] => (operands === "" ? [] : operands.split(/,\s*/));

function named(text: string): Registers {
  const name = ADDRESS.exec(text)?.[2] ?? text;
  const number = NUMBERS.get(name);
  return number === undefined ? NONE : bit(number) & EVERY;
}
const allOf = (texts: readonly string[]): Registers => texts.map(named).reduce(union, NONE);

/** Nothing is written: stores, branches, fences, and what only changes a CSR. */
const STORES_ONLY = /^(s[bhwd]|hsv\.\w+|csr[wsc]i?|[sh]?fence[.\w]*|[sh]inval[.\w]*|cbo\.\w+|pause|nop)$/;
const readsAll = (mnemonic: string): boolean => STORES_ONLY.test(mnemonic) || CONDITIONAL.test(mnemonic);

function accessOf({ mnemonic, operands }: Written): Pick<Instruction, "reads" | "writes"> {
  const all = split(operands);
  if (mnemonic === "ecall") return { reads: ASKED, writes: BY_CALL };
  if (mnemonic === "j" || mnemonic === "jal") return { reads: NONE, writes: NONE };
  if (mnemonic === "ret") return { reads: LINK, writes: NONE };
  if (mnemonic === "sret") return { reads: EVERY, writes: NONE }; // the guest's
  if (readsAll(mnemonic)) return { reads: allOf(all), writes: NONE };
  return { reads: allOf(all.slice(1)), writes: named(all[0] ?? "") };
}

const number = (text: string): number => (text.startsWith("-") ? -Number(text.slice(1)) : Number(text));
const UPPER = /^(auipc|lui)$/;
const IMMEDIATE = /^-?(0x[0-9a-f]+|\d+)$/;

type Pointers = Pick<Instruction, "stackPointer" | "framePointer">;

/**
 * addi and mv are all that moves a pointer by a constant; a far larger frame's size comes from a register, which is
 * refused. The addi behind auipc or lui is the lower half of an address.
 */
function pointersAfter({ mnemonic, operands }: Written, previous: Written | undefined): Pointers {
  const [target, source = "", addend = ""] = split(operands);
  if ((target !== "sp" && target !== FRAME) || readsAll(mnemonic)) return {};
  const from = source === "sp" ? "stack" : source === FRAME ? "frame" : undefined;
  const isHalf = previous !== undefined && UPPER.test(previous.mnemonic) && split(previous.operands)[0] === target;
  const added = mnemonic === "mv" ? 0 : mnemonic === "addi" && IMMEDIATE.test(addend) ? number(addend) : undefined;
  const by = isHalf ? undefined : added;
  const known: Moved = from === undefined || by === undefined ? "unknown" : { from, by };
  return target === "sp" ? { stackPointer: known } : { framePointer: known };
}

const WHOLE_BYTES = 8;
/** Of integer registers. */
const ACCESS: ReadonlyMap<string, { readonly kind: StackAccess["kind"]; readonly bytes: number }> = new Map(
  Object.entries({ b: 1, h: 2, w: 4, d: WHOLE_BYTES }).flatMap(([width, bytes]) => [
    [`l${width}`, { kind: "load" as StackAccess["kind"], bytes }] as const,
    [`l${width}u`, { kind: "load", bytes }] as const,
    [`s${width}`, { kind: "store", bytes }] as const,
  ]),
);

function stackAccess({ mnemonic, operands }: Written): StackAccess | "anywhere" | undefined {
  const [value = "", address = ""] = split(operands);
  const [, offset = "", base] = ADDRESS.exec(address) ?? [];
  if (base !== "sp") return undefined;
  const access = ACCESS.get(mnemonic);
  if (access === undefined) return "anywhere";
  const { kind, bytes } = access;
  const register = bytes === WHOLE_BYTES ? NUMBERS.get(value) : undefined;
  return { kind, offset: number(offset), registers: [{ register, bytes }] };
}

const firstOf = (operands: string): number | undefined => NUMBERS.get(split(operands)[0] ?? "");

export const RISCV64_READING: Reading = {
  calls: { results: RESULTS, link: LINK, arguments: ARGUMENTS },
  alignment: ALIGNMENT,
  objdump: ["--mattr=+m,+a,+d,+c,+zba,+zbb,+zbs,+h,+v,+svinval,+zicbom"],
  isDetour: () => false,
  note: "An ecall and a WFI count as one instruction each; an unimp or an ebreak (trap) ends its path and is a panic.",
  decode(written, previous) {
    const { mnemonic, operands } = written;
    const flow = flowOf(written);
    return {
      ...written,
      flow,
      target: flow === "branch" || flow === "call" || flow === "conditional" ? targetIn(operands) : undefined,
      isPadding: isPadding(written),
      ...accessOf(written),
      ...pointersAfter(written, previous),
      onStack: stackAccess(written),
      // Load-reserved and store-conditional (A extension): sc writes zero to its first operand where it has succeeded.
      reserves: mnemonic.startsWith("lr."),
      failsIn: mnemonic.startsWith("sc.") ? firstOf(operands) : undefined,
      ifNotZero: mnemonic === "bnez" ? firstOf(operands) : undefined,
    };
  },
};
