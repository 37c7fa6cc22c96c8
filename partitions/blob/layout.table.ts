// The system blob: everything the core needs to know about board and partitions, planned on the host, applied by the
// core as it is. This table is its only description: `writeBlob` fills it, and `tools/build` generates from it the
// AssemblyScript accessors that the core reads it with (build/generated/blob.ts).
//
// Little endian. All record arrays are packed one after the other behind the header, each aligned to 8 bytes; the
// header holds offset (from the blob's start) and count of each.

import { MAX_BANKS, MAX_CPUS } from "../../boards/limits.ts";
import { ON_FAILURE_INSPECT, ON_FAILURE_STOP } from "../../core/abi.ts";
import type { PromiseId } from "./promises.table.ts";

export type FieldType = "u32" | "u64" | "bytes16";

/** Bytes a field takes; also its alignment, except for bytes16: 8. */
export const FIELD_SIZE: Record<FieldType, number> = { u32: 4, u64: 8, bytes16: 16 };
export const FIELD_ALIGN: Record<FieldType, number> = { u32: 4, u64: 8, bytes16: 8 };

/** What a u32 field can hold, and the promise that another value breaks. */
export interface FieldRange {
  readonly promise: PromiseId;
  readonly least: number;
  readonly most: number;
  /** 0 too: it is not there. */
  readonly orNone?: true;
}

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly doc: string;
  readonly range?: FieldRange;
}

export interface RecordLayout {
  /** In the singular, PascalCase; the accessor class is `Blob<name>`. */
  readonly name: string;
  readonly doc: string;
  /** How many of them the core is prepared for. */
  readonly most: number;
  readonly fields: readonly Field[];
}

const f = (name: string, type: FieldType, doc: string, range?: FieldRange): Field => ({
  name,
  type,
  doc,
  ...(range && { range }),
});
const within = (promise: PromiseId, least: number, most: number): FieldRange => ({ promise, least, most });
const orNone = (promise: PromiseId, least: number, most: number): FieldRange => ({ promise, least, most, orNone: true });

export const BLOB_MAGIC = 0x42565841; // "AXVB" in memory
export const BLOB_VERSION = 5;
/**
 * The core copies the blob into its linear memory before it looks at it; so it has a largest size: all arrays at their
 * longest fit.
 */
export const BLOB_MAX_BYTES = 12288;

export { MAX_BANKS, MAX_CPUS };
export const MAX_PARTITIONS = 8;
export const MAX_REGIONS = 64;
export const MAX_LOADS = 64;
export const MAX_INTERRUPTS = 256;
export const MAX_CHANNELS = 32;
export const MAX_QUIESCES = 64;
/** Of all tag images together: the core keeps a copy of each, to see what changes. */
export const MAX_TAG_BYTES = 48 * 1024;
export const NONE = 0xffffffff;

// Bits and enumerations used by the records below.
export const REGION_RAM = 0; // Normal, write-back, inner shareable, executable
export const REGION_DEVICE = 1; // Device-nGnRE (stage 2), execute never
export const REGION_CHANNEL = 2; // Normal, write-back, execute never: an end of a channel
export const REGION_MAILBOX = 3; // likewise: the partition's mailbox
export const REGION_READ = 1;
export const REGION_WRITE = 2;
export const REGION_EXECUTE = 4;
export const REGION_ACCESS = 7; // all of them

export const PARTITION_AUTOSTART = 1;
/** The PMU (PMCCNTR_EL0 and friends) of its pCPUs belongs to the guest. */
export const PARTITION_PMU = 2;
/** Physical interrupts go to the guest without the hypervisor (HCR_EL2.IMO = FMO = 0). */
export const PARTITION_DIRECT = 4;
/** Its virtual counter counts from its start (CNTVOFF_EL2); without this bit it is the one that everybody reads. */
export const PARTITION_OWN_CLOCK = 8;
/** With direct interrupts, GICv3: its CPU interface is not trapped (ICH_HCR_EL2.TC = 0). */
export const PARTITION_TRUSTED_SGI = 16;
/** Its PMU counts EL2, too: for measuring the hypervisor; no system.yaml says so. */
export const PARTITION_COUNT_EL2 = 32;
/** INTID 32's priority reads as the bits that there are, although it has not that interrupt: its guest waits for them. */
export const PARTITION_PROBES_PRIORITY = 64;
/** A second emulated PL011, in the page behind its console and with its interrupt, has what leaves by the UART, too. */
export const PARTITION_TELEMETRY = 128;
/** All flags that the core knows: a blob with another one is refused. */
export const PARTITION_FLAGS =
  PARTITION_AUTOSTART + PARTITION_PMU + PARTITION_DIRECT + PARTITION_OWN_CLOCK + PARTITION_TRUSTED_SGI +
  PARTITION_COUNT_EL2 + PARTITION_PROBES_PRIORITY + PARTITION_TELEMETRY;

/** Where an emulated GICR would be that no partition has: above every IPA. */
export const NO_GICR = 0x800000000000;

/** Affinity fields of an MPIDR_EL1: Aff3, Aff2, Aff1, Aff0. */
export const MPIDR_AFFINITY = 0xff00ffffff;

export const INTERRUPT_LEVEL = 0;
export const INTERRUPT_EDGE = 1;

export const UART_PL011 = 0;

// What the core can keep up with; microseconds, telemetry in milliseconds.
const TAG_BYTES_MIN = 72; // its header, and a value
const TICK_MIN = 100;
const TICK_MAX = 100_000;
const TELEMETRY_MAX = 60_000;
const WATCHDOG_MIN = 1000;
const WATCHDOG_MAX = 1_000_000_000;
const PERIOD_MIN = 100;
const PERIOD_MAX = 1_000_000;
const FIRST_PPI = 16;
const LAST_PPI = 31;
const FIRST_SPI = 32;
const SPECIAL_INTID = 1020; // IHI 0069 2.2: from here on INTIDs name no SPI
const PMU_EVENT_MAX = 0xffff; // PMEVTYPER<n>_EL0.evtCount
const BUS_ACCESSES_MAX = 64; // a line, byte by byte
const IPA_BITS_MIN = 32;
export const IPA_BITS_MAX = 40; // what stage 2 is built for
const COLOURS_MAX = 32;
/** Way groups that CLUSTERPARTCR_EL1 has, as a mask. */
const ALL_WAYS = 15;
const CPU_INTERFACES = 8;

export const HEADER: RecordLayout = {
  name: "Header",
  doc: "At offset 0.",
  most: 1,
  fields: [
    f("magic", "u32", "BLOB_MAGIC"),
    f("version", "u32", "BLOB_VERSION"),
    f("size", "u32", "bytes of the whole blob, at most BLOB_MAX_BYTES, a multiple of 8"),
    f("checksum", "u32", "CRC-32 (ISO-HDLC) of the bytes from offset 16 to the end"),
    f("imageBase", "u64", "PA the image is meant to be loaded at; 0: anywhere"),
    f(
      "hypervisorSize",
      "u64",
      "bytes from the image's first one that belong to the hypervisor: image, stacks, linear memory, page tables",
    ),
    f("gicd", "u64", "PA of GICD"),
    f("gicVersion", "u32", "2 or 3", within("frames", 2, 3)),
    f(
      "spiLimit",
      "u32",
      "first INTID above the implemented SPIs, e.g. 288; shown to guests in GICD_TYPER.ITLinesNumber",
      within("spiLimit", FIRST_SPI + 32, SPECIAL_INTID),
    ),
    f("gicc", "u64", "GICv2: PA of GICC (8 KiB); 0 otherwise"),
    f("gich", "u64", "GICv2: PA of GICH (8 KiB); 0 otherwise"),
    f("gicv", "u64", "GICv2: PA of GICV (8 KiB); 0 otherwise"),
    f("uart", "u64", "PA of the hypervisor's UART"),
    f("uartKind", "u32", "UART_*", within("frames", UART_PL011, UART_PL011)),
    f(
      "housekeeper",
      "u32",
      "index of the pCPU that drains consoles, sends telemetry and looks after watchdogs: a spare one if there is one",
    ),
    f("tickMicroseconds", "u32", "period of the housekeeping tick", within("ticks", TICK_MIN, TICK_MAX)),
    f(
      "telemetryMilliseconds",
      "u32",
      "period of the telemetry frames; a multiple of the tick",
      within("ticks", 1, TELEMETRY_MAX),
    ),
    f("hypervisorTimer", "u32", "INTID of the EL2 physical timer (PPI), 26 as a rule", within("ownPpis", FIRST_PPI, LAST_PPI)),
    f("virtualTimer", "u32", "INTID of the EL1 virtual timer (PPI), 27 as a rule", within("ownPpis", FIRST_PPI, LAST_PPI)),
    f("physicalTimer", "u32", "INTID of the EL1 physical timer (PPI), 30 as a rule", within("ownPpis", FIRST_PPI, LAST_PPI)),
    f("maintenance", "u32", "INTID of the GIC maintenance interrupt (PPI), 25 as a rule", within("ownPpis", FIRST_PPI, LAST_PPI)),
    f(
      "pmuInterrupt",
      "u32",
      "INTID of the PMU's overflow interrupt (PPI), 23 as a rule; 0: not wired",
      orNone("ownPpis", FIRST_PPI, LAST_PPI),
    ),
    f(
      "refillEvent",
      "u32",
      "PMU event that counts what `bandwidth` limits: refills of the last-level cache",
      within("refillEvent", 0, PMU_EVENT_MAX),
    ),
    f(
      "busAccesses",
      "u32",
      "BUS_ACCESS events that a refill is worth: these are counted instead, where the PMU has them; 0: never",
      within("refillEvent", 0, BUS_ACCESSES_MAX),
    ),
    f(
      "colourCount",
      "u32",
      "page colours of the shared cache, a power of two, at most 32; 0: no partition is coloured",
      within("colourCount", 0, COLOURS_MAX),
    ),
    f(
      "ipaBits",
      "u32",
      "bits of a guest physical address that every pCPU has, 32…40: what is not below 2^ipaBits no guest can have",
      within("ipaBits", IPA_BITS_MIN, IPA_BITS_MAX),
    ),
    f("cpuOffset", "u32", "array of Cpu"),
    f("cpuCount", "u32", "every pCPU of the board in use, boot pCPU first; at most MAX_CPUS"),
    f("partitionOffset", "u32", "array of Partition"),
    f("partitionCount", "u32", "at most MAX_PARTITIONS"),
    f("regionOffset", "u32", "array of Region"),
    f("regionCount", "u32", ""),
    f("interruptOffset", "u32", "array of Interrupt"),
    f("interruptCount", "u32", ""),
    f("loadOffset", "u32", "array of Load"),
    f("loadCount", "u32", ""),
    f("channelOffset", "u32", "array of Channel"),
    f("channelCount", "u32", ""),
    f("quiesceOffset", "u32", "array of Quiesce"),
    f("quiesceCount", "u32", ""),
    f("ramOffset", "u32", "array of Ram"),
    f("ramCount", "u32", "banks of RAM that the board has"),
  ],
};

export const RECORDS: readonly RecordLayout[] = [
  {
    name: "Cpu",
    doc: "One pCPU. A vCPU is pinned to a pCPU for life, so this is also its vCPU.",
    most: MAX_CPUS,
    fields: [
      f("mpidr", "u64", "affinity fields of its MPIDR_EL1 (Aff3<<32 | Aff2<<16 | Aff1<<8 | Aff0)"),
      f("gicr", "u64", "PA of its redistributor (RD_base; SGI_base is 64 KiB above); GICv2: 0"),
      f("partition", "u32", "index of the partition it belongs to; NONE: a spare pCPU"),
      f("vcpu", "u32", "index of its vCPU in that partition: the vCPU's MPIDR_EL1.Aff0, and its slot in the emulated GICR"),
      f("interface", "u32", "GICv2: number of its CPU interface, 0…7; 0 otherwise", within("cpuApart", 0, CPU_INTERFACES - 1)),
      f("reserved", "u32", "0"),
    ],
  },
  {
    name: "Partition",
    doc: "",
    most: MAX_PARTITIONS,
    fields: [
      f("name", "bytes16", "UTF-8, padded with NUL, at most 15 bytes"),
      f("flags", "u32", "PARTITION_*", within("flags", 0, PARTITION_FLAGS)),
      f("onFailure", "u32", "ON_FAILURE_* of core/abi.ts", within("flags", ON_FAILURE_STOP, ON_FAILURE_INSPECT)),
      f("cpus", "u32", "bit n: owns pCPU n (index into Cpu)"),
      f("bootCpu", "u32", "index into Cpu: its vCPU 0"),
      f("entry", "u64", "IPA of the first instruction"),
      f("argument", "u64", "x0 at entry: IPA of the device tree, or 0"),
      f(
        "seed",
        "u64",
        "IPA of the 64 bytes of /chosen/rng-seed in its device tree, a multiple of 4, in one page with the 12 bytes " +
          "before them; 0: none",
      ),
      f("gicd", "u64", "IPA of the emulated GICD (64 KiB)"),
      f("gicr", "u64", "IPA of the emulated GICR (128 KiB a vCPU, contiguous); GICv2: NO_GICR"),
      f("console", "u64", "IPA of the emulated PL011 (4 KiB; with PARTITION_TELEMETRY twice that); 0: none"),
      f("consoleInterrupt", "u32", "INTID of the emulated PL011: a spare SPI of the board, made pending by GICD_ISPENDR"),
      f(
        "mailbox",
        "u64",
        "IPA of its mailbox (core/abi.ts): the first byte of its REGION_MAILBOX, that nobody else has; 0: none",
      ),
      f(
        "tags",
        "u64",
        "IPA of its tag image, a multiple of 8, in a REGION_CHANNEL or the REGION_MAILBOX; 0: the hypervisor sends none",
      ),
      f(
        "tagBytes",
        "u32",
        "of its tag image, a multiple of 8, of all partitions together at most MAX_TAG_BYTES",
        orNone("tagImage", TAG_BYTES_MIN, MAX_TAG_BYTES),
      ),
      f("controls", "u32", "bit n: what it sends by its second PL011 may command partition n"),
      f("watchdogMicroseconds", "u32", "0: no watchdog", orNone("watchdog", WATCHDOG_MIN, WATCHDOG_MAX)),
      f("bandwidthRefills", "u32", "cache refills that each of its vCPUs may cause in a period; 0: not limited"),
      f("bandwidthMicroseconds", "u32", "that period", orNone("bandwidth", PERIOD_MIN, PERIOD_MAX)),
      f(
        "clusterWays",
        "u32",
        "bit n: way group n of the cluster's L3 cache is private to it (DSU CLUSTERPARTCR_EL1), 0…15; 0: shares the rest",
        within("ways", 0, ALL_WAYS),
      ),
      f("ppis", "u32", "bit n: owns PPI n (16…31) of its pCPUs"),
      f("regionFirst", "u32", "index into Region"),
      f("regionCount", "u32", ""),
      f("interruptFirst", "u32", "index into Interrupt"),
      f("interruptCount", "u32", ""),
      f("loadFirst", "u32", "index into Load"),
      f("loadCount", "u32", ""),
      f("channelFirst", "u32", "index into Channel"),
      f("channelCount", "u32", ""),
      f("quiesceFirst", "u32", "index into Quiesce"),
      f("quiesceCount", "u32", ""),
    ],
  },
  {
    name: "Region",
    doc: "One stretch of a partition's IPA space. 4 KiB granular.",
    most: MAX_REGIONS,
    fields: [
      f("ipa", "u64", ""),
      f("pa", "u64", ""),
      f("size", "u64", "bytes that the partition sees"),
      f("kind", "u32", "REGION_RAM, REGION_DEVICE, REGION_CHANNEL, REGION_MAILBOX", within("pages", REGION_RAM, REGION_MAILBOX)),
      f("access", "u32", "REGION_READ | REGION_WRITE | REGION_EXECUTE", within("pages", 0, REGION_ACCESS)),
      f(
        "colours",
        "u32",
        "0: the pages from `pa` on; otherwise those of them whose colour, PA / 4 KiB % colourCount, has its bit set " +
          "here: they spread over size × colourCount / number of bits, and pa and that are multiples of 2 MiB",
      ),
      f("reserved", "u32", "0"),
    ],
  },
  {
    name: "Interrupt",
    doc: "An SPI that a partition owns: of a device, or a spare one used for its console or a doorbell.",
    most: MAX_INTERRUPTS,
    fields: [
      f("intid", "u32", "physical = virtual INTID, 32…1019"),
      f("trigger", "u32", "INTERRUPT_LEVEL or INTERRUPT_EDGE", within("spiOnce", INTERRUPT_LEVEL, INTERRUPT_EDGE)),
    ],
  },
  {
    name: "Load",
    doc: "What is copied into a partition's memory each time it starts.",
    most: MAX_LOADS,
    fields: [
      f(
        "source",
        "u64",
        "offset from the image's first byte, a multiple of 64; each load has bytes of its own there, in the order of this array",
      ),
      f("target", "u64", "IPA, a multiple of 64 (of 4 KiB where the region is coloured), inside a RAM region of the partition"),
      f("size", "u64", "bytes, a multiple of 64 (the packer pads)"),
      f(
        "zeros",
        "u64",
        "from this offset on, a multiple of 64, all is zeros, of which the image has a page at most; as large as size: nowhere",
      ),
    ],
  },
  {
    name: "Channel",
    doc: "One end of a channel, as the partition that has it sees it.",
    most: MAX_CHANNELS,
    fields: [
      f("ipa", "u64", "where the shared memory is in the partition"),
      f("size", "u64", "bytes"),
      f("peer", "u32", "partition at the other end"),
      f("doorbell", "u32", "INTID (spare SPI, owned by the peer) that a HYPERCALL_DOORBELL on this end makes pending"),
    ],
  },
  {
    name: "Quiesce",
    doc: "A device that reads or writes memory by itself is silenced when its partition stops: else it would go on " +
        "into the memory of the next start.",
    most: MAX_QUIESCES,
    fields: [
      f("pa", "u64", "a 32-bit register of a device that the partition owns"),
      f("value", "u32", "what is written to it"),
      f("reserved", "u32", "0"),
    ],
  },
  {
    name: "Ram",
    doc: "A bank of the board's RAM: memory is in one of them, devices are outside.",
    most: MAX_BANKS,
    fields: [f("base", "u64", "PA"), f("size", "u64", "bytes")],
  },
];

export interface PlacedField extends Field {
  readonly offset: number;
}

/** Natural alignment, in the order given; the record's size is rounded up to 8. */
export function place(layout: RecordLayout): { fields: PlacedField[]; size: number } {
  let at = 0;
  const fields = layout.fields.map((field) => {
    const align = FIELD_ALIGN[field.type];
    at = Math.ceil(at / align) * align;
    const placed = { ...field, offset: at };
    at += FIELD_SIZE[field.type];
    return placed;
  });
  return { fields, size: Math.ceil(at / 8) * 8 };
}
