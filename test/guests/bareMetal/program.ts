// Builds a bare-metal program of this folder: its ELF file, and the same as raw bytes.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HYPERCALL_MAILBOX } from "../../../arch/aarch64/calls.ts";
import { flatten, readElf } from "../../../tools/build/elf.ts";
import { CLANG, LLD, runTool } from "../../../tools/build/native.ts";

const TARGET = ["--target=aarch64-none-elf", "-march=armv8-a"];
const RISCV64_TARGET = ["--target=riscv64-none-elf", "-march=rv64imac_zicsr", "-mabi=lp64", "-mcmodel=medany"];
const FLAGS = [
  "-std=c99",
  "-O2",
  "-ffreestanding",
  "-fno-builtin",
  "-mstrict-align",
  "-Wall",
  "-Wextra",
  "-Werror",
];
const FOLDER = "test/guests/bareMetal";
/** Offset of e_entry (System V ABI, ELF header of 64 bits). */
const ELF_ENTRY = 24;

export interface Program {
  readonly elf: string;
  readonly raw: string;
  readonly entry: number;
}

/**
 * `name`: the function that it begins with; `base`: the address that it is linked for; `flags`: more
 * for clang. Its files are in `folder`.
 */
export function bareMetalProgram(
  folder: string,
  name: string,
  source: string,
  base: number,
  flags: readonly string[] = [],
): Program {
  const path = (extension: string): string => join(folder, `${name}.${extension}`);
  runTool(CLANG, [...TARGET, "-c", `${FOLDER}/start.S`, "-o", path("start.o")]);
  runTool(CLANG, [
    ...TARGET,
    ...FLAGS,
    "-mgeneral-regs-only",
    `-DHYPERCALL_MAILBOX=${HYPERCALL_MAILBOX}u`,
    ...flags,
    "-c",
    `${FOLDER}/${source}`,
    "-o",
    path("o"),
  ]);
  runTool(LLD, [
    "-static",
    `--defsym=BASE=${base}`,
    `--defsym=start=${name}`,
    "-T",
    `${FOLDER}/program.ld`,
    path("start.o"),
    path("o"),
    "-o",
    path("elf"),
  ]);
  const elf = readFileSync(path("elf"));
  writeFileSync(path("bin"), flatten(readElf(elf)));
  return { elf: path("elf"), raw: path("bin"), entry: Number(elf.readBigUInt64LE(ELF_ENTRY)) };
}

/** The same for RISC-V, of its folder there, which begins with start(). */
export function riscv64Program(folder: string, name: string, base: number): string {
  const path = (extension: string): string => join(folder, `${name}.${extension}`);
  for (const [source, object] of [["start.S", "start.o"], [`${name}.c`, "o"]] as const)
    runTool(CLANG, [...RISCV64_TARGET, ...FLAGS, "-c", `${FOLDER}/riscv64/${source}`, "-o", path(object)]);
  runTool(LLD, ["-static", `--defsym=BASE=${base}`, "-T", `${FOLDER}/program.ld`, path("start.o"), path("o"), "-o", path("elf")]);
  writeFileSync(path("bin"), flatten(readElf(readFileSync(path("elf")))));
  return path("bin");
}
