// The longest path through one routine, in instructions. Inner loops are solved first; then a loop is one node, which costs its
// longest way around as often as it can go round, and the longest way to the exit that is taken.
import { VerifyError, type SourceLine } from "../errors.ts";
import type { LoopBound } from "./bounds.ts";
import type { Block, Graph } from "./cfg.ts";
import { FREE, instructions, plus, times, worse, type Cost } from "./cost.ts";
import { calledBy } from "./instruction.ts";
import type { Loop } from "./loops.ts";
import type { Departure, Node, Regions } from "./region.ts";

/** A path, last step first. `cost` covers all of it, and where ways meet also what the other ways have per iteration. */
export interface Path {
  readonly cost: Cost;
  readonly before: Path | undefined;
  readonly step: Step | undefined;
}

export type Step =
  | {
      readonly block: Block;
      /** The path goes on in this function. */ readonly tail: number | undefined;
    }
  | {
      readonly bound: LoopBound;
      readonly at: SourceLine | undefined;
      readonly times: number;
      readonly around: Path;
      readonly last: Path;
      readonly block?: undefined;
    };

const START: Path = { cost: FREE, before: undefined, step: undefined };

/** `costOf`: the worst case of a function, by its address. */
export function longestPath(
  graph: Graph, regions: Regions, bounds: ReadonlyMap<Loop | undefined, LoopBound>, costOf: (start: number) => Cost,
): Path {
  const { ends } = solve(undefined);
  if (ends === undefined) throw new VerifyError("loop-unmarked", `${graph.name} never ends`, sourceOf(graph.blocks[0]));
  return ends;

  function solve(loop: Loop | undefined): Solved {
    const region = regions(loop);
    const inner = new Map(
      region.nodes.flatMap((node) => (node.loop === undefined ? [] : [[node.loop, solve(node.loop)] as const])),
    );
    const arrivals = new Map<Node, Path>();
    const arrival = (node: Node): Path => arrivals.get(node) ?? START;
    const departure = ({ from, source }: Departure): Path => {
      const before = arrival(from);
      if (from.block !== undefined) return append(before, costOfBlock(source), { block: source, tail: undefined });
      return after(before, inner.get(from.loop)?.leaving(source));
    };
    for (const node of region.nodes) {
      const ways = (region.edgesTo.get(node) ?? []).map(departure);
      if (ways.length > 0) arrivals.set(node, worst(ways));
    }

    const bound = bounds.get(loop);
    /** Round the loop as often as can be, and then out at `node`. */
    const rounds = (node: Node, last: Path): Path => {
      if (bound === undefined) return last; // the whole graph
      const around = worst(region.backs.map(departure));
      const at = sourceOf(graph.blocks[bound.header]);
      const count = bound.backEdges(node);
      const all = Number.isFinite(count) ? times(around.cost, count) : bySize(around.cost, placeName(graph, at));
      return append(START, plus(all, last.cost), { bound, at, times: count, around, last });
    };
    const ways = region.ends.flatMap(({ from, source }): Path[] => {
      if (from.block === undefined) return [rounds(from, after(arrival(from), inner.get(from.loop)?.ends))];
      const own = costOfBlock(source);
      const tails = source.tails.map((tail) => append(arrival(from), plus(own, costOf(tail)), { block: source, tail }));
      const all = source.leaves ? [append(arrival(from), own, { block: source, tail: undefined }), ...tails] : tails;
      return all.map((path) => rounds(from, path));
    });
    return {
      leaving: (source) => {
        const from = region.nodeOf.get(source.index);
        return from === undefined ? undefined : rounds(from, departure({ from, source }));
      },
      ends: ways.length === 0 ? undefined : worst(ways),
    };
  }

  function costOfBlock(block: Block): Cost {
    return block.instructions.reduce((sum, instruction) => {
      const called = calledBy(instruction);
      return called === undefined ? sum : plus(sum, costOf(called));
    }, instructions(block.instructions.length));
  }
}

/** Paths from the entry of a loop (or of the whole graph), all its rounds included. */
interface Solved {
  /** Out of the loop from a block in it. */
  leaving(source: Block): Path | undefined;
  /** To the routine's end, without leaving the loop before. */
  readonly ends: Path | undefined;
}

const append = (before: Path, cost: Cost, step: Step): Path => ({ cost: plus(before.cost, cost), before, step });

/** Through an inner loop, whose own path is the single step `through`. */
function after(before: Path, through: Path | undefined): Path {
  if (through?.step === undefined) throw new Error("a loop is left where it has no exit");
  return append(before, through.cost, through.step);
}

function worst(paths: readonly Path[]): Path {
  const longest = paths.reduce((a, b) => (b.cost.instructions > a.cost.instructions ? b : a));
  return { ...longest, cost: paths.map(({ cost }) => cost).reduce(worse) };
}

/** The rounds of a loop that is as long as a byte count: nothing for sure, and so much for each. */
const bySize = (round: Cost, place: string): Cost => ({
  instructions: 0,
  perIteration: new Map([...round.perIteration, [place, round.instructions]]),
});

const sourceOf = (block: Block | undefined): SourceLine | undefined =>
  block?.instructions.find(({ source }) => source !== undefined)?.source;

const placeName = (graph: Graph, at: SourceLine | undefined): string =>
  at === undefined ? graph.name : `${graph.name} (${at.file}:${at.line})`;
