// The core under test: the wasm that tools/build makes, the same bytes that are translated for the board.
import { readFileSync } from "node:fs";
import { buildProgram } from "../../build/index.ts";
import { CORE } from "../../build/programs.ts";
import { Aarch64Machine } from "./machine.ts";
import { makeSystem, STANDARD } from "./system.ts";
import type { System, SystemSpec } from "./system.ts";

/** Another core than the sources', as test/mutants makes them. */
const other = process.env["AXV_CORE_WASM"] ?? "";
const wasm = other === "" ? (await buildProgram(CORE)).wasm : other;
const module = new WebAssembly.Module(readFileSync(wasm));

/** The same core, saying when it stores. (Binaryen is large: only for who needs it.) */
export async function instrumentedCore(): Promise<WebAssembly.Module> {
  const { instrument } = await import("../instrumented.ts");
  return instrument(readFileSync(wasm));
}

/** A machine with a system's image in its memory, at reset. */
export function machineFor(system: System, from = module): Aarch64Machine {
  return new Aarch64Machine(from, { ...system, board: system.spec.board });
}

/** A machine that has booted, and come to rest. */
export function booted(spec: SystemSpec = STANDARD): Aarch64Machine {
  const machine = machineFor(makeSystem(spec));
  machine.boot();
  return machine;
}
