// Where control goes after an instruction (Arm ARM DDI 0487, C6.2). What is not listed goes on to the next one.
// Hypercalls and SMCs are one instruction each: the time of whoever answers them is not ours to count.
import type { Instruction } from "./disassemble.ts";

export type Flow =
  | "next"
  | "branch"
  | "conditional"
  | "call"
  | "return"
  /** The path is over: ERET, or BRK, which is a panic (an entry of its own). */
  | "end"
  /** WFI, WFE: what comes after it is another entry, made by whatever wakes the core. */
  | "wait"
  | "indirect-branch"
  | "indirect-call"
  | "undecodable";

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

export function flowOf({ mnemonic }: Instruction): Flow {
  const known = FLOW[mnemonic];
  if (known !== undefined) return known;
  if (/^bc?\./.test(mnemonic)) return "conditional";
  if (/^blra?/.test(mnemonic)) return "indirect-call";
  if (/^br(a[ab]z?)?$/.test(mnemonic)) return "indirect-branch";
  if (mnemonic.startsWith(".")) return "undecodable"; // data: .word, .byte
  return "next";
}

/** What an assembler or linker fills gaps with; nobody misses it when no path leads there. */
export const isPadding = ({ mnemonic, operands }: Instruction): boolean =>
  mnemonic === "nop" || mnemonic === "brk" || mnemonic.startsWith(".") || (mnemonic === "udf" && operands === "#0x0");
