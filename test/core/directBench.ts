// Systems with a direct partition in place of the standard one's PLC, and what its guests do by habit.
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import type { Board } from "../../tools/machine/aarch64/board.ts";
import { INTID_SPURIOUS } from "../../tools/machine/aarch64/gic/registers.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { SystemSpec } from "../../tools/machine/aarch64/system.ts";
import { Bench } from "./bench.ts";
import { CPU_ON_64 } from "./functions.ts";

const DIRECT_PLC = { ...PLC, direct: true };
/** Partition 1 is direct, on pCPU 3. */
export const DIRECT: SystemSpec = { ...STANDARD, partitions: [LINUX, DIRECT_PLC] };
/** The same with two vCPUs, on pCPUs 3 and 2. */
export const DIRECT_TWO: SystemSpec = { ...STANDARD, housekeeper: 0, partitions: [LINUX, { ...DIRECT_PLC, cpus: [3, 2] }] };
/** IPA of its memory. */
export const DIRECT_RAM = 0x4000_0000n;

/** Both vCPUs on, their interrupt controllers open. */
export function startTwo(board: Board = qemuVirt): Bench {
  const bench = new Bench({ ...DIRECT_TWO, board });
  bench.openInterrupts(3).hvc(CPU_ON_64, 1, DIRECT_RAM, 0);
  bench.machine.settle();
  bench.openInterrupts(2);
  bench.machine.settle();
  return bench;
}

/** Takes everything that comes, as an interrupt handler would: the INTIDs. */
export function takeAll(from: Guest): number[] {
  const taken: number[] = [];
  for (let intid = from.acknowledge(); intid !== INTID_SPURIOUS; intid = from.acknowledge()) {
    taken.push(intid);
    from.endOfInterrupt(intid);
  }
  return taken;
}

/** ICC_SGI1R_EL1 */
export const sgi = (intid: number, targets: number, rest = 0n): bigint => (BigInt(intid) << 24n) | BigInt(targets) | rest;
