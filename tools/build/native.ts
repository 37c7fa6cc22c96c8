// C and assembly → a linked ELF and the bytes of the raw binary, with clang-19 and lld-19.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { flatten, readElf } from "./elf.ts";
import { BuildError } from "./errors.ts";
import { ROOT } from "./files.ts";
import { notFound, type Tool } from "./installed.ts";
import { checkPositionIndependent } from "./relocations.ts";
import type { Isa, Target } from "./targets/target.ts";
import { TARGETS } from "./targets/index.ts";

/** Of objdump, a core's instructions. */
const LARGEST_OUTPUT = 256 * 1024 * 1024;

export const CLANG: Tool = { command: "clang-19", package: "clang-19" };
export const LLD: Tool = { command: "ld.lld-19", package: "lld-19" };

/** Of assembly, and of C too. */
const flagsOf = ({ flags }: Target): string[] => [...flags, "-g", "-fdebug-compilation-dir=.", "-I."];

/** What every C file of ours is compiled with, on the target and on the host. */
export const C_FLAGS = [
  "-std=gnu11",
  "-O2",
  // WebAssembly's semantics: wrapping arithmetic, untyped memory, loops that may be endless.
  "-fwrapv",
  "-fno-strict-aliasing",
  "-fno-finite-loops",
  "-fno-builtin",
  // One wasm loop stays one loop with one bound, and a switch stays branches (verify reads both).
  "-fno-unroll-loops",
  "-fno-jump-tables",
  // Padding inside a path is executed.
  "-falign-loops=1",
  "-falign-functions=4",
  "-mllvm",
  "-align-all-functions=2",
  // Less than half of clang's own 225, and the hot paths are the same; @inline forces more. Functions that shall be
  // short (minsize) keep their own threshold of 5, which -inline-threshold would replace too.
  "-mllvm",
  "-inlinedefault-threshold=100",
  // What both sides of a branch begin with comes before it.
  "-mllvm",
  "-hoist-common-insts",
  // Generated code looks odd and is right (`p0 = p0`); what the tables' C bodies can get wrong is not let through.
  "-Wno-everything",
  "-Werror=return-type",
  "-Werror=implicit-function-declaration",
  "-Werror=int-conversion",
  "-Werror=incompatible-pointer-types",
  "-Werror=asm-operand-widths",
  "-Werror=shift-count-overflow",
];

const cFlagsOf = (target: Target): string[] => [
  ...flagsOf(target),
  ...C_FLAGS,
  ...target.cFlags,
  "-ffreestanding",
  "-fpie",
  "-ffunction-sections",
  "-fdata-sections",
  "-fno-asynchronous-unwind-tables",
  "-fno-stack-protector",
  "-fomit-frame-pointer",
  "-mno-outline", // what is outlined last would change registers that callers have been told it keeps
];

const LINK_FLAGS = [
  // Linked static, with its relocations kept: relocations.ts proves from them that the program runs at any address.
  "-static", "--emit-relocs", "--gc-sections", "--no-undefined", "--fatal-warnings", "--build-id=none",
];

/** What the assembly may include, in workDir: offsets.ts makes it. */
export const OFFSETS = "offsets.h";

export interface NativeSources {
  readonly isa: Isa;
  /** Or what an earlier run has made of it (…c.o). */
  readonly cFile: string;
  readonly assembly: readonly string[];
  readonly linkerScript: string;
  readonly positionIndependent: boolean;
  readonly defines: Readonly<Record<string, string>>;
  /** Linker symbols with constant values. */
  readonly symbols: Readonly<Record<string, number>>;
}

export interface Native {
  readonly elf: Uint8Array;
  readonly binary: Uint8Array;
  /** Every file that was read, relative to the root. */
  readonly inputs: readonly string[];
}

/** `workDir`: for objects and the linked file, relative to the root; no name in it gets into the products. */
export function buildNative(sources: NativeSources, workDir: string): Native {
  const target = TARGETS[sources.isa];
  const defines = Object.entries(sources.defines).map(([name, value]) => `-D${name}=${value}`);
  defines.push(`-I${workDir}`, `-ffile-prefix-map=${workDir}=${dirname(workDir)}`);
  const inputs = new Set([sources.linkerScript]);
  const objects = [sources.cFile, ...sources.assembly].map((source, index) => {
    if (source.endsWith(".o")) return source;
    const object = join(workDir, `${index}-${basename(source)}.o`);
    const flags = source.endsWith(".c") ? cFlagsOf(target) : flagsOf(target);
    runTool(CLANG, [...flags, ...defines, "-MD", "-MF", `${object}.d`, "-c", source, "-o", object]);
    for (const input of readDependencies(`${object}.d`)) inputs.add(input);
    inputs.delete(sources.cFile);
    inputs.delete(join(workDir, OFFSETS));
    return object;
  });
  const symbols = Object.entries(sources.symbols).map(([name, value]) => `--defsym=${name}=${value}`);
  const linked = join(workDir, "linked.elf");
  runTool(LLD, [...LINK_FLAGS, ...target.linkFlags, ...symbols, "-T", sources.linkerScript, ...objects, "-o", linked]);
  const elf = readFileSync(join(ROOT, linked));
  const parsed = readElf(elf);
  if (sources.positionIndependent) checkPositionIndependent(parsed, target.relocations);
  return { elf, binary: flatten(parsed), inputs: [...inputs] };
}

export function runTool(tool: Tool, args: readonly string[]): string {
  const options = { cwd: ROOT, encoding: "utf8", maxBuffer: LARGEST_OUTPUT } as const;
  const { error, status, stdout, stderr } = spawnSync(tool.command, args, options);
  if (error !== undefined && "code" in error && error.code === "ENOENT") throw notFound(tool);
  if (error !== undefined || status !== 0) {
    throw new BuildError("tool-failed", `${tool.command} ${args.at(-1) ?? ""}\n${stderr}${error?.message ?? ""}`);
  }
  return stdout;
}

/** A makefile rule: target: file file \ file */
function readDependencies(file: string): string[] {
  const [, files = ""] = readFileSync(join(ROOT, file), "utf8").split(/:\s/, 2);
  return files.split(/[\s\\]+/).filter((name) => name !== "");
}
