// An instruction as all of verify sees it, whichever ISA it is of: where control goes, which registers it reads and writes, what
// it does to the stack. What objdump wrote is turned into this by the target's reading (reading.ts).
import type { SourceLine } from "../errors.ts";

/** As objdump has it. */
export interface Written {
  readonly address: number;
  readonly bytes: number;
  readonly mnemonic: string;
  readonly operands: string;
  readonly source: SourceLine | undefined;
}

/** Where control goes after it. */
export type Flow =
  | "next"
  | "branch"
  | "conditional"
  | "call"
  | "return"
  /** The path is over: back to the guest, or a trap, which is a panic (an entry of its own). */
  | "end"
  /** It waits for an interrupt: what comes after it is another entry, made by whatever wakes the core. */
  | "wait"
  | "indirect-branch"
  | "indirect-call"
  | "undecodable";

/** A set of general registers: bit n is register n. The stack pointer is in none. */
export type Registers = number;
export const NONE: Registers = 0;

export const bit = (register: number): Registers => (1 << register) >>> 0;
export const union = (a: Registers, b: Registers): Registers => (a | b) >>> 0;
export const without = (a: Registers, b: Registers): Registers => (a & ~b) >>> 0;
const REGISTERS = 32;
export const list = (registers: Registers): string[] =>
  Array.from({ length: REGISTERS }, (_, n) => n)
    .filter((n) => (registers & bit(n)) !== 0)
    .map((n) => `x${n}`);

/** Where a pointer is now: so many bytes above where another one was before the instruction. */
export type Moved = { readonly from: "stack" | "frame"; readonly by: number } | "unknown";

/** Loads and stores of registers on the stack, at an offset from the stack pointer before the instruction. */
export interface StackAccess {
  readonly kind: "load" | "store";
  readonly offset: number;
  /** From the offset upwards; undefined: not the whole of a register. */
  readonly registers: readonly { readonly register: number | undefined; readonly bytes: number }[];
}

export interface Instruction extends Written {
  readonly flow: Flow;
  /** Of a direct branch or call. */
  readonly target: number | undefined;
  /** What an assembler or linker fills gaps with; nobody misses it when no path leads there. */
  readonly isPadding: boolean;
  readonly reads: Registers;
  readonly writes: Registers;
  /** Left out: where it was. */
  readonly stackPointer?: Moved | undefined;
  readonly framePointer?: Moved | undefined;
  /** "anywhere": it stores somewhere on the stack. */
  readonly onStack?: StackAccess | "anywhere" | undefined;
  /** A load that begins a retry loop: a store fails where the reservation is lost. */
  readonly reserves: boolean;
  /** The register in which such a store says whether it has failed. */
  readonly failsIn?: number | undefined;
  /** A conditional branch that is taken if this register is not zero, and reads nothing else. */
  readonly ifNotZero?: number | undefined;
}

/** Where the function starts that it calls, if it calls one. */
export const calledBy = ({ flow, target }: Instruction): number | undefined => (flow === "call" ? target : undefined);
