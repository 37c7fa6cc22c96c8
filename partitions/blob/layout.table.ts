// The system blob: everything the core needs to know about board and partitions, planned on the host, applied by the
// core as it is. This table is its only description: `writeBlob` fills it, and `tools/build` generates from it the
// AssemblyScript accessors that the core reads it with (build/generated/blob.ts).
//
// Little endian. All record arrays are packed one after the other behind the header, each aligned to 8 bytes; the
// header holds offset (from the blob's start) and count of each.

export type FieldType = "u32" | "u64" | "bytes16" | "u32x32";

/** Bytes a field takes; also its alignment, except for arrays (bytes16: 8, u32x32: 4). */
export const FIELD_SIZE: Record<FieldType, number> = { u32: 4, u64: 8, bytes16: 16, u32x32: 128 };
export const FIELD_ALIGN: Record<FieldType, number> = { u32: 4, u64: 8, bytes16: 8, u32x32: 4 };

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly doc: string;
}

export interface RecordLayout {
  /** In the singular, PascalCase; the accessor class is `Blob<name>`. */
  readonly name: string;
  readonly doc: string;
  readonly fields: readonly Field[];
}

const f = (name: string, type: FieldType, doc: string): Field => ({ name, type, doc });

export const BLOB_MAGIC = 0x42565841; // "AXVB" in memory
export const BLOB_VERSION = 2;
/** The core copies the blob into its linear memory before it looks at it; so it has a largest size. */
export const BLOB_MAX_BYTES = 16384;

export const MAX_CPUS = 8;
export const MAX_PARTITIONS = 8;
export const NONE = 0xffffffff;

// Bits and enumerations used by the records below.
export const REGION_RAM = 0; // Normal, write-back, inner shareable, executable
export const REGION_DEVICE = 1; // Device-nGnRE (stage 2), execute never
export const REGION_CHANNEL = 2; // Normal, write-back, execute never: a channel, or the partition's mailbox
export const REGION_READ = 1;
export const REGION_WRITE = 2;
export const REGION_EXECUTE = 4;

export const PARTITION_AUTOSTART = 1;
/** The PMU (PMCCNTR_EL0 and friends) of its pCPUs belongs to the guest. */
export const PARTITION_PMU = 2;
/** Physical interrupts go to the guest without the hypervisor (HCR_EL2.IMO = FMO = 0). */
export const PARTITION_DIRECT = 4;
/** Its virtual counter counts from its start (CNTVOFF_EL2); without this bit it is the one that everybody reads. */
export const PARTITION_OWN_CLOCK = 8;
/** With direct interrupts, GICv3: its CPU interface is not trapped (ICH_HCR_EL2.TC = 0). */
export const PARTITION_TRUSTED_SGI = 16;

/** Where an emulated GICR would be that no partition has: above every IPA. */
export const NO_GICR = 0x800000000000;

export const INTERRUPT_LEVEL = 0;
export const INTERRUPT_EDGE = 1;

export const UART_PL011 = 0;

export const HEADER: RecordLayout = {
  name: "Header",
  doc: "At offset 0.",
  fields: [
    f("magic", "u32", "BLOB_MAGIC"),
    f("version", "u32", "BLOB_VERSION"),
    f("size", "u32", "bytes of the whole blob, at most BLOB_MAX_BYTES, a multiple of 8"),
    f("checksum", "u32", "CRC-32 (ISO-HDLC) of the bytes from offset 16 to the end"),
    f("imageBase", "u64", "PA the image is meant to be loaded at; 0: anywhere"),
    f("hypervisorSize", "u64", "bytes from the image's first one that belong to the hypervisor: image, stacks, linear memory, page tables"),
    f("gicd", "u64", "PA of GICD"),
    f("gicVersion", "u32", "2 or 3"),
    f("spiLimit", "u32", "first INTID above the implemented SPIs, e.g. 288; shown to guests in GICD_TYPER.ITLinesNumber"),
    f("gicc", "u64", "GICv2: PA of GICC (8 KiB); 0 otherwise"),
    f("gich", "u64", "GICv2: PA of GICH (4 KiB); 0 otherwise"),
    f("gicv", "u64", "GICv2: PA of GICV (8 KiB); 0 otherwise"),
    f("uart", "u64", "PA of the hypervisor's UART"),
    f("uartKind", "u32", "UART_*"),
    f("housekeeper", "u32", "index of the pCPU that drains consoles, sends telemetry and looks after watchdogs: a spare one if there is one"),
    f("tickMicroseconds", "u32", "period of the housekeeping tick"),
    f("telemetryMilliseconds", "u32", "period of the telemetry frames; a multiple of the tick"),
    f("hypervisorTimer", "u32", "INTID of the EL2 physical timer (PPI), 26 as a rule"),
    f("virtualTimer", "u32", "INTID of the EL1 virtual timer (PPI), 27 as a rule"),
    f("physicalTimer", "u32", "INTID of the EL1 physical timer (PPI), 30 as a rule"),
    f("maintenance", "u32", "INTID of the GIC maintenance interrupt (PPI), 25 as a rule"),
    f("pmuInterrupt", "u32", "INTID of the PMU's overflow interrupt (PPI), 23 as a rule; 0: not wired"),
    f("refillEvent", "u32", "PMU event that counts what `bandwidth` limits: refills of the last-level cache"),
    f("colourCount", "u32", "page colours of the shared cache, a power of two, at most 32; 0: no partition is coloured"),
    f("reserved", "u32", "0"),
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
  ],
};

export const RECORDS: readonly RecordLayout[] = [
  {
    name: "Cpu",
    doc: "One pCPU. A vCPU is pinned to a pCPU for life, so this is also its vCPU.",
    fields: [
      f("mpidr", "u64", "affinity fields of its MPIDR_EL1 (Aff3<<32 | Aff2<<16 | Aff1<<8 | Aff0)"),
      f("gicr", "u64", "PA of its redistributor (RD_base; SGI_base is 64 KiB above); GICv2: 0"),
      f("partition", "u32", "index of the partition it belongs to; NONE: a spare pCPU"),
      f("vcpu", "u32", "index of its vCPU in that partition: the vCPU's MPIDR_EL1.Aff0, and its slot in the emulated GICR"),
      f("interface", "u32", "GICv2: number of its CPU interface, 0…7; 0 otherwise"),
      f("reserved", "u32", "0"),
    ],
  },
  {
    name: "Partition",
    doc: "",
    fields: [
      f("name", "bytes16", "UTF-8, padded with NUL, at most 15 bytes"),
      f("flags", "u32", "PARTITION_*"),
      f("onFailure", "u32", "ON_FAILURE_* of core/abi.ts"),
      f("cpus", "u32", "bit n: owns pCPU n (index into Cpu)"),
      f("bootCpu", "u32", "index into Cpu: its vCPU 0"),
      f("entry", "u64", "IPA of the first instruction"),
      f("argument", "u64", "x0 at entry: IPA of the device tree, or 0"),
      f("gicd", "u64", "IPA of the emulated GICD (64 KiB)"),
      f("gicr", "u64", "IPA of the emulated GICR (128 KiB a vCPU, contiguous); GICv2: NO_GICR"),
      f("console", "u64", "IPA of the emulated PL011 (4 KiB); 0: none"),
      f("consoleInterrupt", "u32", "INTID of the emulated PL011: a spare SPI of the board, made pending by GICD_ISPENDR"),
      f("mailbox", "u64", "IPA of its mailbox (core/abi.ts): the first byte of a region of 4 KiB, REGION_CHANNEL, that nobody else has; 0: none"),
      f("watchdogMicroseconds", "u32", "0: no watchdog"),
      f("bandwidthRefills", "u32", "cache refills that each of its vCPUs may cause in a period; 0: not limited"),
      f("bandwidthMicroseconds", "u32", "that period"),
      f("clusterWays", "u32", "bit n: way group n of the cluster's L3 cache is private to it (DSU CLUSTERPARTCR_EL1), 0…15; 0: shares the rest"),
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
      f("spis", "u32x32", "bit n of word k: owns SPI 32·k + n; word 0 is 0"),
    ],
  },
  {
    name: "Region",
    doc: "One stretch of a partition's IPA space. 4 KiB granular.",
    fields: [
      f("ipa", "u64", ""),
      f("pa", "u64", ""),
      f("size", "u64", "bytes that the partition sees"),
      f("kind", "u32", "REGION_RAM, REGION_DEVICE, REGION_CHANNEL"),
      f("access", "u32", "REGION_READ | REGION_WRITE | REGION_EXECUTE"),
      f("colours", "u32", "0: the pages from `pa` on; otherwise those of them whose colour, PA / 4 KiB % colourCount, has its bit set here: they spread over size × colourCount / number of bits, and pa and that are multiples of 2 MiB"),
      f("reserved", "u32", "0"),
    ],
  },
  {
    name: "Interrupt",
    doc: "An SPI that a partition owns: of a device, or a spare one used for its console or a doorbell.",
    fields: [
      f("intid", "u32", "physical = virtual INTID, 32…1019"),
      f("trigger", "u32", "INTERRUPT_LEVEL or INTERRUPT_EDGE"),
    ],
  },
  {
    name: "Load",
    doc: "What is copied into a partition's memory each time it starts.",
    fields: [
      f("source", "u64", "offset from the image's first byte, a multiple of 64"),
      f("target", "u64", "IPA, a multiple of 64 (of 4 KiB where the region is coloured), inside a RAM region of the partition"),
      f("size", "u64", "bytes, a multiple of 64 (the packer pads)"),
    ],
  },
  {
    name: "Channel",
    doc: "One end of a channel, as the partition that has it sees it.",
    fields: [
      f("ipa", "u64", "where the shared memory is in the partition"),
      f("size", "u64", "bytes"),
      f("peer", "u32", "partition at the other end"),
      f("doorbell", "u32", "INTID (spare SPI, owned by the peer) that a HYPERCALL_DOORBELL on this end makes pending"),
    ],
  },
  {
    name: "Quiesce",
    doc: "A device that reads or writes memory by itself is silenced when its partition stops: else it would go on into the memory of the next start.",
    fields: [
      f("pa", "u64", "a 32-bit register of a device that the partition owns"),
      f("value", "u32", "what is written to it"),
      f("reserved", "u32", "0"),
    ],
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
