// How deep a routine's stack gets: the stack pointer's distance from where it was at the entry, followed through every block.
// Only constants may be added to it; that is all that a compiler does without variable-length arrays.
import { VerifyError } from "../errors.ts";
import type { Graph } from "./cfg.ts";
import { INSTRUCTION_BYTES, type Instruction } from "./disassemble.ts";
import { flowOf } from "./flow.ts";

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
      const flow = flowOf(instruction);
      const after = instruction.address + INSTRUCTION_BYTES;
      if (graph.afterWait.includes(after)) atWait.set(after, state.depth);
      if (flow === "return" && state.depth !== 0) irregular ??= unbalanced(graph.name, instruction);
      if (flow !== "call" || instruction.target === undefined) continue;
      const callee = useOf(instruction.target);
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
      irregular ??= next.irregular ?? (state.depth === 0 ? undefined : unbalanced(graph.name, block.instructions.at(-1)));
    }
    for (const successor of block.successors) {
      const known = states[successor];
      const last = block.instructions.at(-1);
      if (known !== undefined && known.depth !== state.depth) throw unbalanced(graph.name, last);
      const frame = known === undefined || known.frame === state.frame ? state.frame : undefined;
      // A loop's header has been followed already: what it took for granted must still hold.
      if (known !== undefined && successor <= block.index && known.frame !== undefined && frame === undefined)
        throw unbalanced(graph.name, last);
      states[successor] = { depth: state.depth, frame };
    }
  }
  return { bytes, atWait, irregular };
}

const CONSTANT = /^#(-?0x[0-9a-f]+|-?\d+)(?:, lsl #(\d+|0x[0-9a-f]+))?$/;
const MOVES_POINTER_BEFORE = /\[sp, (#-?\w+)\]!$/;
const MOVES_POINTER_AFTER = /\[sp\], (#-?\w+)$/;
const ONLY_READS = new Set(["cmp", "cmn", "tst"]);

/** undefined: the stack pointer is now something that was not derived from it. */
function step(state: State, { mnemonic, operands }: Instruction): State | undefined {
  const [target, source = "", ...rest] = operands.split(", ");
  const moved = MOVES_POINTER_BEFORE.exec(operands) ?? MOVES_POINTER_AFTER.exec(operands);
  const frame = loads(mnemonic) && /^(x\d+, )?x29\b/.test(operands) ? undefined : state.frame;
  if (moved !== null) return { depth: state.depth - constant(moved[1] ?? ""), frame };

  const base = source === "sp" ? state.depth : source === "x29" ? state.frame : undefined;
  const known = base === undefined ? undefined : sum(mnemonic, base, rest.join(", "));
  if (target === "x29" && !mnemonic.startsWith("st")) return { depth: state.depth, frame: known };
  const writes = (target === "sp" && !ONLY_READS.has(mnemonic)) || (mnemonic === "msr" && target?.toUpperCase() === "SPSEL");
  if (!writes) return { depth: state.depth, frame };
  return known === undefined ? undefined : { depth: known, frame };
}

/** The depth after `mov`, or `add`/`sub` of a constant. */
function sum(mnemonic: string, base: number, addend: string): number | undefined {
  if (mnemonic === "mov" && addend === "") return base;
  if (!CONSTANT.test(addend)) return undefined;
  if (mnemonic === "add") return base - constant(addend);
  return mnemonic === "sub" ? base + constant(addend) : undefined;
}

function constant(text: string): number {
  const [, digits = "", shift = "0"] = CONSTANT.exec(text) ?? [];
  const negative = digits.startsWith("-");
  const value = Number(negative ? digits.slice(1) : digits) * 2 ** Number(shift);
  return negative ? -value : value;
}

const loads = (mnemonic: string): boolean => mnemonic.startsWith("ld");

const unbalanced = (name: string, instruction: Instruction | undefined): VerifyError =>
  new VerifyError("stack-dynamic", `paths through ${name} leave the stack at different depths`, instruction?.source);
