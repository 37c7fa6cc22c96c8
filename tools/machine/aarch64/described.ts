// Simulated machines with the maps of boards that are described: where RAM, GIC and UART are, how pCPUs are called. What a
// description does not say is as QEMU's virt has it.
import type { Board as Description } from "../../../boards/schema.ts";
import { qemuVirt } from "./board.ts";
import type { Board } from "./board.ts";

const FIRST_PPI = 16;
const FIRST_SPI = 32;

/** What of a description is of a machine's map. */
export type BoardMap = Pick<Description, "gic" | "timer" | "ram"> & {
  readonly cpus: Pick<Description["cpus"], "mpidr">;
  readonly uart: Pick<Description["uart"], "reg">;
  readonly boot: Pick<Description["boot"], "image">;
};

/**
 * Redistributors are in the order of affinities, from the highest one on. A board.yaml says where they are; whose one is, it says
 * itself. So the one that the plan has for a pCPU is mostly another's.
 */
export function machineOf({ cpus, gic, timer, uart, ram, boot }: BoardMap): Board {
  const frame = (n: number): number => (gic.version === 3 ? gic.gicr + n * gic.gicr_stride : 0);
  const descending = cpus.mpidr.toSorted((a, b) => b - a);
  return {
    ...qemuVirt,
    gicVersion: gic.version,
    gicd: gic.gicd,
    ...(gic.version === 2 && { gicc: gic.gicc, gich: gic.gich, gicv: gic.gicv }),
    spiLimit: FIRST_SPI + gic.spis,
    cpus: cpus.mpidr.map((mpidr, n) => ({ mpidr: BigInt(mpidr), gicr: frame(n), frame: frame(descending.indexOf(mpidr)) })),
    maintenance: FIRST_PPI + gic.maintenance,
    hypervisorTimer: FIRST_PPI + timer.hypervisor,
    virtualTimer: FIRST_PPI + timer.virtual,
    physicalTimer: FIRST_PPI + timer.physical,
    uart: uart.reg,
    ram: ram.map(({ base, size }) => ({ pa: base, size })),
    devices: [],
    imageBase: boot.image,
  };
}
