// Proves of a finished plan what it says of the board, and of its pCPUs.
import type { FieldRange } from "../blob/field.ts";
import { layoutOf } from "../blob/isas.ts";
import type { Plan } from "./plan.ts";
import { breaks, collisions, isBetween } from "./violation.ts";
import type { Claim, Violation } from "./violation.ts";

const PAGE_BYTES = 4096;
const GICD_BYTES = 0x10000;
const GICD_BYTES_V2 = 0x1000;
const GICR_BYTES = 0x20000;
/** GICC, GICV; GICH too: its second page shows what every pCPU's is (GIC-400). */
const INTERFACE_BYTES = 0x2000;
const UART_BYTES = 0x1000;
const SPI_WORD = 32;
const LAST_SPI_END = 1020;
/** What the hypervisor maps at VA = PA lies below its window to linear memory. */
const PA_END = 2 ** 38;
/** Aff3, and Aff2 to Aff0. */
const AFFINITY_HIGH_END = 2 ** 40;
const AFFINITY_GAP = [2 ** 24, 2 ** 32] as const;

/** What the blob's layout says that a field can hold. */
export function rangeOf(record: string, field: string): FieldRange {
  const { header, machine, records } = layoutOf("aarch64");
  const layout = [header, machine, ...records].find(({ name }) => name === record);
  const range = layout?.fields.find(({ name }) => name === field)?.range;
  if (range === undefined) throw new RangeError(`field ${field} of ${record} has no range`);
  return range;
}

/** A value as it will stand in that field. */
export function inRange(record: string, field: string, value: number, whose = ""): Violation[] {
  const { promise, least, most, orNone } = rangeOf(record, field);
  const fits = Number.isInteger(value) && (isBetween(value, least, most) || (orNone === true && value === 0));
  return fits ? [] : [breaks(promise, `${field}${whose} is ${value}`)];
}

export const platformClaims = ({ gic, cpus, uart }: Plan): Claim[] => {
  const claim = (from: number, size: number, part: string): Claim => ({ from, to: from + size, by: part });
  const { cpuInterface } = gic;
  const parts =
    cpuInterface === null
      ? cpus.map(({ gicr }, cpu) => claim(gicr, GICR_BYTES, `the physical GICR of pCPU ${cpu}`))
      : [
          claim(cpuInterface.gicc, INTERFACE_BYTES, "the physical GICC"),
          claim(cpuInterface.gich, INTERFACE_BYTES, "the physical GICH"),
          claim(cpuInterface.gicv, INTERFACE_BYTES, "the physical GICV"),
        ];
  const uartPage = Math.floor(uart.address / PAGE_BYTES) * PAGE_BYTES;
  return [
    claim(gic.gicd, cpuInterface === null ? GICD_BYTES : GICD_BYTES_V2, "the physical GICD"),
    claim(uartPage, UART_BYTES, "the hypervisor's UART"),
    ...parts,
  ];
};

export function proveBoard(plan: Plan): Violation[] {
  const { image, ram, gic, timers, pmu, cache, tickMicroseconds, telemetryMilliseconds } = plan;
  const banks = ram.map(({ base, size }) => ({ from: base, to: base + size, by: "a bank of RAM" }));
  const devices = platformClaims(plan);
  const odd = ({ from, to }: Claim): boolean =>
    from % PAGE_BYTES !== 0 || to % PAGE_BYTES !== 0 || to <= from || to > PA_END;
  const inRam = banks.some(({ from, to }) => from <= image.base && image.base + image.size <= to);
  const ppis = [timers.hypervisor, timers.virtual, timers.physical, gic.maintenance];
  if (pmu.interrupt !== 0) ppis.push(pmu.interrupt);
  const spiEnd = gic.spiLimit % SPI_WORD === 0 || gic.spiLimit === LAST_SPI_END;
  return [
    ...(inRam ? [] : [breaks("imagePlace", "the image is not in the board's RAM")]),
    ...banks.filter(odd).map(({ from }) => breaks("ram", `the RAM at 0x${from.toString(16)} cannot be`)),
    ...collisions(banks).map((reason) => breaks("ram", reason)),
    ...devices.filter((each) => odd(each) || each.from === 0).map(({ by }) => breaks("frames", `${by} cannot be there`)),
    ...collisions([...banks, ...devices]).map((reason) => breaks("frames", reason)),
    ...((gic.cpuInterface === null) === (gic.version === 3) ? [] : [breaks("frames", "the GIC has parts of another one")]),
    ...inRange("Machine", "gicVersion", gic.version),
    ...inRange("Header", "ipaBits", plan.ipaBits),
    ...inRange("Header", "tickMicroseconds", tickMicroseconds),
    ...inRange("Header", "telemetryMilliseconds", telemetryMilliseconds),
    ...inRange("Machine", "refillEvent", pmu.refillEvent),
    ...inRange("Machine", "busAccesses", pmu.busAccesses),
    ...inRange("Header", "colourCount", cache.colours),
    ...(Number.isInteger(Math.log2(cache.colours)) ? [] : [breaks("colourCount", `${cache.colours} colours`)]),
    ...inRange("Machine", "spiLimit", gic.spiLimit),
    ...(spiEnd ? [] : [breaks("spiLimit", `SPIs end in the middle of a register, at ${gic.spiLimit}`)]),
    ...ppis.flatMap((ppi) => inRange("Machine", "maintenance", ppi)),
    ...(new Set(ppis).size === ppis.length ? [] : [breaks("ownPpis", "one PPI is for two things")]),
  ];
}

export function proveCpus(plan: Plan): Violation[] {
  const wrong: Violation[] = [];
  plan.cpus.forEach(({ partition, vcpu, mpidr }, cpu) => {
    const owners = plan.partitions.flatMap(({ cpus }, index) => (cpus.includes(cpu) ? [index] : []));
    if (owners.length > 1) wrong.push(breaks("cpuOnce", `pCPU ${cpu} is in ${owners.length} partitions`));
    if ((owners[0] ?? null) !== partition) wrong.push(breaks("cpuKnows", `pCPU ${cpu} does not know its partition`));
    if (partition !== null && plan.partitions[partition]?.cpus[vcpu] !== cpu)
      wrong.push(breaks("cpuKnows", `pCPU ${cpu} does not know its vCPU`));
    if (mpidr >= AFFINITY_HIGH_END || isBetween(mpidr % AFFINITY_GAP[1], ...AFFINITY_GAP))
      wrong.push(breaks("affinity", `0x${mpidr.toString(16)} of pCPU ${cpu} is more than an affinity`));
  });
  for (const { name, cpus } of plan.partitions) {
    if (cpus.length === 0) wrong.push(breaks("cpuThere", `the pCPUs of ${name} are not a set`));
    if (new Set(cpus).size !== cpus.length) wrong.push(breaks("cpuOnce", `the pCPUs of ${name} are not a set`));
    if (cpus.some((cpu) => cpu < 0 || cpu >= plan.cpus.length))
      wrong.push(breaks("cpuThere", `${name} has a pCPU that is not there`));
  }
  if (new Set(plan.cpus.map(({ mpidr }) => mpidr)).size !== plan.cpus.length)
    wrong.push(breaks("cpuApart", "two pCPUs have one affinity"));
  if (plan.gic.cpuInterface !== null) {
    const interfaces = plan.cpus.map((cpu) => cpu.interface);
    wrong.push(...interfaces.flatMap((number) => inRange("Cpu", "interface", number)));
    if (new Set(interfaces).size !== interfaces.length)
      wrong.push(breaks("interfaceApart", "the pCPUs do not have a CPU interface each"));
  }
  return [...wrong, ...proveHousekeeper(plan)];
}

function proveHousekeeper({ housekeeper, cpus, partitions, pmu }: Plan): Violation[] {
  const owner = partitions.find((partition) => partition.cpus.includes(housekeeper));
  const wrong: Violation[] = [];
  if (!isBetween(housekeeper, 0, cpus.length - 1)) wrong.push(breaks("housekeeper", "the housekeeper is not there"));
  if (owner?.direct === true)
    wrong.push(
      breaks("housekeeper", `${owner.name} has direct interrupts, so its pCPU ${housekeeper} cannot keep house`),
    );
  if (owner !== undefined && owner.bandwidth !== null)
    wrong.push(breaks("housekeeper", `${owner.name} has a bandwidth, and its pCPU ${housekeeper} keeps house`));
  if (owner?.pmu === true && pmu.countsEl2 && !owner.countEl2)
    wrong.push(breaks("housekeeper", `${owner.name} has the PMU of pCPU ${housekeeper}, which keeps house and counts it`));
  return wrong;
}
