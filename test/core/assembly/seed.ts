// The seeds' block function by itself (core/seed.ts).
import { fill, SEED_BYTES, state } from "../../../core/seed";

const block: usize = memory.data(SEED_BYTES, 16);

export function stateAt(): usize { return state; }
export function nextBlock(): usize {
  fill(block);
  return block;
}
