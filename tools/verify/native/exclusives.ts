// Retry loops of load-exclusive and store-exclusive: they carry no marker, because clang makes them itself. No architecture
// states a bound; one attempt fails only if another pCPU's succeeded in between, so we count one for each pCPU.
import { MAX_CPUS } from "../../../partitions/blob/layout.table.ts";
import type { Block, Graph } from "./cfg.ts";
import { bit } from "./instruction.ts";
import type { Loop } from "./loops.ts";

export const EXCLUSIVE_ATTEMPTS = MAX_CPUS;

/** Every way back to the header is a failed store-exclusive, and there is a load-exclusive before it. */
export function isExclusiveRetry(graph: Graph, loop: Loop): boolean {
  if (loop.children.length > 0) return false;
  const blocks = [...loop.body].map((index) => graph.blocks[index]).filter((block) => block !== undefined);
  const instructions = blocks.flatMap((block) => block.instructions);
  if (instructions.some(({ flow }) => flow === "call")) return false;
  const header = graph.blocks[loop.header]?.start;
  return (
    instructions.some(({ reserves }) => reserves) &&
    blocks.every((block) => !loop.latches.includes(block.index) || retries(block, header))
  );
}

/**
 * A store that says in a register whether it failed, and at the block's end a branch back if it did; nothing writes it in
 * between.
 */
function retries({ instructions, last }: Block, header: number | undefined): boolean {
  const at = instructions.findLastIndex(({ failsIn }) => failsIn !== undefined);
  const failed = instructions[at]?.failsIn;
  if (failed === undefined) return false;
  const written = instructions.slice(at + 1).some(({ writes }) => (writes & bit(failed)) !== 0);
  return !written && last.ifNotZero === failed && last.target === header;
}
