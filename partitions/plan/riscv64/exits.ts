// What a partition leaves its guest code for on RISC-V, once it runs, of what is known of its kind.
import type { Riscv64Board } from "../../../boards/schema.ts";
import type { Riscv64Profile } from "../../../rtos-guests/profiles/schema.ts";

export const planExits = (_: Riscv64Board, known: NonNullable<Riscv64Profile["exits"]>): readonly string[] =>
  known.sbi === undefined ? [] : [`SBI calls (${known.sbi})`];
