// What a guest profile of AArch64 holds.
import * as z from "zod";
import { ISA_EXPECTED } from "../../boards/isa.ts";
import { integer, line } from "../../boards/values.ts";
import { MAX_INTERRUPTS } from "../../partitions/blob/layout.table.ts";
import { address, commonShape, otherExits, place } from "./common.ts";

const spi = integer("an SPI number, 0 to 987", 0, 987);
const GIC_EXPECTED = "versions of the GIC: [2], [3] or [2, 3]";

export const Aarch64Profile = z.strictObject({
  ...commonShape,
  isa: z.literal("aarch64", { error: ISA_EXPECTED }).default("aarch64"),
  exits: z
    .strictObject({
      pmr: line.optional().describe("it writes ICC_PMR_EL1 as it runs: what for"),
      sgi: line.optional().describe("it sends SGIs: what for"),
      other: otherExits,
    })
    .optional()
    .describe("what it leaves its guest code for in steady state, besides its interrupts; without this key nobody knows"),
  gic: z
    .array(z.literal([2, 3], { error: GIC_EXPECTED }), { error: GIC_EXPECTED })
    .min(1, { error: GIC_EXPECTED })
    .describe("versions it can be built for, or finds out by itself"),
  timer: z.enum(["virtual", "physical"]).describe("which EL1 timer it ticks by"),
  psci: z.enum(["hvc", "smc", "none"]).describe("how it calls PSCI; both are answered"),
  machine: z
    .strictObject({
      gicd: address,
      gicr: address.describe("GICv3: RD_base of vCPU 0"),
      gicc: address.describe("GICv2: the CPU interface"),
      console: place.describe("an emulated PL011"),
      console_spi: spi
        .optional()
        .describe("the PL011's interrupt, an SPI; without this key it is one of the board's spare ones"),
    })
    .optional()
    .describe("IPAs that are built into the guest; without this key they are the board's own"),
  probes_priority: z
    .boolean()
    .default(false)
    .describe(
      "it counts the bits of a priority in INTID 32's byte of GICD_IPRIORITYR, and waits until there are some; no " +
        "interrupt is given to it for that",
    ),
  spis: z
    .array(spi)
    .max(MAX_INTERRUPTS)
    .default([])
    .describe("SPIs that it cannot do without, besides its console's, unless system.yaml lists others"),
});
