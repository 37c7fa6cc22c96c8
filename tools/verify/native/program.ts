// Every function of the binary, callees before callers: its worst case in instructions and bytes of stack.
import { hex, VerifyError } from "../errors.ts";
import { findBounds, type LoopBound } from "./bounds.ts";
import { buildGraph, type Graph } from "./cfg.ts";
import type { Code, CodeFunction } from "./code.ts";
import type { Cost } from "./cost.ts";
import { longestPath, type Path } from "./longest.ts";
import { findLost, keptBy, type Kept } from "./kept.ts";
import { calledBy, type Flow, type Instruction } from "./instruction.ts";
import { findLoops } from "./loops.ts";
import type { LoopNesting, Marker } from "./markers.ts";
import { findRegions } from "./region.ts";
import { measureStack, type StackUse } from "./stack.ts";

export interface Routine {
  readonly name: string;
  readonly graph: Graph;
  readonly bounds: readonly LoopBound[];
  /** Where the loops begin that are as long as a byte count, its own. */
  readonly byteLoops: readonly number[];
  readonly path: Path;
  readonly cost: Cost;
  readonly stack: StackUse;
  readonly kept: Kept;
  /** Functions that it calls or jumps to, by start. */
  readonly callees: ReadonlySet<number>;
}

export interface Program {
  readonly routines: ReadonlyMap<string, Routine>;
  /** Functions that no other one calls or jumps to, and what comes after a WFI. */
  readonly roots: readonly Routine[];
  readonly problems: readonly VerifyError[];
  /** Any that one of the routines calls or jumps to. */
  functionAt(start: number): Routine;
}

export function analyseProgram(code: Code, markers: readonly Marker[], nesting: LoopNesting): Program {
  const done = new Map<number, Routine | VerifyError>();
  const under = new Set<number>();
  const problems = new Set<VerifyError>();
  const called = runUnderCalls(code);

  const routineAt = (start: number): Routine => {
    const known = done.get(start);
    if (known instanceof VerifyError) throw known;
    if (known !== undefined) return known;
    const inside = code.startingAt(start);
    if (inside === undefined) throw new Error(`no function at ${start}`);
    if (under.has(start)) {
      const circle = [...under].slice([...under].indexOf(start)).concat(start);
      throw new VerifyError("recursion", circle.map((at) => code.describe(at)).join(" → "), code.at(start)?.source);
    }
    under.add(start);
    try {
      const routine = analyse(inside, inside.name, start, 0);
      done.set(start, routine);
      return routine;
    } catch (error) {
      if (error instanceof VerifyError) done.set(start, error);
      throw error;
    } finally {
      under.delete(start);
    }
  };

  const analyse = (inside: CodeFunction, name: string, entry: number, atEntry: number): Routine => {
    const mayWait = !called.has(inside.start);
    const graph = buildGraph({ code, inside, mayWait, returns: (start) => routineAt(start).graph.returns }, name, entry);
    const forest = findLoops(graph);
    const regions = findRegions(graph, forest);
    const bounds = findBounds(graph, forest, regions, markers, nesting);
    const path = longestPath(graph, regions, bounds, (start) => routineAt(start).cost);
    const stack = measureStack(graph, atEntry, (start) => routineAt(start).stack);
    const keptOf = (start: number): Kept => routineAt(start).kept;
    const kept = keptBy(graph, keptOf);
    for (const lost of findLost(graph, keptOf)) problems.add(lost);
    const calls = graph.blocks.flatMap(({ instructions, tails }) => [...tails, ...startsCalledIn(instructions)]);
    const found = [...bounds.values()];
    const byteLoops = found.flatMap(({ header, why }) => (why === "byte-count" ? (graph.blocks[header]?.start ?? []) : []));
    return { name, graph, bounds: found, byteLoops, path, cost: path.cost, stack, kept, callees: new Set(calls) };
  };

  const routines = new Map<string, Routine>();
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof VerifyError)) throw error;
      problems.add(error);
    }
  };
  for (const one of code.functions) {
    attempt(() => {
      routines.set(one.name, routineAt(one.start));
    });
  }
  // What follows a WFI may run to the next WFI; the list grows while it is walked.
  const functions = [...routines.values()];
  const afterWait: Routine[] = [];
  const afterWaits = functions.flatMap(waitsOf);
  const known = new Set<number>();
  for (const { address, depth } of afterWaits) {
    if (known.has(address)) continue;
    known.add(address);
    attempt(() => {
      const inside = code.around(address);
      if (inside === undefined) throw new VerifyError("branch-astray", `control goes to ${hex(address)} after a WFI`);
      const routine = analyse(inside, `${code.describe(address)} (after WFI)`, address, depth);
      routines.set(routine.name, routine);
      afterWait.push(routine);
      afterWaits.push(...waitsOf(routine));
    });
  }
  if (problems.size === 0) {
    attempt(() => {
      checkReached(code, routines.values());
    });
  }
  const used = new Set([...routines.values()].flatMap(({ callees }) => [...callees]));
  const roots = functions.filter(({ graph }) => !used.has(graph.entry));
  return { routines, roots: [...roots, ...afterWait], problems: [...problems], functionAt: routineAt };
}

function waitsOf({ stack }: Routine): { address: number; depth: number }[] {
  return [...stack.atWait].map(([address, depth]) => ({ address, depth }));
}

const startsCalledIn = (instructions: readonly Instruction[]): number[] => instructions.flatMap((one) => calledBy(one) ?? []);

/** A function that ends with such a one runs into the next function: with a WFI where somebody's call is waiting. */
const RUNS_ON = new Set<Flow | undefined>(["next", "call", "conditional", "wait"]);

/** Functions in which somebody's call can be waiting: called, or jumped to by such a one. */
function runUnderCalls(code: Code): Set<number> {
  const found = new Set<number>();
  const starts = startsCalledIn(code.all());
  // The list grows while it is walked.
  for (const start of starts) {
    const one = code.startingAt(start);
    if (one === undefined || found.has(start)) continue;
    found.add(start);
    const inside = code.inside(one);
    if (RUNS_ON.has(inside.at(-1)?.flow)) starts.push(one.end);
    starts.push(...inside.flatMap(({ target }) => target ?? []));
  }
  return found;
}

/** Code that no routine reaches has not been looked at: nothing is proven of it. */
function checkReached(code: Code, routines: Iterable<Routine>): void {
  const reached = new Set<number>();
  for (const { graph } of routines)
    for (const block of graph.blocks) for (const { address } of block.instructions) reached.add(address);
  for (const instruction of code.all()) {
    if (reached.has(instruction.address) || instruction.isPadding || code.isData(instruction.address)) continue;
    throw new VerifyError("code-unreachable", `code at ${code.describe(instruction.address)}`, instruction.source);
  }
}
