// What of the benchmark runs on the target: the guest that measures paths, Linux's first program, and what starts Linux
// without a hypervisor.
import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { type BoardIsa, DEFAULT_ISA } from "../../boards/isa.ts";
import { ROOT } from "../../tools/build/files.ts";
import { CLANG, LLD, runTool } from "../../tools/build/native.ts";
import type { Program } from "../../tools/build/programs.ts";

/** Where the benchmark's own products go, relative to the root; each worker of vitest has a place of its own. */
const worker = process.env["VITEST_POOL_ID"];
export const OUT = worker === undefined ? "build/bench" : `build/bench-${worker}`;

/** A file, absolute, as a system.yaml in that folder names it. */
export const productPath = (path: string): string => relative(join(ROOT, OUT), path);

/** Bare metal at EL1, MMU off: linear memory is RAM at its own address (bench.ld). */
export const BENCH_GUEST: Program = {
  name: "bench-guest",
  isa: "aarch64",
  entry: "test/bench/assembly/index.ts",
  tables: { cpu: "core/cpu.table.ts", guest: "rtos-guests/plc/aarch64/guest.table.ts", paths: "test/bench/paths.table.ts" },
  memoryPages: 1,
  assembly: ["test/bench/assembly/start.S"],
  linkerScript: "test/bench/assembly/bench.ld",
  positionIndependent: false,
  defines: { LINEAR_BASE: "0x40010000" },
};

/** The two ends of a doorbell. */
export const SENDER: Program = { ...BENCH_GUEST, name: "bench-sender", entry: "test/bench/assembly/sender.ts" };
export const RECEIVER: Program = { ...BENCH_GUEST, name: "bench-receiver", entry: "test/bench/assembly/receiver.ts" };
/** Asks the hypervisor for everything once. */
export const SWEEP: Program = { ...BENCH_GUEST, name: "bench-sweep", entry: "test/bench/assembly/sweep.ts" };

/** By ISA: clang's target, and the folder of its sources. */
const TARGETS: Readonly<Record<BoardIsa, { readonly flags: readonly string[]; readonly sources: string }>> = {
  aarch64: { flags: ["--target=aarch64-none-elf", "-march=armv8-a"], sources: "test/bench/assembly" },
  riscv64: {
    flags: ["--target=riscv64-none-elf", "-march=rv64imac_zicsr", "-Itest/system/assembly/riscv64"],
    sources: "test/bench/assembly/riscv64",
  },
};

export interface Assembling {
  readonly isa?: BoardIsa;
  readonly defines?: Readonly<Record<string, number>>;
  /** Nothing is in memory but what is assembled: QEMU's -kernel for RISC-V begins at the lowest address, whatever the entry. */
  readonly bare?: boolean;
}

/** Assembles and links one file of assembly/, or of RISC-V's there; gives back the ELF's path. */
export function assemble(name: string, address: number, options: Assembling = {}): string {
  const { isa = DEFAULT_ISA, defines = {}, bare = false } = options;
  const { flags, sources } = TARGETS[isa];
  const macros = Object.entries(defines).map(([macro, value]) => [macro, `0x${value.toString(16)}`] as const);
  mkdirSync(join(ROOT, OUT), { recursive: true });
  const file = join(OUT, [isa, name, ...macros.map(([, value]) => value)].join("-"));
  const [object, elf] = [`${file}.o`, `${file}.elf`];
  runTool(CLANG, [
    ...flags, ...macros.map(([macro, value]) => `-D${macro}=${value}`), "-c", join(sources, `${name}.S`), "-o", object,
  ]);
  runTool(LLD, ["-static", ...(bare ? ["--omagic"] : []), `-Ttext=0x${address.toString(16)}`, object, "-o", elf]);
  return join(ROOT, elf);
}
