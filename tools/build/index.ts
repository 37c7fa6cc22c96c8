// Builds a program: tables → declarations → asc → translate → clang → lld. Products in build/<program>/:
// <program>.wasm, .wasm.map, .c, .elf, .bin.
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { forget, isFresh, ownInputs, PROCESS_STARTED, remember, withImports } from "./cache.ts";
import { compile } from "./compile.ts";
import { disassemble } from "./disassemble.ts";
import { ROOT, writeIfChanged } from "./files.ts";
import { blobModule, generateBlob } from "./generate-blob.ts";
import { generateDeclarations } from "./generate.ts";
import type { WrittenTag } from "../../partitions/tags/schema.ts";
import { identityOf } from "./installed.ts";
import type { Intrinsic } from "./intrinsic.ts";
import { buildNative, CLANG, LLD, OFFSETS } from "./native.ts";
import type { Native } from "./native.ts";
import { offsetsHeader } from "./offsets.ts";
import type { Program } from "./programs.ts";
import { TARGETS } from "./targets/index.ts";
import type { Isa } from "./targets/target.ts";
import type { Tables } from "./translate/imports.ts";
import { translate } from "./translate/index.ts";

/** Absolute paths. */
interface Paths {
  readonly wasm: string;
  readonly sourceMap: string;
  readonly c: string;
  /** What its assembly includes. */
  readonly offsets: string;
  readonly elf: string;
  readonly binary: string;
}

export interface Products extends Paths {
  readonly upToDate: boolean;
}

const blobTables = (isa: Isa): string[] =>
  ["field", "isas", "layout.table", "promises.table", `${isa}.table`].map((name) => `partitions/blob/${name}.ts`);
const PAGE_BYTES = 65536;

export async function loadTables(program: Pick<Program, "tables">): Promise<Tables> {
  const tables: Record<string, readonly Intrinsic[]> = {};
  for (const [module, file] of Object.entries(program.tables)) {
    const exports = (await import(pathToFileURL(join(ROOT, file)).href)) as Record<string, readonly Intrinsic[]>;
    tables[module] = exports[module] ?? [];
  }
  return tables;
}

/** build/generated/values.ts: accessors of the process values that a program's partition has. */
async function generateValues(file: string): Promise<void> {
  const [{ assemblyScript }, { leaves, placeInImage }] = await Promise.all([
    import("../tags/assembly-script.ts"),
    import("../../partitions/tags/table.ts"),
  ]);
  const { values } = (await import(pathToFileURL(join(ROOT, file)).href)) as { values: readonly WrittenTag[] };
  const wanted = leaves(values, "any", []);
  const { offsets, size } = placeInImage(wanted);
  const tags = wanted.map(({ register: _, path: __, ...tag }, n) => ({ ...tag, offset: offsets[n] ?? 0, register: 0, alias: 0 }));
  const text = assemblyScript({ partition: "any", size, tags }, file, 0, "../../rtos-guests/channel");
  writeIfChanged(join(ROOT, "build/generated/values.ts"), text);
}

/** build/generated/<module>.ts of each table, the blob as its ISA has it, and values.ts. Gives back the tables. */
export async function generate(program: Pick<Program, "isa" | "tables" | "values">): Promise<Tables> {
  const tables = await loadTables(program);
  for (const [module, intrinsics] of Object.entries(tables)) {
    const text = generateDeclarations(module, intrinsics, program.tables[module] ?? module);
    // An ISA's sources find what every ISA has beside their own.
    const all = module === program.isa ? `${text}\nexport * from "./cpu";\n` : text;
    writeIfChanged(join(ROOT, "build/generated", `${module}.ts`), all);
  }
  writeIfChanged(join(ROOT, `build/generated/${blobModule(program.isa)}.ts`), generateBlob(program.isa));
  if (program.values !== undefined) await generateValues(program.values);
  return tables;
}

const folderOf = ({ name }: Program): string => `build/${name}`;

export function pathsOf(program: Program): Paths {
  const path = (suffix: string): string => join(ROOT, folderOf(program), program.name + suffix);
  return {
    wasm: path(".wasm"),
    sourceMap: path(".wasm.map"),
    c: path(".c"),
    offsets: join(ROOT, folderOf(program), OFFSETS),
    elf: path(".elf"),
    binary: path(".bin"),
  };
}

const keyOf = (program: Program): string => JSON.stringify(program) + [CLANG, LLD].map(identityOf).join();

/** Its products are there, and nothing that they were built from has changed. */
export const isUpToDate = (program: Program): boolean =>
  isFresh(folderOf(program), keyOf(program), Object.values(pathsOf(program)));

export async function buildProgram(program: Program, progress: (line: string) => void = () => undefined): Promise<Products> {
  const { name } = program;
  const outDir = folderOf(program);
  const products = pathsOf(program);
  if (isUpToDate(program)) {
    progress(`${name}: up to date`);
    return { ...products, upToDate: true };
  }
  const tables = await generate(program);
  const began = Date.now();
  // Everything is made in a folder of its own and moved into place at the end: products always belong together.
  mkdirSync(join(ROOT, outDir), { recursive: true });
  const workDir = relative(ROOT, mkdtempSync(join(ROOT, outDir, "work-")));
  try {
    const inputs = await build(program, tables, workDir, progress);
    forget(outDir);
    for (const product of Object.values(products)) renameSync(join(ROOT, workDir, basename(product)), product);
    const values = program.values === undefined ? [] : [program.values];
    const tableFiles = [...Object.values(program.tables), ...values, ...blobTables(program.isa)];
    const imported = [...ownInputs(), ...withImports(tableFiles)];
    remember(outDir, keyOf(program), [{ files: imported, since: PROCESS_STARTED }, { files: inputs, since: began }]);
  } finally {
    rmSync(join(ROOT, workDir), { recursive: true, force: true });
  }
  progress(`${name}: built ${outDir}/${name}.elf`);
  return { ...products, upToDate: false };
}

/** Leaves the products in workDir; gives back the files it has read. */
async function build(program: Program, tables: Tables, workDir: string, progress: (line: string) => void): Promise<string[]> {
  const { name, entry } = program;
  const write = (suffix: string, data: Uint8Array | string): void =>
    writeFileSync(join(ROOT, `${workDir}/${name}${suffix}`), data);
  progress(`${name}: compiling ${entry}`);
  const compiled = await compile(program);
  write(".wasm", compiled.wasm);
  write(".wasm.map", compiled.sourceMap);
  const native = makeNative(program, tables, workDir, progress);
  write(".elf", native.elf);
  write(".bin", native.binary);
  return [...compiled.inputs, ...native.inputs];
}

/** Of the wasm and its map in workDir. */
function makeNative(program: Program, tables: Tables, workDir: string, progress: (line: string) => void): Native {
  const file = (suffix: string): string => `${workDir}/${program.name}${suffix}`;
  progress(`${program.name}: translating to C`);
  const text = disassemble(join(ROOT, file(".wasm")), join(ROOT, file(".wasm.map")));
  const target = TARGETS[program.isa];
  writeFileSync(join(ROOT, file(".c")), translate(text, tables, target, program).c);
  writeFileSync(join(ROOT, workDir, OFFSETS), offsetsHeader(text));
  progress(`${program.name}: compiling and linking for ${target.title}`);
  const symbols = { axv_linear_bytes: program.memoryPages * PAGE_BYTES };
  return buildNative({ ...program, cFile: file(".c"), symbols }, workDir);
}

/** What a program's wasm becomes when it is translated once more: nothing of an earlier translation is looked at. */
export async function translateAgain(program: Program, progress: (line: string) => void): Promise<Native> {
  const tables = await loadTables(program);
  const { wasm, sourceMap } = pathsOf(program);
  const workDir = relative(ROOT, mkdtempSync(join(ROOT, folderOf(program), "again-")));
  try {
    for (const product of [wasm, sourceMap]) copyFileSync(product, join(ROOT, workDir, basename(product)));
    return makeNative(program, tables, workDir, progress);
  } finally {
    rmSync(join(ROOT, workDir), { recursive: true, force: true });
  }
}
