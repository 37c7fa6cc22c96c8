// asc's entry file for test/core/crypto.test.ts: a message in a buffer, hashed or verified a step at a time.
import { digest, fillBlock, blockBytes, sha256Block, shaBlocks, shaRounds, shaStart } from "../../../core/crypto/sha2";
import { bound } from "../../../build/generated/cpu";
export { startVerifying, verifyStep } from "../../../core/crypto/ed25519";

const BUFFER_BYTES: u32 = 65536;
const BLOCKS_MAX: u32 = BUFFER_BYTES / 64 + 1;
const STEPS: u32 = 5;
const start = memory.data(BUFFER_BYTES, 8);

export function buffer(): usize { return start; }
export function sha256(bytes: u32): usize { return hashOf<u32>(bytes, false); }
export function sha256ByCpu(bytes: u32): usize { return hashOf<u32>(bytes, true); }
export function sha512(bytes: u32): usize { return hashOf<u64>(bytes, false); }

function hashOf<T>(bytes: u32, byCpu: bool): usize {
  shaStart<T>();
  const blocks = <u32>shaBlocks<T>(bytes);
  for (let n: u32 = 0; n < blocks; n++) {
    bound(n, BLOCKS_MAX);
    const at = n * blockBytes<T>();
    fillBlock<T>(start + at, at, bytes);
    if (byCpu) sha256Block();
    else for (let step: u32 = 0; shaRounds<T>(); step++) bound(step, STEPS);
  }
  return digest<T>();
}
