// What verify has to be told of an ISA; its implementations stand beside this file, and a target has one.
import type { Instruction, Registers, Written } from "./instruction.ts";

/** Who may change what at a call. */
export interface CallingStandard {
  /** What a function writes there is meant for its caller. */
  readonly results: Registers;
  /** Where a call leaves the address to come back to. */
  readonly link: Registers;
  /** What else a function needs is a save of its caller's. */
  readonly arguments: Registers;
}

export interface Reading {
  readonly calls: CallingStandard;
  /** Functions begin at multiples of so many bytes. */
  readonly alignment: number;
  /** What objdump has to be told, of an ELF file that does not say it. */
  readonly objdump: readonly string[];
  /** `previous`: the instruction before it in memory, if there is one. */
  decode(written: Written, previous?: Written): Instruction;
  /** Whether a symbol names a piece that the linker moved out of a function, and from which control goes back into it. */
  isDetour(symbol: string): boolean;
  /** What its numbers take for granted, as a sentence. */
  readonly note: string;
}

/** `0x102ec <entry+0xa4>` behind the other operands. */
const TARGET = /(?:^|, )0x([0-9a-f]+)(?: <[^>]*>)?$/;

export function targetIn(operands: string): number | undefined {
  const digits = TARGET.exec(operands)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}
