// Which markers may be a loop's own. A marker has an address but takes no room: one at the address of a loop's header
// stands either in the loop, or in an empty block before it, which belongs to the loop around.
import type { Block, Graph } from "./cfg.ts";
import { isExclusiveRetry } from "./exclusives.ts";
import type { Loop, LoopForest } from "./loops.ts";
import { markerKey, type LoopNesting, type Marker } from "./markers.ts";

export interface Placed {
  readonly marker: Marker;
  readonly block: number;
  /**
   * Passed by all who pass the block. At the start of a block where ways meet, it may stand in an empty block on only
   * one of them.
   */
  readonly solid: boolean;
}

export interface FromInner {
  readonly marker: Marker;
  readonly child: Loop;
  /** Whether all who leave the child at this block have passed a marker of this one's kind. */
  passedAt(source: Block): boolean;
}

export class Evidence {
  readonly #graph: Graph;
  readonly #nesting: LoopNesting;
  readonly #certain = new Map<Loop, Placed[]>();
  readonly #atHeader = new Map<Loop, Marker[]>();

  constructor(graph: Graph, forest: LoopForest, markers: readonly Marker[], nesting: LoopNesting) {
    this.#graph = graph;
    this.#nesting = nesting;
    const blockAt = new Map<number, Block>();
    for (const block of graph.blocks) for (const { address } of block.instructions) blockAt.set(address, block);
    const meets = (index: number): boolean => graph.blocks.filter(({ successors }) => successors.includes(index)).length > 1;
    for (const marker of markers) {
      const block = blockAt.get(marker.address);
      const loop = block === undefined ? undefined : forest.innermost[block.index];
      if (block === undefined || loop === undefined) continue;
      const ambiguous = block.index === loop.header && block.start === marker.address;
      if (ambiguous) this.#atHeader.set(loop, [...this.atHeader(loop), marker]);
      else {
        const solid = block.start !== marker.address || !meets(block.index);
        this.#certain.set(loop, [...this.certain(loop), { marker, block: block.index, solid }]);
      }
    }
  }

  /** In the loop's own blocks, and not at a header's address. */
  certain(loop: Loop): readonly Placed[] {
    return this.#certain.get(loop) ?? [];
  }

  /** At the address of the loop's header. */
  atHeader(loop: Loop): readonly Marker[] {
    return this.#atHeader.get(loop) ?? [];
  }

  /** At the headers of the loops directly inside, and not needed there: something else can be that loop's own. */
  spare(loop: Loop): FromInner[] {
    return this.atInnerHeaders(loop).filter(({ child, marker }) => this.#canSpare(child, markerKey(marker)));
  }

  atInnerHeaders(loop: Loop): FromInner[] {
    return loop.children.flatMap((child) => this.atHeader(child).map((marker) => ({ child, marker, passedAt: () => true })));
  }

  /** Anywhere in the loops directly inside. */
  inside(loop: Loop): FromInner[] {
    return loop.children.flatMap((child) => {
      const all = this.#within(child);
      return all.map(({ marker }) => {
        const key = markerKey(marker);
        const passing = new Set(all.filter((one) => markerKey(one.marker) === key).map(({ block }) => block));
        return { child, marker, passedAt: (source) => !this.#reaches(child, source.index, passing) };
      });
    });
  }

  #within(loop: Loop): Pick<Placed, "marker" | "block">[] {
    const atHeader = this.atHeader(loop).map((marker) => ({ marker, block: loop.header }));
    return [...this.certain(loop), ...atHeader, ...loop.children.flatMap((child) => this.#within(child))];
  }

  /** Whether control can get from the loop's header through a block without passing the blocks to avoid. */
  #reaches(loop: Loop, block: number, avoid: ReadonlySet<number>): boolean {
    const seen = new Set<number>();
    const waiting = [loop.header];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (seen.has(at) || avoid.has(at) || !loop.body.has(at)) continue;
      seen.add(at);
      waiting.push(...(this.#graph.blocks[at]?.successors ?? []));
    }
    return seen.has(block);
  }

  /** Of all loops inside, however deep. */
  deeper(loop: Loop): Marker[] {
    return loop.children.flatMap((child) => this.#within(child).map(({ marker }) => marker));
  }

  #canSpare(inner: Loop, key: string): boolean {
    if (this.isExclusive(inner)) return true;
    const others = [
      ...this.certain(inner).map(({ marker }) => marker),
      ...this.atHeader(inner),
      ...this.spare(inner).map(({ marker }) => marker),
    ];
    return others.map(markerKey).some((other) => other !== key && !isStrictlyInside(this.#nesting, key, other));
  }

  isExclusive(loop: Loop): boolean {
    return this.certain(loop).length === 0 && isExclusiveRetry(this.#graph, loop);
  }
}

/** `inner` runs inside `outer`, and never the other way round. */
export const isStrictlyInside = (nesting: LoopNesting, inner: string, outer: string): boolean =>
  nesting.encloses(outer, inner) && !nesting.encloses(inner, outer);
