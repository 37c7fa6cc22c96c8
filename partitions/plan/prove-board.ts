// Proves of a finished plan what it says of the board, and of its pCPUs.
import { ofPlan } from "../isas.ts";
import type { Plan } from "./plan.ts";
import { inRange } from "./prove-range.ts";
import { breaks, collisions, isBetween } from "./violation.ts";
import type { Claim, Violation } from "./violation.ts";

const PAGE_BYTES = 4096;
const UART_BYTES = 0x1000;
/** What the hypervisor maps at VA = PA lies below its window to linear memory. */
const PA_END = 2 ** 38;

export function platformClaims(plan: Plan): Claim[] {
  const { watchdog } = plan;
  const uartPage = Math.floor(plan.uart.address / PAGE_BYTES) * PAGE_BYTES;
  return [
    { from: uartPage, to: uartPage + UART_BYTES, by: "the hypervisor's UART" },
    ...(watchdog === null ? [] : [{ from: watchdog.address, to: watchdog.address + PAGE_BYTES, by: "the board's watchdog" }]),
    ...ofPlan(plan).controllerClaims(plan),
  ];
}

/** All of it in one bank, and nothing of it firmware's. */
export const isFreeRam = ({ ram, reserved }: Plan, { from, to }: Pick<Claim, "from" | "to">): boolean =>
  ram.some(({ base, size }) => base <= from && to <= base + size) &&
  !reserved.some(({ base, size }) => from < base + size && base < to);

export function proveBoard(plan: Plan): Violation[] {
  const { image, ram, cache, tickMicroseconds, telemetryMilliseconds, healthyMicroseconds, commitMicroseconds } = plan;
  const banks = ram.map(({ base, size }) => ({ from: base, to: base + size, by: "a bank of RAM" }));
  const devices = platformClaims(plan);
  const odd = ({ from, to }: Claim): boolean =>
    from % PAGE_BYTES !== 0 || to % PAGE_BYTES !== 0 || to <= from || to > PA_END;
  return [
    ...(isFreeRam(plan, { from: image.base, to: image.base + image.size })
      ? []
      : [breaks("imagePlace", "the image is not in RAM that firmware leaves")]),
    ...banks.filter(odd).map(({ from }) => breaks("ram", `the RAM at 0x${from.toString(16)} cannot be`)),
    ...collisions(banks).map((reason) => breaks("ram", reason)),
    ...devices.filter((each) => odd(each) || each.from === 0).map(({ by }) => breaks("frames", `${by} cannot be there`)),
    ...collisions([...banks, ...devices]).map((reason) => breaks("frames", reason)),
    ...ofPlan(plan).proveMachine(plan),
    ...inRange(plan, "Header", "uartShift", plan.uart.shift),
    ...inRange(plan, "Header", "watchdogTop", plan.watchdog?.top ?? 0),
    ...inRange(plan, "Header", "ipaBits", plan.ipaBits),
    ...inRange(plan, "Header", "tickMicroseconds", tickMicroseconds),
    ...inRange(plan, "Header", "telemetryMilliseconds", telemetryMilliseconds),
    ...inRange(plan, "Header", "healthyMicroseconds", healthyMicroseconds),
    ...inRange(plan, "Header", "commitMicroseconds", commitMicroseconds),
    ...inRange(plan, "Header", "colourCount", cache.colours),
    ...(Number.isInteger(Math.log2(cache.colours)) ? [] : [breaks("colourCount", `${cache.colours} colours`)]),
  ];
}

export function proveCpus(plan: Plan): Violation[] {
  const wrong: Violation[] = [];
  plan.cpus.forEach(({ partition, vcpu }, cpu) => {
    const owners = plan.partitions.flatMap(({ cpus }, index) => (cpus.includes(cpu) ? [index] : []));
    if (owners.length > 1) wrong.push(breaks("cpuOnce", `pCPU ${cpu} is in ${owners.length} partitions`));
    if ((owners[0] ?? null) !== partition) wrong.push(breaks("cpuKnows", `pCPU ${cpu} does not know its partition`));
    if (partition !== null && plan.partitions[partition]?.cpus[vcpu] !== cpu)
      wrong.push(breaks("cpuKnows", `pCPU ${cpu} does not know its vCPU`));
  });
  for (const { name, cpus } of plan.partitions) {
    if (cpus.length === 0) wrong.push(breaks("cpuThere", `the pCPUs of ${name} are not a set`));
    if (new Set(cpus).size !== cpus.length) wrong.push(breaks("cpuOnce", `the pCPUs of ${name} are not a set`));
    if (cpus.some((cpu) => cpu < 0 || cpu >= plan.cpus.length))
      wrong.push(breaks("cpuThere", `${name} has a pCPU that is not there`));
  }
  return [...wrong, ...ofPlan(plan).proveIds(plan), ...proveHousekeeper(plan)];
}

function proveHousekeeper(plan: Plan): Violation[] {
  const { housekeeper, cpus, partitions } = plan;
  const owner = partitions.find((partition) => partition.cpus.includes(housekeeper));
  const wrong: Violation[] = [];
  if (!isBetween(housekeeper, 0, cpus.length - 1)) wrong.push(breaks("housekeeper", "the housekeeper is not there"));
  if (owner?.direct === true && !ofPlan(plan).DIRECT_KEEPS_HOUSE)
    wrong.push(
      breaks("housekeeper", `${owner.name} has direct interrupts, so its pCPU ${housekeeper} cannot keep house`),
    );
  if (owner !== undefined && owner.bandwidth !== null)
    wrong.push(breaks("housekeeper", `${owner.name} has a bandwidth, and its pCPU ${housekeeper} keeps house`));
  if (owner !== undefined && ofPlan(plan).seesHypervisor(plan, owner))
    wrong.push(breaks("housekeeper", `${owner.name} has the PMU of pCPU ${housekeeper}, which keeps house and counts it`));
  return wrong;
}
