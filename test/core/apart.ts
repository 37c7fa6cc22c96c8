// Some of the core's files, compiled without the rest, so that tests can call what the core keeps to itself.
import { existsSync, readFileSync } from "node:fs";
import { compile, type Source } from "../../tools/build/compile.ts";
import { generate } from "../../tools/build/index.ts";
import { CORE } from "../../tools/build/programs.ts";
import { sha256Rounds } from "../../tools/machine/aarch64/sha256.ts";
import { mutantImports } from "../../tools/machine/mutant.ts";
import { instantiate } from "../plc/instantiate.ts";

export const APART = {
  decoder: { entry: "arch/aarch64/loadStore.ts", memoryPages: 1 },
  crypto: { entry: "test/core/assembly/crypto.ts", memoryPages: 13, isa: "aarch64" },
} as const satisfies Record<string, Source>;
export type Apart = keyof typeof APART;

/** Of a core with mutants in it: where the same with those mutants lies. */
export const apartPath = (core: string, name: Apart): string => `${core}.${name}`;

/** Its exports; of the sources that a core with mutants in it is made of, while those are tried. */
export async function startApart(name: Apart): Promise<WebAssembly.Exports> {
  await generate(CORE);
  const mutated = apartPath(process.env["AXV_CORE_WASM"] ?? "", name);
  const wasm = existsSync(mutated) ? readFileSync(mutated) : (await compile(APART[name])).wasm;
  const aarch64 = {
    sha256Rounds: (...places: [number, number, number]) => {
      if (exports["memory"] instanceof WebAssembly.Memory) sha256Rounds(new DataView(exports["memory"].buffer), ...places);
    },
  };
  const exports = await instantiate(
    { tables: { cpu: "core/cpu.table.ts" } }, Uint8Array.from(wasm), {}, { ...mutantImports(), aarch64 });
  return exports;
}
