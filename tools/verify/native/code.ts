// The binary's code as functions: which addresses belong to which symbol. Local functions count too; in assembly a label is a
// function of its own unless it is numeric, begins with .L, or lies inside a symbol of type function that has a size.
import { VerifyError, hex } from "../errors.ts";
import { INSTRUCTION_BYTES, type Instruction } from "./disassemble.ts";
import type { Elf, ElfSymbol } from "./elf.ts";

export interface CodeFunction {
  readonly name: string;
  readonly start: number;
  /** First address behind it. */
  readonly end: number;
}

/** lld's answer to Cortex-A53 erratum 843419: one load, and a branch back to the instruction after it. */
const DETOUR = /^__CortexA53843419_/;

export class Code {
  readonly functions: readonly CodeFunction[];
  readonly #detours: readonly CodeFunction[];
  readonly #instructions: ReadonlyMap<number, Instruction>;
  readonly #byStart: ReadonlyMap<number, CodeFunction>;
  readonly #aliases: ReadonlyMap<string, number>;

  constructor(elf: Elf, instructions: readonly Instruction[]) {
    const starts = functionSymbols(elf);
    this.#instructions = new Map(instructions.map((instruction) => [instruction.address, instruction]));
    this.#aliases = new Map(starts.map((symbol) => [symbol.name, symbol.value]));
    const first = starts.filter((symbol, index) => symbol.value !== starts[index - 1]?.value);
    const all = first.map((symbol, index) => ({
      name: symbol.name,
      start: symbol.value,
      end: Math.min(
        symbol.size > 0 ? symbol.value + symbol.size : Infinity,
        first[index + 1]?.value ?? Infinity,
        (symbol.section?.address ?? 0) + (symbol.section?.size ?? 0),
      ),
    }));
    this.#detours = all.filter(({ name }) => DETOUR.test(name));
    this.functions = all.filter(({ name }) => !DETOUR.test(name));
    this.#byStart = new Map(this.functions.map((one) => [one.start, one]));
  }

  at(address: number): Instruction | undefined {
    return this.#instructions.get(address);
  }

  all(): Iterable<Instruction> {
    return this.#instructions.values();
  }

  startingAt(address: number): CodeFunction | undefined {
    return this.#byStart.get(address);
  }

  named(name: string): CodeFunction | undefined {
    const start = this.#aliases.get(name);
    return start === undefined ? undefined : this.#byStart.get(start);
  }

  /** Whether the address lies in a piece that the linker moved out of a function, and from which control goes back into it. */
  isDetour(address: number): boolean {
    return this.#detours.some((one) => one.start <= address && address < one.end);
  }

  /** `name+0x10`, for messages. */
  describe(address: number): string {
    const inside = this.functions.find((one) => one.start <= address && address < one.end);
    if (inside === undefined) return hex(address);
    return address === inside.start ? inside.name : `${inside.name}+${hex(address - inside.start)}`;
  }
}

/** By address; of several names for one address the first is the one that is known outside. */
function functionSymbols(elf: Elf): ElfSymbol[] {
  const code = elf.symbols
    .filter((symbol) => symbol.section?.executable === true && symbol.name !== "" && symbol.kind !== "other")
    .filter((symbol) => symbol.value < (symbol.section?.address ?? 0) + (symbol.section?.size ?? 0));
  const typed = code.filter((symbol) => symbol.kind === "function");
  const labels = code.filter(
    (symbol) =>
      symbol.kind === "untyped" &&
      !/^(\$|\.L)/.test(symbol.name) &&
      !typed.some((one) => one.value <= symbol.value && symbol.value < one.value + one.size),
  );
  const found = [...typed, ...labels].sort((a, b) => a.value - b.value || Number(b.global) - Number(a.global));
  const odd = found.find((symbol) => symbol.value % INSTRUCTION_BYTES !== 0);
  if (odd !== undefined) throw new VerifyError("elf-malformed", `function ${odd.name} at ${hex(odd.value)}, not a multiple of 4`);
  return found;
}
