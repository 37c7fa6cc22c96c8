// The fewest markers that control can pass in a loop: once around a loop, and from its entry through a node.
import type { Departure, Node, Region } from "./region.ts";

export interface FewestMarkers {
  /** From the header back to the header. */
  readonly around: number;
  /** From the header to the end of the block, or to the entry of the inner loop. */
  through(node: Node): number;
}

/** `count`: markers passed between entering the node and leaving it at a block. */
export function fewestMarkers(region: Region, count: (departure: Departure) => number): FewestMarkers {
  const before = new Map<Node, number>();
  const after = (departure: Departure): number => (before.get(departure.from) ?? 0) + count(departure);
  for (const node of region.nodes) {
    const ways = (region.edgesTo.get(node) ?? []).map(after);
    before.set(node, ways.length === 0 ? 0 : Math.min(...ways));
  }
  return {
    around: Math.min(...region.backs.map(after)),
    through: (node) => (node.block === undefined ? (before.get(node) ?? 0) : after({ from: node, source: node.block })),
  };
}
