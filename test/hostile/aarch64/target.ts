// What an attacker would love to know and is told here: what is whose, from the plan of the system that is attacked.
import type { Aarch64Plan as Plan, Aarch64PlannedPartition as PlannedPartition } from "../../../partitions/plan/plan.ts";

/** A stretch of addresses; what is in it, for failure messages. */
export interface Place {
  readonly what: string;
  readonly at: number;
  readonly size: number;
}

export interface Target {
  readonly gic: 2 | 3;
  readonly direct: boolean;
  readonly vcpus: number;
  /** What the attacker may reach. IPAs. */
  readonly ram: Place;
  /** In its RAM, and free: a page to write into. */
  readonly scratch: Place;
  readonly channel: Place;
  readonly gicd: Place;
  /** Redistributors: 128 KiB for each vCPU; GICv2 has none. */
  readonly gicr: Place | undefined;
  /** Its CPU interface, where that is memory: GICv2. */
  readonly gicc: Place | undefined;
  readonly console: Place;
  readonly mailbox: Place | undefined;
  readonly devices: readonly Place[];
  /** INTIDs that it owns: SPIs, and of those the ones that nothing but itself raises; PPIs. */
  readonly spis: readonly number[];
  /** The same. */
  readonly lines: readonly number[];
  readonly freeSpi: number;
  readonly ppis: readonly number[];
  /** INTIDs of SPIs that are not its own: of the other partitions first, then of nobody. */
  readonly foreignSpis: readonly number[];
  readonly foreignPpis: readonly number[];
  /** IPAs that are none of its own, by what is there physically. */
  readonly foreign: readonly Place[];
  /** Affinities (MPIDR) of pCPUs that are not its own. */
  readonly foreignMpidrs: readonly number[];
  readonly channels: number;
}

const PAGE = 0x1000;
const FIRST_SPI = 32;
const FIRST_PPI = 16;
const GICD_BYTES = 0x1_0000;
const GICD_V2_BYTES = 0x1000;
const gicdBytes = ({ gic }: Plan): number => (gic.version === 2 ? GICD_V2_BYTES : GICD_BYTES);
const GICC_BYTES = 0x2000;
const GICR_BYTES = 0x2_0000;
const PL011_BYTES = 0x1000;
/** As much as the IPA space has (40 bits). */
const IPA_END = 2 ** 40;
const SCRATCH_BYTES = 0x1_0000;

/** What of a place is left when another one is taken out of it. */
function without(place: Place, hole: Place): Place[] {
  const [end, holeEnd] = [place.at + place.size, hole.at + hole.size];
  const below = { ...place, size: Math.min(end, hole.at) - place.at };
  const above = { ...place, at: Math.max(place.at, holeEnd), size: end - Math.max(place.at, holeEnd) };
  return [below, above].filter(({ size }) => size > 0);
}

export function targetOf(plan: Plan, name: string): Target {
  const index = plan.partitions.findIndex((partition) => partition.name === name);
  const own = plan.partitions[index];
  if (own === undefined) throw new RangeError(`the plan has no partition ${name}`);
  const spis = own.interrupts.map(({ intid }) => intid);
  const places = ownPlaces(plan, own);
  const others = plan.partitions.filter((_, n) => n !== index).flatMap(({ interrupts }) => interrupts.map(({ intid }) => intid));
  const nobodys = Array.from(
    { length: plan.gic.spiLimit - FIRST_SPI }, (_, n) => n + FIRST_SPI,
  ).filter((intid) => !spis.includes(intid) && !others.includes(intid));
  return {
    ...places,
    gic: plan.gic.version === 2 ? 2 : 3,
    direct: own.direct,
    vcpus: own.cpus.length,
    spis, lines: spis,
    freeSpi: found(own.interrupts.find(({ use }) => use === "spis")?.intid, "an SPI of its own by `spis:`"),
    ppis: own.ppis,
    foreignSpis: [...others, ...nobodys],
    foreignPpis: Array.from(
      { length: FIRST_SPI - FIRST_PPI }, (_, n) => n + FIRST_PPI,
    ).filter((intid) => !own.ppis.includes(intid)),
    foreign: foreignPlaces(plan, index, places),
    foreignMpidrs: plan.cpus.filter(({ partition }) => partition !== index).map(({ mpidr }) => mpidr),
    channels: own.channels.length,
  };
}

type OwnPlaces = Pick<Target, "ram" | "scratch" | "channel" | "gicd" | "gicr" | "gicc" | "console" | "mailbox" | "devices">;

function ownPlaces(plan: Plan, own: PlannedPartition): OwnPlaces {
  const of = (kind: string, what: string): Place | undefined => {
    const region = own.regions.find((one) => one.kind === kind);
    return region === undefined ? undefined : { what, at: region.ipa, size: region.size };
  };
  const ram = found(of("ram", "its own memory"), "memory");
  return {
    ram,
    scratch: { what: "a page of its own", at: ram.at + ram.size / 2, size: SCRATCH_BYTES },
    channel: found(of("channel", "its channel"), "a channel"),
    gicd: { what: "its own GICD", at: own.gicd, size: gicdBytes(plan) },
    gicr: own.gicr === null ? undefined : { what: "its own GICR", at: own.gicr, size: GICR_BYTES * own.cpus.length },
    gicc: of("interface", "its own GICC"),
    console: { what: "its own console", at: own.console, size: PL011_BYTES },
    mailbox: own.mailbox === 0 ? undefined : { what: "its own mailbox", at: own.mailbox, size: PAGE },
    devices: own.regions.filter(({ kind }) => kind === "device").map(
      ({ ipa, size }) => ({ what: "its own device", at: ipa, size })
    ),
  };
}

/**
 * Everything that is physically somewhere, at that address, and a few addresses that are nowhere: but for what is the attacker's:
 * its RAM should lie where nothing is.
 */
function foreignPlaces(plan: Plan, index: number, own: OwnPlaces): Place[] {
  const { ram, channel } = own;
  const mine = [
    own.ram, own.channel, own.gicd, own.console, own.gicr, own.gicc, own.mailbox, ...own.devices,
  ].filter((place) => place !== undefined);
  const interfaces = plan.gic.cpuInterface;
  const all: Place[] = [
    ...plan.partitions.flatMap(
      ({ name, regions }, n) =>
        (n === index ? [] : regions.map(({ kind, pa, size }) => ({ what: `${kind} of ${name}`, at: pa, size })))
    ),
    ...plan.partitions[index]?.regions.map(({ kind, pa, size }) => ({ what: `the PA of its own ${kind}`, at: pa, size })) ?? [],
    { what: "the hypervisor", at: plan.image.base, size: plan.image.size },
    { what: "the physical GICD", at: plan.gic.gicd, size: gicdBytes(plan) },
    ...(interfaces === null ? [] : [
      { what: "the physical GICC", at: interfaces.gicc, size: GICC_BYTES },
      { what: "the physical GICH", at: interfaces.gich, size: PAGE },
      { what: "the physical GICV", at: interfaces.gicv, size: GICC_BYTES },
    ]),
    ...(
      plan.gic.version === 3
        ? plan.cpus.map(({ gicr }, n) => ({ what: `the physical GICR of pCPU ${n}`, at: gicr, size: GICR_BYTES }))
        : []
    ),
    { what: "the physical UART", at: plan.uart.address, size: PL011_BYTES },
    { what: "just above its memory", at: ram.at + ram.size, size: PAGE },
    { what: "just below its memory", at: ram.at - PAGE, size: PAGE },
    { what: "just behind its channel", at: channel.at + 4 * PAGE, size: PAGE },
    { what: "just below its channel", at: channel.at - PAGE, size: PAGE },
    { what: "just behind its console", at: own.console.at + PL011_BYTES, size: PAGE },
    { what: "just behind its GICD", at: own.gicd.at + own.gicd.size, size: PAGE },
    ...(
      own.gicr === undefined ? [] : [{ what: "just behind its last redistributor", at: own.gicr.at + own.gicr.size, size: PAGE }]
    ),
    { what: "IPA 0", at: 0, size: PAGE },
    { what: "the last page of the IPA space", at: IPA_END - PAGE, size: PAGE },
    { what: "the middle of nowhere", at: IPA_END / 2, size: PAGE },
  ];
  return mine.reduce((left, one) => left.flatMap((place) => without(place, one)), all);
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new RangeError(`the attacker's partition needs ${what}`);
  return value;
}
