// Parts of a binary, for tests that say only what they are about.
import type { Instruction } from "../../tools/verify/native/instruction.ts";
import type { Reading } from "../../tools/verify/native/reading.ts";
import type { ElfSymbol, Section } from "../../tools/verify/native/elf.ts";

/** In memory, and only read. */
export const section = (said: Partial<Section>): Section => ({
  name: ".section", address: 0, size: 0, allocated: true, writable: false, executable: false, bytes: new Uint8Array(), ...said,
});

/** A label outside of all sections. */
export const symbol = (said: Partial<ElfSymbol>): ElfSymbol => ({
  name: "symbol", value: 0, size: 0, kind: "untyped", global: false, section: undefined, ...said,
});

/** As the reading has what objdump wrote: mnemonic, a blank, operands. */
export function read(reading: Reading, text: string, previous?: string): Instruction {
  const written = (one: string) => {
    const [mnemonic = "", ...operands] = one.split(" ");
    return { address: 0x1000, bytes: 4, mnemonic, operands: operands.join(" "), source: undefined };
  };
  return reading.decode(written(text), previous === undefined ? undefined : written(previous));
}
