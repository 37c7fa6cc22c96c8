// What a guest profile holds: everything that all systems of one kind of guest have in common, so that `guest: linux`
// is all that a system.yaml has to say.
import { z } from "zod";

const address = z.int({ error: "an address, such as 0x40000000" }).nonnegative();

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
    format: z
      .enum(["arm64-image"])
      .describe("arm64-image: Linux Documentation/arch/arm64/booting.rst, entered at its first byte"),
    file: z.string().describe("used when system.yaml names none; relative to the project"),
  }),
  memory: z.strictObject({
    size: z.int().positive().describe("bytes, when system.yaml says nothing else"),
    ipa: z.union([z.literal("identity"), address]).describe("identity: IPA = PA, what DMA without an SMMU needs"),
  }),
  device_tree: z
    .strictObject({
      initrd: z.string().describe("used when system.yaml names none; relative to the project"),
      cmdline: z.string(),
    })
    .optional()
    .describe("it takes a device tree in x0; without this key it knows its machine by itself"),
  machine: z
    .strictObject({
      gicd: address,
      gicr: address.describe("GICv3: RD_base of vCPU 0"),
      gicc: address.describe("GICv2: the CPU interface"),
      console: address.describe("an emulated PL011"),
    })
    .optional()
    .describe("IPAs that are built into the guest; without this key they are the board's own"),
  channels: z
    .strictObject({ ipa: address.describe("IPA of its first channel; the next ones follow without a gap") })
    .optional()
    .describe("without this key a channel's IPA is its PA"),
  tags: z.array(Tag).describe("what it publishes by HYPERCALL_TAG_PUBLISH, by tag index"),
});
export type Profile = z.output<typeof Profile>;
