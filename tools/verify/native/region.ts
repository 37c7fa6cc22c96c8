// A loop's body, or a whole graph, without cycles: inner loops are single nodes, and the edges back to the header are kept
// apart. Nodes are in an order in which every edge goes forward.
import type { Block, Graph } from "./cfg.ts";
import type { Loop, LoopForest } from "./loops.ts";

export type Node = { readonly block: Block; readonly loop?: undefined } | { readonly loop: Loop; readonly block?: undefined };

/** Control leaves `from` out of its block `source`. */
export interface Edge {
  readonly from: Node;
  readonly source: Block;
  readonly to: Node;
}

/** Back to the region's header, or to the routine's end. */
export type Departure = Pick<Edge, "from" | "source">;

export interface Region {
  readonly nodes: readonly Node[];
  readonly edgesTo: ReadonlyMap<Node, readonly Edge[]>;
  readonly backs: readonly Departure[];
  /** The node that a block is in, by its index. */
  readonly nodeOf: ReadonlyMap<number, Node>;
  /** Blocks in which some path ends. */
  readonly ends: readonly Departure[];
}

/** Regions of all loops, and of the whole graph by `undefined`. */
export type Regions = (loop: Loop | undefined) => Region;

export function findRegions(graph: Graph, forest: LoopForest): Regions {
  const found = new Map<Loop | undefined, Region>();
  return (loop) => {
    const known = found.get(loop) ?? regionOf(graph, forest, loop);
    found.set(loop, known);
    return known;
  };
}

function regionOf(graph: Graph, forest: LoopForest, loop: Loop | undefined): Region {
  const inside = loop?.body ?? new Set(graph.blocks.keys());
  const nodeOf = new Map<number, Node>();
  for (const child of loop?.children ?? forest.roots) {
    const node: Node = { loop: child };
    for (const index of child.body) nodeOf.set(index, node);
  }
  const blocks = graph.blocks.filter((block) => inside.has(block.index));
  for (const block of blocks) if (!nodeOf.has(block.index)) nodeOf.set(block.index, { block });

  const edgesTo = new Map<Node, Edge[]>();
  const backs: Departure[] = [];
  const ends: Departure[] = [];
  for (const source of blocks) {
    const from = nodeOf.get(source.index);
    if (from === undefined) continue;
    if (source.leaves || source.tails.length > 0) ends.push({ from, source });
    for (const successor of source.successors) {
      const to = nodeOf.get(successor);
      if (to === undefined) continue; // out of the region
      if (successor === loop?.header) backs.push({ from, source });
      else if (to !== from) edgesTo.set(to, [...(edgesTo.get(to) ?? []), { from, source, to }]);
    }
  }
  // A loop's header comes first of its blocks in reverse postorder, and so stands for all of them.
  return { nodes: [...new Set(nodeOf.values())].sort((a, b) => firstBlock(a) - firstBlock(b)), edgesTo, backs, nodeOf, ends };
}

const firstBlock = (node: Node): number => (node.block === undefined ? node.loop.header : node.block.index);
