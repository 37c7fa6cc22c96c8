// arch/aarch64/entry.S as it was assembled: its instructions by address, as llvm-objdump tells them, and where its symbols are.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { buildProgram } from "../../../tools/build/index.ts";
import { CORE } from "../../../tools/build/programs.ts";

const OBJDUMP = "llvm-objdump-19";
const NM = "llvm-nm-19";
const LARGEST_TEXT = 64 * 1024 * 1024;

export interface Instruction {
  readonly operation: string;
  readonly operands: readonly string[];
  readonly text: string;
}

export interface Assembled {
  readonly instructions: ReadonlyMap<number, Instruction>;
  readonly symbols: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
  /** Where in a Vcpu it looks for what (offsets.h). */
  readonly offset: (name: string) => number;
}

/** Commas outside brackets part operands. */
const operandsOf = (text: string): string[] =>
  text
    .split(/,\s*(?![^[]*\])/)
    .map((operand) => operand.trim())
    .filter((operand) => operand !== "");

/** Another core than the sources', as test/mutants makes them. */
const other = process.env["AXV_CORE_ELF"] ?? "";

export async function assembled(): Promise<Assembled> {
  const products = await buildProgram(CORE);
  const elf = other === "" ? products.elf : other;
  const offsets = new Map(
    [...readFileSync(products.offsets, "utf8").matchAll(/^#define (\w+) (\d+)$/gm)].map(([, name = "", at]) => [
      name,
      Number(at),
    ]),
  );
  const run = (tool: string, ...options: string[]): string =>
    execFileSync(tool, [...options, elf], { encoding: "utf8", maxBuffer: LARGEST_TEXT });
  const symbols = new Map(run(NM).split("\n").flatMap((line) => {
    const found = /^([0-9a-f]+) \w (\S+)$/.exec(line);
    return found === null ? [] : [[found[2] ?? "", parseInt(found[1] ?? "", 16)] as const];
  }));
  const instructions = new Map(run(OBJDUMP, "-d", "--no-show-raw-insn").split("\n").flatMap((line) => {
    const found = /^\s*([0-9a-f]+):\s+(\S+)\s*([^/<]*)/.exec(line);
    if (found === null) return [];
    const [, at = "", operation = "", operands = ""] = found;
    return [[parseInt(at, 16), { operation, operands: operandsOf(operands), text: line.trim() }] as const];
  }));
  return {
    instructions,
    symbols,
    names: new Map([...symbols].map(([name, at]) => [at, name])),
    offset: (name) => offsets.get(name) ?? NaN,
  };
}
