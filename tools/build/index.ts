// Builds a program: tables → declarations → asc → translate → clang → lld. Products in build/<program>/:
// <program>.wasm, .wasm.map, .c, .elf, .bin.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { forget, isFresh, ownInputs, remember } from "./cache.ts";
import { compile } from "./compile.ts";
import { disassemble } from "./disassemble.ts";
import { ROOT, writeAtomically, writeIfChanged } from "./files.ts";
import { generateBlob } from "./generate-blob.ts";
import { generateDeclarations } from "./generate.ts";
import type { Intrinsic } from "./intrinsic.ts";
import { buildNative, CLANG, LLD, runTool } from "./native.ts";
import type { Program } from "./programs.ts";
import type { Tables } from "./translate/imports.ts";
import { translate } from "./translate/index.ts";

export interface Products {
  /** Absolute paths. */
  readonly wasm: string;
  readonly sourceMap: string;
  readonly c: string;
  readonly elf: string;
  readonly binary: string;
  readonly upToDate: boolean;
}

const BLOB_LAYOUT = "partitions/blob/layout.table.ts";
const PAGE_BYTES = 65536;

export async function loadTables(program: Pick<Program, "tables">): Promise<Tables> {
  const tables: Record<string, readonly Intrinsic[]> = {};
  for (const [module, file] of Object.entries(program.tables)) {
    const exports = (await import(pathToFileURL(join(ROOT, file)).href)) as Record<string, readonly Intrinsic[]>;
    tables[module] = exports[module] ?? [];
  }
  return tables;
}

/** build/generated/<module>.ts of each table, and blob.ts. Gives back the tables. */
export async function generate(program: Pick<Program, "tables">): Promise<Tables> {
  const tables = await loadTables(program);
  for (const [module, intrinsics] of Object.entries(tables)) {
    const text = generateDeclarations(module, intrinsics, program.tables[module] ?? module);
    writeIfChanged(join(ROOT, "build/generated", `${module}.ts`), text);
  }
  writeIfChanged(join(ROOT, "build/generated/blob.ts"), generateBlob());
  return tables;
}

export async function buildProgram(program: Program, progress: (line: string) => void = () => undefined): Promise<Products> {
  const { name } = program;
  const outDir = `build/${name}`;
  const file = (suffix: string): string => `${outDir}/${name}${suffix}`;
  const path = (suffix: string): string => join(ROOT, file(suffix));
  const products = { wasm: path(".wasm"), sourceMap: path(".wasm.map"), c: path(".c"), elf: path(".elf"), binary: path(".bin") };
  const key = JSON.stringify(program) + [CLANG, LLD].map((tool) => runTool(tool, ["--version"])).join();

  const tables = await generate(program);
  if (isFresh(outDir, key, [".wasm", ".wasm.map", ".c", ".elf", ".bin"].map((suffix) => name + suffix))) {
    progress(`${name}: up to date`);
    return { ...products, upToDate: true };
  }
  forget(outDir);
  progress(`${name}: compiling ${program.entry}`);
  const compiled = await compile(program.entry, program.memoryPages);
  writeAtomically(products.wasm, compiled.wasm);
  writeAtomically(products.sourceMap, compiled.sourceMap);
  progress(`${name}: translating to C`);
  const { c } = translate(disassemble(products.wasm, products.sourceMap), tables, "inline");
  writeAtomically(products.c, c);
  progress(`${name}: compiling and linking for AArch64`);
  const symbols = { axv_linear_bytes: program.memoryPages * PAGE_BYTES };
  const native = buildNative({ ...program, cFile: file(".c"), symbols }, `${outDir}/objects`);
  writeAtomically(products.elf, native.elf);
  writeAtomically(products.binary, native.binary);
  remember(outDir, key, [...ownInputs(), ...Object.values(program.tables), BLOB_LAYOUT, ...compiled.inputs, ...native.inputs]);
  progress(`${name}: ${file(".elf")}, ${file(".bin")} (${native.binary.length} bytes)`);
  return { ...products, upToDate: false };
}
