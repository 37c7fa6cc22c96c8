// Reads a board.yaml, by its name or where it is, and compares it with a device tree.
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../partitions/diagnostics/diagnostic.ts";
import { boardAt, boardsIn } from "../../partitions/shelf.ts";
import { compareBoard } from "./compare.ts";
import { BoardError } from "./errors.ts";
import type { Tree } from "./tree.ts";

/** Its mistakes, or what differs. `name`: a path has a "/" in it, or the ending of one. */
export function checkAgainst(name: string, tree: Tree): readonly Diagnostic[] {
  const shelf = boardsIn(".");
  const found = /\/|\.yaml$/.test(name) ? boardAt(name).open() : shelf.open(name);
  if (found === undefined) throw new BoardError("AXV_BOARD_NONE", name, shelf.names.join(", "));
  const { source, value: board, mistakes } = found;
  if (board === undefined) return mistakes;
  if (board.isa !== "aarch64") throw new BoardError("AXV_BOARD_ISA", name);
  const findings = new Findings(source);
  compareBoard(board, tree, findings);
  return [...mistakes, ...findings.sorted];
}
