// Boards and plans of which a test knows that they are RISC-V's.
import type { Board, Riscv64Board } from "../boards/schema.ts";
import type { Plan, Riscv64Plan } from "../partitions/plan/plan.ts";

export function riscv64Board(board: Board | undefined): Riscv64Board {
  if (board?.isa !== "riscv64") throw new Error(`${board?.name ?? "none"} is no board of RISC-V`);
  return board;
}

export function riscv64Plan(plan: Plan): Riscv64Plan {
  if (plan.isa !== "riscv64") throw new Error(`${plan.board} is no board of RISC-V`);
  return plan;
}
