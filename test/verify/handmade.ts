// Parts of a binary, for tests that say only what they are about.
import { list, type Instruction } from "../../tools/verify/native/instruction.ts";
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

/** All that is read of an instruction, on one line; what there is nothing of is left out. */
export function said({ flow, target, isPadding, reads, writes, ...rest }: Instruction): string {
  const { stackPointer, framePointer, onStack, reserves, failsIn, ifNotZero } = rest;
  const moved = (name: string, where: Instruction["stackPointer"]): string[] => {
    if (where === undefined) return [];
    if (where === "unknown") return [`${name} anywhere`];
    return [`${name} = ${where.from} ${where.by < 0 ? "-" : "+"} ${Math.abs(where.by)}`];
  };
  const accessed = (): string[] => {
    if (onStack === undefined) return [];
    if (onStack === "anywhere") return ["stores anywhere"];
    const name = (register: number | undefined): string => (register === undefined ? "part" : `x${register}`);
    const registers = onStack.registers.map(({ register, bytes }) => `${name(register)}:${bytes}`);
    return [`${onStack.kind}s ${registers.join(" ")} at ${onStack.offset}`];
  };
  return [
    flow,
    ...(target === undefined ? [] : [`to ${target.toString(16)}`]),
    ...(isPadding ? ["padding"] : []),
    ...(reads === 0 ? [] : [`reads ${list(reads).join(" ")}`]),
    ...(writes === 0 ? [] : [`writes ${list(writes).join(" ")}`]),
    ...moved("sp", stackPointer),
    ...moved("frame", framePointer),
    ...accessed(),
    ...(reserves ? ["reserves"] : []),
    ...(failsIn === undefined ? [] : [`fails in x${failsIn}`]),
    ...(ifNotZero === undefined ? [] : [`if x${ifNotZero} is not zero`]),
  ].join("; ");
}
