// That nobody reads a register after a call which the function called has changed. clang may save fewer registers
// around a call than the procedure call standard asks for, where it has seen what the function changes (-enable-ipra),
// and assembly calls by rules of its own: so it is read from the linked binary what each function changes, and what is
// still needed behind each call.
import { VerifyError } from "../errors.ts";
import type { Block, Graph } from "./cfg.ts";
import { bit, calledBy, list, NONE, union, without, type Instruction, type Registers } from "./instruction.ts";
import type { CallingStandard } from "./reading.ts";

/** By a function's address. */
export interface Kept {
  /** What may have another value when it returns than when it was called. */
  readonly changes: Registers;
  /** What it reads of what it was called with; registers that it only saves count. */
  readonly needs: Registers;
}

export function keptBy(graph: Graph, ofFunction: (start: number) => Kept): Kept {
  const { live } = liveness(graph, ofFunction);
  return { changes: changesOf(graph, ofFunction), needs: live[0] ?? NONE };
}

/** Calls behind which something is read that they have changed. */
export function findLost(graph: Graph, ofFunction: (start: number) => Kept): VerifyError[] {
  const { after } = liveness(graph, ofFunction);
  const { results, link } = graph.calls;
  return graph.blocks.flatMap(({ instructions }) =>
    instructions.flatMap((instruction) => {
      const called = calledBy(instruction);
      if (called === undefined) return [];
      const changed = union(ofFunction(called).changes, link);
      const lost = without((after.get(instruction) ?? NONE) & changed, results);
      return lost === NONE
        ? []
        : [
            new VerifyError(
              "register-lost",
              `${list(lost).join(", ")} behind "${instruction.mnemonic} ${instruction.operands}" in ${graph.name}`,
              instruction.source,
            ),
          ];
    }),
  );
}

function liveness(graph: Graph, ofFunction: (start: number) => Kept): { live: Registers[]; after: Map<Instruction, Registers> } {
  const { results, link, arguments: passed } = graph.calls;
  const live: Registers[] = graph.blocks.map(() => NONE);
  const after = new Map<Instruction, Registers>();
  const walk = (block: Block): Registers => {
    const wanted = [
      ...block.successors.map((index) => live[index] ?? NONE),
      ...block.tails.map((start) => ofFunction(start).needs),
    ];
    let needed = wanted.reduce(union, block.last.flow === "return" ? results : NONE);
    for (const instruction of block.instructions.toReversed()) {
      after.set(instruction, needed);
      const called = calledBy(instruction);
      needed =
        called === undefined
          ? union(without(needed, instruction.writes), instruction.reads)
          : union(without(needed, union(results, link)), ofFunction(called).needs & passed);
    }
    return needed;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of graph.blocks.toReversed()) {
      const needed = walk(block);
      changed ||= needed !== live[block.index];
      live[block.index] = needed;
    }
  }
  return { live, after };
}

/**
 * What is known at a place: registers that differ from the entry's, and where on the stack (from the entry's SP) entry
 * values are kept.
 */
interface State {
  readonly changed: Registers;
  readonly depth: number;
  readonly slots: ReadonlyMap<number, number>;
}

function changesOf(graph: Graph, ofFunction: (start: number) => Kept): Registers {
  const states: (State | undefined)[] = graph.blocks.map((_, index) =>
    index === 0 ? { changed: NONE, depth: 0, slots: new Map() } : undefined,
  );
  let changes = NONE;
  for (let again = true; again; ) {
    again = false;
    for (const block of graph.blocks) {
      const before = states[block.index];
      if (before === undefined) continue;
      const state = block.instructions.reduce((now, one) => step(now, one, graph.calls, ofFunction), before);
      if (block.last.flow === "return") changes = union(changes, state.changed);
      for (const tail of block.tails) changes = union(changes, union(state.changed, ofFunction(tail).changes));
      for (const index of block.successors) {
        const joined = join(states[index], state);
        again ||= joined !== states[index];
        states[index] = joined;
      }
    }
  }
  return changes;
}

/** The first one itself, if the second adds nothing. */
function join(known: State | undefined, other: State): State {
  if (known === undefined) return other;
  const changed = union(known.changed, other.changed);
  const slots = new Map([...known.slots].filter(([at, register]) => other.slots.get(at) === register));
  return changed === known.changed && slots.size === known.slots.size ? known : { changed, depth: known.depth, slots };
}

const SLOT_BYTES = 8;

function step(state: State, instruction: Instruction, { link }: CallingStandard, ofFunction: (start: number) => Kept): State {
  const { writes, stackPointer: moved, onStack } = instruction;
  const called = calledBy(instruction);
  if (called !== undefined) return { ...state, changed: union(union(state.changed, ofFunction(called).changes), link) };
  const changed = union(state.changed, writes);
  // Another stack, or a store somewhere on this one: nothing is known to be there any more.
  if (moved === "unknown" || moved?.from === "frame" || onStack === "anywhere") return { ...state, changed, slots: new Map() };
  const depth = state.depth + (moved?.by ?? 0);
  if (onStack === undefined) return { changed, depth, slots: state.slots };
  const slots = new Map(state.slots);
  let after = changed;
  let slot = state.depth + onStack.offset;
  for (const { register, bytes } of onStack.registers) {
    if (onStack.kind === "store") {
      for (const one of slots.keys()) if (one < slot + bytes && slot < one + SLOT_BYTES) slots.delete(one);
      if (register !== undefined && (state.changed & bit(register)) === 0) slots.set(slot, register);
    } else if (register !== undefined && slots.get(slot) === register) {
      after = without(after, bit(register));
    }
    slot += bytes;
  }
  return { changed: after, depth, slots };
}
