// What of the benchmark runs on the target: the guest that measures paths, Linux's first program, and what starts Linux
// without a hypervisor.
import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
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

const TARGET = ["--target=aarch64-none-elf", "-march=armv8-a"];

/** Assembles and links one file of assembly/; gives back the ELF's path. */
export function assemble(name: string, address: number, defines: Readonly<Record<string, number>> = {}): string {
  mkdirSync(join(ROOT, OUT), { recursive: true });
  const object = join(OUT, `${name}.o`);
  const elf = join(OUT, `${name}.elf`);
  const macros = Object.entries(defines).map(([macro, value]) => `-D${macro}=0x${value.toString(16)}`);
  runTool(CLANG, [...TARGET, ...macros, "-c", join("test/bench/assembly", `${name}.S`), "-o", object]);
  runTool(LLD, ["-static", `-Ttext=0x${address.toString(16)}`, object, "-o", elf]);
  return join(ROOT, elf);
}
