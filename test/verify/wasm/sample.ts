// AssemblyScript of test/verify/assembly, compiled as the build compiles the core.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../../../tools/build/compile.ts";
import { generate } from "../../../tools/build/index.ts";

/** Hands over the path of the WebAssembly file, with its source map beside it. */
export async function withWasm<Result>(name: string, use: (path: string) => Result): Promise<Result> {
  await generate({ isa: "aarch64", tables: { cpu: "core/cpu.table.ts" } });
  const { wasm, sourceMap } = await compile({ entry: `test/verify/assembly/${name}.ts`, memoryPages: 1 });
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
