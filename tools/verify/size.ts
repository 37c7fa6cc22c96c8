// How large the hypervisor is: bytes of code and constants, bytes of linear memory, lines of source.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { VerifyError } from "./errors.ts";
import { symbolValue, type Elf } from "./native/elf.ts";

/** Everything that lies in memory and is never written. */
export function textAndRodata({ sections }: Elf): number {
  return sections.filter(({ allocated, writable }) => allocated && !writable).reduce((sum, { size }) => sum + size, 0);
}

export function linearMemory(elf: Elf): number {
  return requiredSymbol(elf, "axv_linear_end") - requiredSymbol(elf, "axv_linear_start");
}

export function requiredSymbol(elf: Elf, name: string): number {
  const value = symbolValue(elf, name);
  if (value === undefined) throw new VerifyError("symbol-missing", `symbol ${name}`);
  return value;
}

const SOURCE = /(?<!\.table)\.ts$|\.S$/;

/** One of the drivers, of which an ISA has those that its sources, or other drivers of its, name. */
const DRIVER = /\/devices\/(\w+)\.ts$/;

/**
 * AssemblyScript and assembly, every line, comments too; not the tables that intrinsics and blob accessors are
 * generated from, and not the drivers of other ISAs.
 */
export function sourceLines(root: string, folders: readonly string[]): number {
  const texts = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => SOURCE.test(name))
      .map((name) => ({ name: join(root, folder, name), text: readFileSync(join(root, folder, name), "utf8") })),
  );
  const isTheirs = ({ name }: { name: string }): boolean => {
    const [, driver] = DRIVER.exec(name) ?? [];
    return driver === undefined || texts.some(({ text }) => text.includes(`/${driver}"`));
  };
  return texts.filter(isTheirs).reduce((sum, { text }) => sum + (text.match(/\n/g)?.length ?? 0), 0);
}
