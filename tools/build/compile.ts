// AssemblyScript → wasm + source map, with the options of asconfig.json.
//
// Without `converge` there: to optimise until nothing changes takes asc twice as long, and clang finds most of it anyway. What
// it cannot find is what a sum of an address and a constant is at 32 bits, which the one pass named there puts into the access
// (the core for AArch64: 71,672 bytes of text and rodata with converge and with the pass, 71,792 with neither).
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { BuildError } from "./errors.ts";
import { readOptional, ROOT } from "./files.ts";
import { blobModule } from "./generate-blob.ts";
import type { Isa } from "./targets/target.ts";

export interface Compiled {
  readonly wasm: Uint8Array;
  readonly sourceMap: string;
  /** Every file that asc read, relative to the root. */
  readonly inputs: readonly string[];
}

/** What is compiled: of a program, these. */
export interface Source {
  readonly entry: string;
  /** Linear memory neither grows nor shrinks. */
  readonly memoryPages: number;
  /** Without it there is neither build/generated/isa nor blob. */
  readonly isa?: Isa;
  /** See programs.ts. */
  readonly parts?: Readonly<Record<string, string>>;
}

/**
 * Files that asc alone sees, so that two ISAs can be built at the same time: build/generated/isa is what the program's ISA gives
 * the core, build/generated/blob how the blob is laid out there, and each of its parts has a name there too.
 */
function namesOf({ isa, parts = {} }: Pick<Source, "isa" | "parts">): Map<string, string> {
  const own = isa && { isa: `arch/${isa}/isa.ts`, blob: `build/generated/${blobModule(isa)}.ts` };
  const all = { ...own, ...parts };
  const text = (file: string): string => `export * from "../../${file.replace(/\.ts$/, "")}";\n`;
  return new Map(Object.entries(all).map(([name, file]) => [`build/generated/${name}.ts`, text(file)]));
}

const OUTPUT = "build/program.wasm";
const CONFIGURED: readonly string[] = ["--config", "asconfig.json"];

/** `instead`: sources that are not as they are on the disk. `options`: other ones. */
export async function compile(
  source: Source,
  instead: ReadonlyMap<string, string> = new Map(),
  options = CONFIGURED,
): Promise<Compiled> {
  // Here, because binaryen comes with it, which takes as long to load as most commands take in all.
  const { default: asc } = await import("assemblyscript/asc");
  const inputs = new Set<string>();
  const outputs = new Map<string, Uint8Array | string>();
  const stderr = asc.createMemoryStream();
  const { entry, memoryPages } = source;
  const sources = new Map([...namesOf(source), ...instead]);
  const pages = String(memoryPages);
  const flags = [...options, "--outFile", OUTPUT, "--initialMemory", pages, "--maximumMemory", pages];
  const { error } = await asc.main([entry, ...flags], {
    stdout: asc.createMemoryStream(),
    stderr,
    readFile: (filename) => {
      const content = readOptional(resolve(ROOT, filename));
      if (content !== undefined) inputs.add(filename);
      return sources.get(filename) ?? content?.toString("utf8") ?? null;
    },
    writeFile: (filename, contents) => void outputs.set(filename, contents),
    listFiles: (dirname) => readdirSync(resolve(ROOT, dirname)).filter((name) => name.endsWith(".ts")),
  });
  const wasm = outputs.get(OUTPUT);
  const sourceMap = outputs.get(`${OUTPUT}.map`);
  if (error !== null || typeof wasm !== "object" || typeof sourceMap !== "string") {
    throw new BuildError("compile-failed", `${entry}\n${stderr.toString()}${error?.message ?? ""}`);
  }
  return { wasm, sourceMap, inputs: [...inputs] };
}
