// Measures how long Debian's Linux takes from its first instruction to its first program, in virtual time: in a partition,
// and without a hypervisor, with the same kernel, initramfs and device tree at the same addresses.
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { compileTree } from "../../partitions/devicetree/compile.ts";
import type { Plan, PlannedLoad } from "../../partitions/plan/plan.ts";
import { ROOT, writeAtomically } from "../../tools/build/files.ts";
import { characterDevice, cpio, directory, program } from "../../tools/linux/cpio.ts";
import { ensureLinux } from "../../tools/linux/linux.ts";
import { BenchError } from "./errors.ts";
import { parseLinux } from "./parse.ts";
import { assemble, OUT } from "./programs.ts";
import { runGuest } from "./run.ts";
import { BARE_MACHINE, type BenchSystem, buildSystem } from "./system.ts";

const PARTITION = "linux";
/** Where the two small programs are linked: Linux's lowest usual address; RAM that the partition does not have. */
const INIT_ADDRESS = 0x400000;
const BOOT_ADDRESS = 0x40080000;
// Linux, Documentation/admin-guide/devices.txt
const KMSG: readonly [number, number] = [1, 11];
/** What the kernel still says while it turns the machine off does not matter. */
const LAST_LINE = /bench: init|Kernel panic|^axv: PANIC/;

const systemOf = (kernel: string, initrd: string): string => `board: qemu-aarch64
partitions:
  ${PARTITION}:
    guest: linux
    image: ${relative(join(ROOT, OUT), kernel)}
    initrd: ${relative(join(ROOT, OUT), initrd)}
    cpus: [0]
    memory: 512M
    cmdline: console=ttyAMA0 rdinit=/bench-init
`;

/** The demo's initramfs, and behind it one with the benchmark's program: Linux unpacks both. */
function initramfs(demo: string): string {
  const path = join(ROOT, OUT, "initramfs.cpio.gz");
  const entries = [directory("dev"), characterDevice("dev/kmsg", ...KMSG), program("bench-init", readFileSync(assemble("init", INIT_ADDRESS)))];
  writeAtomically(path, Buffer.concat([readFileSync(demo), gzipSync(cpio(entries))]));
  return path;
}

/** QEMU with each load of the plan in memory where the hypervisor would copy it to. */
function bareArguments({ plan, deviceTrees }: BenchSystem, kernel: string, initrd: string): string[] {
  const tree = join(ROOT, OUT, "linux.dtb");
  writeAtomically(tree, compileTree(deviceTrees.get(PARTITION) ?? ""));
  const loads = plan.partitions[0]?.loads ?? [];
  const place = (name: PlannedLoad["name"]): number => {
    const load = loads.find((each) => each.name === name);
    if (load === undefined) throw new BenchError("figure-missing", `the plan of Linux has no ${name}`);
    return load.ipa;
  };
  const files: readonly (readonly [PlannedLoad["name"], string])[] = [["image", kernel], ["initrd", initrd], ["device tree", tree]];
  const loaders = files.flatMap(([name, file]) => ["-device", `loader,force-raw=on,addr=0x${place(name).toString(16)},file=${file}`]);
  const boot = assemble("boot-linux", BOOT_ADDRESS, { KERNEL: place("image"), DEVICE_TREE: place("device tree") });
  return [...BARE_MACHINE, "-kernel", boot, ...loaders];
}

export interface LinuxFigures {
  readonly version: string;
  /** Virtual seconds. */
  readonly bare: number;
  readonly hosted: number;
}

export async function measureLinux(progress: (line: string) => void): Promise<LinuxFigures> {
  const { kernel, initramfs: demo, version } = await ensureLinux(progress);
  const initrd = initramfs(demo);
  const system = await buildSystem("linux", systemOf(kernel, initrd));
  const run = async (machineArguments: readonly string[], plan?: Plan): Promise<number> =>
    parseLinux(await runGuest({ machineArguments, plan, lastLine: LAST_LINE }));
  progress("Linux without a hypervisor …");
  const bare = await run(bareArguments(system, kernel, initrd));
  progress("Linux in a partition …");
  const hosted = await run(system.machineArguments, system.plan);
  return { version, bare, hosted };
}
