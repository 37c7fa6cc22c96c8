// WebAssembly text of the tests as a binary, as binaryen prints it, and as C.
import binaryen from "assemblyscript/binaryen";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { disassemble } from "../../tools/build/disassemble.ts";
import type { Tables } from "../../tools/build/translate/imports.ts";
import { translate, type Translation } from "../../tools/build/translate/index.ts";

function withModule<T>(wat: string, action: (module: binaryen.Module) => T): T {
  const module = binaryen.parseText(wat);
  try {
    module.setFeatures(binaryen.Features.All);
    if (module.validate() === 0) throw new Error("invalid module");
    return action(module);
  } finally {
    module.dispose();
  }
}

/** WebAssembly text → binary; `optimize` as asc does. */
export function assemble(wat: string, optimize = false): Uint8Array {
  return withModule(wat, (module) => {
    if (optimize) {
      binaryen.setOptimizeLevel(3);
      module.optimize();
    }
    binaryen.setDebugInfo(true); // names of functions, as in what asc writes
    return module.emitBinary();
  });
}

/** WebAssembly text as binaryen prints it. */
export const print = (wat: string): string => withModule(wat, (module) => module.emitText());

export function translateWasm(wasm: Uint8Array, tables: Tables): Translation {
  const folder = mkdtempSync(join(tmpdir(), "axv-build-"));
  try {
    const file = join(folder, "module.wasm");
    writeFileSync(file, wasm);
    return translate(disassemble(file), tables, undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
