// Module "cpu" of intrinsics (core/cpu.table.ts): atomics are plain here, because only one pCPU runs at a time. What was stored
// ahead of one is seen by whoever sees it.
import { MachineError } from "./errors.ts";
import type { Hooks } from "./imports.ts";
import type { StoreBuffer } from "./storeBuffer.ts";

interface Hardware {
  readonly linear: DataView;
  readonly storeBuffer: StoreBuffer | undefined;
  readonly current: { readonly index: number };
}

const WORD = 4;

export function cpuHooks(machine: Hardware): Hooks {
  /** What is outside linear memory meets the window's guard, as with a plain load or store of the wasm. */
  const placed = (pointer: number): number => {
    const at = pointer >>> 0;
    if (at + WORD > machine.linear.byteLength) throw new WebAssembly.RuntimeError("memory access out of bounds");
    return at;
  };
  const update = (pointer: number, change: (before: number) => number): number => {
    const at = placed(pointer);
    machine.storeBuffer?.drain(machine.current.index);
    const before = machine.linear.getUint32(at, true);
    machine.linear.setUint32(at, change(before) >>> 0, true);
    return before;
  };
  return {
    bound: (iteration: number, limit: number) => {
      if (iteration >= limit) {
        throw new MachineError("MACHINE_LOOP", `iteration ${iteration} of a loop that says it ends before ${limit}`);
      }
    },
    atomicOr32: (pointer: number, bits: number) => update(pointer, (before) => before | bits),
    atomicAnd32: (pointer: number, bits: number) => update(pointer, (before) => before & bits),
    atomicAdd32: (pointer: number, value: number) => update(pointer, (before) => before + value),
    atomicExchange32: (pointer: number, value: number) => update(pointer, () => value),
    compareExchange32: (pointer: number, expected: number, value: number) =>
      update(pointer, (before) => (before === expected ? value : before)),
    loadAcquire32: (pointer: number) => machine.linear.getUint32(placed(pointer), true),
    storeRelease32: (pointer: number, value: number) => {
      const at = placed(pointer);
      machine.storeBuffer?.store(machine.current.index, at, WORD);
      machine.linear.setUint32(at, value, true);
    },
  };
}
