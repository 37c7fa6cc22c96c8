// The core that an image has to begin with: what this tool makes of the core's wasm, translated anew; and that wasm, which the
// proof runs.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readElf } from "../build/elf.ts";
import type { Elf } from "../build/elf.ts";
import { BuildError } from "../build/errors.ts";
import { translateAgain } from "../build/index.ts";
import { beforeImage, coreMemory } from "../build/pack.ts";
import { CORE_OF } from "../build/programs.ts";
import type { Isa } from "../build/targets/target.ts";
import { buildProvenCore } from "../verify/provenCore.ts";

export interface Core {
  readonly isa: Isa;
  readonly module: WebAssembly.Module;
  /** Of the wasm and of what it becomes, in hexadecimal digits. */
  readonly sha256: { readonly wasm: string; readonly binary: string };
  /** As the packer takes it. */
  readonly binary: Uint8Array;
  /** Bytes in memory in front of it, all zero at first; and all that it takes there with them. */
  readonly before: number;
  readonly memory: number;
  readonly places: CorePlaces;
}

/** From the first byte of its memory. */
export interface CorePlaces {
  readonly linear: number;
  /** The hypervisor's own translation tables. */
  readonly ownTables: number;
  readonly secondaryEntry: number;
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const OWN_TABLES: Readonly<Record<Isa, string>> = { aarch64: "axv_stage1_root", riscv64: "axv_own_root" };

export function coreOf(isa: Isa, wasm: Uint8Array<ArrayBuffer>, binary: Uint8Array, elf: Uint8Array): Core {
  return {
    isa,
    module: new WebAssembly.Module(wasm),
    sha256: { wasm: sha256(wasm), binary: sha256(binary) },
    binary,
    before: beforeImage(isa, binary),
    memory: coreMemory(isa, binary),
    places: placesIn(readElf(elf), OWN_TABLES[isa]),
  };
}

function placesIn({ symbols }: Elf, ownTables: string): CorePlaces {
  const valueOf = (wanted: string): number => {
    const found = symbols.find(({ name }) => name === wanted);
    if (found === undefined) throw new BuildError("elf-malformed", `no symbol ${wanted}`);
    return found.value;
  };
  const place = (name: string): number => valueOf(name) - valueOf("axv_image_start");
  return {
    linear: place("axv_linear_start"),
    ownTables: place(ownTables),
    secondaryEntry: place("axv_secondary_entry"),
  };
}

export async function translatedCore(isa: Isa, progress: (line: string) => void): Promise<Core> {
  const program = CORE_OF[isa];
  const { wasm } = await buildProvenCore(progress, program);
  const { binary, elf } = await translateAgain(program, progress);
  return coreOf(isa, readFileSync(wasm), binary, elf);
}
