// The WebAssembly, read the way the build reads it: what hides control flow (tables, indirect calls), a memory that
// grows, and a loop whose bound is not stated on every way round are refused by the build's own reader, here again,
// with function and source line.
import { existsSync } from "node:fs";
import { disassemble } from "../../build/disassemble.ts";
import { BOUND } from "../../build/translate/imports.ts";
import { checkLoops } from "../../build/translate/loops.ts";
import { readModule, type Function, type Module } from "../../build/translate/module.ts";

export interface Wasm {
  readonly functions: readonly Function[];
  readonly exports: ReadonlySet<string>;
  /** wasm id of the import that states bounds. */
  readonly bound: string | undefined;
}

export function loadWasm(path: string): Wasm {
  const map = `${path}.map`;
  const module = readModule(disassemble(path, existsSync(map) ? map : undefined));
  const bound = boundOf(module);
  for (const one of module.functions) checkLoops(one.body, bound, one.name);
  return { functions: module.functions, exports: new Set(module.exports.keys()), bound };
}

function boundOf(module: Module): string | undefined {
  return [...module.imports].find(([, one]) => one.module === BOUND.module && one.name === BOUND.name)?.[0];
}
