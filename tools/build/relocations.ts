// Proves that a linked program runs at any (4 KiB aligned) address. It is linked with --emit-relocs; what is relocated in
// memory may depend only on distances between addresses.
import { BuildError } from "./errors.ts";
import { SHF_ALLOC, SHN_ABS, type Elf, type Relocation } from "./elf.ts";
import type { RelocationRules } from "./targets/target.ts";

export function checkPositionIndependent(elf: Elf, rules: RelocationRules): void {
  const inMemory = elf.relocations.filter(({ section }) => (section.flags & SHF_ALLOC) !== 0n);
  const wrong = [...inMemory.filter((one) => !movesAlong(one, rules)), ...rules.wrongBesides(inMemory)];
  if (wrong.length === 0) return;
  const names = wrong.map((one) => `${typeName(one.type, rules)} to ${one.symbol.name || "a section"} at ${place(elf, one)}`);
  throw new BuildError("not-position-independent", `${[...new Set(names)].join("; ")}`);
}

/** A constant may be used as such, but not as an address; an address only by its distance. */
function movesAlong({ type, symbol }: Relocation, { relative, absolute }: RelocationRules): boolean {
  const constant = symbol.section === SHN_ABS;
  return constant ? type in absolute : type in relative;
}

const typeName = (type: number, { prefix, relative, absolute }: RelocationRules): string =>
  `${prefix}${relative[type] ?? absolute[type] ?? type}`;

/** Nearest symbol before the place in the same section. */
function place(elf: Elf, { section, offset }: Relocation): string {
  const index = elf.sections.indexOf(section);
  const before = elf.symbols
    .filter((symbol) => symbol.section === index && symbol.value <= offset)
    .filter(({ name }) => name !== "" && !/^(\$|\.L)/.test(name))
    .sort((a, b) => b.value - a.value)[0];
  return before === undefined
    ? `${section.name}+0x${(offset - section.address).toString(16)}`
    : `${before.name}+0x${(offset - before.value).toString(16)}`;
}
