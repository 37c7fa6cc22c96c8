// The device tree of a guest of a board whose own tree is known: what the hypervisor shows of itself, as it shows it everywhere,
// and the partition's part of the board's tree behind that.
import { MAX_CPUS } from "../../../boards/limits.ts";
import type { FdtNode, WrittenNode } from "../fdt.ts";
import { writeFdt } from "../fdt.ts";
import type { OwnPhandles, TreeNode, Value } from "../dts.ts";
import { addressCells, cellOf, isCompatible, malformed, phandleOf, sizeCells, stringsOf } from "../properties.ts";
import type { BoardTree } from "./board-tree.ts";
import type { Closure } from "./closure.ts";
import type { Loss } from "./losses.ts";
import { rewrite } from "./rewrite.ts";
import { bytesOf, textOf } from "./values.ts";

/** `interrupts` of the hypervisor's own nodes: type, number, trigger. */
const OWN_INTERRUPT_CELLS = 3;

/** Numbers that no node of the board's tree has. */
export function freePhandles({ places }: BoardTree): () => number {
  let last = 0;
  return () => {
    do last += 1;
    while (places.byPhandle(last) !== undefined);
    return last;
  };
}

/** Its controller has the number that the board's has: what points to that one points to the guest's. */
export const ownPhandles = ({ controller }: BoardTree, free: () => number): OwnPhandles => ({
  controller: phandleOf(controller) ?? free(),
  clock: free(),
  cpus: Array.from({ length: MAX_CPUS }, free),
});

/** `own`: the whole tree, as it is without the board's; `free`: phandles that it has not taken, either. */
export function guestBlob(
  board: BoardTree,
  closure: Closure,
  losses: readonly Loss[],
  own: TreeNode,
  free: () => number,
): Uint8Array {
  const clocks = new Map<number, number>();
  const clockOf = (hz: number): number => {
    const known = clocks.get(hz) ?? free();
    clocks.set(hz, known);
    return known;
  };
  const theirs = rewrite(board, closure, losses, clockOf);
  const interruptCells = cellOf(board.controller, "#interrupt-cells") ?? OWN_INTERRUPT_CELLS;
  const shown = converted(withBoard(board, closure, own), interruptCells);
  const stand = [...clocks].map(([hz, phandle]) => converted(fixedClock(hz, phandle), OWN_INTERRUPT_CELLS));
  const root = { ...shown, name: "", children: [...shown.children, ...stand, ...aliases(board, closure), ...theirs] };
  return writeFdt({ root, reserved: [], bootCpu: 0 });
}

const fixedClock = (hz: number, phandle: number): TreeNode => ({
  name: `fixed-clock-${hz}`,
  properties: { compatible: ["fixed-clock"], "#clock-cells": [0], "clock-frequency": [hz], phandle: [phandle] },
});

/**
 * Drivers ask for the board by its root's `compatible`; addresses behind an interrupt-map count by the controller's cells; and
 * where the board's interrupts go to another controller first, its nodes know that one from the root.
 */
function withBoard(board: BoardTree, { nodes }: Closure, own: TreeNode): TreeNode {
  const { controller, places } = board;
  const cells = (name: string, otherwise: number): number[] => [cellOf(controller, name) ?? otherwise];
  const first = cellOf(places.root, "interrupt-parent");
  const firstNode = first === undefined ? undefined : places.byPhandle(first);
  const isOther = firstNode !== undefined && nodes.has(firstNode);
  const shown = (node: TreeNode): TreeNode => ({
    ...node,
    properties: {
      ...node.properties,
      ...("reg" in node.properties ? { reg: fitted(places.root, node.properties["reg"]) } : {}),
      ...(node.properties["interrupt-controller"] === undefined
        ? {}
        : {
            "#address-cells": cells("#address-cells", 0),
            "#interrupt-cells": cells("#interrupt-cells", OWN_INTERRUPT_CELLS),
          }),
      ...(isOther && node.properties["interrupts"] !== undefined ? { "interrupt-parent": rootParent(own) } : {}),
    },
  });
  return {
    ...own,
    properties: {
      ...own.properties,
      compatible: stringsOf(places.root, "compatible"),
      "#address-cells": [addressCells(places.root)],
      "#size-cells": [sizeCells(places.root)],
      ...(isOther ? { "interrupt-parent": [first ?? 0] } : {}),
    },
    children: (own.children ?? []).map(shown),
  };
}

/** From two cells for an address and two for a size to as many as the board's tree has for them, which are two at most. */
function fitted(root: FdtNode, reg: Value | undefined): number[] {
  const widths = [addressCells(root), sizeCells(root)];
  const values = Array.isArray(reg) ? (reg as readonly number[]) : [];
  const pairs = Array.from({ length: values.length / 2 }, (_, n) => [values[2 * n] ?? 0, values[2 * n + 1] ?? 0] as const);
  return pairs.flatMap(([high, low], n) => {
    const width = widths[n % 2] ?? 0;
    if (width < 1 || (width === 1 && high !== 0))
      throw malformed(root, "#address-cells", `and #size-cells leave no room for ${high.toString(16)}:${low.toString(16)}`);
    return width === 1 ? [low] : [high, low];
  });
}

const rootParent = ({ properties }: TreeNode): Value => properties["interrupt-parent"] ?? [];

function converted({ name, properties, children = [] }: TreeNode, interruptCells: number): WrittenNode {
  const value = (property: string, given: Value): Uint8Array => {
    if (given === true) return new Uint8Array();
    if (given.every((item) => typeof item === "string")) return textOf(...given);
    const cells = given as readonly number[];
    return bytesOf(property === "interrupts" ? widened(cells, interruptCells) : cells);
  };
  return {
    name,
    properties: new Map(Object.entries(properties).map(([property, given]) => [property, value(property, given)])),
    children: children.map((child) => converted(child, interruptCells)),
  };
}

/** Of a GICv3 whose interrupts have a fourth cell, for partitions of PPIs: 0 is none. */
function widened(cells: readonly number[], width: number): number[] {
  const more = Array<number>(Math.max(0, width - OWN_INTERRUPT_CELLS)).fill(0);
  return cells.flatMap((cell, index) => ((index + 1) % OWN_INTERRUPT_CELLS === 0 ? [cell, ...more] : [cell]));
}

/** Those of its nodes; of PL011s none: those without count from 0 on, as the guest's console has to. */
function aliases(board: BoardTree, { nodes }: Closure): FdtNode[] {
  const node = board.places.byPath("/aliases");
  const kept = [...(node?.properties.keys() ?? [])].filter((name) => {
    const [path = ""] = node === undefined ? [] : stringsOf(node, name);
    const target = board.places.byPath(path);
    return target !== undefined && nodes.has(target) && !isCompatible(target, "arm,pl011");
  });
  if (node === undefined || kept.length === 0) return [];
  return [{ ...node, properties: new Map(kept.map((name) => [name, node.properties.get(name) ?? new Uint8Array()])) }];
}
