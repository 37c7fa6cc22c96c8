// The core's own wasm, put into a machine: its imports are answered by hooks, its linear memory is part of physical memory.
import type { Intrinsic } from "../build/intrinsic.ts";
import { bindImports } from "./imports.ts";
import type { Hooks, Value } from "./imports.ts";
import { mutantImports } from "./mutant.ts";
import { INSTRUMENTED, memoryImports, StoreBuffer } from "./storeBuffer.ts";

export interface Loaded<Exports> {
  readonly core: Exports;
  /** Linear memory, as the core sees it. */
  readonly linear: DataView;
  /** Stores that others see late: only of a core that says when it stores (instrumented.ts). */
  readonly storeBuffer: StoreBuffer | undefined;
}

/** A module of intrinsics. */
export interface Intrinsics {
  readonly table: readonly Intrinsic[];
  readonly hooks: Hooks;
}

/** What the machine wants to hear of a core that runs, and knows of its intrinsics. */
export interface Listener {
  /** Those behind which nothing is different for anybody else. */
  readonly unnoticed: RegExp;
  /** Those whose effect another pCPU sees, whatever it sees of stores. */
  readonly shown: RegExp;
  before(name: string, first?: Value): void;
  /** Number of the pCPU that is in the core. */
  current(): number;
}

export function load<Exports extends { readonly memory: WebAssembly.Memory }>(
  module: WebAssembly.Module, modules: Readonly<Record<string, Intrinsics>>, listener: Listener,
): Loaded<Exports> {
  const tells = WebAssembly.Module.imports(module).some((wanted) => wanted.module === INSTRUMENTED);
  let storeBuffer: StoreBuffer | undefined;
  const before = listener.before.bind(listener);
  const instance = new WebAssembly.Instance(module, {
    ...mutantImports(),
    [INSTRUMENTED]: memoryImports(module, (at, bytes) => storeBuffer?.store(listener.current(), at, bytes)),
    ...Object.fromEntries(
      Object.entries(modules).map(
        ([name, { table, hooks }]) => [name, bindImports(name, table, hooks, listener.unnoticed, before)]
      )
    ),
  });
  const core = instance.exports as unknown as Exports;
  if (tells) storeBuffer = new StoreBuffer(core.memory.buffer as ArrayBuffer, listener.shown);
  return { core, linear: new DataView(core.memory.buffer), storeBuffer };
}
