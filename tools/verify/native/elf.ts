// The linked binary as verify sees it: the build's ELF reader, and of each symbol also its size and kind (ELF-64, chapter 4).
import { readFileSync } from "node:fs";
import { readElf, SHF_ALLOC, SHT_NOBITS } from "../../build/elf.ts";
import { BuildError } from "../../build/errors.ts";
import { VerifyError } from "../errors.ts";

export interface Section {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  readonly allocated: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly bytes: Uint8Array;
}

export interface ElfSymbol {
  readonly name: string;
  readonly value: number;
  readonly size: number;
  readonly kind: "function" | "object" | "untyped" | "other";
  readonly global: boolean;
  readonly section: Section | undefined;
}

export interface Elf {
  readonly sections: readonly Section[];
  readonly symbols: readonly ElfSymbol[];
}

const SHF_WRITE = 1n;
const SHF_EXECINSTR = 4n;
const SHT_SYMTAB = 2;
const SYMBOL_BYTES = 24;
const STT_NOTYPE = 0;
const STT_OBJECT = 1;
const STT_FUNC = 2;
const STB_LOCAL = 0;

const KINDS = new Map<number, ElfSymbol["kind"]>([[STT_FUNC, "function"], [STT_OBJECT, "object"], [STT_NOTYPE, "untyped"]]);

export function loadElf(path: string): Elf {
  const elf = read(path);
  const sections = elf.sections.map((section): Section => ({
    name: section.name,
    address: section.address,
    size: section.size,
    allocated: (section.flags & SHF_ALLOC) !== 0n,
    writable: (section.flags & SHF_WRITE) !== 0n,
    executable: (section.flags & SHF_EXECINSTR) !== 0n,
    bytes: section.type === SHT_NOBITS ? new Uint8Array() : elf.bytes.subarray(section.offset, section.offset + section.size),
  }));
  const table = elf.sections.find(({ type }) => type === SHT_SYMTAB);
  if (table === undefined) throw new VerifyError("elf-malformed", `${path} has no symbol table`);
  const view = new DataView(elf.bytes.buffer, elf.bytes.byteOffset, elf.bytes.byteLength);
  const symbols = elf.symbols.map(({ name, value, section }, index): ElfSymbol => {
    const at = table.offset + index * SYMBOL_BYTES;
    const info = view.getUint8(at + 4);
    const type = info & 0xf;
    return {
      name,
      value,
      size: Number(view.getBigUint64(at + 16, true)),
      kind: KINDS.get(type) ?? "other",
      global: info >> 4 !== STB_LOCAL,
      section: sections[section],
    };
  });
  return { sections, symbols };
}

function read(path: string): ReturnType<typeof readElf> {
  try {
    return readElf(readFileSync(path));
  } catch (error) {
    if (error instanceof BuildError || error instanceof RangeError)
      throw new VerifyError("elf-malformed", `${path} (${error.message})`);
    throw error;
  }
}

export function symbolValue(elf: Elf, name: string): number | undefined {
  return elf.symbols.find((symbol) => symbol.name === name)?.value;
}
