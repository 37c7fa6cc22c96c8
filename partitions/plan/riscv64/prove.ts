// Proves of a finished plan what it says of RISC-V: AIA, harts, each partition's interrupt files.
import type { PlannedPartition, Riscv64Plan, Riscv64PlannedPartition } from "../plan.ts";
import { inRange } from "../prove-range.ts";
import { breaks, claim } from "../violation.ts";
import type { Claim, Violation } from "../violation.ts";

const PAGE_BYTES = 4096;
const APLIC_BYTES = 0x4000;
const PLIC_BYTES = 0x210000;
const FILE_STEP = 64;
const HARTS_END = 2 ** 14;

const fileOf = ({ imsic }: Riscv64Plan, hart: number): number => imsic.base + hart * imsic.stride;

export const controllerClaims = (plan: Riscv64Plan): Claim[] => [
  claim(plan.aplic.base, APLIC_BYTES, "the APLIC"),
  ...plan.cpus.map(({ hart, guestFiles }) =>
    claim(fileOf(plan, hart), (1 + guestFiles) * PAGE_BYTES, `the interrupt files of hart ${hart}`),
  ),
];

export function proveMachine(plan: Riscv64Plan): Violation[] {
  const { imsic, aplic, cpus, counterHz } = plan;
  return [
    ...inRange(plan, "Machine", "imsicShift", Math.log2(imsic.stride)),
    ...inRange(plan, "Machine", "sources", aplic.sources),
    ...inRange(plan, "Machine", "timebase", counterHz),
    ...inRange(plan, "Machine", "identities", imsic.identities),
    ...((imsic.identities + 1) % FILE_STEP === 0 ? [] : [breaks("identities", `a file has ${imsic.identities} identities`)]),
    ...cpus.flatMap(({ hart, guestFiles }) => [
      ...inRange(plan, "Cpu", "guestFiles", guestFiles),
      ...((1 + guestFiles) * PAGE_BYTES <= imsic.stride
        ? []
        : [breaks("frames", `the files of hart ${hart} are over those of the next one`)]),
    ]),
  ];
}

export function proveIds({ cpus }: Riscv64Plan): Violation[] {
  const odd = cpus.filter(({ hart }) => !Number.isInteger(hart) || hart < 0 || hart >= HARTS_END);
  return [
    ...odd.map(({ hart }) => breaks("hartNumber", `there can be no hart ${hart}`)),
    ...(new Set(cpus.map(({ hart }) => hart)).size === cpus.length ? [] : [breaks("cpuApart", "two pCPUs are one hart")]),
  ];
}

/** Counters count HS, too. */
export const seesHypervisor = (_: Riscv64Plan, { pmu }: PlannedPartition): boolean => pmu;

export const LINE = "source";
export const UART = "16550";
export const LINE_TITLE = "source";
export const CPU_TITLE = "hart";
export const cpuId = ({ hart }: Riscv64Plan["cpus"][number]): string => String(hart);
export const lineName = (source: number): string => `source ${source}`;
/** A hart's own file has an identity for it, besides the kick's. */
export const isLine = ({ aplic, imsic }: Riscv64Plan, source: number): boolean =>
  source >= 1 && source <= aplic.sources && source < imsic.identities;

export const provePrivate = (): Violation[] => [];
export const windowClaims = (_: Riscv64Plan, { aplic, plic }: Riscv64PlannedPartition): Claim[] => [
  ...(aplic === 0 ? [] : [claim(aplic, APLIC_BYTES, "APLIC")]),
  ...(plic === 0 ? [] : [claim(plic, PLIC_BYTES, "PLIC")]),
];

/** Nothing measures it. */
export const proveCounter = (_: Riscv64Plan, { name }: PlannedPartition): Violation[] => [
  breaks("bandwidth", `nobody notices when the budget of ${name} is used up`),
];

/** With direct interrupts it has guest file 1 of each of its harts, and no other file, and no PLIC; else none, and no APLIC. */
export function proveController(plan: Riscv64Plan, partition: Riscv64PlannedPartition): Violation[] {
  const { name, direct, cpus, regions, aplic, plic } = partition;
  const files = regions.filter(({ kind }) => kind === "interface");
  const harts = direct ? cpus.flatMap((cpu) => plan.cpus[cpu] ?? []) : [];
  const isRight = ({ pa, size }: (typeof files)[number]): boolean =>
    size === PAGE_BYTES && harts.some(({ hart }) => pa === fileOf(plan, hart) + PAGE_BYTES);
  const hasOneEach = files.length === harts.length && new Set(files.map(({ pa }) => pa)).size === harts.length;
  return [
    ...(hasOneEach && files.every(isRight) ? [] : [breaks("interface", `${name} has not its interrupt files`)]),
    ...(harts.every(({ guestFiles }) => guestFiles > 0)
      ? []
      : [breaks("interface", `${name} has direct interrupts on a hart that has no file for guests`)]),
    ...(direct || aplic === 0 ? [] : [breaks("windows", `${name} has an APLIC, and no files that its messages could go to`)]),
    ...(direct && plic !== 0 ? [breaks("windows", `${name} has a PLIC, and its sources go to its files`)] : []),
  ];
}
