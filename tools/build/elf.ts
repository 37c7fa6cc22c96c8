// As much of ELF-64 (System V gABI, chapters 4 and 5) as the build needs: sections, symbols, relocations, and the bytes
// that lie in memory.
import { BuildError } from "./errors.ts";

export const SHT_RELA = 4;
export const SHT_NOBITS = 8;
const SHT_SYMTAB = 2;
export const SHF_ALLOC = 2n;
export const SHN_ABS = 0xfff1;

export interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  /** Symbol table: its string table. Relocations: their symbol table. */
  readonly link: number;
  /** Relocations: the section they are applied to. */
  readonly info: number;
}

export interface Symbol {
  readonly name: string;
  readonly section: number;
  readonly value: number;
}

export interface Relocation {
  readonly section: Section;
  readonly offset: number;
  readonly type: number;
  readonly symbol: Symbol;
}

export interface Elf {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  readonly symbols: readonly Symbol[];
  readonly relocations: readonly Relocation[];
}

const MAGIC_64_LITTLE = [0x7f, 0x45, 0x4c, 0x46, 2, 1];

export function readElf(bytes: Uint8Array): Elf {
  if (bytes.length < 64 || MAGIC_64_LITTLE.some((byte, index) => bytes[index] !== byte)) {
    throw new BuildError("elf-malformed", "no ELF header");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (at: number): number => view.getUint16(at, true);
  const u32 = (at: number): number => view.getUint32(at, true);
  const u64 = (at: number): number => Number(view.getBigUint64(at, true));
  const string = (at: number): string => {
    let end = at;
    while (bytes[end] !== 0) end++;
    return new TextDecoder().decode(bytes.subarray(at, end));
  };

  const headers = Array.from({ length: u16(60) }, (_, index) => u64(40) + index * u16(58));
  const names = u64((headers[u16(62)] ?? 0) + 24);
  const sections = headers.map((at): Section => ({
    name: string(names + u32(at)),
    type: u32(at + 4),
    flags: view.getBigUint64(at + 8, true),
    address: u64(at + 16),
    offset: u64(at + 24),
    size: u64(at + 32),
    link: u32(at + 40),
    info: u32(at + 44),
  }));
  const table = sections.find(({ type }) => type === SHT_SYMTAB);
  const strings = table === undefined ? undefined : sections[table.link];
  const symbols = entries(table, 24).map((at): Symbol => ({
    name: string((strings?.offset ?? 0) + u32(at)),
    section: u16(at + 6),
    value: u64(at + 8),
  }));
  const relocations = sections
    .filter(({ type }) => type === SHT_RELA)
    .flatMap((rela) =>
      entries(rela, 24).map((at): Relocation => {
        const [section, symbol] = [sections[rela.info], symbols[u32(at + 12)]];
        if (section === undefined || symbol === undefined) throw new BuildError("elf-malformed", `section ${rela.name}`);
        return { section, offset: u64(at), type: u32(at + 8), symbol };
      }),
    );
  return { bytes, sections, symbols, relocations };
}

function entries(section: Section | undefined, size: number): number[] {
  if (section === undefined) return [];
  return Array.from({ length: section.size / size }, (_, index) => section.offset + index * size);
}

/** The program as it lies in memory from the first byte that a file has to have, zeros behind that included. */
export function flatten(elf: Elf): Uint8Array {
  const allocated = elf.sections.filter(({ flags, size }) => (flags & SHF_ALLOC) !== 0n && size > 0);
  const start = Math.min(...allocated.filter(({ type }) => type !== SHT_NOBITS).map(({ address }) => address));
  const parts = allocated.filter(({ address }) => address >= start);
  const memory = new Uint8Array(Math.max(...parts.map(({ address, size }) => address + size)) - start);
  for (const { type, address, offset, size } of parts) {
    if (type !== SHT_NOBITS) memory.set(elf.bytes.subarray(offset, offset + size), address - start);
  }
  return memory;
}
