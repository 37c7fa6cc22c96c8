// wasm → the text of binaryen's IR, with the source map's locations. Runs wasm-dis of the very binaryen that asc uses.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BuildError } from "./errors.ts";
import { QUICK_WASM } from "./quickWasm.ts";

const WASM_DIS = fileURLToPath(new URL("../../node_modules/binaryen/bin/wasm-dis", import.meta.url));
const LARGEST_TEXT = 256 * 1024 * 1024;

/** What was read last: verify reads the very bytes that the build has just translated. */
let last: { readonly hash: string; readonly text: string } | undefined;

export function disassemble(wasmFile: string, sourceMapFile?: string): string {
  const hash = hashOf([wasmFile, ...(sourceMapFile === undefined ? [] : [sourceMapFile])]);
  if (last?.hash !== hash) last = { hash, text: runWasmDis(wasmFile, sourceMapFile) };
  return last.text;
}

function hashOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(createHash("sha256").update(readFileSync(file)).digest());
  return hash.digest("hex");
}

function runWasmDis(wasmFile: string, sourceMapFile?: string): string {
  const map = sourceMapFile === undefined ? [] : ["--source-map", sourceMapFile];
  try {
    return execFileSync(process.execPath, [...QUICK_WASM, WASM_DIS, "--all-features", wasmFile, ...map], {
      encoding: "utf8",
      maxBuffer: LARGEST_TEXT,
    });
  } catch (error) {
    throw new BuildError("tool-failed", `wasm-dis ${wasmFile}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
