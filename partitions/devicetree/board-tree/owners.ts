// Who has which unit of a board's device tree. The rule, for each that more than one partition can reach:
//
//   1. who names it in `devices`;
//   2. else the only partition with a device tree that needs it;
//   3. else, of those that need it, the one that is not real-time, when it is the only such;
//   4. else nobody: the planner asks for one to be named.
//
// A partition without a device tree has what it names, and nothing else: it has no drivers for what its devices need.
import type { FdtNode } from "../fdt.ts";
import type { BoardTree } from "./board-tree.ts";
import { closureOf } from "./closure.ts";
import type { Closure } from "./closure.ts";

export interface TreePartition {
  readonly name: string;
  readonly realtime: boolean;
  /** It takes a device tree. */
  readonly hasTree: boolean;
  /** What it names. */
  readonly named: readonly FdtNode[];
}

/** By which line of the rule above a unit has its owner. */
export type Rule = "named" | "only user" | "not real-time";

export interface Owners {
  /** By partition; undefined of one without a device tree. */
  readonly closures: readonly (Closure | undefined)[];
  /** Indices of partitions. */
  readonly owners: ReadonlyMap<FdtNode, number>;
  readonly rules: ReadonlyMap<FdtNode, Rule>;
  /** Units that several need, and none of the rules gives to one, each with those. */
  readonly contested: ReadonlyMap<FdtNode, readonly number[]>;
}

export function shareOut(board: BoardTree, partitions: readonly TreePartition[]): Owners {
  const owners = new Map<FdtNode, number>();
  const rules = new Map<FdtNode, Rule>();
  const give = (unit: FdtNode, index: number, rule: Rule): void => {
    owners.set(unit, index);
    rules.set(unit, rule);
  };
  // What is named goes before what is in something that is.
  for (const membersOf of [(node: FdtNode) => [node], (node: FdtNode) => board.members(node, true)]) {
    for (const [index, { named }] of partitions.entries()) {
      for (const unit of named.flatMap(membersOf).map((node) => board.unitOf(node)))
        if (unit !== undefined && board.kindOf(unit) === "device" && !owners.has(unit)) give(unit, index, "named");
    }
  }
  // Each turn settles one more unit at least: what who loses it needed through it, nobody needs any more.
  for (;;) {
    const closures = partitions.map(({ hasTree, named }, index) =>
      hasTree ? closureOf(board, named, (unit) => (owners.get(unit) ?? index) !== index) : undefined,
    );
    const users = usersOf(board, closures);
    const contested = new Map([...users].filter(([unit, by]) => by.length > 1 && !owners.has(unit)));
    let settled = false;
    for (const [unit, by] of contested) {
      const [first, ...more] = by.filter((index) => partitions[index]?.realtime === false);
      if (first === undefined || more.length > 0) continue;
      give(unit, first, "not real-time");
      settled = true;
    }
    if (settled) continue;
    for (const [unit, [only, ...more]] of users)
      if (only !== undefined && more.length === 0 && !owners.has(unit)) give(unit, only, "only user");
    return { closures, owners, rules, contested };
  }
}

/** Of each device, the partitions whose closure it is in. */
function usersOf(board: BoardTree, closures: readonly (Closure | undefined)[]): Map<FdtNode, number[]> {
  const users = new Map<FdtNode, number[]>();
  for (const [index, closure] of closures.entries()) {
    for (const node of closure?.nodes.keys() ?? []) {
      if (!board.isUnit(node) || board.kindOf(node) !== "device") continue;
      users.set(node, [...(users.get(node) ?? []), index]);
    }
  }
  return users;
}
