// Measures how long Debian's Linux takes from its first instruction to its first program, in virtual time: in a partition,
// and without a hypervisor, with the same kernel, initramfs and device tree at the same addresses.
import { join } from "node:path";
import { compileTree } from "../../partitions/devicetree/compile.ts";
import type { Plan, PlannedLoad } from "../../partitions/plan/plan.ts";
import { ROOT, writeAtomically } from "../../tools/build/files.ts";
import { BenchError } from "./errors.ts";
import { type LinuxFiles, linuxFiles } from "./linuxFiles.ts";
import { parseLinux } from "./parse.ts";
import { assemble, OUT } from "./programs.ts";
import { runGuest } from "./run.ts";
import { bareMachine, type BenchSystem, buildSystem } from "./system.ts";

/**
 * Its counter begins when it starts: what the hypervisor does before that (its own boot, copying the kernel) is not Linux's
 * time.
 */
const FROM_ITS_FIRST_INSTRUCTION = "    clock: own\n";
/** RAM that the partition does not have. */
const BOOT_ADDRESS = 0x40080000;
/** What the kernel still says while it turns the machine off does not matter. */
export const LAST_LINE = /bench: init|Kernel panic|^axv: PANIC/;

/** Where in a partition's memory that belongs. */
export function placeOf({ partitions: [partition] }: Plan, name: PlannedLoad["name"]): number {
  const load = partition?.loads.find((each) => each.name === name);
  if (load === undefined) throw new BenchError("figure-missing", `the plan of Linux has no ${name}`);
  return load.ipa;
}

/** QEMU with each load of the plan in memory where the hypervisor would copy it to. */
function bareArguments({ plan, deviceTrees }: BenchSystem, { kernel, initrd }: LinuxFiles): string[] {
  const [partition] = plan.partitions;
  const tree = join(ROOT, OUT, "linux.dtb");
  writeAtomically(tree, compileTree(deviceTrees.get(partition?.name ?? "")?.() ?? ""));
  const place = (name: PlannedLoad["name"]): number => placeOf(plan, name);
  const files: readonly (readonly [PlannedLoad["name"], string])[] = [
    ["image", kernel],
    ["initrd", initrd],
    ["device tree", tree],
  ];
  const loaders = files.flatMap(([name, file]) => [
    "-device",
    `loader,force-raw=on,addr=0x${place(name).toString(16)},file=${file}`,
  ]);
  const boot = assemble("boot-linux", BOOT_ADDRESS, {
    defines: { KERNEL: place("image"), DEVICE_TREE: place("device tree") },
  });
  return [...bareMachine(3), "-kernel", boot, ...loaders];
}

export interface LinuxFigures {
  readonly version: string;
  /** Virtual seconds. */
  readonly bare: number;
  readonly hosted: number;
}

export async function measureLinux(progress: (line: string) => void): Promise<LinuxFigures> {
  const files = await linuxFiles("init", progress);
  const system = await buildSystem({
    name: "linux",
    gic: 3,
    cpus: 1,
    yaml: `partitions:${files.partition("[0]")}${FROM_ITS_FIRST_INSTRUCTION}`,
  });
  const run = async (machineArguments: readonly string[], plan?: Plan): Promise<number> =>
    parseLinux((await runGuest({ machineArguments, plan, lastLine: LAST_LINE })).lines);
  progress("Linux without a hypervisor …");
  const bare = await run(bareArguments(system, files));
  progress("Linux in a partition …");
  const hosted = await run(system.machineArguments, system.plan);
  return { version: files.version, bare, hosted };
}
