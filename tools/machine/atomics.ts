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

export function cpuHooks(machine: Hardware): Hooks {
  const update = (pointer: number, change: (before: number) => number): number => {
    machine.storeBuffer?.drain(machine.current.index);
    const before = machine.linear.getUint32(pointer, true);
    machine.linear.setUint32(pointer, change(before) >>> 0, true);
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
    loadAcquire32: (pointer: number) => machine.linear.getUint32(pointer, true),
    storeRelease32: (pointer: number, value: number) => {
      machine.storeBuffer?.store(machine.current.index, pointer, 4);
      machine.linear.setUint32(pointer, value, true);
    },
  };
}
