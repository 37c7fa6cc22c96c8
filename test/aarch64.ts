// Boards and plans of which a test knows that they are AArch64's.
import type { Aarch64Board, Board } from "../boards/schema.ts";
import type { Aarch64Plan, Plan } from "../partitions/plan/plan.ts";

export function aarch64Board(board: Board | undefined): Aarch64Board {
  if (board?.isa !== "aarch64") throw new Error(`${board?.name ?? "none"} is no board of AArch64`);
  return board;
}

export function aarch64Plan(plan: Plan): Aarch64Plan {
  if (plan.isa !== undefined) throw new Error(`${plan.board} is no board of AArch64`);
  return plan;
}
