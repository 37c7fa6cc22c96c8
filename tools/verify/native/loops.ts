// Natural loops of a graph (Aho, Lam, Sethi, Ullman §9.6): an edge to a dominator closes a loop; loops with one header are one
// loop. A cycle that has two entrances is refused.
import { VerifyError } from "../errors.ts";
import type { Graph } from "./cfg.ts";

export interface Loop {
  readonly header: number;
  /** Blocks, those of inner loops included. */
  readonly body: ReadonlySet<number>;
  /** Blocks with an edge back to the header. */
  readonly latches: readonly number[];
  readonly parent: Loop | undefined;
  readonly children: readonly Loop[];
}

export interface LoopForest {
  readonly roots: readonly Loop[];
  /** Innermost loop of each block. */
  readonly innermost: readonly (Loop | undefined)[];
}

export function findLoops(graph: Graph): LoopForest {
  const { blocks } = graph;
  const predecessors = blocks.map((): number[] => []);
  for (const block of blocks) for (const successor of block.successors) predecessors[successor]?.push(block.index);

  const dominators = immediateDominators(predecessors);
  const dominates = (above: number, below: number): boolean => {
    let at = below;
    while (at > above) at = dominators[at] ?? 0;
    return at === above;
  };

  const latchesOf = new Map<number, number[]>();
  for (const block of blocks) {
    for (const successor of block.successors) {
      if (successor > block.index) continue;
      if (!dominates(successor, block.index)) {
        const source = blocks[successor]?.first.source;
        throw new VerifyError("loop-irreducible", `in ${graph.name}`, source);
      }
      latchesOf.set(successor, [...(latchesOf.get(successor) ?? []), block.index]);
    }
  }
  return nest(
    [...latchesOf].map(([header, latches]) => ({ header, latches, body: bodyOf(header, latches, predecessors) })),
    blocks.length,
  );
}

/** Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm"; block numbers are reverse postorder already. */
function immediateDominators(predecessors: readonly (readonly number[])[]): number[] {
  const dominators: (number | undefined)[] = predecessors.map((_, index) => (index === 0 ? 0 : undefined));
  const meet = (a: number, b: number): number => {
    while (a !== b) {
      if (a > b) a = dominators[a] ?? 0;
      else b = dominators[b] ?? 0;
    }
    return a;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let index = 1; index < predecessors.length; index++) {
      const known = (predecessors[index] ?? []).filter((one) => dominators[one] !== undefined);
      const found = known.reduce(meet);
      if (dominators[index] === found) continue;
      dominators[index] = found;
      changed = true;
    }
  }
  return dominators.map((one) => one ?? 0);
}

function bodyOf(header: number, latches: readonly number[], predecessors: readonly (readonly number[])[]): Set<number> {
  const body = new Set([header]);
  const waiting = [...latches];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (body.has(at)) continue;
    body.add(at);
    waiting.push(...(predecessors[at] ?? []));
  }
  return body;
}

function nest(found: readonly Pick<Loop, "header" | "latches" | "body">[], blockCount: number): LoopForest {
  // Of two loops that share a block, the smaller one lies inside the other.
  const bySize = [...found].sort((a, b) => b.body.size - a.body.size);
  const innermost: (MutableLoop | undefined)[] = Array.from({ length: blockCount }, () => undefined);
  const roots: MutableLoop[] = [];
  for (const one of bySize) {
    const parent = innermost[one.header];
    const loop: MutableLoop = { ...one, parent, children: [] };
    (parent?.children ?? roots).push(loop);
    for (const block of one.body) innermost[block] = loop;
  }
  return { roots, innermost };
}

interface MutableLoop extends Loop {
  readonly children: MutableLoop[];
}
