// That nobody reads a register after a call which the function called has changed. clang may save fewer registers
// around a call than the procedure call standard asks for, where it has seen what the function changes (-enable-ipra),
// and assembly calls by rules of its own: so it is read from the linked binary what each function changes, and what is
// still needed behind each call.
import { VerifyError } from "../errors.ts";
import type { Block, Graph } from "./cfg.ts";
import type { Instruction } from "./disassemble.ts";
import { accessOf, bit, list, NONE, operandsOf, union, without, type Registers } from "./registers.ts";

/** By a function's address. */
export interface Kept {
  /** What may have another value when it returns than when it was called. */
  readonly changes: Registers;
  /** What it reads of what it was called with; registers that it only saves count. */
  readonly needs: Registers;
}

/** Results (AAPCS64 §6.9): what a function writes there is meant for its caller. */
const RESULTS: Registers = bit(0);
const LINK: Registers = bit(30);
/** Arguments; what else a function needs is a save of its caller's. */
const ARGUMENTS: Registers = 0x1ff;

export function keptBy(graph: Graph, ofFunction: (start: number) => Kept): Kept {
  const { live } = liveness(graph, ofFunction);
  return { changes: changesOf(graph, ofFunction), needs: live[0] ?? NONE };
}

/** Calls behind which something is read that they have changed. */
export function findLost(graph: Graph, ofFunction: (start: number) => Kept): VerifyError[] {
  const { after } = liveness(graph, ofFunction);
  return graph.blocks.flatMap(({ instructions }) =>
    instructions.flatMap((instruction) => {
      if (instruction.mnemonic !== "bl" || instruction.target === undefined) return [];
      const lost = without((after.get(instruction) ?? NONE) & ofFunction(instruction.target).changes, union(RESULTS, LINK));
      return lost === NONE
        ? []
        : [
            new VerifyError(
              "register-lost",
              `${list(lost).join(", ")} behind "bl ${instruction.operands}" in ${graph.name}`,
              instruction.source,
            ),
          ];
    }),
  );
}

function liveness(graph: Graph, ofFunction: (start: number) => Kept): { live: Registers[]; after: Map<Instruction, Registers> } {
  const live: Registers[] = graph.blocks.map(() => NONE);
  const after = new Map<Instruction, Registers>();
  const walk = (block: Block): Registers => {
    const wanted = [
      ...block.successors.map((index) => live[index] ?? NONE),
      ...block.tails.map((start) => ofFunction(start).needs),
    ];
    let needed = wanted.reduce(union, block.instructions.at(-1)?.mnemonic === "ret" ? RESULTS : NONE);
    for (const instruction of block.instructions.toReversed()) {
      after.set(instruction, needed);
      const called =
        instruction.mnemonic === "bl" && instruction.target !== undefined ? ofFunction(instruction.target) : undefined;
      const { reads, writes } = accessOf(instruction);
      needed =
        called !== undefined
          ? union(without(needed, union(RESULTS, LINK)), called.needs & ARGUMENTS)
          : union(without(needed, writes), reads);
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
      const state = block.instructions.reduce((now, one) => step(now, one, ofFunction), before);
      if (block.instructions.at(-1)?.mnemonic === "ret") changes = union(changes, state.changed);
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
const STACK = /^\[sp(?:, #(-?0x[0-9a-f]+|-?\d+))?\](!?)$/;

function step(state: State, instruction: Instruction, ofFunction: (start: number) => Kept): State {
  const { mnemonic, target } = instruction;
  if (mnemonic === "bl" && target !== undefined)
    return { ...state, changed: union(union(state.changed, ofFunction(target).changes), LINK) };
  const { writes } = accessOf(instruction);
  const operands = operandsOf(instruction);
  const changed = union(state.changed, writes);
  const moved =
    /^(add|sub)$/.test(mnemonic) && operands[0] === "sp" && operands[1] === "sp" ? Number((operands[2] ?? "").slice(1)) : NaN;
  if (!Number.isNaN(moved)) return { ...state, depth: state.depth + (mnemonic === "add" ? moved : -moved) };
  const at = operands.findIndex((one) => one.startsWith("[sp"));
  const place = STACK.exec(operands[at] ?? "");
  // Another stack, or a store somewhere on this one: nothing is known to be there any more.
  if (operands[0] === "sp" || (at >= 0 && mnemonic.startsWith("st") && place === null))
    return { ...state, changed, slots: new Map() };
  if (place === null || !/^(st|ld)(r|p|r[bh])$/.test(mnemonic)) return { ...state, changed };
  const [, offset = "0", writeBack] = place;
  const post = operands[at + 1];
  const start = state.depth + number(offset);
  const depth = post !== undefined ? state.depth + number(post.slice(1)) : writeBack === "!" ? start : state.depth;
  const slots = new Map(state.slots);
  let after = mnemonic.startsWith("ld") ? changed : state.changed;
  operands.slice(0, at).forEach((name, index) => {
    const register = /^x(\d+)$/.exec(name)?.[1];
    const bytes = /^strb/.test(mnemonic) ? 1 : /^strh/.test(mnemonic) ? 2 : name.startsWith("w") ? 4 : SLOT_BYTES;
    const slot = start + bytes * index;
    if (mnemonic.startsWith("st")) {
      for (const one of slots.keys()) if (one < slot + bytes && slot < one + SLOT_BYTES) slots.delete(one);
      if (register !== undefined && (state.changed & bit(Number(register))) === 0) slots.set(slot, Number(register));
    } else if (register !== undefined && slots.get(slot) === Number(register)) {
      after = without(after, bit(Number(register)));
    }
  });
  return { changed: after, depth, slots };
}

const number = (text: string): number => (text.startsWith("-") ? -Number(text.slice(1)) : Number(text));
