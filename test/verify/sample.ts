// Small programs for the tests of verify: C with the build's own markers, or assembly, compiled and linked for a target.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { C_FLAGS } from "../../tools/build/native.ts";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import type { Isa, Target } from "../../tools/build/targets/target.ts";
import { headersOf } from "../../tools/build/translate/index.ts";
import { Code } from "../../tools/verify/native/code.ts";
import { objdump, parseDisassembly } from "../../tools/verify/native/disassemble.ts";
import type { Instruction } from "../../tools/verify/native/instruction.ts";
import { loadElf, type Elf } from "../../tools/verify/native/elf.ts";
import { readMarkers, withIntrinsics, type LoopNesting, type Marker } from "../../tools/verify/native/markers.ts";
import { analyseProgram, type Program, type Routine } from "../../tools/verify/native/program.ts";
import type { Reading } from "../../tools/verify/native/reading.ts";
import { recall, remember } from "./made.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FLAGS_C = [
  ...C_FLAGS,
  "-ffreestanding",
  "-fomit-frame-pointer",
  "-fno-asynchronous-unwind-tables",
  "-I.",
  "-DLINEAR_BASE=0x4000000000",
];
/** What the linker mends would change what is counted here. */
const MENDED = /cortex-a53/;

/** Where QEMU's virt machines have their memory, on AArch64 behind the device tree. */
const LOAD_ADDRESS: Readonly<Record<Isa, string>> = { aarch64: "0x40080000", riscv64: "0x80000000" };

/** BOUND(limit), BYTES_LOOP and the integer types of every translated program. */
export const preludeOf = (target: Target): string => `${headersOf(target).map((file) => `#include "${file}"`).join("\n")}
#pragma GCC visibility pop
`;
export const PRELUDE = preludeOf(AARCH64);

/** A record of .axv.bounds for assembly: `bounded LIMIT, LINE`. */
export const BOUNDED = `
.macro bounded limit, line
0:  .pushsection .axv.bounds, "", %progbits
    .quad 0b
    .word \\limit, \\line
    .popsection
.endm
`;

export interface Source {
  readonly c?: string;
  readonly assembly?: string;
  /** After the build's own. */
  readonly flags?: readonly string[];
  /** The lines of the assembly are known, too. */
  readonly lines?: boolean;
  /** Where execution starts, if it is to be run. */
  readonly entry?: string;
  /** AArch64, where it is not said. */
  readonly target?: Target;
}

/** Links the source and hands over the path of the ELF file, which is there only during `use`. */
export function withElf<Result>(source: Source, use: (path: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "axv-verify-"));
  try {
    const sources = { ...source, target: source.target?.isa };
    const elf = recall(sources) ?? remember(sources, link(source, folder));
    const path = join(folder, "sample.elf");
    writeFileSync(path, elf);
    return use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function link({ c, assembly, flags = [], lines = false, entry = "0", target = AARCH64 }: Source, folder: string): Uint8Array {
  // Assembly first, and no ELF header in memory: QEMU starts a RISC-V program at its lowest address.
  const objects = Object.entries({ S: assembly, c }).flatMap(([suffix, text]) => {
    if (text === undefined) return [];
    const source = join(folder, `source.${suffix}`);
    writeFileSync(source, text);
    const ofTarget = [...target.flags, ...target.cFlags.filter((flag) => !MENDED.test(flag))];
    const options = suffix === "c" ? [...ofTarget, ...FLAGS_C, "-g", ...flags] : [...target.flags, ...(lines ? ["-g"] : [])];
    run("clang-19", [...options, "-c", source, "-o", `${source}.o`]);
    return [`${source}.o`];
  });
  const linked = join(folder, "linked.elf");
  run("ld.lld-19", ["-static", "--omagic", "-Ttext", LOAD_ADDRESS[target.isa], `--entry=${entry}`, ...objects, "-o", linked]);
  return readFileSync(linked);
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
}

export interface Sample {
  readonly elf: Elf;
  readonly code: Code;
  readonly markers: readonly Marker[];
  readonly program: Program;
  /** Fails if the routine could not be analysed. */
  routine(name: string): Routine;
}

/** Pairs of lines: the loop on the second one runs inside the loop on the first one. */
export function nestingOf(pairs: readonly (readonly [number, number])[]): LoopNesting {
  const known = new Set(pairs.map((pair) => pair.join()));
  const line = (key: string): string => key.split(":")[0] ?? "";
  return { encloses: (outer, inner) => known.has(`${line(outer)},${line(inner)}`) };
}

export function analyse(source: Source, nesting: LoopNesting = nestingOf([])): Sample {
  const { reading } = source.target ?? AARCH64;
  return withElf(source, (path) => {
    const elf = loadElf(path);
    const code = new Code(elf, disassembled(path, reading), reading);
    const markers = readMarkers(elf);
    const program = analyseProgram(code, markers, withIntrinsics(nesting));
    const routine = (name: string): Routine => {
      const found = program.routines.get(name);
      if (found === undefined)
        throw new Error(`${name} not analysed: ${program.problems.map(({ message }) => message).join("; ")}`);
      return found;
    };
    return { elf, code, markers, program, routine };
  });
}

function disassembled(path: string, reading: Reading): Instruction[] {
  const sources = [readFileSync(path, "hex"), reading.objdump];
  const text = recall(sources) ?? remember(sources, Buffer.from(objdump(path, reading)));
  return parseDisassembly(Buffer.from(text).toString("utf8"), reading);
}

/** Codes of what was refused. */
export const refusals = ({ program }: Sample): string[] => program.problems.map(({ code }) => code).sort();
