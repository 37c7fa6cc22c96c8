// How deep a routine's stack gets: the stack pointer's distance from where it was at the entry, followed through every block.
// Only constants may be added to it; that is all that a compiler does without variable-length arrays.
import { VerifyError } from "../errors.ts";
import type { Graph } from "./cfg.ts";
import { calledBy, type Instruction, type Moved } from "./instruction.ts";

export interface StackUse {
  /** Bytes, those of functions called included. */
  readonly bytes: number;
  /** Bytes in use at each WFI, by the address of the instruction after it. */
  readonly atWait: ReadonlyMap<number, number>;
  /** It sets up another stack, or leaves the pointer elsewhere: only for callers that have nothing on the stack. */
  readonly irregular: VerifyError | undefined;
}

/** Bytes below the entry's stack pointer; the frame pointer where it is known. */
interface State {
  readonly depth: number;
  readonly frame: number | undefined;
}

/** `atEntry`: bytes in use there; `useOf`: the use of a function, by its address. */
export function measureStack(graph: Graph, atEntry: number, useOf: (start: number) => StackUse): StackUse {
  const states: (State | undefined)[] = graph.blocks.map((_, index) =>
    index === 0 ? { depth: atEntry, frame: undefined } : undefined,
  );
  const atWait = new Map<number, number>();
  let bytes = atEntry;
  let irregular: VerifyError | undefined;
  for (const block of graph.blocks) {
    let state = states[block.index];
    if (state === undefined) throw new Error(`block ${block.index} comes before all its predecessors`);
    for (const instruction of block.instructions) {
      const next = step(state, instruction);
      if (next === undefined) {
        irregular ??= new VerifyError(
          "stack-dynamic",
          `"${instruction.mnemonic} ${instruction.operands}" in ${graph.name}`,
          instruction.source,
        );
      }
      state = next ?? { depth: 0, frame: undefined };
      bytes = Math.max(bytes, state.depth);
      const after = instruction.address + instruction.bytes;
      if (graph.afterWait.includes(after)) atWait.set(after, state.depth);
      if (instruction.flow === "return" && state.depth !== 0) irregular ??= unbalanced(graph.name, instruction);
      const called = calledBy(instruction);
      if (called === undefined) continue;
      const callee = useOf(called);
      bytes = Math.max(bytes, state.depth + callee.bytes);
      if (callee.irregular === undefined) continue;
      // Boot code has its stack set up by a function; whoever has something on a stack already may not.
      if (state.depth !== 0) throw callee.irregular;
      irregular ??= callee.irregular;
      state = { depth: 0, frame: undefined };
    }
    for (const tail of block.tails) {
      const next = useOf(tail);
      bytes = Math.max(bytes, state.depth + next.bytes);
      irregular ??= next.irregular ?? (state.depth === 0 ? undefined : unbalanced(graph.name, block.last));
    }
    for (const successor of block.successors) {
      const known = states[successor];
      if (known !== undefined && known.depth !== state.depth) throw unbalanced(graph.name, block.last);
      const frame = known === undefined || known.frame === state.frame ? state.frame : undefined;
      // A loop's header has been followed already: what it took for granted must still hold.
      if (known !== undefined && successor <= block.index && known.frame !== undefined && frame === undefined)
        throw unbalanced(graph.name, block.last);
      states[successor] = { depth: state.depth, frame };
    }
  }
  return { bytes, atWait, irregular };
}

/** undefined: the stack pointer is now something that was not derived from it. */
function step(state: State, { stackPointer, framePointer }: Instruction): State | undefined {
  const depthOf = (moved: Moved): number | undefined => {
    const base = moved === "unknown" ? undefined : moved.from === "stack" ? state.depth : state.frame;
    return base === undefined || moved === "unknown" ? undefined : base - moved.by;
  };
  const frame = framePointer === undefined ? state.frame : depthOf(framePointer);
  const depth = stackPointer === undefined ? state.depth : depthOf(stackPointer);
  return depth === undefined ? undefined : { depth, frame };
}

const unbalanced = (name: string, { source }: Instruction): VerifyError =>
  new VerifyError("stack-dynamic", `paths through ${name} leave the stack at different depths`, source);
