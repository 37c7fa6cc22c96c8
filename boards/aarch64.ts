// What a board.yaml of AArch64 holds.
//
// Interrupt numbers are those of device trees: `spi: 16` is INTID 48 (32 + 16), `ppi: 11` is INTID 27 (16 + 11).
import * as z from "zod";
import { Caches, commonShape, uartOf } from "./common.ts";
import { devicePlace, devicesOf } from "./devices.ts";
import { bootShape } from "./firmware.ts";
import { ISA_EXPECTED } from "./isa.ts";
import {
  AFFINITY_MAX, COUNTER_MAX, COUNTER_MIN, DEVICE_SPIS_MAX, GRANULES, MAPPED_END, MAX_CPUS, SPI_WORD, SPIS_MOST,
} from "./limits.ts";
import { frame, integer, list, oneOrMore, text } from "./values.ts";

const ppi = integer("a PPI number, 0 to 15", 0, 15);
const SPI_EXPECTED = "an SPI number, 0 to 987";
const spi = integer(SPI_EXPECTED, 0, 987);
const SPIS_OF_DEVICE = `${SPI_EXPECTED}; or a list of them, at most ${DEVICE_SPIS_MAX}`;

const SPIS_EXPECTED = "how many SPIs there are: a multiple of 32, or 988";
const REDISTRIBUTOR = 0x2_0000;
const GICR_EXPECTED = `an address such as 0x080a0000, a multiple of 4K; or a list, one for each pCPU, at most ${MAX_CPUS}`;
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
      gicr: oneOrMore(frame, GICR_EXPECTED, 1, MAX_CPUS).describe(
        "RD_base of the first redistributor, the others behind it; where they are in no such row, a list of all. Whose " +
          "each is it says itself: they may be in any order",
      ),
      gicr_stride: integer("a multiple of 128K", REDISTRIBUTOR, MAPPED_END, REDISTRIBUTOR)
        .optional()
        .describe("from one redistributor to the next one, if `gicr` is no list; default: 128K"),
    }),
  ],
  { error: "a GIC of version 2 or 3" },
);

/** RD_base of so many redistributors, in the order of board.yaml; of a GICv2 none. */
export function redistributorsOf(gic: z.output<typeof Gic>, count: number): readonly number[] {
  if (gic.version === 2) return [];
  const { gicr, gicr_stride: stride = REDISTRIBUTOR } = gic;
  return typeof gicr === "number" ? Array.from({ length: count }, (_, n) => gicr + n * stride) : gicr;
}

const PCPUS_EXPECTED = "1 to 8 pCPUs: what the hypervisor has room for, and a GICv2 has CPU interfaces for";
/** Of a list in brackets, one that is not in quotes would be two. */
const cpuModel = text(
  'manufacturer and model, such as arm,cortex-a55; "arm,cortex-a55" in a list',
  /^[a-z0-9]+,[a-zA-Z0-9._-]{1,62}$/,
);
const MODELS_EXPECTED = `manufacturer and model, such as arm,cortex-a55; or a list of such, in quotes, at most ${MAX_CPUS}`;
const PMU_EXPECTED = "a PPI number, 0 to 15, or { spis: [228, 229] }, one for each pCPU";
const Pmu = z.union(
  [ppi, z.strictObject({ spis: list(spi, `a list of SPI numbers, one for each pCPU, at most ${MAX_CPUS}`, 1, MAX_CPUS) })],
  { error: PMU_EXPECTED },
);
export const Aarch64File = z.strictObject({
  ...commonShape,
  isa: z.literal("aarch64", { error: ISA_EXPECTED }).default("aarch64"),
  cpus: z
    .strictObject({
      compatible: oneOrMore(cpuModel, MODELS_EXPECTED, 1, MAX_CPUS).describe("what its pCPUs are; a list: each of them"),
      mpidr: list(
        integer("affinity fields of an MPIDR_EL1, such as 0x100", 0, AFFINITY_MAX),
        PCPUS_EXPECTED,
        1,
        MAX_CPUS,
      ).describe("affinity fields of MPIDR_EL1 of every pCPU, boot pCPU first; of a GICv2, CPU interface n is pCPU n's"),
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
      caches: Caches,
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
  gic: Gic,
  timer: z.strictObject({ secure: ppi, physical: ppi, virtual: ppi, hypervisor: ppi }),
  counter_hz: integer("CNTFRQ_EL0 in Hz, 10^6 to 10^9", COUNTER_MIN, COUNTER_MAX)
    .optional()
    .describe("CNTFRQ_EL0, by which the bridge knows when a scan was; without this key bridge.yaml has to say it"),
  pmu: Pmu.optional().describe("overflow interrupt of the PMU; without this key it is not wired"),
  uart: uartOf({ spi }),
  spare_spis: z
    .tuple([spi, spi], { error: "two SPI numbers, such as [200, 223]" })
    .describe("first and last of a range that no device of the board uses"),
  boot: z.strictObject({
    ...bootShape,
    conduit: z.enum(["smc", "hvc"]).describe("how firmware's PSCI is called from EL2"),
  }),
  devices: devicesOf(devicePlace({ spi: oneOrMore(spi, SPIS_OF_DEVICE, 0, DEVICE_SPIS_MAX).describe("its interrupts, SPIs") })),
});
