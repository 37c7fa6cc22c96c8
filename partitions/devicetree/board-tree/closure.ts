// What a partition needs: the devices that it names, and all that these point to, and so on; found breadth first, so what is
// noted of each node is a shortest chain of references to it. Each node is looked at once.
import type { FdtNode } from "../fdt.ts";
import type { BoardTree } from "./board-tree.ts";

/** Why a partition has a node. */
export interface Reason {
  /** Undefined: the partition names it. */
  readonly from: FdtNode | undefined;
  /** Of `from`, the property that points to it; or how else it has to do with it. */
  readonly by: string;
}

export interface Closure {
  /** Nodes, each with why it is there. */
  readonly nodes: ReadonlyMap<FdtNode, Reason>;
  /** Of these, those without which a named device is not whole. The others are there because they are in the same unit. */
  readonly wanted: ReadonlySet<FdtNode>;
}

/**
 * `isAnothers`: of such a unit this partition gets nothing, nor of what is in it, whose driver or bus it is. What it names and
 * does not get for that is not among the nodes.
 */
export function closureOf(board: BoardTree, named: readonly FdtNode[], isAnothers: (unit: FdtNode) => boolean): Closure {
  const nodes = new Map<FdtNode, Reason>();
  const wanted = new Set<FdtNode>();
  const done = new Set<FdtNode>();
  const wantedDone = new Set<FdtNode>();

  /** With the rest of its unit, and with what that is in. */
  const include = (node: FdtNode, reason: Reason, isWanted: boolean): void => {
    const unit = board.unitOf(node);
    if (unit === undefined || wantedDone.has(node) || (!isWanted && done.has(node))) return;
    (isWanted ? wantedDone : done).add(node);
    for (let each: FdtNode | undefined = unit; each !== undefined; each = board.above(each))
      if (board.kindOf(each) === "hypervisor" || isAnothers(each)) return;
    const note = (each: FdtNode, why: Reason): void => void (nodes.has(each) || nodes.set(each, why));
    for (const each of [node, ...board.places.ancestorsOf(node)].filter((other) => board.unitOf(other) === unit)) {
      note(each, reason);
      if (isWanted) wanted.add(each);
    }
    for (const member of board.members(node, false)) note(member, { from: node, by: "is in it" });
    const rest = board.kindOf(unit) === "bus" ? [] : board.members(unit, false);
    for (const member of rest) if (!board.pinGroups.has(member)) note(member, { from: unit, by: "is in it" });
    const above = board.above(unit);
    if (above !== undefined) include(above, { from: unit, by: "is in it" }, isWanted);
  };
  /** What they point to, and what that points to; `nodes` grows meanwhile, and a Map is walked to its end. */
  const follow = (areWanted: boolean): void => {
    const done = new Set<FdtNode>();
    for (let before = -1; before !== done.size; ) {
      before = done.size;
      for (const node of areWanted ? wanted : nodes.keys()) {
        if (done.has(node)) continue;
        done.add(node);
        for (const { target, binding, property } of board.referencesOf(node)) {
          if (target === undefined || target === board.controller || binding.without === "link") continue;
          include(target, { from: node, by: property }, areWanted);
        }
      }
    }
  };

  for (const node of named) {
    for (const member of board.members(node, true))
      include(member, member === node ? { from: undefined, by: "devices" } : { from: node, by: "is in it" }, true);
  }
  follow(true);
  follow(false);
  return { nodes, wanted };
}
