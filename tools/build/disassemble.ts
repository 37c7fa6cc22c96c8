// wasm → the text of binaryen's IR, with the source map's locations. Runs wasm-dis of the very binaryen that asc uses.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { BuildError } from "./errors.ts";

const WASM_DIS = fileURLToPath(new URL("../../node_modules/binaryen/bin/wasm-dis", import.meta.url));
const LARGEST_TEXT = 256 * 1024 * 1024;

export function disassemble(wasmFile: string, sourceMapFile?: string): string {
  const map = sourceMapFile === undefined ? [] : ["--source-map", sourceMapFile];
  try {
    return execFileSync(process.execPath, [WASM_DIS, "--all-features", wasmFile, ...map], {
      encoding: "utf8",
      maxBuffer: LARGEST_TEXT,
    });
  } catch (error) {
    throw new BuildError("tool-failed", `wasm-dis ${wasmFile}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
