// Lives in a workshop's copy of the tree, as a process of its own: compiles the core whenever it is told to, and is quicker
// at it each time. Answers with what is wrong, or with nothing.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compile } from "../../tools/build/compile.ts";
import { ROOT } from "../../tools/build/files.ts";
import { generate } from "../../tools/build/index.ts";
import { CORE } from "../../tools/build/programs.ts";

/** Where the tests are told to take the core from. */
export const WASM = "build/mutants/core.wasm";

export interface Answer {
  /** What asc says; undefined: it is compiled. */
  readonly error?: string;
  /** Of the code alone: names and lines are not in it. */
  readonly hash?: string;
}

if (process.send !== undefined) {
  const send = process.send.bind(process);
  await generate(CORE);
  process.on("message", () => void work().then((answer) => send(answer)));
  send({});
}

async function work(): Promise<Answer> {
  try {
    const { wasm } = await compile(CORE);
    mkdirSync(dirname(join(ROOT, WASM)), { recursive: true });
    writeFileSync(join(ROOT, WASM), wasm);
    return { hash: createHash("sha256").update(withoutNames(wasm)).digest("hex") };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Custom sections (names, source map) left out: a mutant is not another program for what it calls things. */
function withoutNames(wasm: Uint8Array): Uint8Array {
  const HEADER = 8;
  const kept: Uint8Array[] = [];
  for (let at = HEADER; at < wasm.length;) {
    const id = wasm[at];
    let size = 0;
    let end = at + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[end++] ?? 0;
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    end += size;
    if (id !== 0) kept.push(wasm.subarray(at, end));
    at = end;
  }
  return Buffer.concat(kept);
}
