// Proves of a finished plan that its partitions are disjoint and that each of them is well formed. It reads the plan
// only, and shares no code with what made it (not even the overlap test): two mistakes would have to agree to get by.
// Every plan goes through here before anything is built from it.
import type { Plan, PlannedPartition } from "./plan.ts";

const STAGE2_PAGE = 4096;
const EMULATED_GICD = 0x10000;
const EMULATED_GICR = 0x20000;
const EMULATED_PL011 = 0x1000;

interface Claim {
  readonly from: number;
  readonly to: number;
  readonly by: string;
}

/** What is wrong with it, in words; empty: proven. */
export function prove(plan: Plan): string[] {
  return [
    ...proveMemory(plan),
    ...proveCpus(plan),
    ...proveInterrupts(plan),
    ...plan.partitions.flatMap((partition) => [
      ...proveAddressSpace(partition),
      ...proveLoads(partition),
      ...proveChannels(plan, partition),
    ]),
  ];
}

/** Sorted by their beginnings, each claim must end before the next one begins. */
function collisions(claims: readonly Claim[]): string[] {
  const sorted = [...claims].sort((a, b) => a.from - b.from);
  return sorted.flatMap((claim, index) => {
    const next = sorted[index + 1];
    if (next === undefined || claim.to <= next.from) return [];
    return [`${claim.by} and ${next.by} both have 0x${next.from.toString(16)}`];
  });
}

/** Physical memory: a channel's is in exactly two partitions, everything else in one. */
function proveMemory(plan: Plan): string[] {
  const claims: Claim[] = [
    { from: plan.image.base, to: plan.image.base + plan.image.size, by: "the hypervisor's image" },
    { from: plan.gic.gicd, to: plan.gic.gicd + EMULATED_GICD, by: "the physical GICD" },
    { from: plan.uart.address, to: plan.uart.address + EMULATED_PL011, by: "the hypervisor's UART" },
    ...plan.cpus.map(({ gicr }, cpu) => ({
      from: gicr,
      to: gicr + EMULATED_GICR,
      by: `the physical GICR of pCPU ${cpu}`,
    })),
  ];
  const ends = new Map<string, string[]>();
  for (const { name, regions } of plan.partitions) {
    for (const region of regions) {
      const claim = { from: region.pa, to: region.pa + region.size, by: `"${region.name}" of ${name}` };
      if (region.kind !== "channel") {
        claims.push(claim);
        continue;
      }
      const stretch = `${region.name} ${region.pa} ${region.size}`;
      const sharers = ends.get(stretch) ?? [];
      if (sharers.length === 0) claims.push(claim);
      ends.set(stretch, [...sharers, name]);
    }
  }
  const ill = [...ends].filter(([, sharers]) => sharers.length !== 2 || sharers[0] === sharers[1]);
  return [
    ...collisions(claims),
    ...ill.map(([stretch, sharers]) => `channel ${stretch} is shared by ${sharers.join(", ")}`),
  ];
}

function proveCpus(plan: Plan): string[] {
  const wrong: string[] = [];
  plan.cpus.forEach(({ partition, vcpu }, cpu) => {
    const owners = plan.partitions.flatMap(({ cpus }, index) => (cpus.includes(cpu) ? [index] : []));
    if (owners.length > 1) wrong.push(`pCPU ${cpu} is in ${owners.length} partitions`);
    if ((owners[0] ?? null) !== partition) wrong.push(`pCPU ${cpu} does not know its partition`);
    if (partition !== null && plan.partitions[partition]?.cpus[vcpu] !== cpu)
      wrong.push(`pCPU ${cpu} does not know its vCPU`);
  });
  for (const { name, cpus } of plan.partitions) {
    if (cpus.length === 0 || new Set(cpus).size !== cpus.length) wrong.push(`the pCPUs of ${name} are not a set`);
    if (cpus.some((cpu) => cpu < 0 || cpu >= plan.cpus.length)) wrong.push(`${name} has a pCPU that is not there`);
  }
  if (plan.housekeeper < 0 || plan.housekeeper >= plan.cpus.length) wrong.push("the housekeeper is not there");
  return wrong;
}

/** Of SPIs each has one owner; PPIs are each pCPU's own. */
function proveInterrupts(plan: Plan): string[] {
  const wrong: string[] = [];
  const owner = new Map<number, string>();
  for (const { name, interrupts, ppis, consoleInterrupt } of plan.partitions) {
    for (const { intid } of interrupts) {
      if (owner.has(intid)) wrong.push(`INTID ${intid} belongs to ${owner.get(intid)} and to ${name}`);
      if (intid < 32 || intid >= plan.gic.spiLimit) wrong.push(`INTID ${intid} of ${name} is no SPI of the board`);
      owner.set(intid, name);
    }
    if (!interrupts.some(({ intid, trigger }) => intid === consoleInterrupt && trigger === "edge"))
      wrong.push(`${name} does not own its console's interrupt`);
    const kept = [plan.timers.hypervisor, plan.gic.maintenance];
    if (ppis.some((ppi) => ppi < 16 || ppi > 31 || kept.includes(ppi)))
      wrong.push(`${name} has a PPI that is not for it`);
  }
  return wrong;
}

function proveAddressSpace(partition: PlannedPartition): string[] {
  const { name, regions, gicd, gicr, console, cpus } = partition;
  const claims: Claim[] = [
    ...regions.map((region) => ({ from: region.ipa, to: region.ipa + region.size, by: `"${region.name}"` })),
    { from: gicd, to: gicd + EMULATED_GICD, by: "GICD" },
    ...(gicr === null ? [] : [{ from: gicr, to: gicr + EMULATED_GICR * cpus.length, by: "GICR" }]),
    { from: console, to: console + EMULATED_PL011, by: "PL011" },
  ];
  const odd = regions.filter(
    ({ ipa, pa, size }) => [ipa, pa, size].some((value) => value % STAGE2_PAGE !== 0) || size <= 0,
  );
  const fetched = regions.filter(({ kind, access }) => kind !== "ram" && access.includes("x"));
  const shifted = regions.filter(({ kind, ipa, pa }) => kind === "device" && ipa !== pa);
  return [
    ...collisions(claims).map((collision) => `in the address space of ${name}, ${collision}`),
    ...odd.map((region) => `"${region.name}" of ${name} is not in whole pages`),
    ...fetched.map((region) => `"${region.name}" of ${name} is no RAM, but executable`),
    ...shifted.map((region) => `device "${region.name}" of ${name} is not at its PA`),
  ];
}

/** Whatever is copied lands in the partition's own RAM, nothing on top of another; the entry is inside, too. */
function proveLoads({ name, regions, loads, entry, argument }: PlannedPartition): string[] {
  const wrong = collisions(
    loads.map((load) => ({ from: load.ipa, to: load.ipa + load.size, by: `${load.name} of ${name}` })),
  );
  const ram = regions.filter(({ kind }) => kind === "ram");
  for (const load of loads) {
    const home = ram.find(({ ipa, size }) => ipa <= load.ipa && load.ipa + load.size <= ipa + size);
    if (home === undefined) wrong.push(`${load.name} of ${name} is not in its RAM`);
  }
  const inside = (ipa: number): boolean => ram.some((region) => region.ipa <= ipa && ipa < region.ipa + region.size);
  if (!inside(entry)) wrong.push(`${name} is entered outside its RAM`);
  if (argument !== 0 && !inside(argument)) wrong.push(`the device tree of ${name} is outside its RAM`);
  return wrong;
}

/** A doorbell rings at the peer, and nowhere else. */
function proveChannels(plan: Plan, { name, channels }: PlannedPartition): string[] {
  return channels.flatMap((channel) => {
    const peer = plan.partitions[channel.peer];
    const back = peer?.channels.find((each) => each.name === channel.name);
    const answered =
      back !== undefined && plan.partitions[back.peer]?.name === name && back.interrupt === channel.doorbell;
    const owned =
      peer?.interrupts.some(({ intid, trigger }) => intid === channel.doorbell && trigger === "edge") === true;
    return answered && owned && peer.name !== name
      ? []
      : [`the doorbell of channel ${channel.name} at ${name} does not ring at its peer`];
  });
}
