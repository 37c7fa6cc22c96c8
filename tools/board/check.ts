// Reads a board.yaml, by its name or where it is, and compares it with a device tree.
import { ISA_TITLES } from "../../boards/isa.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../partitions/diagnostics/diagnostic.ts";
import { boardAt, boardsIn } from "../../partitions/shelf.ts";
import { compareBoard } from "./compare.ts";
import { BoardError } from "./errors.ts";
import { compareRiscv } from "./riscv64/compare.ts";
import type { RiscvTree } from "./riscv64/tree.ts";
import type { Tree } from "./tree.ts";

/** Its mistakes, or what differs. `name`: a path has a "/" in it, or the ending of one. */
export function checkAgainst(name: string, tree: Tree | RiscvTree): readonly Diagnostic[] {
  const shelf = boardsIn(".");
  const found = /\/|\.yaml$/.test(name) ? boardAt(name).open() : shelf.open(name);
  if (found === undefined) throw new BoardError("AXV_BOARD_NONE", name, shelf.names.join(", "));
  const { source, value: board, mistakes } = found;
  if (board === undefined) return mistakes;
  const findings = new Findings(source);
  if (board.isa === "aarch64" && tree.isa === "aarch64") compareBoard(board, tree, findings);
  else if (board.isa === "riscv64" && tree.isa === "riscv64") compareRiscv(board, tree, findings);
  else throw new BoardError("AXV_BOARD_ISA", name, ISA_TITLES[tree.isa]);
  return [...mistakes, ...findings.sorted];
}
