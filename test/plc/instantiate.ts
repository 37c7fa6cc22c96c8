// Runs a guest's wasm in V8: the very bytes that are translated for the board, with their intrinsics answered by hooks.
import { loadTables } from "../../tools/build/index.ts";
import type { Program } from "../../tools/build/programs.ts";
import { MachineError } from "../../tools/machine/errors.ts";
import { bindImports, type Hooks } from "../../tools/machine/imports.ts";

/** A loop that passes its stated bound fails the test. */
const BOUND: Hooks = {
  bound: (iteration: number, limit: number) => {
    if (iteration >= limit)
      throw new MachineError("MACHINE_LOOP", `iteration ${iteration} of a loop that says it ends before ${limit}`);
  },
};

/** `hooks`: for each of the program's tables but "cpu", of which guests use only `bound`. `besides`: further imports. */
export async function instantiate(
  program: Pick<Program, "tables">,
  wasm: BufferSource,
  hooks: Readonly<Record<string, Hooks>>,
  besides: WebAssembly.Imports = {},
): Promise<WebAssembly.Exports> {
  const imports: WebAssembly.Imports = { ...besides };
  for (const [module, table] of Object.entries(await loadTables(program))) {
    imports[module] =
      module === "cpu"
        ? bindImports(
            module,
            table.filter(({ name }) => name in BOUND),
            BOUND,
          )
        : bindImports(module, table, hooks[module] ?? {});
  }
  const { instance } = await WebAssembly.instantiate(wasm, imports);
  return instance.exports;
}
