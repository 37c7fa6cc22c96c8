// What a guest profile holds: everything that all systems of one kind of guest have in common, so that `guest: linux`
// is all that a system.yaml has to say.
import { z } from "zod";
import { IMAGE_FORMATS } from "../../partitions/images/formats.ts";
import { CMDLINE_PATTERN } from "../../partitions/schema.ts";
import { PAGE } from "../../partitions/units.ts";

const address = z.int({ error: "an address, such as 0x40000000" }).nonnegative();

const GicVersion = z.union([z.literal(2), z.literal(3)]);

const Tag = z.strictObject({
  name: z.string(),
  unit: z.enum(["count", "ns"]),
});
export type Tag = z.output<typeof Tag>;

export const Profile = z.strictObject({
  name: z.string(),
  description: z.string(),
  realtime: z.boolean().describe("its pCPUs are kept free of the hypervisor's housekeeping wherever that can be"),
  image: z.strictObject({
    formats: z.array(z.enum(IMAGE_FORMATS)).min(1),
    load: address
      .multipleOf(PAGE)
      .optional()
      .describe(
        "IPA that it is linked for: a raw image's first byte goes there, and is entered; the text_offset of an arm64 Image " +
          "counts from the 2 MiB boundary there or below. Without this key: both at the start of RAM.",
      ),
    file: z.string().optional().describe("used when system.yaml names none; relative to the project"),
  }),
  signature: z.array(z.string()).describe("text that its images hold, any of it, and no other guest's"),
  booted: z
    .string()
    .optional()
    .describe("which builds of it have run under this hypervisor; without this key none has: it is written from reading"),
  prints: z
    .boolean()
    .default(false)
    .describe("it prints on its console as it starts, whatever it is built for: silence means that it does not run"),
  exits: z
    .strictObject({
      pmr: z.string().optional().describe("it writes ICC_PMR_EL1 as it runs: what for"),
      sgi: z.string().optional().describe("it sends SGIs: what for"),
      other: z.string().optional().describe("what else it leaves its guest code for, however its interrupts come"),
    })
    .optional()
    .describe("what it leaves its guest code for in steady state, besides its interrupts; without this key nobody knows"),
  notes: z.array(z.string()).default([]).describe("what a build of it has to heed"),
  memory: z.strictObject({
    size: z.int().positive().describe("bytes, when system.yaml says nothing else"),
    ipa: z.union([z.literal("identity"), address]).describe("identity: IPA = PA, what DMA without an SMMU needs"),
  }),
  gic: z.array(GicVersion).min(1).describe("versions it can be built for, or finds out by itself"),
  timer: z.enum(["virtual", "physical"]).describe("which EL1 timer it ticks by"),
  psci: z.enum(["hvc", "smc", "none"]).describe("how it calls PSCI; both are answered"),
  device_tree: z
    .strictObject({
      initrd: z.string().optional().describe("used when system.yaml names none; relative to the project"),
      cmdline: z.string().regex(CMDLINE_PATTERN),
    })
    .optional()
    .describe("it takes a device tree in x0; without this key it knows its machine by itself"),
  machine: z
    .strictObject({
      gicd: address,
      gicr: address.describe("GICv3: RD_base of vCPU 0"),
      gicc: address.describe("GICv2: the CPU interface"),
      console: address.describe("an emulated PL011"),
      console_spi: z
        .int()
        .min(0)
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
    .array(z.int().min(0))
    .default([])
    .describe("SPIs that it cannot do without, besides its console's, unless system.yaml lists others"),
  channels: z
    .strictObject({ ipa: address.describe("IPA of its first channel; the next ones follow without a gap") })
    .optional()
    .describe("without this key a channel's IPA is its PA"),
  process_image: z
    .enum(["writes", "reads"])
    .optional()
    .describe(
      "what it does with a process image, as it comes with the project; without this key nobody knows, and it may do either",
    ),
  tags: z.array(Tag).describe("what it publishes by HYPERCALL_TAG_PUBLISH, by tag index"),
});
export type Profile = z.output<typeof Profile>;
