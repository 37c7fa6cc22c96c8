// The intrinsics, as the simulated machine answers them: what each instruction of arch/aarch64/aarch64.table.ts does here, by
// noun. imports.ts checks that none is missing.
import { PIECE_BYTES } from "../../../../arch/aarch64/aarch64.table.ts";
import type { Hooks, Value } from "../../imports.ts";
import { memoryHooks } from "../../physical.ts";
import type { Hardware } from "../hardware.ts";
import { gicHooks, gicv3 } from "./gic.ts";
import { instructionHooks } from "./instructions.ts";
import { clusterHooks, debugHooks, pmuHooks, timerHooks } from "./peripherals.ts";
import { resetHooks, storageHooks } from "./registers.ts";

/** Module "aarch64". */
export function aarch64Hooks(machine: Hardware): Hooks {
  const { board, stage1 } = machine;
  return synchronised(machine, {
    ...storageHooks(machine), ...resetHooks(machine), ...timerHooks(machine), ...debugHooks(machine), ...pmuHooks(machine),
    ...clusterHooks(machine), ...gicHooks(machine), ...instructionHooks(machine), ...memoryHooks(
      machine, stage1, BigInt(PIECE_BYTES),
    ),
    stage1Root: () => BigInt(board.imageBase + board.stage1RootOffset),
  });
}

/** The same hooks, those that the rules of context synchronisation are about with a look at them. */
export function synchronised(machine: Hardware, hooks: Hooks): Hooks {
  return Object.fromEntries(Object.entries(hooks).map(([name, hook]) => {
    const execute = machine.synchronisation.watch(name);
    if (execute === undefined) return [name, hook];
    const run = hook as (...values: Value[]) => Value | void;
    if (name !== "msr_ICC_SGI1R_EL1") return [name, (...values: Value[]) => {
      execute(machine.current.index);
      return run(...values);
    }];
    return [name, (value: bigint) => {
      const { index } = machine.current;
      // A pCPU sees its own stores: of an SGI to itself alone no DSB is asked.
      if (String(gicv3(machine).sgiTargets(index, value)) !== String(index)) execute(index);
      return run(value);
    }];
  }));
}
