// The phandles of a node: each entry of each property that has some, and the node that it points to.
import type { FdtNode } from "../fdt.ts";
import type { Places } from "../places.ts";
import { cellOf, cellsOf } from "../properties.ts";
import { bindingOf } from "./bindings.table.ts";
import type { Binding } from "./bindings.table.ts";

export interface Reference {
  readonly property: string;
  /** Which entry of the property it is; those that are empty count. */
  readonly index: number;
  /** The entry's cells, its phandle among them. */
  readonly at: number;
  readonly length: number;
  /** Undefined: the tree has no such node, or it does not say how many cells it takes. */
  readonly target: FdtNode | undefined;
  readonly specifier: readonly number[];
  readonly binding: Binding;
}

/** Of a place in a list that is left out (Devicetree Specification v0.4, 2.3.3; Linux, drivers/of/base.c). */
const EMPTY: readonly number[] = [0, 0xffff_ffff];
/** Nodes are at most so deep; an interrupt-parent that points in a circle ends, too. */
const CLIMB_MAX = 64;

const INTERRUPTS: Binding = { cells: "#interrupt-cells", without: "refuse", names: "interrupt-names" };
const INTERRUPT_MAP: Binding = { cells: "#interrupt-cells", without: "drop" };

export function referencesOf(places: Places, node: FdtNode): Reference[] {
  const found: Reference[] = [];
  for (const property of node.properties.keys()) {
    if (property === "interrupts") found.push(...interruptsOf(places, node));
    else if (property === "interrupt-map") found.push(...interruptMapOf(places, node));
    else {
      const binding = bindingOf(property);
      if (binding !== undefined) found.push(...entriesOf(places, node, property, binding));
    }
  }
  return found;
}

/** How many cells an entry's specifier has; undefined: nobody says. */
function specifierCells({ cells, otherwise }: Binding, target: FdtNode, left: number): number | undefined {
  if (cells === "rest") return left;
  return typeof cells === "number" ? cells : (cellOf(target, cells) ?? otherwise);
}

function entriesOf(places: Places, node: FdtNode, property: string, binding: Binding): Reference[] {
  const value = node.properties.get(property);
  // Of a name that is also used for something else: no cells (`phy` = "ulpi").
  if (value === undefined || value.length % 4 !== 0) return [];
  const cells = cellsOf(node, property);
  const { before = 0 } = binding;
  const found: Reference[] = [];
  for (let at = 0, index = 0; at + before < cells.length; index += 1) {
    const phandle = cells[at + before] ?? 0;
    if (EMPTY.includes(phandle)) {
      at += before + 1;
      continue;
    }
    const target = places.byPhandle(phandle);
    const first = at + before + 1;
    const count = target && specifierCells(binding, target, cells.length - first);
    const known = count !== undefined && first + count <= cells.length;
    const end = known ? first + count : cells.length;
    found.push({
      property,
      index,
      at,
      length: end - at,
      target: known ? target : undefined,
      specifier: cells.slice(first, end),
      binding,
    });
    at = end;
  }
  return found;
}

/** As Linux finds it (of_irq_find_parent): by interrupt-parent, else upwards, to what takes interrupts. */
export function interruptParentOf(places: Places, node: FdtNode): FdtNode | undefined {
  let each: FdtNode | undefined = node;
  for (let steps = 0; each !== undefined && steps < CLIMB_MAX; steps += 1) {
    const phandle: number | undefined = cellOf(each, "interrupt-parent");
    each = phandle === undefined ? places.parentOf(each) : places.byPhandle(phandle);
    if (each?.properties.has("#interrupt-cells") === true) return each;
  }
  return undefined;
}

function interruptsOf(places: Places, node: FdtNode): Reference[] {
  const target = interruptParentOf(places, node);
  const cells = cellsOf(node, "interrupts");
  const count = (target && cellOf(target, "#interrupt-cells")) ?? 0;
  const known = count > 0 && cells.length % count === 0;
  const length = known ? count : cells.length;
  return Array.from({ length: length === 0 ? 0 : cells.length / length }, (_, index) => ({
    property: "interrupts",
    index,
    at: index * length,
    length,
    target: known ? target : undefined,
    specifier: cells.slice(index * length, (index + 1) * length),
    binding: INTERRUPTS,
  }));
}

/** | child's address and interrupt | phandle | parent's address and interrupt |   a row (Devicetree Specification v0.4, 2.4.3) */
function interruptMapOf(places: Places, node: FdtNode): Reference[] {
  const property = "interrupt-map";
  const cells = cellsOf(node, property);
  const before = (cellOf(node, "#address-cells") ?? 0) + (cellOf(node, "#interrupt-cells") ?? 0);
  const found: Reference[] = [];
  for (let at = 0, index = 0; at < cells.length; index += 1) {
    const target = places.byPhandle(cells[at + before] ?? 0);
    const count = target && cellOf(target, "#interrupt-cells");
    const address = (target && cellOf(target, "#address-cells")) ?? 0;
    const end = at + before + 1 + address + (count ?? 0);
    const known = count !== undefined && end <= cells.length;
    const last = known ? end : cells.length;
    found.push({
      property,
      index,
      at,
      length: last - at,
      target: known ? target : undefined,
      specifier: cells.slice(known ? end - count : last, last),
      binding: INTERRUPT_MAP,
    });
    at = last;
  }
  return found;
}
