// How AArch64 is read (Arm ARM DDI 0487, C6.2), as llvm-objdump writes it. Hypercalls and SMCs are one instruction each: the
// time of whoever answers them is not ours to count.
import { bit, NONE, union } from "./instruction.ts";
import type { Flow, Instruction, Moved, Registers, StackAccess, Written } from "./instruction.ts";
import { targetIn, type Reading } from "./reading.ts";

const INSTRUCTION_BYTES = 4;
/** X0…X30. */
const EVERY: Registers = 0x7fff_ffff;
const LINK = 30;
const FRAME = "x29";

/** What is not listed goes on to the next one. */
const FLOW: Readonly<Record<string, Flow>> = {
  b: "branch",
  bl: "call",
  ret: "return",
  retaa: "return",
  retab: "return",
  eret: "end",
  eretaa: "end",
  eretab: "end",
  drps: "end",
  brk: "end",
  wfi: "wait",
  wfe: "wait",
  cbz: "conditional",
  cbnz: "conditional",
  tbz: "conditional",
  tbnz: "conditional",
  udf: "undecodable",
  "<unknown>": "undecodable",
};

function flowOf(mnemonic: string): Flow {
  const known = FLOW[mnemonic];
  if (known !== undefined) return known;
  if (/^bc?\./.test(mnemonic)) return "conditional";
  if (/^blra?/.test(mnemonic)) return "indirect-call";
  if (/^br(a[ab]z?)?$/.test(mnemonic)) return "indirect-branch";
  if (mnemonic.startsWith(".")) return "undecodable"; // data: .word, .byte
  return "next";
}

const isPadding = ({ mnemonic, operands }: Written): boolean =>
  mnemonic === "nop" || mnemonic === "brk" || mnemonic.startsWith(".") || (mnemonic === "udf" && operands === "#0x0");

/** Their first operand is read as the others are. */
const READS_ALL = /^(cmp|cmn|tst|ccmp|ccmn|cbn?z|tbn?z|msr|dc|ic|at|tlbi|st(r|n?p|l?ur|lr)[bh]?|prfm)$/;
/** Two registers are written. */
const LOADS_PAIR = /^ld(n|a?x)?p/;
/** The first operand is written where some of its bits are; the others stay. */
const KEEPS_REST = /^(movk|bfi|bfxil|bfc)$/;
/** SMCCC (DEN 0028): what firmware may change, and what our calls pass. */
const BY_CALL: Registers = 0x3_ffff;
const ASKED: Registers = 0xf;
/** AAPCS64 §6.9. */
const RESULTS: Registers = bit(0);

const named = (text: string): Registers =>
  [...text.matchAll(/\b[xw](\d+)\b/g)].reduce((all, [, number]) => union(all, bit(Number(number))), NONE);

const split = (operands: string): string[] => operands.split(/,\s*(?![^[]*\])/);

function accessOf({ mnemonic, operands }: Written): Pick<Instruction, "reads" | "writes"> {
  if (mnemonic === "smc" || mnemonic === "hvc") return { reads: ASKED, writes: BY_CALL };
  if (mnemonic === "b" || mnemonic.startsWith("b.") || mnemonic === "bl") return { reads: NONE, writes: NONE };
  if (mnemonic === "ret") return { reads: bit(LINK), writes: NONE };
  if (mnemonic === "eret") return { reads: EVERY, writes: NONE }; // the guest's
  const all = split(operands);
  const address = all.findIndex((one) => one.startsWith("["));
  // [x1, #8]! and [x1], #8 write the base back.
  const base =
    address >= 0 && (all[address]?.endsWith("!") === true || address < all.length - 1)
      ? named((all[address] ?? "").split(",")[0] ?? "")
      : NONE;
  if (READS_ALL.test(mnemonic)) return { reads: named(operands.replace(/0x[0-9a-f]+.*$/, "")), writes: base };
  const targets = LOADS_PAIR.test(mnemonic) ? 2 : 1;
  const writes = named(all.slice(0, targets).join());
  return {
    reads: union(named(all.slice(targets).join()), KEEPS_REST.test(mnemonic) ? writes : NONE),
    writes: union(writes, base),
  };
}

const CONSTANT = /^#(-?0x[0-9a-f]+|-?\d+)(?:, lsl #(\d+|0x[0-9a-f]+))?$/;
const MOVES_POINTER_BEFORE = /\[sp, (#-?\w+)\]!$/;
const MOVES_POINTER_AFTER = /\[sp\], (#-?\w+)$/;
const ONLY_READS = new Set(["cmp", "cmn", "tst"]);

function pointersAfter({ mnemonic, operands }: Written): Pick<Instruction, "stackPointer" | "framePointer"> {
  const [target, source = "", ...rest] = operands.split(", ");
  const moved = MOVES_POINTER_BEFORE.exec(operands) ?? MOVES_POINTER_AFTER.exec(operands);
  const framePointer: Moved | undefined =
    mnemonic.startsWith("ld") && new RegExp(`^(x\\d+, )?${FRAME}\\b`).test(operands) ? "unknown" : undefined;
  if (moved !== null) return { stackPointer: { from: "stack", by: constant(moved[1] ?? "") }, framePointer };

  const from = source === "sp" ? "stack" : source === FRAME ? "frame" : undefined;
  const by = from === undefined ? undefined : addend(mnemonic, rest.join(", "));
  const known: Moved = from === undefined || by === undefined ? "unknown" : { from, by };
  if (target === FRAME && !mnemonic.startsWith("st")) return { framePointer: known };
  const writes = (target === "sp" && !ONLY_READS.has(mnemonic)) || (mnemonic === "msr" && target?.toUpperCase() === "SPSEL");
  return writes ? { stackPointer: known, framePointer } : { framePointer };
}

/** Of `mov`, or `add`/`sub` of a constant. */
function addend(mnemonic: string, text: string): number | undefined {
  if (mnemonic === "mov" && text === "") return 0;
  if (!CONSTANT.test(text)) return undefined;
  if (mnemonic === "add") return constant(text);
  return mnemonic === "sub" ? -constant(text) : undefined;
}

function constant(text: string): number {
  const [, digits = "", shift = "0"] = CONSTANT.exec(text) ?? [];
  const negative = digits.startsWith("-");
  const value = Number(negative ? digits.slice(1) : digits) * 2 ** Number(shift);
  return negative ? -value : value;
}

const STACK = /^\[sp(?:, (#-?\w+))?\](!?)$/;
const WHOLE_BYTES = 8;

function stackAccess({ mnemonic, operands }: Written): StackAccess | "anywhere" | undefined {
  const all = split(operands);
  const at = all.findIndex((one) => one.startsWith("[sp"));
  const place = STACK.exec(all[at] ?? "");
  if (place === null || !/^(st|ld)(r|p|r[bh])$/.test(mnemonic))
    return at >= 0 && mnemonic.startsWith("st") ? "anywhere" : undefined;
  const registers = all.slice(0, at).map((name) => {
    const bytes = mnemonic.endsWith("b") ? 1 : mnemonic.endsWith("h") ? 2 : name.startsWith("w") ? 4 : WHOLE_BYTES;
    const register = /^x(\d+)$/.exec(name)?.[1];
    return { register: register === undefined ? undefined : Number(register), bytes };
  });
  return { kind: mnemonic.startsWith("st") ? "store" : "load", offset: constant(place[1] ?? "#0"), registers };
}

/** Load-exclusive and store-exclusive (B2.12). */
const RESERVES = /^lda?x[rp]/;
const MAY_FAIL = /^stl?x[rp]/;

/** W0…W30, as the first operand. */
function firstWord(operands: string): number | undefined {
  const digits = /^w(\d+),/.exec(operands)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** lld's answer to Cortex-A53 erratum 843419: one load, and a branch back to the instruction after it. */
const DETOUR = /^__CortexA53843419_/;
const DIRECT = /^(b|bl|b\.[a-z]+|bc\.[a-z]+|cbn?z|tbn?z)$/;

export const AARCH64_READING: Reading = {
  calls: { results: RESULTS, link: bit(LINK), arguments: 0x1ff },
  alignment: INSTRUCTION_BYTES,
  objdump: [],
  isDetour: (symbol) => DETOUR.test(symbol),
  note: "HVC, SMC and WFI count as one instruction each; a BRK (trap) ends its path and is a panic.",
  decode(written) {
    const { mnemonic, operands } = written;
    return {
      ...written,
      flow: flowOf(mnemonic),
      target: DIRECT.test(mnemonic) ? targetIn(operands) : undefined,
      isPadding: isPadding(written),
      ...accessOf(written),
      ...pointersAfter(written),
      onStack: stackAccess(written),
      reserves: RESERVES.test(mnemonic),
      failsIn: MAY_FAIL.test(mnemonic) ? firstWord(operands) : undefined,
      ifNotZero: mnemonic === "cbnz" ? firstWord(operands) : undefined,
    };
  },
};
