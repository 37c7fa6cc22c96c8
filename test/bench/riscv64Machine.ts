// QEMU's board of RISC-V as a machine that counts: with the hypervisor and a system, or with something else that firmware starts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plan, Riscv64Plan } from "../../partitions/plan/plan.ts";
import { ROOT, writeAtomically } from "../../tools/build/files.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { CORE_RISCV64 } from "../../tools/build/programs.ts";
import { RISCV64 } from "../../tools/build/targets/riscv64.ts";
import { planFile } from "../../tools/plan/file.ts";
import { soundSystem } from "../../tools/plan/show.ts";
import { assemble, OUT } from "./programs.ts";
import { packPlan } from "./system.ts";

/** RAM that neither firmware nor hypervisor nor partition has. */
const BEGIN_ADDRESS = 0x9000_0000;

/** One hart, on which an instruction takes one ns, and sleeping no real time. -seed: each run has the same randomness. */
const MACHINE = [
  "-M", "virt,aia=aplic-imsic,aia-guests=1", "-cpu", "rv64", "-smp", "1", "-m", "1024M", "-icount", "shift=0,sleep=off",
  "-seed", "1", "-bios", RISCV64.emulator.firmware?.path ?? "",
];

/** A file, and where in memory it stands at the beginning. */
export type Loaded = readonly [address: number, file: string];

/** Firmware, and then what is at `address`, with that device tree or firmware's own; it says when that begins (begin.S). */
export function beginningAt(address: number, files: readonly Loaded[], tree?: number): string[] {
  const defines = { IMAGE: address, ...(tree !== undefined && { DEVICE_TREE: tree }) };
  const loaders = files.flatMap(([at, file]) => ["-device", `loader,force-raw=on,addr=0x${at.toString(16)},file=${file}`]);
  return [...MACHINE, "-kernel", assemble("begin", BEGIN_ADDRESS, { isa: "riscv64", defines, bare: true }), ...loaders];
}

export interface Riscv64BenchSystem {
  readonly plan: Riscv64Plan;
  /** Source of its device tree by partition name. */
  readonly deviceTrees: ReadonlyMap<string, () => string>;
  readonly machineArguments: readonly string[];
}

function riscv64Plan(plan: Plan): Riscv64Plan {
  if (plan.isa !== "riscv64") throw new Error(`${plan.board} is no board of RISC-V`);
  return plan;
}

/** On its one hart it keeps house, too. `yaml`: partitions, as in system.yaml; paths are relative to the folder of products. */
export async function buildRiscv64System(
  name: string, yaml: string, alter: (plan: Riscv64Plan) => Plan = (plan) => plan,
): Promise<Riscv64BenchSystem> {
  const file = (suffix: string): string => join(ROOT, OUT, `riscv64-${name}${suffix}`);
  writeAtomically(file(".yaml"), `board: qemu-riscv64\npartitions:${yaml}`);
  const core = readFileSync((await buildProgram(CORE_RISCV64)).binary);
  const { plan: whole, loads, deviceTrees } = soundSystem(planFile(file(".yaml")));
  const open = riscv64Plan(whole);
  const plan = packPlan(alter({ ...open, cpus: open.cpus.slice(0, 1), housekeeper: 0 }), core, loads, file(".bin"));
  const { base } = plan.image;
  return { plan: riscv64Plan(plan), deviceTrees, machineArguments: beginningAt(base, [[base, file(".bin")]]) };
}
