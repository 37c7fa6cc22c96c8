// The core that a run of the benchmark is about: as it was when the run began, whatever is built meanwhile.
import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT } from "../../tools/build/files.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { CORE } from "../../tools/build/programs.ts";
import { OUT } from "./programs.ts";

/** Absolute paths. */
export interface MeasuredCore {
  readonly binary: string;
  readonly elf: string;
  readonly wasm: string;
}

let copied: Promise<MeasuredCore> | undefined;

export function measuredCore(): Promise<MeasuredCore> {
  return (copied ??= copy());
}

async function copy(): Promise<MeasuredCore> {
  const { binary, elf, wasm, sourceMap } = await buildProgram(CORE);
  const folder = join(ROOT, OUT, CORE.name);
  mkdirSync(folder, { recursive: true });
  const place = (file: string): string => {
    const target = join(folder, basename(file));
    copyFileSync(file, target);
    return target;
  };
  place(sourceMap);
  return { binary: place(binary), elf: place(elf), wasm: place(wasm) };
}
