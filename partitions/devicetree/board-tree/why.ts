// Every decision about a node of a board's device tree: whose it is and by which rule, through what chain of references each
// partition has it, what was changed in it, and who would have needed it and has not got it.
import { REGISTER } from "../../../boards/values.ts";
import type { PlannedInit } from "../../plan/plan.ts";
import { overlaps } from "../../units.ts";
import type { FdtNode } from "../fdt.ts";
import { isOn } from "../properties.ts";
import type { UnitKind } from "./board-tree.ts";
import type { Loss } from "./losses.ts";
import type { Rule } from "./owners.ts";
import { whoHas } from "./share.ts";
import type { SharedTree } from "./share.ts";

export interface Step {
  readonly node: string;
  /** Of this node, the property that points to the next one; or how that has to do with it. */
  readonly by: string;
}

export interface Change {
  readonly node: string;
  readonly property: string;
  /** Which entry of it, from 0 on. */
  readonly entry: number;
  readonly target: string | null;
  /** What stands behind the phandle. */
  readonly cells: readonly number[];
  /** In words. */
  readonly whose: string;
  readonly done: Loss["done"];
  readonly hz: number | null;
}

export interface Has {
  readonly partition: string;
  /** From a device that it names to this node. */
  readonly chain: readonly Step[];
  /** It was off in the board's tree. */
  readonly enabled: boolean;
  readonly changes: readonly Change[];
}

/** What a device of a partition without a device tree points to: that partition has to find it as it needs it. */
export interface Need {
  readonly property: string;
  readonly target: string | null;
  readonly cells: readonly number[];
  readonly whose: string;
  readonly hz: number | null;
}

export interface Why {
  readonly node: string;
  /** What goes to one partition as a whole with it. */
  readonly unit: string;
  readonly kind: UnitKind;
  readonly owner: string | null;
  readonly rule: Rule | null;
  readonly partitions: readonly Has[];
  /** References to it that are not there, for who has them. */
  readonly lost: readonly (Change & { readonly partition: string })[];
  readonly needs: readonly Need[];
  /** What is written to its registers before any guest starts. */
  readonly inits: readonly PlannedInit[];
}

/** Also by an alias, or by what of a name stands in front of its unit address, when there is only one. */
export function nodeCalled({ tree: { places }, nodeOf }: SharedTree, text: string): FdtNode | undefined {
  const bare = places.all.filter(({ name }) => name.split("@")[0] === text);
  return nodeOf(text) ?? places.byPathOrAlias(text) ?? (bare.length === 1 ? bare[0] : undefined);
}

export function why(shared: SharedTree, node: FdtNode): Why {
  const { tree, partitions, closures, losses, owners, rules, inits } = shared;
  const unit = tree.unitOf(node) ?? node;
  const owner = owners.get(unit);
  const change = ({ node: from, reference, done, hz }: Loss): Change => ({
    node: from.path,
    property: reference.property,
    entry: reference.index,
    target: reference.target?.path ?? null,
    cells: reference.specifier,
    whose: reference.target === undefined ? "the tree has not" : whoHas(shared, reference.target),
    done,
    hz: hz ?? null,
  });
  const isIn = (each: FdtNode): boolean => each === node || each.path.startsWith(`${node.path}/`);
  return {
    node: node.path,
    unit: unit.path,
    kind: tree.kindOf(unit),
    owner: owner === undefined ? null : (partitions[owner]?.name ?? null),
    rule: rules.get(unit) ?? null,
    partitions: partitions.flatMap(({ name, hasTree, named }, index) => {
      const isNamed = named.some((each) => tree.unitOf(each) === unit);
      if (closures[index]?.nodes.has(node) !== true && !(isNamed && !hasTree)) return [];
      const mine = losses[index] ?? [];
      const changes = mine.filter((loss) => isIn(loss.node)).map(change);
      const enabled = hasTree && !isOn(node) && closures[index]?.wanted.has(node) === true;
      return [{ partition: name, chain: chainTo(shared, index, node), enabled, changes }];
    }),
    lost: partitions.flatMap(({ name }, index) =>
      (losses[index] ?? [])
        .filter(({ reference }) => reference.target !== undefined && isIn(reference.target))
        .map((loss) => ({ partition: name, ...change(loss) })),
    ),
    needs: owner !== undefined && partitions[owner]?.hasTree === false ? needsOf(shared, node) : [],
    inits: inits.filter(({ pa }) => tree.windowsOf(node).some((window) => overlaps(window, { base: pa, size: REGISTER }))),
  };
}

function chainTo({ closures }: SharedTree, index: number, node: FdtNode): Step[] {
  const steps: Step[] = [];
  const nodes = closures[index]?.nodes;
  for (let reason = nodes?.get(node); reason !== undefined; reason = reason.from && nodes?.get(reason.from))
    steps.unshift({ node: reason.from?.path ?? "", by: reason.by });
  return steps.filter(({ node: from }) => from !== "");
}

function needsOf(shared: SharedTree, node: FdtNode): Need[] {
  const { tree, rates } = shared;
  return tree.referencesOf(node).flatMap(({ property, target, specifier, binding }) =>
    target === tree.controller || binding.without === "link" || (target && tree.unitOf(target)) === tree.unitOf(node)
      ? []
      : [
          {
            property,
            target: target?.path ?? null,
            cells: specifier,
            whose: target === undefined ? "the tree has not" : whoHas(shared, target),
            hz: (property === "clocks" && target !== undefined ? rates.of(target, specifier) : undefined) ?? null,
          },
        ],
  );
}
