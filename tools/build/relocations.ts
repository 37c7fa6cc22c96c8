// Proves that a linked program runs at any (4 KiB aligned) address. It is linked with --emit-relocs; what is relocated in
// memory may depend only on distances between addresses. Types: ELF for the Arm 64-bit Architecture, §5.7.
import { BuildError } from "./errors.ts";
import { SHF_ALLOC, SHN_ABS, type Elf, type Relocation } from "./elf.ts";

/** Name, and whether the value is a distance. Types that are in neither list are refused too. */
const RELATIVE: Readonly<Record<number, string>> = {
  260: "PREL64",
  261: "PREL32",
  262: "PREL16",
  273: "LD_PREL_LO19",
  274: "ADR_PREL_LO21",
  275: "ADR_PREL_PG_HI21",
  276: "ADR_PREL_PG_HI21_NC",
  277: "ADD_ABS_LO12_NC",
  278: "LDST8_ABS_LO12_NC",
  284: "LDST16_ABS_LO12_NC",
  285: "LDST32_ABS_LO12_NC",
  286: "LDST64_ABS_LO12_NC",
  299: "LDST128_ABS_LO12_NC",
  279: "TSTBR14",
  280: "CONDBR19",
  282: "JUMP26",
  283: "CALL26",
  314: "PLT32",
};
const ABSOLUTE: Readonly<Record<number, string>> = {
  257: "ABS64",
  258: "ABS32",
  259: "ABS16",
  263: "MOVW_UABS_G0",
  264: "MOVW_UABS_G0_NC",
  265: "MOVW_UABS_G1",
  266: "MOVW_UABS_G1_NC",
  267: "MOVW_UABS_G2",
  268: "MOVW_UABS_G2_NC",
  269: "MOVW_UABS_G3",
};

export function checkPositionIndependent(elf: Elf): void {
  const wrong = elf.relocations.filter(({ section }) => (section.flags & SHF_ALLOC) !== 0n).filter((one) => !movesAlong(one));
  if (wrong.length === 0) return;
  const names = wrong.map((one) => `${typeName(one.type)} to ${one.symbol.name || "a section"} at ${place(elf, one)}`);
  throw new BuildError("not-position-independent", `${[...new Set(names)].join("; ")}`);
}

/** A constant may be used as such, but not as an address; an address only by its distance. */
function movesAlong({ type, symbol }: Relocation): boolean {
  const constant = symbol.section === SHN_ABS;
  return constant ? type in ABSOLUTE : type in RELATIVE;
}

const typeName = (type: number): string => `R_AARCH64_${RELATIVE[type] ?? ABSOLUTE[type] ?? type}`;

/** Nearest symbol before the place in the same section. */
function place(elf: Elf, { section, offset }: Relocation): string {
  const index = elf.sections.indexOf(section);
  const before = elf.symbols
    .filter((symbol) => symbol.section === index && symbol.value <= offset && symbol.name !== "" && !symbol.name.startsWith("$"))
    .sort((a, b) => b.value - a.value)[0];
  return before === undefined
    ? `${section.name}+0x${(offset - section.address).toString(16)}`
    : `${before.name}+0x${(offset - before.value).toString(16)}`;
}
