// Proves of a finished plan that its partitions are disjoint and that each of them is well formed. It reads the plan
// only, and shares no code with what made it (not even the overlap test): two mistakes would have to agree to get by.
// Every plan goes through here before anything is built from it.
import type { Plan, PlannedPartition, PlannedRegion } from "./plan.ts";
import { proveCache, stretchesOf } from "./prove-cache.ts";

const STAGE2_PAGE = 4096;
const EMULATED_GICD = 0x10000;
const EMULATED_GICD_V2 = 0x1000;
const CPU_INTERFACE = 0x2000;
const LOAD_STEP = 64;
const HYPERVISOR_INTERFACE = 0x1000;
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
    ...proveCache(plan),
    ...plan.partitions.flatMap((partition) => [
      ...proveAddressSpace(plan, partition),
      ...proveInterface(plan, partition),
      ...proveMailbox(partition),
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
    { from: plan.uart.address, to: plan.uart.address + EMULATED_PL011, by: "the hypervisor's UART" },
    ...gicClaims(plan),
  ];
  const ends = new Map<string, string[]>();
  for (const { name, regions } of plan.partitions) {
    // What a partition has of the GIC is proven below.
    for (const region of regions.filter(({ kind }) => kind !== "interface")) {
      const by = `"${region.name}" of ${name}`;
      const owned = stretchesOf(plan, region).map((stretch) => ({ ...stretch, by }));
      if (region.kind !== "channel") {
        claims.push(...owned);
        continue;
      }
      const stretch = `${region.name} ${region.pa} ${region.size}`;
      const sharers = ends.get(stretch) ?? [];
      if (sharers.length === 0) claims.push(...owned);
      ends.set(stretch, [...sharers, name]);
    }
  }
  const ill = [...ends].filter(([, sharers]) => sharers.length !== 2 || sharers[0] === sharers[1]);
  return [
    ...collisions(claims),
    ...ill.map(([stretch, sharers]) => `channel ${stretch} is shared by ${sharers.join(", ")}`),
  ];
}

function gicClaims({ gic, cpus }: Plan): Claim[] {
  const claim = (from: number, size: number, part: string): Claim => ({
    from,
    to: from + size,
    by: `the physical ${part}`,
  });
  if (gic.cpuInterface === null) {
    const redistributors = cpus.map(({ gicr }, cpu) => claim(gicr, EMULATED_GICR, `GICR of pCPU ${cpu}`));
    return [claim(gic.gicd, EMULATED_GICD, "GICD"), ...redistributors];
  }
  const { gicc, gich, gicv } = gic.cpuInterface;
  return [
    claim(gic.gicd, EMULATED_GICD_V2, "GICD"),
    claim(gicc, CPU_INTERFACE, "GICC"),
    claim(gich, HYPERVISOR_INTERFACE, "GICH"),
    claim(gicv, CPU_INTERFACE, "GICV"),
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
  for (const { name } of plan.partitions.filter(({ direct, cpus }) => direct && cpus.includes(plan.housekeeper)))
    wrong.push(`${name} has direct interrupts, so its pCPU ${plan.housekeeper} cannot keep house`);
  if (plan.gic.cpuInterface !== null) {
    const interfaces = plan.cpus.map((cpu) => cpu.interface);
    if (new Set(interfaces).size !== interfaces.length || interfaces.some((number) => number < 0 || number > 7))
      wrong.push("the pCPUs do not have a CPU interface each");
  }
  return wrong;
}

/** Of SPIs each has one owner; PPIs are each pCPU's own, and so its partition's: timers too, which everybody has. */
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
    if (![plan.timers.virtual, plan.timers.physical].every((timer) => ppis.includes(timer)))
      wrong.push(`${name} does not own the timers of its pCPUs`);
    const kept = [plan.timers.hypervisor, plan.gic.maintenance];
    if (ppis.some((ppi) => ppi < 16 || ppi > 31 || kept.includes(ppi)))
      wrong.push(`${name} has a PPI that is not for it`);
  }
  return wrong;
}

function proveAddressSpace({ gic }: Plan, partition: PlannedPartition): string[] {
  const { name, regions, gicd, gicr, console, cpus } = partition;
  const gicdSize = gic.cpuInterface === null ? EMULATED_GICD : EMULATED_GICD_V2;
  const claims: Claim[] = [
    ...regions.map((region) => ({ from: region.ipa, to: region.ipa + region.size, by: `"${region.name}"` })),
    { from: gicd, to: gicd + gicdSize, by: "GICD" },
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

/** The window to a GICv2's CPU interface: the virtual one, or the physical one of who owns its interrupts. */
function proveInterface({ gic }: Plan, { name, regions, direct, gicr }: PlannedPartition): string[] {
  const windows = regions.filter(({ kind }) => kind === "interface");
  const wanted = gic.cpuInterface === null ? [] : [direct ? gic.cpuInterface.gicc : gic.cpuInterface.gicv];
  const right = windows.length === wanted.length && windows.every(({ pa }, index) => pa === wanted[index]);
  const wrong =
    right && windows.every(({ size }) => size === (direct ? STAGE2_PAGE : CPU_INTERFACE))
      ? []
      : [`${name} has not its CPU interface`];
  return (gicr === null) === (gic.version === 2) ? wrong : [...wrong, `${name} has a GIC of another version`];
}

/** A page of its own, where the hypervisor looks for it. */
function proveMailbox({ name, regions, mailbox }: PlannedPartition): string[] {
  const pages: readonly PlannedRegion[] = regions.filter(({ kind }) => kind === "mailbox");
  const right =
    mailbox === 0
      ? pages.length === 0
      : pages.length === 1 && pages[0]?.ipa === mailbox && pages[0].size === STAGE2_PAGE;
  return right ? [] : [`the mailbox of ${name} is not where the hypervisor looks for it`];
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
    const step = home?.colours === undefined ? LOAD_STEP : STAGE2_PAGE;
    if (load.ipa % step !== 0) wrong.push(`${load.name} of ${name} does not begin at a multiple of ${step}`);
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
