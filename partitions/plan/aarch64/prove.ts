// Proves of a finished plan what it says of AArch64: GIC, timers, PMU; affinities and CPU interfaces; each partition's GIC.
import type {
  Aarch64Plan as Plan, Aarch64PlannedCpu as PlannedCpu, Aarch64PlannedPartition as PlannedPartition,
} from "../plan.ts";
import { inRange } from "../prove-range.ts";
import { breaks, claim, isBetween } from "../violation.ts";
import type { Claim, Violation } from "../violation.ts";

const PAGE_BYTES = 4096;
const GICD_BYTES = 0x10000;
const GICD_BYTES_V2 = 0x1000;
const GICR_BYTES = 0x20000;
/** GICC, GICV; GICH too: its second page shows what every pCPU's is (GIC-400). */
const INTERFACE_BYTES = 0x2000;
const SPI_WORD = 32;
const FIRST_SPI = 32;
const LAST_SPI_END = 1020;
/** Aff3, and Aff2 to Aff0. */
const AFFINITY_HIGH_END = 2 ** 40;
const AFFINITY_GAP = [2 ** 24, 2 ** 32] as const;

const gicdBytes = ({ gic }: Plan): number => (gic.cpuInterface === null ? GICD_BYTES : GICD_BYTES_V2);

export function controllerClaims(plan: Plan): Claim[] {
  const { gic, cpus } = plan;
  const { cpuInterface } = gic;
  const parts =
    cpuInterface === null
      ? cpus.map(({ gicr }, cpu) => claim(gicr, GICR_BYTES, `the physical GICR of pCPU ${cpu}`))
      : [
          claim(cpuInterface.gicc, INTERFACE_BYTES, "the physical GICC"),
          claim(cpuInterface.gich, INTERFACE_BYTES, "the physical GICH"),
          claim(cpuInterface.gicv, INTERFACE_BYTES, "the physical GICV"),
        ];
  return [claim(gic.gicd, gicdBytes(plan), "the physical GICD"), ...parts];
}

export function proveMachine(plan: Plan): Violation[] {
  const { gic, timers, pmu } = plan;
  const ppis = [timers.hypervisor, timers.virtual, timers.physical, gic.maintenance];
  const pmuIsFree = ({ pmuInterrupt: own }: PlannedCpu): boolean =>
    own < FIRST_SPI ? !ppis.includes(own) : isLine(plan, own);
  const spiEnd = gic.spiLimit % SPI_WORD === 0 || gic.spiLimit === LAST_SPI_END;
  return [
    ...((gic.cpuInterface === null) === (gic.version === 3) ? [] : [breaks("frames", "the GIC has parts of another one")]),
    ...inRange(plan, "Machine", "gicVersion", gic.version),
    ...inRange(plan, "Machine", "refillEvent", pmu.refillEvent),
    ...inRange(plan, "Machine", "busAccesses", pmu.busAccesses),
    ...inRange(plan, "Machine", "spiLimit", gic.spiLimit),
    ...(spiEnd ? [] : [breaks("spiLimit", `SPIs end in the middle of a register, at ${gic.spiLimit}`)]),
    ...ppis.flatMap((ppi) => inRange(plan, "Machine", "maintenance", ppi)),
    ...(new Set(ppis).size === ppis.length ? [] : [breaks("ownPpis", "one PPI is for two things")]),
    ...plan.cpus.flatMap(({ pmuInterrupt }) => inRange(plan, "Cpu", "pmuInterrupt", pmuInterrupt)),
    ...(plan.cpus.every(pmuIsFree) ? [] : [breaks("pmuInterrupt", "a PMU has an interrupt that is another one's, or nobody's")]),
  ];
}

export function proveIds(plan: Plan): Violation[] {
  const { cpus, gic } = plan;
  const odd = ({ mpidr }: { readonly mpidr: number }): boolean =>
    mpidr >= AFFINITY_HIGH_END || isBetween(mpidr % AFFINITY_GAP[1], ...AFFINITY_GAP);
  const wrong = cpus.flatMap((planned, cpu) =>
    odd(planned) ? [breaks("affinity", `0x${planned.mpidr.toString(16)} of pCPU ${cpu} is more than an affinity`)] : [],
  );
  if (new Set(cpus.map(({ mpidr }) => mpidr)).size !== cpus.length)
    wrong.push(breaks("cpuApart", "two pCPUs have one affinity"));
  if (gic.cpuInterface === null) return wrong;
  const interfaces = cpus.map((cpu) => cpu.interface);
  wrong.push(...interfaces.flatMap((number) => inRange(plan, "Cpu", "interface", number)));
  if (new Set(interfaces).size !== interfaces.length)
    wrong.push(breaks("interfaceApart", "the pCPUs do not have a CPU interface each"));
  return wrong;
}

/** It has a PMU that counts the hypervisor, and is not meant to see that. */
export const seesHypervisor = ({ pmu }: Plan, partition: PlannedPartition): boolean =>
  partition.pmu && pmu.countsEl2 && !partition.countEl2;

/** What a line that a partition can own is called, and one by its number. */
export const LINE = "SPI";
export const UART = "PL011";
export const LINE_TITLE = "INTID";
export const CPU_TITLE = "MPIDR";
export const cpuId = ({ mpidr }: PlannedCpu): string => `0x${mpidr.toString(16)}`;
export const lineName = (intid: number): string => `INTID ${intid}`;
export const isLine = ({ gic }: Plan, intid: number): boolean => intid >= FIRST_SPI && intid < gic.spiLimit;

const pmusOf = (plan: Plan, cpus: readonly number[]): number[] => cpus.map((cpu) => plan.cpus[cpu]?.pmuInterrupt ?? 0);

/** PPIs are each pCPU's own, and so its partition's: timers, which everybody has, and the PMU's. */
export function provePrivate(plan: Plan, { name, ppis, pmu, cpus }: PlannedPartition): Violation[] {
  const timers = [plan.timers.virtual, plan.timers.physical];
  const allowed = pmu ? [...timers, ...pmusOf(plan, cpus).filter((intid) => intid !== 0)] : timers;
  return [
    ...(timers.every((timer) => ppis.includes(timer))
      ? []
      : [breaks("ppis", `${name} does not own the timers of its pCPUs`)]),
    ...(ppis.some((ppi) => !allowed.includes(ppi)) ? [breaks("ppis", `${name} has a PPI that is not for it`)] : []),
  ];
}

/** Its budget's end is noticed by the PMU's interrupt, which nobody else has. */
export function proveCounter(plan: Plan, { name, cpus, ppis, pmu: isOwn }: PlannedPartition): Violation[] {
  const pmus = pmusOf(plan, cpus);
  const lines = plan.partitions.flatMap(({ interrupts }) => interrupts.map(({ intid }) => intid));
  const spis = plan.cpus.map(({ pmuInterrupt }) => pmuInterrupt).filter((intid) => intid >= FIRST_SPI);
  const isShared = pmus.some((intid) => lines.includes(intid) || spis.indexOf(intid) !== spis.lastIndexOf(intid));
  return [
    ...(pmus.includes(0) ? [breaks("bandwidth", `nobody notices when the budget of ${name} is used up`)] : []),
    ...(isOwn || pmus.some((intid) => ppis.includes(intid))
      ? [breaks("bandwidth", `${name} has a bandwidth, and the PMU that measures it`)]
      : []),
    ...(isShared ? [breaks("pmuInterrupt", `the PMU that measures ${name} has an interrupt of somebody else`)] : []),
  ];
}

export const windowClaims = (plan: Plan, { gicd, gicr, cpus }: PlannedPartition): Claim[] => [
  claim(gicd, gicdBytes(plan), "GICD"),
  ...(gicr === null ? [] : [claim(gicr, GICR_BYTES * cpus.length, "GICR")]),
];

/** Its emulated GIC; and the window to a GICv2's CPU interface: the virtual one, or the physical one of who is direct. */
export function proveController({ gic }: Plan, partition: PlannedPartition): Violation[] {
  const { name, regions, direct, gicr, trustedSgi } = partition;
  const windows = regions.filter(({ kind }) => kind === "interface");
  const wanted = gic.cpuInterface === null ? [] : [direct ? gic.cpuInterface.gicc : gic.cpuInterface.gicv];
  // GICC's second page is GICC_DIR, by which anybody's interrupt could be deactivated.
  const size = direct ? PAGE_BYTES : INTERFACE_BYTES;
  const right =
    windows.length === wanted.length && windows.every((window, n) => window.pa === wanted[n] && window.size === size);
  return [
    ...((gicr === null) === (gic.version === 2) ? [] : [breaks("windows", `${name} has a GIC of another version`)]),
    ...(right ? [] : [breaks("interface", `${name} has not its CPU interface`)]),
    ...(trustedSgi && (!direct || gic.version === 2)
      ? [breaks("flags", `${name} is trusted with SGIs that it does not send by itself`)]
      : []),
  ];
}
