// Simulated machines of boards that are described: where RAM, GIC and UART are, which UART it is, how pCPUs are called, what
// they have of caches, PMU and address bits. What a description does not say is as QEMU's virt has it.
import { redistributorsOf } from "../../../boards/aarch64.ts";
import type { Aarch64Board as Description } from "../../../boards/schema.ts";
import { planUart } from "../../../partitions/plan/uart.ts";
import { qemuVirt } from "./board.ts";
import type { Board } from "./board.ts";
import { RESET } from "./registers.ts";

const FIRST_PPI = 16;
export const FIRST_SPI = 32;

/** ID_AA64MMFR0_EL1.PARange (bits 3…0): bits of a physical address. */
const PA_BITS = [32, 36, 40, 42, 44, 48, 52];
const PA_RANGE = 0xfn;
/** ID_AA64DFR0_EL1.PMUVer */
const PMU_VERSION_SHIFT = 8n;
const PMU_VERSION = 0xfn << PMU_VERSION_SHIFT;
// CLIDR_EL1.Ctype<n>, three bits for each level from bit 0 on; what is above those says where caches become one.
const CTYPES = 0x1f_ffffn;
const CTYPE_BITS = 3;
const CTYPE = { instruction: 1, data: 2, unified: 4 } as const;
/** Sets that CCSIDR_EL1.NumSets can say, without FEAT_CCIDX. */
const SETS_MAX = 2 ** 15;
const LINE_SHIFT_LEAST = 4;

type Caches = Extract<Description["cpus"]["caches"], readonly unknown[]>;

/**
 * CLIDR_EL1, and CCSIDR_EL1 by CSSELR_EL1 (DDI 0487, D17.2.23, D17.2.25):
 *
 *   CCSIDR_EL1   27          13 12          3 2            0
 *               │  sets - 1    │  ways - 1   │ log2 line - 4 │    CSSELR_EL1: 2 · (level - 1), + 1 of instructions
 */
function cachesOf(all: Caches): Pick<Board, "caches"> & { readonly clidr: bigint } {
  const caches: bigint[] = [];
  let types = 0;
  for (const { level, kind, sets, ways, line } of all) {
    types |= CTYPE[kind] << (CTYPE_BITS * (level - 1));
    const geometry = ((Math.min(sets, SETS_MAX) - 1) << 13) | ((ways - 1) << 3) | (Math.log2(line) - LINE_SHIFT_LEAST);
    caches[2 * (level - 1) + (kind === "instruction" ? 1 : 0)] = BigInt(geometry >>> 0);
  }
  return { caches, clidr: (RESET.CLIDR_EL1 & ~CTYPES) | BigInt(types) };
}

/** What a pCPU says of itself. */
function identityOf({ cpus }: Description): Pick<Board, "caches" | "registers"> {
  const { caches, clidr } = Array.isArray(cpus.caches) ? cachesOf(cpus.caches) : { caches: undefined, clidr: RESET.CLIDR_EL1 };
  const range = PA_BITS.findLastIndex((bits) => bits <= cpus.pa_bits);
  return {
    ...(caches && { caches }),
    registers: {
      CLIDR_EL1: clidr,
      ID_AA64MMFR0_EL1: (RESET.ID_AA64MMFR0_EL1 & ~PA_RANGE) | BigInt(range),
      ID_AA64DFR0_EL1: (RESET.ID_AA64DFR0_EL1 & ~PMU_VERSION) | (BigInt(cpus.pmu_version) << PMU_VERSION_SHIFT),
    },
  };
}

/**
 * Redistributors are in the order of affinities, from the highest one on. A board.yaml says where they are; whose one is, it says
 * itself. So the one that the plan has for a pCPU is mostly another's.
 */
export function machineOf(description: Description): Board {
  const { cpus, cluster, gic, timer, pmu, uart, watchdog, ram, reserved, boot } = description;
  const frames = redistributorsOf(gic, cpus.mpidr.length);
  const frame = (n: number): number => frames[n] ?? 0;
  const descending = cpus.mpidr.toSorted((a, b) => b - a);
  const { address, ...uartFacts } = planUart(uart);
  return {
    ...qemuVirt,
    ...identityOf(description),
    cluster: cluster === undefined ? "absent" : "writable",
    gicVersion: gic.version,
    gicd: gic.gicd,
    ...(gic.version === 2 && { gicc: gic.gicc, gich: gic.gich, gicv: gic.gicv }),
    spiLimit: FIRST_SPI + gic.spis,
    cpus: cpus.mpidr.map((mpidr, n) => ({ mpidr: BigInt(mpidr), gicr: frame(n), frame: frame(descending.indexOf(mpidr)) })),
    maintenance: FIRST_PPI + gic.maintenance,
    hypervisorTimer: FIRST_PPI + timer.hypervisor,
    virtualTimer: FIRST_PPI + timer.virtual,
    physicalTimer: FIRST_PPI + timer.physical,
    ...(typeof pmu === "number" && { pmuInterrupt: FIRST_PPI + pmu }),
    ...(typeof pmu === "object" && { pmuSpis: pmu.spis.map((spi) => FIRST_SPI + spi) }),
    uart: address,
    ...(watchdog && { watchdog: watchdog.reg, watchdogKind: watchdog.kind }),
    uartFacts,
    ram: ram.map(({ base, size }) => ({ pa: base, size })),
    reserved,
    devices: [],
    imageBase: boot.image,
  };
}
