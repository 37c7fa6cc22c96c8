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

/**
 * AssemblyScript and assembly, every line, comments too; not the tables that intrinsics and blob accessors are
 * generated from.
 */
export function sourceLines(root: string, folders: readonly string[]): number {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => SOURCE.test(name))
      .map((name) => join(root, folder, name)),
  );
  return files.reduce((sum, file) => sum + (readFileSync(file, "utf8").match(/\n/g)?.length ?? 0), 0);
}
