// What a board.yaml holds: facts of a board, and nothing else. How partitions use the board is system.yaml's business.
//
// Interrupt numbers are those of device trees: `spi: 16` is INTID 48 (32 + 16), `ppi: 11` is INTID 27 (16 + 11).
import { z } from "zod";
import { GRANULES, MAX_CPUS } from "./limits.ts";

const address = z.int({ error: "an address, such as 0x08000000" }).nonnegative();
const ppi = z.int({ error: "a PPI number, 0 to 15" }).min(0).max(15);
const spi = z.int({ error: "an SPI number, 0 to 987" }).min(0).max(987);

export const boardName = /^[a-z0-9][a-z0-9-]*$/;

/** What all devices of one kind on a board have in common. */
const DeviceKind = z.strictObject({
  size: z.int().positive().describe("bytes of its registers"),
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
    .strictObject({ offset: z.int().nonnegative().multipleOf(4), value: z.int().nonnegative() })
    .optional()
    .describe("a 32-bit write that ends its DMA, done when its partition stops"),
  node: z.string().describe("name of its device tree node, without the unit address"),
  compatible: z.array(z.string()).min(1),
  dma_coherent: z.boolean().describe("its DMA snoops the CPUs' caches"),
  clock_names: z.array(z.string()).default([]).describe("names of its clocks; all of them are the UART's"),
});

const DevicePlace = z.strictObject({
  kind: z.string().describe("a key of device_kinds"),
  reg: address.describe("PA of its registers"),
  spi: spi.describe("its interrupt, an SPI"),
  qemu_bus: z.string().optional().describe("where QEMU's -device plugs what stands behind it"),
});

export type Device = z.output<typeof DeviceKind> & Omit<z.output<typeof DevicePlace>, "kind">;

const Cache = z.strictObject({
  level: z.int().min(1).max(3),
  kind: z.enum(["instruction", "data", "unified"]),
  sets: z.int().positive(),
  ways: z.int().positive(),
  line: z.int().positive(),
});

const gicCommon = {
  gicd: address,
  spis: z.int().positive().describe("how many SPIs are implemented"),
  maintenance: ppi,
};

const Gic = z.discriminatedUnion(
  "version",
  [
    z.strictObject({
      version: z.literal(2),
      ...gicCommon,
      gicc: address.describe("the CPU interface, as a pCPU sees its own"),
      gich: address.describe("the virtual interface control"),
      gicv: address.describe("the virtual CPU interface"),
    }),
    z.strictObject({
      version: z.literal(3),
      ...gicCommon,
      gicr: address.describe("RD_base of the boot pCPU"),
      gicr_stride: z.int().positive().describe("from one pCPU's redistributor to the next one's"),
    }),
  ],
  { error: "a GIC of version 2 or 3" },
);

const PCPUS_EXPECTED = "1 to 8 pCPUs: what the hypervisor has room for, and a GICv2 has CPU interfaces for";
const BoardFile = z.strictObject({
  name: z.string().regex(boardName),
  description: z.string(),
  isa: z.enum(["aarch64"]),
  cpus: z
    .strictObject({
      compatible: z.string(),
      mpidr: z
        .array(address)
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
  ram: z.array(z.strictObject({ base: address, size: z.int().positive() })).min(1),
  gic: Gic,
  timer: z.strictObject({ secure: ppi, physical: ppi, virtual: ppi, hypervisor: ppi }),
  pmu: ppi.optional().describe("overflow interrupt of the PMU; without this key it is not wired"),
  uart: z.strictObject({ kind: z.literal("pl011"), reg: address, spi, clock_hz: z.int().positive() }),
  spare_spis: z.tuple([spi, spi]).describe("first and last of a range that no device of the board uses"),
  boot: z.strictObject({
    image: address.describe("PA the image is loaded at"),
    conduit: z.enum(["smc", "hvc"]).describe("how firmware's PSCI is called from EL2"),
    qemu: z.strictObject({ machine: z.string(), cpu: z.string() }).optional().describe("how QEMU is this board"),
  }),
  device_kinds: z.record(z.string().regex(boardName), DeviceKind),
  devices: z.record(z.string().regex(boardName), DevicePlace).describe("what can be given to partitions"),
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
