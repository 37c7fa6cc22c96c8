// The core under test: the wasm that tools/build makes, the same bytes that are translated for the board.
import { readFileSync } from "node:fs";
import { riscv64 } from "../../../arch/riscv64/riscv64.table.ts";
import { buildProgram } from "../../build/index.ts";
import { CORE_RISCV64 } from "../../build/programs.ts";
import type { Contents } from "../board.ts";
import type { Board } from "./board.ts";
import { PIECE_BYTES, riscv64Hooks } from "./hooks.ts";
import { Riscv64Machine } from "./machine.ts";

const { wasm } = await buildProgram(CORE_RISCV64);
const module = new WebAssembly.Module(readFileSync(wasm));

/** The same core, saying when it stores. (Binaryen is large: only for who needs it.) */
export async function instrumentedCore(): Promise<WebAssembly.Module> {
  const { instrument } = await import("../instrumented.ts");
  return instrument(readFileSync(wasm));
}

/** A machine with an image in its memory, at reset. */
export function machineFor(board: Board, contents: Contents, from = module): Riscv64Machine {
  return new Riscv64Machine(from, {
    ...contents, board, intrinsics: (machine) => ({ table: riscv64, hooks: riscv64Hooks(machine, riscv64, PIECE_BYTES) }),
  });
}
