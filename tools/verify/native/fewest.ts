// The fewest markers that control can pass in a region: once around a loop, and from its entry through a node.
import type { Node, Region } from "./region.ts";

export interface FewestMarkers {
  /** From the header back to the header. */
  readonly around: number;
  /** From the header to the end of the node. */
  through(node: Node): number;
}

export function fewestMarkers(region: Region, count: (node: Node) => number): FewestMarkers {
  const through = new Map<Node, number>();
  for (const node of region.nodes) {
    const arrivals = (region.edgesTo.get(node) ?? []).map(({ from }) => through.get(from) ?? 0);
    through.set(node, (arrivals.length === 0 ? 0 : Math.min(...arrivals)) + count(node));
  }
  const of = (node: Node): number => through.get(node) ?? 0;
  return { around: region.backs.length === 0 ? 0 : Math.min(...region.backs.map(({ from }) => of(from))), through: of };
}
