// A system of one partition on a board of one pCPU: its image, and how QEMU is that board. Several CPUs that count their
// instructions take turns in QEMU, so a path can only be measured on a machine that has one.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { blobSize, writeBlob } from "../../partitions/blob/write.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { alignUp, PAGE } from "../../partitions/units.ts";
import { ROOT, writeAtomically } from "../../tools/build/files.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { imageLayout, packImage } from "../../tools/build/pack.ts";
import { CORE } from "../../tools/build/programs.ts";
import { planFile } from "../../tools/plan/file.ts";
import { soundSystem } from "../../tools/plan/show.ts";
import { OUT } from "./programs.ts";

/** One instruction takes one ns of virtual time, and sleeping none of the real one. */
export const COUNTED_MACHINE = ["-cpu", "cortex-a53", "-smp", "1", "-m", "1024M", "-icount", "shift=0,sleep=off"];
export const BARE_MACHINE = ["-M", "virt,gic-version=3", ...COUNTED_MACHINE];
const HOSTED_MACHINE = ["-M", "virt,virtualization=on,gic-version=3", ...COUNTED_MACHINE];

export interface BenchSystem {
  readonly plan: Plan;
  /** Source of its device tree by partition name. */
  readonly deviceTrees: ReadonlyMap<string, string>;
  readonly machineArguments: readonly string[];
}

/** The board without all but its first pCPU, which then does the housekeeping too. */
function onOneCpu(plan: Plan): Plan {
  return { ...plan, cpus: plan.cpus.slice(0, 1), housekeeper: 0 };
}

/** `yaml`: a system whose only partition is on pCPU 0; paths in it are relative to the benchmark's folder of products. */
export async function buildSystem(name: string, yaml: string): Promise<BenchSystem> {
  const file = (suffix: string): string => join(ROOT, OUT, name + suffix);
  const core = readFileSync((await buildProgram(CORE)).binary);
  writeAtomically(file(".yaml"), yaml);
  const { plan: whole, loads, deviceTrees } = soundSystem(planFile(file(".yaml")));
  const open = onOneCpu(whole);
  const layout = imageLayout(core.length, blobSize(open), loads.map(({ length }) => length));
  const plan = { ...open, image: { ...open.image, size: alignUp(layout.total, PAGE) } };
  const image = packImage({
    core,
    blob: writeBlob(plan, layout.loadOffsets),
    uart: BigInt(plan.uart.address),
    loads: loads.map((data, index) => ({ data, size: data.length, offset: layout.loadOffsets[index] ?? 0 })),
  });
  writeAtomically(file(".bin"), image);
  return { plan, deviceTrees, machineArguments: [...HOSTED_MACHINE, "-kernel", file(".bin")] };
}
