// Helpers of the build's tests: runs one step on files of test/build/assembly, and catches what it refuses.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import { join, relative } from "node:path";
import { cpu } from "../../core/cpu.table.ts";
import { aarch64 } from "../../arch/aarch64/aarch64.table.ts";
import { compile } from "../../tools/build/compile.ts";
import { disassemble } from "../../tools/build/disassemble.ts";
import { BuildError } from "../../tools/build/errors.ts";
import { ROOT } from "../../tools/build/files.ts";
import { generate } from "../../tools/build/index.ts";
import type { Program } from "../../tools/build/programs.ts";
import { translate, type Translation } from "../../tools/build/translate/index.ts";

export const TABLES = { cpu, aarch64 };

/**
 * A program that uses what the hypervisor uses, and does nothing. Test files run side by side: each has a copy by another
 * name.
 */
export const toy = (name: string): Program => ({
  name,
  isa: "aarch64",
  entry: "test/build/assembly/toy.ts",
  tables: { cpu: "core/cpu.table.ts", aarch64: "arch/aarch64/aarch64.table.ts" },
  memoryPages: 2,
  assembly: ["test/build/assembly/toy.S"],
  linkerScript: "test/build/assembly/toy.ld",
  positionIndependent: true,
  defines: { LINEAR_BASE: "0x4000000000" },
});

/** The error that an action must throw. */
export async function errorOf(action: () => unknown): Promise<BuildError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof BuildError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** A folder in build/ (paths in the build are relative to the root), gone afterwards. */
export async function inWorkFolder<T>(action: (folder: string) => T | Promise<T>): Promise<T> {
  mkdirSync(join(ROOT, "build"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "build/test-"));
  try {
    return await action(relative(ROOT, folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** AssemblyScript of test/build/assembly as C. */
export async function translateSource(name: string): Promise<Translation> {
  await generate(toy("toy"));
  const { wasm, sourceMap } = await compile({ entry: `test/build/assembly/${name}`, memoryPages: 1 });
  return inWorkFolder((folder) => {
    const file = join(ROOT, folder, "module.wasm");
    writeFileSync(file, wasm);
    writeFileSync(`${file}.map`, sourceMap);
    return translate(disassemble(file, `${file}.map`), TABLES, AARCH64);
  });
}
