// Retry loops of load-exclusive and store-exclusive (Arm ARM B2.12): they carry no marker, because clang makes them itself. The
// architecture states no bound; one attempt fails only if another pCPU's succeeded in between, so we count one for each pCPU.
import { MAX_CPUS } from "../../../partitions/blob/layout.table.ts";
import type { Block, Graph } from "./cfg.ts";
import type { Loop } from "./loops.ts";
import { accessOf, bit } from "./registers.ts";

export const EXCLUSIVE_ATTEMPTS = MAX_CPUS;

const LOAD = /^lda?x[rp]/;
const STORE = /^stl?x[rp]/;

/** Every way back to the header is a failed store-exclusive, and there is a load-exclusive before it. */
export function isExclusiveRetry(graph: Graph, loop: Loop): boolean {
  if (loop.children.length > 0) return false;
  const blocks = [...loop.body].map((index) => graph.blocks[index]).filter((block) => block !== undefined);
  const instructions = blocks.flatMap((block) => block.instructions);
  if (instructions.some(({ mnemonic }) => mnemonic === "bl")) return false;
  const header = graph.blocks[loop.header]?.start;
  return (
    instructions.some(({ mnemonic }) => LOAD.test(mnemonic)) &&
    blocks.every((block) => !loop.latches.includes(block.index) || retries(block, header))
  );
}

/** `stlxr w10, w9, [x24]`, and at the block's end `cbnz w10, header`, with nothing that writes w10 in between. */
function retries({ instructions }: Block, header: number | undefined): boolean {
  const store = instructions.findLastIndex(({ mnemonic }) => STORE.test(mnemonic));
  const branch = instructions.at(-1);
  const status = /^w(\d+),/.exec(instructions[store]?.operands ?? "")?.[1];
  if (status === undefined || branch === undefined) return false;
  const written = instructions
    .slice(store + 1, -1)
    .some((instruction) => (accessOf(instruction).writes & bit(Number(status))) !== 0);
  return !written && branch.mnemonic === "cbnz" && branch.operands.startsWith(`w${status},`) && branch.target === header;
}
