// Reads a build's products and works out everything that can be proven of them; whether it is good enough, verify.ts says.
import { BuildError } from "../build/errors.ts";
import type { Target } from "../build/targets/target.ts";
import { VerifyError } from "./errors.ts";
import { Code } from "./native/code.ts";
import { disassemble } from "./native/disassemble.ts";
import { loadElf, type Elf } from "./native/elf.ts";
import { markerKey, readMarkers, withIntrinsics, type Marker } from "./native/markers.ts";
import { analyseProgram, type Program } from "./native/program.ts";
import { loadWasm } from "./wasm/module.ts";
import { findNesting, type WasmLoops } from "./wasm/nesting.ts";

/** The toolchain's own refusals are proofs too. */
export type Problem = VerifyError | BuildError;

export interface Analysis {
  readonly elf: Elf;
  readonly code: Code;
  readonly program: Program;
  /** Functions that assembly calls. */
  readonly exports: ReadonlySet<string>;
}

/** `problems` gets what has been found wrong; undefined if it goes so deep that nothing more can be said. */
export function analyse(elfPath: string, wasmPath: string, { reading }: Target, problems: Problem[]): Analysis | undefined {
  try {
    const wasm = loadWasm(wasmPath);
    const nesting = findNesting(wasm);
    const elf = loadElf(elfPath);
    const code = new Code(elf, disassemble(elfPath, reading), reading);
    const markers = readMarkers(elf);
    checkKnown(markers, nesting, code);
    const program = analyseProgram(code, markers, withIntrinsics(nesting));
    problems.push(...program.problems);
    return { elf, code, program, exports: wasm.exports };
  } catch (error) {
    if (!(error instanceof VerifyError || error instanceof BuildError)) throw error;
    problems.push(error);
    return undefined;
  }
}

/** Markers of AssemblyScript come from this WebAssembly; intrinsics and assembly have their own. */
function checkKnown(markers: readonly Marker[], { keys }: WasmLoops, code: Code): void {
  for (const marker of markers) {
    if (marker.limit === Infinity || marker.line === 0 || keys.has(markerKey(marker))) continue;
    const source = code.at(marker.address)?.source;
    if (source?.file.endsWith(".S") === true) continue;
    throw new VerifyError(
      "markers-malformed",
      `line ${marker.line}, limit ${marker.limit}, in ${code.describe(marker.address)}`,
      source,
    );
  }
}
