// The board as AArch64 plans it: GIC, timers, PMU, pCPUs; and which interrupt of it a number of a device tree is.
import { redistributorsOf } from "../../../boards/aarch64.ts";
import type { Aarch64Board as Board } from "../../../boards/schema.ts";
import type { Aarch64Profile as Profile } from "../../../rtos-guests/profiles/schema.ts";
import { bandwidthUnwired } from "../../diagnostics/catalogue.ts";
import type { Problem } from "../../diagnostics/diagnostic.ts";
import type { Lines } from "../lines.ts";
import type { Aarch64Cpu, Aarch64Machine, Aarch64Partition } from "./plan.ts";
import { FIRST_PPI, FIRST_SPI } from "./sizes.ts";

/** PMUv3p5: MDCR_EL2.HPMD and HCCD leave events and cycles of EL2 out. */
const PMU_LEAVES_EL2_OUT = 6;

const intid = (ppi: number): number => FIRST_PPI + ppi;

/** Of pCPU `cpu`'s PMU; 0: it is not wired. */
function pmuIntid(pmu: number | { readonly spis: readonly number[] } | undefined, cpu: number): number {
  if (typeof pmu === "number") return intid(pmu);
  const spi = pmu?.spis[cpu];
  return spi === undefined ? 0 : FIRST_SPI + spi;
}

/** `line`: bytes of one of the shared cache. */
export function planMachine(board: Board, line: number): Aarch64Machine {
  const { gic, timer, cpus } = board;
  return {
    gic: {
      gicd: gic.gicd,
      version: gic.version,
      cpuInterface: gic.version === 2 ? { gicc: gic.gicc, gich: gic.gich, gicv: gic.gicv } : null,
      spiLimit: FIRST_SPI + gic.spis,
      maintenance: intid(gic.maintenance),
    },
    counterHz: board.counter_hz ?? null,
    timers: { hypervisor: intid(timer.hypervisor), virtual: intid(timer.virtual), physical: intid(timer.physical) },
    pmu: {
      refillEvent: cpus.refill_event,
      // PMU event 0x19: so many bring a line.
      busAccesses: cpus.bus_bytes === undefined ? 0 : line / cpus.bus_bytes,
      countsEl2: countsHypervisor(board),
    },
  };
}

export const pcpuCount = (board: Board): number => board.cpus.mpidr.length;

export const planCpu = ({ cpus, gic, pmu }: Board, cpu: number): Aarch64Cpu => ({
  mpidr: cpus.mpidr[cpu] ?? 0,
  gicr: redistributorsOf(gic, cpus.mpidr.length)[cpu] ?? 0,
  interface: gic.version === 2 ? cpu : 0,
  pmuInterrupt: pmuIntid(pmu, cpu),
});

export const countsHypervisor = (board: Board): boolean => board.cpus.pmu_version < PMU_LEAVES_EL2_OUT;
/** INTIDs of the PMUs of these pCPUs, where they are SPIs. */
export const pmuLines = ({ pmu }: Board, cpus: readonly number[]): number[] =>
  typeof pmu === "object" ? cpus.map((cpu) => FIRST_SPI + (pmu.spis[cpu] ?? 0)) : [];
/** Why what `bandwidth` limits cannot be measured. */
export function refillsProblem({ name, pmu }: Board): Problem | undefined {
  return pmu === undefined ? bandwidthUnwired(name) : undefined;
}
export const wayGroups = (board: Board): number => board.cluster?.way_groups ?? 0;

/** SPIs. Virtual INTID == physical INTID: a guest sees a device's under its own number. */
export const linesOf = (board: Board): Lines => ({
  of: (spi) => FIRST_SPI + spi,
  uartNumber: board.uart.spi,
  uart: FIRST_SPI + board.uart.spi,
  firstSpare: FIRST_SPI + board.spare_spis[0],
  spares: board.spare_spis[1] - board.spare_spis[0] + 1,
});

/** With 40 bits of IPA stage 2 begins with two tables, one behind the other; they are aligned, which may waste another. */
export const ROOT_TABLES = 3;
/** Its physical interrupts are all the guest's. */
export const DIRECT_KEEPS_HOUSE = false;

/** That of the benchmark alone counts EL2. */
export const planCounting = (): Pick<Aarch64Partition, "countEl2"> => ({ countEl2: false });
export const planTrust = (trustedSgi: boolean, profile: Profile): Pick<Aarch64Partition, "trustedSgi" | "probesPriority"> => ({
  trustedSgi,
  probesPriority: profile.probes_priority,
});

/** Both EL1 timers, as guests differ in which one they use; and the PMU's interrupt with the PMU. */
export function planPrivate({ timer, pmu }: Board, hasPmu: boolean): { readonly ppis: readonly number[] } {
  const ppis = [timer.virtual, timer.physical];
  if (hasPmu && typeof pmu === "number") ppis.push(pmu);
  return { ppis: ppis.map(intid).sort((a, b) => a - b) };
}
