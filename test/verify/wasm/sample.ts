// AssemblyScript of test/verify/assembly, compiled as the build compiles the core.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../../../tools/build/compile.ts";
import { generate } from "../../../tools/build/index.ts";
import { recall, remember } from "../made.ts";

/** Hands over the path of the WebAssembly file, with its source map beside it. */
export async function withWasm<Result>(name: string, use: (path: string) => Result): Promise<Result> {
  const { wasm, sourceMap } = await compiled(`test/verify/assembly/${name}.ts`);
  const folder = mkdtempSync(join(tmpdir(), "axv-verify-"));
  try {
    const path = join(folder, `${name}.wasm`);
    writeFileSync(path, wasm);
    writeFileSync(`${path}.map`, sourceMap);
    return use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compiled(entry: string): Promise<{ readonly wasm: Uint8Array; readonly sourceMap: Uint8Array }> {
  const source = readFileSync(entry, "utf8");
  const [wasm, sourceMap] = [recall([source, "wasm"]), recall([source, "map"])];
  if (wasm !== undefined && sourceMap !== undefined) return { wasm, sourceMap };
  await generate({ isa: "aarch64", tables: { cpu: "core/cpu.table.ts" } });
  const made = await compile({ entry, memoryPages: 1 });
  return { wasm: remember([source, "wasm"], made.wasm), sourceMap: remember([source, "map"], Buffer.from(made.sourceMap)) };
}
