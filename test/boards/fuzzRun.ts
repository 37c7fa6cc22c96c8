// Runs fuzz.ts on blobs, in two processes, and holds what has to come of it. How many: a tenth of what AXV_FUZZ_TREES=100000
// tries.
import { spawn } from "node:child_process";
import { expect } from "vitest";
import type { Found } from "./fuzz.ts";

const WHOLE = 100_000;
/** Small trees that are spoilt. */
export const SMALL = Number(process.env["AXV_FUZZ_TREES"] ?? WHOLE / 10);
/** Real ones: each takes as long as fifty small ones. */
export const REAL = Math.ceil(SMALL / 50);
/** Of one process, in MiB: Node itself and its code take some 130. */
const MEMORY_MAX = 512;
export const PATIENCE_MS = 900_000;

/** In a process of its own, which ends by itself where it would need more. */
function run(first: number, count: number, files: readonly string[]): Promise<Found> {
  const options = [`--max-old-space-size=${MEMORY_MAX - 130}`, "test/boards/fuzz.ts"];
  return new Promise((resolve, reject) => {
    const child = spawn("node", [...options, String(first), String(count), ...files], { stdio: ["ignore", "pipe", "inherit"] });
    const said: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => said.push(bytes));
    child.on("close", (status, signal) => {
      if (status === 0) resolve(JSON.parse(Buffer.concat(said).toString()) as Found);
      else reject(new Error(`seeds from ${first} on: status ${status}, ${signal}`));
    });
  });
}

function hold(found: Found, count: number): void {
  const { counts, planned, wrong, slowest, memory } = found;
  console.error(JSON.stringify({ counts, planned, slowest, memory }));
  expect(wrong).toEqual([]);
  expect(Object.values(counts).reduce((sum, each) => sum + each, 0)).toBe(count);
  expect(counts["board"]).toBeGreaterThan(count / 10);
  expect(planned).toBeGreaterThan(count / 200);
  expect(memory).toBeLessThan(MEMORY_MAX);
}

export async function holdFuzzed(count: number, files: readonly string[]): Promise<void> {
  const half = Math.ceil(count / 2);
  for (const found of await Promise.all([run(1, half, files), run(1 + half, half, files)])) hold(found, half);
}
