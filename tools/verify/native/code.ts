// The binary's code as functions: which addresses belong to which symbol. Local functions count too; in assembly a label is a
// function of its own unless it is numeric, begins with .L, or lies inside a symbol of type function that has a size.
import { VerifyError, hex } from "../errors.ts";
import type { Elf, ElfSymbol, Section } from "./elf.ts";
import type { Instruction } from "./instruction.ts";
import type { CallingStandard, Reading } from "./reading.ts";

export interface CodeFunction {
  readonly name: string;
  readonly start: number;
  /** First address behind it. */
  readonly end: number;
}

export class Code {
  readonly calls: CallingStandard;
  readonly functions: readonly CodeFunction[];
  readonly #detours: readonly CodeFunction[];
  readonly #instructions: ReadonlyMap<number, Instruction>;
  readonly #data: readonly CodeFunction[];
  readonly #byStart: ReadonlyMap<number, CodeFunction>;
  readonly #aliases: ReadonlyMap<string, number>;

  constructor(elf: Elf, instructions: readonly Instruction[], reading: Reading) {
    this.calls = reading.calls;
    const starts = functionSymbols(elf, reading.alignment);
    this.#instructions = new Map(instructions.map((instruction) => [instruction.address, instruction]));
    this.#aliases = new Map(starts.map((symbol) => [symbol.name, symbol.value]));
    const first = starts.filter((symbol, index) => symbol.value !== starts[index - 1]?.value);
    const all = first.map((symbol, index) => ({
      name: symbol.name,
      start: symbol.value,
      end: Math.min(
        symbol.size > 0 ? symbol.value + symbol.size : Infinity,
        first[index + 1]?.value ?? Infinity,
        endOf(symbol.section),
      ),
    }));
    this.#detours = all.filter(({ name }) => reading.isDetour(name));
    this.functions = all.filter(({ name }) => !reading.isDetour(name));
    this.#data = elf.symbols
      .filter(({ kind, section }) => kind === "object" && section?.executable === true)
      .map(({ name, value, size }) => ({ name, start: value, end: value + size }));
    this.#byStart = new Map(this.functions.map((one) => [one.start, one]));
  }

  at(address: number): Instruction | undefined {
    return this.#instructions.get(address);
  }

  all(): Instruction[] {
    return [...this.#instructions.values()];
  }

  inside({ start, end }: CodeFunction): Instruction[] {
    const found: Instruction[] = [];
    for (let at = this.at(start); at !== undefined && at.address < end; at = this.at(at.address + at.bytes)) found.push(at);
    return found;
  }

  startingAt(address: number): CodeFunction | undefined {
    return this.#byStart.get(address);
  }

  named(name: string): CodeFunction | undefined {
    return this.#byStart.get(this.#aliases.get(name) ?? NaN);
  }

  /** Whether the address lies in a piece that the linker moved out of a function, and from which control goes back into it. */
  isDetour(address: number): boolean {
    return this.#detours.some((one) => one.start <= address && address < one.end);
  }

  /** Whether a symbol says that there is no code at this address, but data. */
  isData(address: number): boolean {
    return this.#data.some((one) => one.start <= address && address < one.end);
  }

  /** The function that the address lies in. */
  around(address: number): CodeFunction | undefined {
    return this.functions.find((one) => one.start <= address && address < one.end);
  }

  /** `name+0x10`, for messages. */
  describe(address: number): string {
    const inside = this.around(address);
    if (inside === undefined) return hex(address);
    return address === inside.start ? inside.name : `${inside.name}+${hex(address - inside.start)}`;
  }
}

type CodeSymbol = ElfSymbol & { readonly section: Section };

const endOf = ({ address, size }: Section): number => address + size;

/** By address; of several names for one address the first is the one that is known outside. */
function functionSymbols(elf: Elf, alignment: number): CodeSymbol[] {
  const code = elf.symbols
    .filter((symbol): symbol is CodeSymbol => symbol.section?.executable === true && symbol.name !== "")
    .filter(({ value, section }) => value < endOf(section));
  const typed = code.filter((symbol) => symbol.kind === "function");
  const labels = code.filter(
    (symbol) =>
      symbol.kind === "untyped" &&
      !/^(\$|\.L)/.test(symbol.name) &&
      !typed.some((one) => one.value <= symbol.value && symbol.value < one.value + one.size),
  );
  const found = [...typed, ...labels].sort((a, b) => a.value - b.value || Number(b.global) - Number(a.global));
  const odd = found.find((symbol) => symbol.value % alignment !== 0);
  if (odd !== undefined) {
    throw new VerifyError("elf-malformed", `function ${odd.name} at ${hex(odd.value)}, not a multiple of ${alignment}`);
  }
  return found;
}
