// The control-flow graph of one routine: a function, or what comes after a WFI in it. Blocks in reverse postorder, so that
// every edge that closes no loop goes from a lower index to a higher one.
import { VerifyError } from "../errors.ts";
import type { Code, CodeFunction } from "./code.ts";
import type { Instruction } from "./instruction.ts";
import type { CallingStandard } from "./reading.ts";

export interface Block {
  /** Position in `Graph.blocks`. */
  readonly index: number;
  readonly start: number;
  /** One at least. */
  readonly instructions: readonly Instruction[];
  readonly first: Instruction;
  readonly last: Instruction;
  readonly successors: readonly number[];
  /** Start addresses of functions that the last instruction jumps to (tail calls). */
  readonly tails: readonly number[];
  /** Some path ends here: return, end, wait, or a call that never comes back. */
  readonly leaves: boolean;
}

export interface Graph {
  readonly name: string;
  readonly entry: number;
  readonly blocks: readonly Block[];
  /** Addresses of the instructions after a WFI: each is the entry of another routine. */
  readonly afterWait: readonly number[];
  /** Whether some path ends in RET or in a tail call (or runs into the next function). */
  readonly returns: boolean;
  readonly calls: CallingStandard;
}

export interface GraphContext {
  readonly code: Code;
  /** The function whose code it is. */
  readonly inside: CodeFunction;
  /** A WFI ends the path; else it is an instruction as any other: one that somebody's call waits for. */
  readonly mayWait: boolean;
  /** Whether a call of the function that starts there can come back. */
  returns(start: number): boolean;
}

export function buildGraph(context: GraphContext, name: string, entry: number): Graph {
  const step = (address: number): Step => stepAt(context, address);
  const leaders = findLeaders(entry, step);
  const drafts = new Map<number, Draft>();
  const afterWait: number[] = [];
  let comesBack = false;

  for (const start of leaders) {
    let here = step(start);
    const first = here.instruction;
    const instructions = [first];
    while (isStraight(here) && !leaders.has(behind(here))) {
      here = step(behind(here));
      instructions.push(here.instruction);
    }
    if (here.wait) afterWait.push(behind(here));
    comesBack ||= here.comesBack;
    const { instruction: last, next, tails, leaves } = here;
    drafts.set(start, { start, instructions, first, last, next, tails, leaves });
  }
  return { name, entry, blocks: inReversePostorder(entry, drafts), afterWait, returns: comesBack, calls: context.code.calls };
}

interface Step {
  readonly instruction: Instruction;
  /** Addresses in the same function. */
  readonly next: readonly number[];
  readonly tails: readonly number[];
  readonly leaves: boolean;
  readonly comesBack: boolean;
  readonly wait: boolean;
}

type Draft = Omit<Block, "index" | "successors"> & { readonly next: readonly number[] };

function stepAt({ code, inside, mayWait, returns }: GraphContext, address: number): Step {
  const instruction = code.at(address);
  if (instruction === undefined) throw new VerifyError("undecodable", `${inside.name} runs into ${code.describe(address)}`);
  const { flow } = instruction;
  const wait = flow === "wait" && mayWait;
  const refuse = (why: "indirect-call" | "indirect-branch" | "undecodable"): VerifyError =>
    new VerifyError(why, `"${instruction.mnemonic} ${instruction.operands}" at ${code.describe(address)}`, instruction.source);
  if (flow === "indirect-call" || flow === "indirect-branch" || flow === "undecodable") throw refuse(flow);

  const targetOf = (): number => {
    if (instruction.target === undefined) throw refuse("undecodable");
    return instruction.target;
  };
  const next: number[] = [];
  const tails: number[] = [];
  const goTo = (target: number): void => {
    if ((target >= inside.start && target < inside.end) || code.isDetour(target)) next.push(target);
    else if (code.startingAt(target) !== undefined) tails.push(target);
    else throw new VerifyError("branch-astray", `${code.describe(address)} goes to ${code.describe(target)}`, instruction.source);
  };

  if (flow === "branch" || flow === "conditional") goTo(targetOf());
  let endsHere = flow === "return" || flow === "end" || wait;
  if (flow === "call") {
    const target = targetOf();
    if (code.startingAt(target) === undefined) {
      throw new VerifyError("branch-astray", `${code.describe(address)} calls the inside of a function`, instruction.source);
    }
    endsHere = !returns(target);
  }
  if (!endsHere && flow !== "branch") goTo(address + instruction.bytes);
  const comesBack = flow === "return" || tails.some((target) => returns(target));
  return { instruction, next: [...new Set(next)], tails, leaves: endsHere, comesBack, wait };
}

/** Where the next instruction in memory is. */
const behind = ({ instruction }: Step): number => instruction.address + instruction.bytes;

/** It is the only one that control goes to. */
const isStraight = (here: Step): boolean =>
  here.next.length === 1 && here.next[0] === behind(here) && here.tails.length === 0;

function findLeaders(entry: number, step: (address: number) => Step): Set<number> {
  const leaders = new Set([entry]);
  const seen = new Set<number>();
  const waiting = [entry];
  for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
    if (seen.has(address)) continue;
    seen.add(address);
    const here = step(address);
    const { next } = here;
    waiting.push(...next);
    if (!isStraight(here)) for (const target of next) leaders.add(target);
  }
  return leaders;
}

function inReversePostorder(entry: number, drafts: ReadonlyMap<number, Draft>): Block[] {
  const postorder: Draft[] = [];
  const seen = new Set([entry]);
  const stack: { draft: Draft; position: number }[] = [];
  const enter = (address: number): void => {
    const draft = drafts.get(address);
    if (draft === undefined) throw new Error(`no block at ${address}`);
    stack.push({ draft, position: 0 });
  };
  enter(entry);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const target = top.draft.next[top.position++];
    if (target === undefined) {
      postorder.push(top.draft);
      stack.pop();
    } else if (!seen.has(target)) {
      seen.add(target);
      enter(target);
    }
  }
  const ordered = postorder.reverse();
  const indices = new Map(ordered.map((draft, index) => [draft.start, index]));
  return ordered.map(({ next, ...draft }, index) => ({
    ...draft,
    index,
    successors: next.map((target) => indices.get(target)).filter((target) => target !== undefined),
  }));
}
