// What a partition's nodes point to and it has not, and what is done about each.
import type { FdtNode } from "../fdt.ts";
import type { BoardTree } from "./board-tree.ts";
import type { Closure } from "./closure.ts";
import type { Rates } from "./rates.ts";
import type { Reference } from "./references.ts";

export interface Loss {
  readonly node: FdtNode;
  readonly reference: Reference;
  /**
   * clock: a fixed clock of `hz` stands in; remove: the entry goes; off: the entry goes, and its node with it, which nobody asked
   * for; refuse: there is no plan with it.
   */
  readonly done: "clock" | "remove" | "off" | "refuse";
  readonly hz?: number;
}

export function lossesOf(board: BoardTree, closure: Closure, rates: Rates): Loss[] {
  const losses: Loss[] = [];
  for (const node of closure.nodes.keys()) {
    for (const reference of board.referencesOf(node)) {
      const { target, binding, specifier } = reference;
      if (target !== undefined && (target === board.controller || closure.nodes.has(target))) continue;
      const hz = binding.without === "clock" && target !== undefined ? rates.of(target, specifier) : undefined;
      if (hz !== undefined) losses.push({ node, reference, done: "clock", hz });
      else if (binding.without === "drop" || binding.without === "link") losses.push({ node, reference, done: "remove" });
      else losses.push({ node, reference, done: closure.wanted.has(node) ? "refuse" : "off" });
    }
  }
  return losses;
}
