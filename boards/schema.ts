// What a board.yaml holds: facts of a board, and nothing else. How partitions use the board is system.yaml's business.
//
// Interrupt numbers are those of device trees: `spi: 16` is INTID 48 (32 + 16), `ppi: 11` is INTID 27 (16 + 11).
import { z } from "zod";
import { DEVICE_END, FRAME, GRANULES, MAPPED_END, MAX_BANKS, MAX_CPUS } from "./limits.ts";
import { integer, line, text } from "./values.ts";

/** Of what the hypervisor drives, which it maps at VA = PA by whole pages; nothing of it is at 0. */
const frame = integer("an address such as 0x08000000, a multiple of 4K, below 2^38", FRAME, MAPPED_END - FRAME, FRAME);
const REGISTER = 4;
const ppi = integer("a PPI number, 0 to 15", 0, 15);
const spi = integer("an SPI number, 0 to 987", 0, 987);
/** Of a 32-bit register, or a cell of a device tree. */
const WORD_MAX = 2 ** 32 - 1;
const COUNTER_MIN = 1_000_000;
const COUNTER_MAX = 1_000_000_000;

export const boardName = /^[a-z0-9][a-z0-9-]{0,62}$/;
const named = text('at most 63 of a-z, 0-9 and "-", the first one no "-"', boardName);
/** Devicetree Specification 2.2.1. */
const nodeName = text(
  "the name of a device tree node, such as virtio_mmio: 31 characters at most",
  /^[a-zA-Z][a-zA-Z0-9,._+-]{0,30}$/,
);
/** Devicetree Specification 2.3.1, and what kernels have besides. */
const modelName = text("manufacturer and model, such as arm,pl031", /^[a-zA-Z0-9][a-zA-Z0-9,._+-]{0,127}$/);
const clockName = text("the name of a clock, such as apb_pclk", /^[a-zA-Z0-9][a-zA-Z0-9,._+-]{0,127}$/);

/** What all devices of one kind on a board have in common. */
const DeviceKind = z.strictObject({
  size: integer("bytes, 1 to 1024G", 1, DEVICE_END).describe("bytes of its registers"),
  trigger: z.enum(["level", "edge"]),
  dma: z.boolean().describe("reads or writes memory by itself: it can master the bus"),
  // `none` cannot be mended in software. That a virtio-mmio device's queue addresses are checked as they are written is
  // not enough: its descriptors are in the guest's memory, and the device reads them whenever it likes, long after the
  // guest's last notification. What would hold is a queue of the hypervisor's own, into which each descriptor is copied
  // and checked: an exit a notification and an interrupt, for virtio alone and for its device types that carry no
  // addresses in what they are sent (not balloon, not gpu).
  behind: z
    .enum(["none"], { error: "none: no IOMMU stands between this device and memory" })
    .default("none")
    .describe("of a device that does DMA: what stands between it and memory. none: whoever drives it reaches all of it"),
  quiesce: z
    .strictObject({
      offset: integer("the offset of a register, a multiple of 4", 0, DEVICE_END - REGISTER, REGISTER),
      value: integer("a value of 32 bits", 0, WORD_MAX),
    })
    .optional()
    .describe("a 32-bit write that ends its DMA, done when its partition stops"),
  node: nodeName.describe("name of its device tree node, without the unit address"),
  compatible: z.array(modelName).min(1),
  dma_coherent: z.boolean().describe("its DMA snoops the CPUs' caches"),
  clock_names: z.array(clockName).default([]).describe("names of its clocks; all of them are the UART's"),
});

const DevicePlace = z.strictObject({
  kind: z.string().describe("a key of device_kinds"),
  reg: integer("an address such as 0x09010000, a multiple of 4, below 2^40", 0, DEVICE_END - REGISTER, REGISTER).describe(
    "PA of its registers",
  ),
  spi: spi.describe("its interrupt, an SPI"),
  qemu_bus: line.optional().describe("where QEMU's -device plugs what stands behind it"),
});

export type Device = z.output<typeof DeviceKind> & Omit<z.output<typeof DevicePlace>, "kind">;

// Of CCSIDR_EL1 with FEAT_CCIDX (DDI 0487): 24 bits of sets; of ways more than there are anywhere.
const SETS_MAX = 2 ** 24;
const WAYS_MAX = 1024;
const Cache = z.strictObject({
  level: z.int().min(1).max(3),
  kind: z.enum(["instruction", "data", "unified"]),
  sets: integer("how many sets there are, 1 to 16M", 1, SETS_MAX),
  ways: integer("how many ways there are, 1 to 1024", 1, WAYS_MAX),
  line: z.literal([16, 32, 64, 128, 256]),
});

// GICD_TYPER.ITLinesNumber counts INTIDs by 32, and the last ones of 1024 are special (IHI 0069, 2.2).
const SPI_WORD = 32;
const SPIS_MOST = 988;
const SPIS_EXPECTED = "how many SPIs there are: a multiple of 32, or 988";
const REDISTRIBUTOR = 0x2_0000;
const gicCommon = {
  gicd: frame,
  spis: z
    .union([integer(SPIS_EXPECTED, SPI_WORD, SPIS_MOST, SPI_WORD), z.literal(SPIS_MOST)], { error: SPIS_EXPECTED })
    .describe("how many SPIs are implemented"),
  maintenance: ppi,
};

const Gic = z.discriminatedUnion(
  "version",
  [
    z.strictObject({
      version: z.literal(2),
      ...gicCommon,
      gicc: frame.describe("the CPU interface, as a pCPU sees its own"),
      gich: frame.describe("the virtual interface control"),
      gicv: frame.describe("the virtual CPU interface"),
    }),
    z.strictObject({
      version: z.literal(3),
      ...gicCommon,
      gicr: frame.describe("RD_base of the boot pCPU"),
      gicr_stride: integer("a multiple of 128K", REDISTRIBUTOR, MAPPED_END, REDISTRIBUTOR).describe(
        "from one pCPU's redistributor to the next one's",
      ),
    }),
  ],
  { error: "a GIC of version 2 or 3" },
);

/** Aff3 to Aff0 (DDI 0487, MPIDR_EL1). */
const AFFINITY_MAX = 0xff_00ff_ffff;
/** An arm64 Image (Linux Documentation/arch/arm64/booting.rst). */
const IMAGE_STEP = 0x20_0000;
const IMAGE_EXPECTED = "an address such as 0x40200000, a multiple of 2M, below 2^38";
const RAM_SIZE_EXPECTED = "bytes, a multiple of 4K, at most 2^38";
const RAM_EXPECTED = `1 to ${MAX_BANKS} banks, such as [{ base: 0x40000000, size: 0x40000000 }]`;
const PCPUS_EXPECTED = "1 to 8 pCPUs: what the hypervisor has room for, and a GICv2 has CPU interfaces for";
export const BoardFile = z.strictObject({
  name: named,
  description: line,
  isa: z.enum(["aarch64"]),
  cpus: z
    .strictObject({
      compatible: modelName,
      mpidr: z
        .array(integer("affinity fields of an MPIDR_EL1, such as 0x100", 0, AFFINITY_MAX))
        .min(1, { error: PCPUS_EXPECTED })
        .max(MAX_CPUS, { error: PCPUS_EXPECTED })
        .describe("affinity fields of MPIDR_EL1 of every pCPU, boot pCPU first; of a GICv2, CPU interface n is pCPU n's"),
      pa_bits: z
        .int()
        .min(32)
        .max(52)
        .default(40)
        .describe("bits of a physical address, the fewest that a pCPU has (ID_AA64MMFR0_EL1.PARange)"),
      granules: z
        .array(z.enum(GRANULES))
        .default(["4K", "64K"])
        .describe("pages that every pCPU's stage 1 can have (ID_AA64MMFR0_EL1.TGran4, TGran16, TGran64)"),
      caches: z.array(Cache).min(1).describe("all levels; the last one before memory is shared by all pCPUs"),
      refill_event: z.int().min(0).max(0xffff).describe("PMU event that counts refills of the last-level cache, for `bandwidth`"),
      bus_bytes: z
        .literal([4, 8, 16, 32, 64])
        .optional()
        .describe(
          "bytes of a BUS_ACCESS (PMU event 0x19): pCPUs that count these do so for `bandwidth` instead; without " +
            "this key none does",
        ),
      pmu_version: z
        .int()
        .min(1)
        .max(14)
        .default(1)
        .describe(
          "PMUv3 as every pCPU has it (ID_AA64DFR0_EL1.PMUVer); from 6 (PMUv3p5) on it can leave EL2 out of a guest's counts",
        ),
    })
    .readonly(),
  cluster: z
    .strictObject({ kind: z.literal("dsu"), way_groups: z.int().min(2).max(4) })
    .optional()
    .describe(
      "how the cluster parts the ways of its cache (Arm DSU, CLUSTERPARTCR_EL1), and that firmware lets EL2 do it " +
        "(ACTLR_EL3.SMEN, TSIDEN); without this key it cannot",
    ),
  ram: z
    .array(
      z.strictObject({
        base: integer("an address such as 0x40000000, a multiple of 4K, below 2^38", 0, MAPPED_END - FRAME, FRAME),
        size: integer(RAM_SIZE_EXPECTED, FRAME, MAPPED_END, FRAME),
      }),
      { error: RAM_EXPECTED },
    )
    .min(1, { error: RAM_EXPECTED })
    .max(MAX_BANKS, { error: RAM_EXPECTED }),
  gic: Gic,
  timer: z.strictObject({ secure: ppi, physical: ppi, virtual: ppi, hypervisor: ppi }),
  counter_hz: integer("CNTFRQ_EL0 in Hz, 10^6 to 10^9", COUNTER_MIN, COUNTER_MAX)
    .optional()
    .describe("CNTFRQ_EL0, by which the bridge knows when a scan was; without this key bridge.yaml has to say it"),
  pmu: ppi.optional().describe("overflow interrupt of the PMU; without this key it is not wired"),
  uart: z.strictObject({
    kind: z.literal("pl011"),
    reg: frame,
    spi,
    clock_hz: integer("its clock in Hz, 1 to 2^32 - 1", 1, WORD_MAX),
  }),
  spare_spis: z
    .tuple([spi, spi], { error: "two SPI numbers, such as [200, 223]" })
    .describe("first and last of a range that no device of the board uses"),
  boot: z.strictObject({
    image: integer(IMAGE_EXPECTED, 0, MAPPED_END - IMAGE_STEP, IMAGE_STEP).describe("PA the image is loaded at"),
    conduit: z.enum(["smc", "hvc"]).describe("how firmware's PSCI is called from EL2"),
    qemu: z.strictObject({ machine: line, cpu: line }).optional().describe("how QEMU is this board"),
  }),
  device_kinds: z.record(named, DeviceKind),
  devices: z.record(named, DevicePlace).describe("what can be given to partitions"),
});

/** The file, with the facts of its kind in every device. */
export const Board = BoardFile.transform(({ device_kinds: kinds, devices: places, ...board }, context) => {
  // Without a prototype: names that people write are looked up in it, and `constructor` is no device.
  const devices: Record<string, Device> = Object.create(null) as Record<string, Device>;
  for (const [name, { kind, ...place }] of Object.entries(places)) {
    const common = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (common === undefined) {
      const path = ["devices", name, "kind"];
      context.issues.push({
        code: "custom",
        input: kind,
        path,
        message: `one of device_kinds: ${Object.keys(kinds).join(", ")}`,
      });
    } else {
      devices[name] = { ...common, ...place };
    }
  }
  return { ...board, devices };
});
export type Board = z.output<typeof Board>;
