// What a guest profile holds whatever the ISA: everything that all systems of one kind of guest have in common, so that
// `guest: linux` is all that a system.yaml has to say. <isa>.ts puts beside it what such a guest knows of its ISA.
import * as z from "zod";
import { integer, line, text } from "../../boards/values.ts";
import { IPA_BITS_MAX } from "../../partitions/blob/layout.table.ts";
import { IMAGE_FORMATS } from "../../partitions/images/formats.ts";
import { CMDLINE_EXPECTED, CMDLINE_PATTERN } from "../../partitions/schema.ts";
import { BLOCK, PAGE, TIB } from "../../partitions/units.ts";

/** An IPA: stage 2 maps pages. */
const IPA_END = 2 ** IPA_BITS_MAX;
export const address = integer("an address such as 0x40000000, a multiple of 4K, below 2^40", 0, IPA_END - PAGE, PAGE);
const PLACE_EXPECTED = "an address such as 0x50000000, a multiple of 4K, above 0 and below 2^40";
/** Where something is that a 0 in the blob says is not there. */
export const place = integer(PLACE_EXPECTED, PAGE, IPA_END - PAGE, PAGE);
const SIGNATURE_EXPECTED = "some text that is in its images";
const MEMORY_IPA_EXPECTED = "identity, or an address such as 0x40000000, a multiple of 2M, below 2^40";

const Tag = z.strictObject({
  name: line,
  unit: z.enum(["count", "ns"]),
});
export type Tag = z.output<typeof Tag>;

export const commonShape = {
  name: z.string(),
  description: line,
  realtime: z.boolean().describe("its pCPUs are kept free of the hypervisor's housekeeping wherever that can be"),
  image: z.strictObject({
    formats: z.array(z.enum(IMAGE_FORMATS)).min(1),
    load: address
      .optional()
      .describe(
        "IPA that it is linked for: a raw image's first byte goes there, and is entered; the text_offset of an arm64 Image " +
          "counts from the 2 MiB boundary there or below. Without this key: both at the start of RAM.",
      ),
    file: z.string().optional().describe("used when system.yaml names none; relative to the project"),
  }),
  signature: z
    .array(z.string().min(1, { error: SIGNATURE_EXPECTED }))
    .describe("text that its images hold, any of it, and no other guest's"),
  booted: line
    .optional()
    .describe("which builds of it have run under this hypervisor; without this key none has: it is written from reading"),
  prints: z
    .boolean()
    .default(false)
    .describe("it prints on its console as it starts, whatever it is built for: silence means that it does not run"),
  notes: z.array(line).default([]).describe("what a build of it has to heed"),
  memory: z.strictObject({
    size: integer("bytes, a multiple of 4K, at most 1024G", PAGE, TIB, PAGE).describe(
      "bytes, when system.yaml says nothing else",
    ),
    ipa: z
      .union([z.literal("identity"), integer(MEMORY_IPA_EXPECTED, 0, IPA_END - BLOCK, BLOCK)], { error: MEMORY_IPA_EXPECTED })
      .describe("identity: IPA = PA, what DMA without an SMMU needs"),
  }),
  device_tree: z
    .strictObject({
      initrd: z.string().optional().describe("used when system.yaml names none; relative to the project"),
      cmdline: text(CMDLINE_EXPECTED, CMDLINE_PATTERN),
    })
    .optional()
    .describe("it takes a device tree as it begins; without this key it knows its machine by itself"),
  channels: z
    .strictObject({ ipa: place.describe("IPA of its first channel; the next ones follow without a gap") })
    .optional()
    .describe("without this key a channel's IPA is its PA"),
  process_image: z
    .enum(["writes", "reads"])
    .optional()
    .describe(
      "what it does with a process image, as it comes with the project; without this key nobody knows, and it may do either",
    ),
  tags: z.array(Tag).describe("what it publishes by HYPERCALL_TAG_PUBLISH, by tag index"),
};

/** What else it leaves its guest code for. */
export const otherExits = line.optional().describe("what else it leaves its guest code for, however its interrupts come");
