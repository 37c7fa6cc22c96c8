// The machines that measure: QEMU as a board whose CPUs count their instructions, alone or with the hypervisor and a system.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { blobSize, uartOf, writeBlob } from "../../partitions/blob/write.ts";
import { placeInImage } from "../../partitions/plan/image.ts";
import { aarch64Plan } from "../aarch64.ts";
import type { Load } from "../../partitions/images/contents.ts";
import { isaOfPlan } from "../../partitions/plan/plan.ts";
import type { Aarch64Plan as Plan, Plan as AnyPlan } from "../../partitions/plan/plan.ts";
import { ROOT, writeAtomically } from "../../tools/build/files.ts";
import { coreMemory, imageLayout, packImage } from "../../tools/build/pack.ts";
import { planFile } from "../../tools/plan/file.ts";
import { soundSystem } from "../../tools/plan/show.ts";
import { measuredCore } from "./core.ts";
import { OUT } from "./programs.ts";

/** Version of the interrupt controller. */
export const GICS = [3, 2] as const;
export type Gic = (typeof GICS)[number];
export const BOARDS: Readonly<Record<Gic, string>> = { 3: "qemu-aarch64", 2: "qemu-aarch64-gicv2" };

/** As many pCPUs as the hypervisor has room for: the boards' own number is that of the PLCs. */
const ALL_CPUS = [0, 1, 2, 3, 4, 5, 6, 7];

/** That board with all of them, as one of a user's own: it stands beside the system's file. */
function boardWithAllCpus(gic: Gic): string {
  const read = (name: string): Record<string, unknown> =>
    parse(readFileSync(join(ROOT, "boards", name, "board.yaml"), "utf8")) as Record<string, unknown>;
  const { extends: _, ...board } = { ...read(BOARDS[3]), ...read(BOARDS[gic]) };
  const name = `all-cpus-gicv${gic}`;
  writeAtomically(
    join(ROOT, OUT, "boards", name, "board.yaml"),
    JSON.stringify({ ...board, name, cpus: { ...(board["cpus"] as object), mpidr: ALL_CPUS } }),
  );
  return name;
}

/** One instruction takes one ns of virtual time, and sleeping none of the real one. */
const counted = (cpus: number): string[] => [
  "-cpu",
  "cortex-a53",
  "-smp",
  String(cpus),
  "-m",
  "1024M",
  "-icount",
  "shift=0,sleep=off",
];
export const bareMachine = (gic: Gic): string[] => ["-M", `virt,gic-version=${gic}`, ...counted(1)];
const hostedMachine = (gic: Gic, cpus: number): string[] => ["-M", `virt,virtualization=on,gic-version=${gic}`, ...counted(cpus)];

export interface SystemRequest {
  /** Of its files. */
  readonly name: string;
  readonly gic: Gic;
  /**
   * The board has only its first pCPUs: each one more takes turns with the others. "all": as many as the hypervisor has
   * room for.
   */
  readonly cpus: number | "all";
  /** Its partitions and channels, as in system.yaml; paths are relative to the benchmark's folder of products. */
  readonly yaml: string;
  /** What no board of QEMU's has by itself. */
  readonly alter?: (plan: Plan) => AnyPlan;
}

export interface BenchSystem {
  readonly plan: Plan;
  /** Source of its device tree by partition name. */
  readonly deviceTrees: ReadonlyMap<string, () => string>;
  readonly machineArguments: readonly string[];
}

/**
 * Without the pCPUs that nobody needs; on the only one the housekeeping is done too. What is
 * measured is EL2, so the counters see it.
 */
function onFewer(plan: Plan, cpus: number): Plan {
  const partitions = plan.partitions.map((partition) => ({ ...partition, countEl2: partition.pmu }));
  return { ...plan, partitions, cpus: plan.cpus.slice(0, cpus), housekeeper: Math.min(plan.housekeeper, cpus - 1) };
}

export async function buildSystem(request: SystemRequest): Promise<BenchSystem> {
  const { name, gic, cpus: wanted, yaml, alter = (plan) => plan } = request;
  const cpus = wanted === "all" ? ALL_CPUS.length : wanted;
  const file = (suffix: string): string => join(ROOT, OUT, name + suffix);
  const core = readFileSync((await measuredCore()).binary);
  writeAtomically(file(".yaml"), `board: ${wanted === "all" ? boardWithAllCpus(gic) : BOARDS[gic]}\n${yaml}`);
  const { plan: whole, loads, deviceTrees } = soundSystem(planFile(file(".yaml")));
  const open = alter(onFewer(aarch64Plan(whole), cpus));
  const plan = packPlan(open, core, loads, file(".bin"));
  return { plan: aarch64Plan(plan), deviceTrees, machineArguments: [...hostedMachine(gic, cpus), "-kernel", file(".bin")] };
}

/** Writes the image of a plan, of that core and what its partitions load, to `file`; the plan as it is in there. */
export function packPlan(open: AnyPlan, core: Uint8Array, loads: readonly Load[], file: string): AnyPlan {
  const isa = isaOfPlan(open);
  const size = blobSize(open);
  const layout = imageLayout(coreMemory(isa, core), size, loads.map(({ length }) => length));
  const plan = placeInImage(open, layout, size);
  const image = packImage({
    isa,
    core,
    blob: writeBlob(plan),
    uart: uartOf(plan),
    loads: loads.map((data, index) => ({ data, size: data.length, offset: layout.loadOffsets[index] ?? 0 })),
  });
  writeAtomically(file, image.bytes());
  return plan;
}
