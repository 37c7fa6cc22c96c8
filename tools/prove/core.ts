// The core that an image has to begin with: what this tool makes of the core's wasm, translated anew; and that wasm, which the
// proof runs.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readElf } from "../build/elf.ts";
import type { Elf } from "../build/elf.ts";
import { BuildError } from "../build/errors.ts";
import { translateAgain } from "../build/index.ts";
import { CORE } from "../build/programs.ts";
import { buildProvenCore } from "../verify/provenCore.ts";

export interface Core {
  readonly module: WebAssembly.Module;
  /** Of the wasm and of what it becomes, in hexadecimal digits. */
  readonly sha256: { readonly wasm: string; readonly binary: string };
  /** As the packer takes it. */
  readonly binary: Uint8Array;
  readonly places: CorePlaces;
}

/** Offsets in the image. */
export interface CorePlaces {
  readonly linear: number;
  readonly stage1Root: number;
  readonly secondaryEntry: number;
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export function coreOf(wasm: Uint8Array<ArrayBuffer>, binary: Uint8Array, elf: Uint8Array): Core {
  return {
    module: new WebAssembly.Module(wasm),
    sha256: { wasm: sha256(wasm), binary: sha256(binary) },
    binary,
    places: placesIn(readElf(elf)),
  };
}

function placesIn({ symbols }: Elf): CorePlaces {
  const valueOf = (wanted: string): number => {
    const found = symbols.find(({ name }) => name === wanted);
    if (found === undefined) throw new BuildError("elf-malformed", `no symbol ${wanted}`);
    return found.value;
  };
  const place = (name: string): number => valueOf(name) - valueOf("axv_image_start");
  return {
    linear: place("axv_linear_start"),
    stage1Root: place("axv_stage1_root"),
    secondaryEntry: place("axv_secondary_entry"),
  };
}

export async function translatedCore(progress: (line: string) => void): Promise<Core> {
  const { wasm } = await buildProvenCore(progress);
  const { binary, elf } = await translateAgain(CORE, progress);
  return coreOf(readFileSync(wasm), binary, elf);
}
