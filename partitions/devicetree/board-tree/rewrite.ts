// A partition's part of its board's tree: the nodes of its closure as they are, but for what they point to and it has not.
import type { FdtNode } from "../fdt.ts";
import { cellsOf, isOn, stringsOf } from "../properties.ts";
import { PINCTRL } from "./bindings.table.ts";
import type { BoardTree } from "./board-tree.ts";
import type { Closure } from "./closure.ts";
import type { Loss } from "./losses.ts";
import { bytesOf, textOf } from "./values.ts";

type Properties = Map<string, Uint8Array>;
/** `clockOf`: the phandle of a fixed clock of that rate. */
type ClockOf = (hz: number) => number;

const CLOCKS = "assigned-clocks";
/** By their places they go with the assigned clocks; a 0 says that nothing is to be done at a place. */
const PARENTS = "assigned-clock-parents";

/** Nodes below the root. */
export function rewrite(board: BoardTree, closure: Closure, losses: readonly Loss[], clockOf: ClockOf): FdtNode[] {
  const byNode = grouped(losses, ({ node }) => node);
  const copy = (node: FdtNode): FdtNode[] => {
    if (!closure.nodes.has(node)) return [];
    const lost = byNode.get(node) ?? [];
    const properties = lost.length === 0 ? new Map(node.properties) : withoutLosses(board, node, lost, clockOf);
    if (lost.some(({ done }) => done === "off")) properties.set("status", textOf("disabled"));
    else if (closure.wanted.has(node) && !isOn(node)) properties.set("status", textOf("okay"));
    const children = node.children.flatMap(copy);
    if (addressesNobody(node, children)) for (const name of ["#address-cells", "#size-cells"]) properties.delete(name);
    return [{ ...node, properties, children }];
  };
  return board.places.root.children.flatMap(copy);
}

const hasReg = ({ properties }: FdtNode): boolean => properties.has("reg");
/** There is none left of those that it says the form of addresses for. */
const addressesNobody = ({ properties, children }: FdtNode, left: readonly FdtNode[]): boolean =>
  children.some(hasReg) && !left.some(hasReg) && !["ranges", "interrupt-map"].some((name) => properties.has(name));

function grouped<K, T>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

function withoutLosses(board: BoardTree, node: FdtNode, losses: readonly Loss[], clockOf: ClockOf): Properties {
  const properties: Properties = new Map(node.properties);
  const byProperty = grouped(losses, ({ reference }) => reference.property);
  const goneClocks = new Set(byProperty.get(CLOCKS)?.map(({ reference }) => reference.index));
  for (const property of new Set([...byProperty.keys(), ...(goneClocks.size > 0 ? [PARENTS] : [])])) {
    const lost = byProperty.get(property) ?? [];
    const instead = new Map(lost.map(({ reference, hz }) => [reference.index, hz === undefined ? [] : [clockOf(hz)]]));
    const kept = entriesOf(board, node, property).map((cells, index) => {
      if (property !== PARENTS) return instead.get(index) ?? cells;
      return goneClocks.has(index) ? [] : instead.has(index) ? [0] : cells;
    });
    put(properties, property, bytesOf(kept.flat()), PINCTRL.test(property));
    const isLeft = (_: unknown, index: number): boolean => kept[index]?.length !== 0;
    const { names = "", values = "" } = lost[0]?.reference.binding ?? {};
    if (properties.has(names)) put(properties, names, textOf(...stringsOf(node, names).filter(isLeft)));
    if (properties.has(values)) put(properties, values, bytesOf(cellsOf(node, values).filter(isLeft)));
  }
  // A state of no pins is one, too; but when all of them are, nobody sets any.
  const states = [...properties.keys()].filter((name) => PINCTRL.test(name));
  if (states.every((name) => properties.get(name)?.length === 0))
    for (const name of ["pinctrl-names", ...states]) properties.delete(name);
  return properties;
}

function put(properties: Properties, name: string, bytes: Uint8Array, mayBeEmpty = false): void {
  if (bytes.length > 0 || mayBeEmpty) properties.set(name, bytes);
  else properties.delete(name);
}

/** The cells of each entry, by its index; between those that point to something are the empty ones. */
function entriesOf(board: BoardTree, node: FdtNode, property: string): number[][] {
  const cells = cellsOf(node, property);
  const entries: number[][] = [];
  let from = 0;
  const empty = (until: number, each: number): void => {
    for (; from < until; from += each) entries.push(cells.slice(from, from + each));
  };
  for (const { at, length, property: of, binding } of board.referencesOf(node)) {
    if (of !== property) continue;
    empty(at, (binding.before ?? 0) + 1);
    entries.push(cells.slice(at, at + length));
    from = at + length;
  }
  empty(cells.length, 1);
  return entries;
}
