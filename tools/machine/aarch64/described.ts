// Simulated machines with the maps of boards that are described: where RAM, GIC and UART are, which UART it is, how pCPUs are
// called. What a description does not say is as QEMU's virt has it.
import type { Board as Description } from "../../../boards/schema.ts";
import { planUart } from "../../../partitions/plan/uart.ts";
import { qemuVirt } from "./board.ts";
import type { Board } from "./board.ts";

const FIRST_PPI = 16;
export const FIRST_SPI = 32;

/**
 * Redistributors are in the order of affinities, from the highest one on. A board.yaml says where they are; whose one is, it says
 * itself. So the one that the plan has for a pCPU is mostly another's.
 */
export function machineOf({ cpus, gic, timer, pmu, uart, ram, reserved, boot }: Description): Board {
  const frame = (n: number): number => (gic.version === 3 ? gic.gicr + n * gic.gicr_stride : 0);
  const descending = cpus.mpidr.toSorted((a, b) => b - a);
  const { address, ...uartFacts } = planUart(uart);
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
    ...(typeof pmu === "object" && { pmuSpis: pmu.spis.map((spi) => FIRST_SPI + spi) }),
    uart: address,
    uartFacts,
    ram: ram.map(({ base, size }) => ({ pa: base, size })),
    reserved,
    devices: [],
    imageBase: boot.image,
  };
}
