// system.yaml: what a person writes. The zod schema is also the source of system.schema.json, with which an editor
// completes and checks the file while it is written; so every key has its description here.
import * as z from "zod";
import { Trigger } from "../boards/devices.ts";
import type { Spi } from "../boards/schema.ts";
import { integer, register, text as patterned, word, WORD_MAX } from "../boards/values.ts";
import {
  IPA_BITS_MAX,
  MAX_CHANNELS,
  MAX_CPUS,
  MAX_INITS,
  MAX_INTERRUPTS,
  MAX_PARTITIONS,
  MAX_REGIONS,
  TRIAL_MAX,
  TRIAL_MIN,
} from "./blob/layout.table.ts";
import { Tag, TAGS_MAX } from "./tags/schema.ts";
import { durations, pages, ranges, sizes } from "./patterns.ts";
import { BLOCK, GIB, PAGE, parseDuration, parseSize, TIB } from "./units.ts";

/** Lower-case letters, digits, "-". The blob has 16 bytes for a name, the last one NUL. */
export const NAME_PATTERN = /^[a-z][a-z0-9-]*$/;
export const PARTITION_NAME_MAX = 15;
/** Node names of a device tree have at most 31 characters (Devicetree Specification 2.2.1). */
export const CHANNEL_NAME_MAX = 31;
/** Each has two ends. */
export const CHANNELS_MAX = MAX_CHANNELS / 2;

/** `errorMessage`: what editors say (yaml-language-server, VS Code) instead of the pattern. */
const text = (expected: string, pattern: RegExp): z.ZodString =>
  patterned(expected, pattern).meta({ errorMessage: `write ${expected}` });

const sized = (
  expected: string,
  pattern: RegExp,
  least: number,
  most: number,
  step: number,
): z.ZodType<number, number | string> =>
  z
    .union([integer(expected, least, most, step), text(expected, pattern)], { error: expected })
    .transform((written) => (typeof written === "number" ? written : (parseSize(written) ?? 0)));

/** What stage 2 has addresses for. */
const SIZE_MAX = TIB;
const SIZE_EXPECTED = "a size such as 512M or 4K, a multiple of 4K, at most 1024G";
const Size = sized(SIZE_EXPECTED, pages(SIZE_MAX), PAGE, SIZE_MAX, PAGE);

const timed = (expected: string, least: number, most: number): z.ZodType<number, string> =>
  text(expected, durations(least, most)).transform((written) => parseDuration(written) ?? 0);

// Watchdogs are looked at once a housekeeping tick, 1 ms; and the blob has 32 bits for microseconds.
const Duration = timed("a duration such as 50ms, 200us or 1s, at least 1ms and at most 1000s", 1000, 1_000_000_000);

const BUDGET_MAX = 16 * GIB;
const Budget = sized("a size such as 64K or 64M, at most 16G", sizes(0, BUDGET_MAX), 0, BUDGET_MAX, 1);
const Period = timed("a duration such as 1ms, at least 100us and at most 1s", 100, 1_000_000);

/** Page colours and way groups: the blob has a bit for each. */
const NUMBERED_MAX = 32;
/** A list of numbers, or a range of them: ascending, each once. */
function numbered(text: string): number[] {
  const [first = 0, last = 0] = text.split("-").map(Number);
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}
const numbers = (expected: string): z.ZodType<number[], string | number[]> =>
  z
    .union(
      [
        z
          .array(z.int({ error: expected }).nonnegative({ error: expected }))
          .min(1, { error: expected })
          .max(NUMBERED_MAX, { error: expected }),
        text(expected, ranges(NUMBERED_MAX - 1)),
      ],
      { error: expected },
    )
    .transform((written) => (typeof written === "string" ? numbered(written) : [...new Set(written)]))
    .transform((list) => list.sort((a, b) => a - b));

const CACHE_EXPECTED = "{ colours: [0, 1] } or { ways: [0] }, one of the two";
const Cache = z
  .strictObject(
    {
      colours: numbers("page colours, such as [0, 1, 2] or 0-3")
        .optional()
        .describe("Page colours that its memory consists of: sets of the shared cache that no other colour has."),
      ways: numbers("way groups, such as [0, 1] or 0-1")
        .optional()
        .describe("Way groups of the cluster's cache that are its own, where the board has them."),
    },
    { error: CACHE_EXPECTED },
  )
  .refine(({ colours, ways }) => (colours === undefined) !== (ways === undefined), { error: CACHE_EXPECTED })
  .meta({ minProperties: 1, maxProperties: 1 }); // the same, for the JSON Schema

const Bandwidth = z.strictObject(
  {
    budget: Budget.describe("Bytes that may be refilled into the last-level cache in a period, of all its vCPUs: 64M."),
    period: Period.describe("How long a budget lasts: 1ms."),
  },
  { error: "{ budget: 64K, period: 1ms }" },
);

/** A physical address: a level-3 descriptor of 4 KiB pages has 48 bits of it (DDI 0487, D8.3). */
const PA_MAX = 2 ** 48 - 1;
const INSTRUCTION_BYTES = 4;
const IPA_MAX = 2 ** IPA_BITS_MAX - 1;
// A multiple of 2M is the JSON Schema's to say: the tool says it with what to round it to (AXV-P032).
const PhysicalBlock = integer("an address such as 0x60000000, below 2^48", 0, PA_MAX, 1).meta({ multipleOf: BLOCK });
const IPA_EXPECTED = '"identity", or an address such as 0x40000000, below 2^40';
const GuestBlock = integer(IPA_EXPECTED, 0, IPA_MAX, 1).meta({ multipleOf: BLOCK });
const Instruction = integer("an address such as 0x40080000, a multiple of 4, below 2^40", 0, IPA_MAX, INSTRUCTION_BYTES);
const GuestPage = integer("an address such as 0x60000000, a multiple of 4K, above 0 and below 2^40", PAGE, IPA_MAX, PAGE);
const Name = z.string({ error: "a name" });
const Flag = z.boolean({ error: "true or false" });
const FilePath = text("the path of a file, relative to this one", /^[^\0]+$/u);

/** What a kernel keeps of it (Linux, arch/arm64/include/uapi/asm/setup.h: COMMAND_LINE_SIZE, the last one NUL). */
export const CMDLINE_MAX = 2047;
export const CMDLINE_EXPECTED = `a kernel command line: one line without control characters, of at most ${CMDLINE_MAX} bytes`;
export const CMDLINE_PATTERN = /^[^\0-\x08\n-\x1f\x7f]{0,2047}$/u;

const MEMORY_EXPECTED = "a size such as 512M, at most 1024G, or { size: 512M, at: 0x60000000, ipa: identity }";
const MemoryPlace = z.strictObject({
  size: Size.describe("How much: 512M"),
  at: PhysicalBlock.optional().describe("Physical address, a multiple of 2M. Left out: the planner chooses."),
  ipa: z
    .union([z.literal("identity"), GuestBlock], { error: IPA_EXPECTED })
    .optional()
    .describe("Where the partition itself sees it, a multiple of 2M; identity: at its physical address, as DMA needs."),
});
const Memory = z
  .union([Size, MemoryPlace], { error: MEMORY_EXPECTED })
  .transform((written): z.output<typeof MemoryPlace> => (typeof written === "number" ? { size: written } : written));

const INIT_EXPECTED = `a list of writes, such as [{ reg: 0xfdd20000, value: 1, mask: 0xffff }], at most ${MAX_INITS}`;
const Init = z.strictObject({
  reg: register.describe("PA of a 32-bit register, one of the board's `init_registers`."),
  value: word.describe("What its bits in the mask become."),
  mask: integer("bits to write: 1 to 0xffffffff", 1, WORD_MAX).default(WORD_MAX).describe("Bits to write. Default: all."),
});

const UPDATE_EXPECTED = "{ key: 64 hexadecimal digits, from: linux, size: 1M, version: 1 }";
const Update = z.strictObject(
  {
    key: text("an Ed25519 public key, 64 hexadecimal digits, as axv-part update key shows it", /^[0-9a-f]{64}$/).describe(
      "The Ed25519 public key that new images have to be signed by: axv-part update key shows it.",
    ),
    from: Name.describe("The partition that brings new images: linux. It need not be trusted."),
    size: Size.describe("Bytes of a new image at most: 1M. RAM for two of them is set aside."),
    version: integer("a version: a whole number from 0 on", 0, WORD_MAX, 1)
      .default(0)
      .describe("Of the image that it boots with: only newer ones are taken. Default: 0."),
  },
  { error: UPDATE_EXPECTED },
);

const CPUS_EXPECTED = `a list of 1 to ${MAX_CPUS} pCPU numbers, such as [0, 1]`;
const SPI_EXPECTED = "an SPI number, from 0; or with its trigger, such as { spi: 41, trigger: edge }";
const spiNumber = z.int({ error: SPI_EXPECTED }).nonnegative({ error: SPI_EXPECTED });
/** What is a number only. */
export const levelSpi = (spi: number): Spi => ({ spi, trigger: "level" });
const SPIS_EXPECTED = `a list of SPI numbers, such as [40, 41], at most ${MAX_INTERRUPTS}`;
const DEVICES_EXPECTED = `a list of device names, such as [virtio0], at most ${MAX_REGIONS}`;
const CONTROLS_EXPECTED = "a list of partitions, such as [plc]";
const TAGS_EXPECTED = `a list of tags, such as [{ name: Level, type: f32 }], at most ${TAGS_MAX}`;
/** In lists of words that can each stand once. */
const WORDS_MAX = 8;

export const PARTITION_SHAPE = {
  guest: Name.meta({
    description: "What runs in it: a profile of rtos-guests/profiles.",
    examples: [
      "arceos",
      "bare-metal",
      "freertos",
      "linux",
      "nimbos",
      "nuttx",
      "plc",
      "rt-thread",
      "starry-os",
      "uniproton",
      "zephyr",
    ],
  }),
  cpus: z
    .array(z.int({ error: "a pCPU number" }).nonnegative({ error: "a pCPU number, from 0" }), { error: CPUS_EXPECTED })
    .min(1, { error: CPUS_EXPECTED })
    .max(MAX_CPUS, { error: CPUS_EXPECTED })
    .describe("Its pCPUs, for it alone; vCPU 0 is on the first one."),
  memory: Memory.optional().describe(
    "How much RAM: 512M; or also where: { size: 512M, at: 0x60000000, ipa: identity }. Default: the profile's.",
  ),
  image: FilePath.optional().describe("Image of the guest, relative to this file. Default: the profile's."),
  load: Instruction.optional().describe(
    "Where the image is linked for (IPA): a raw binary's first byte goes there, the text_offset of an arm64 Image " +
      "counts from the 2 MiB boundary there or below. Default: the profile's, or the start of its memory.",
  ),
  entry: Instruction.optional().describe("First instruction of a raw binary (IPA). Default: its first byte."),
  initrd: FilePath.optional().describe("Initial RAM disk, relative to this file. Default: the profile's."),
  cmdline: text(CMDLINE_EXPECTED, CMDLINE_PATTERN).optional().describe("Kernel command line. Default: the profile's."),
  devices: z
    .array(Name, { error: DEVICES_EXPECTED })
    .max(MAX_REGIONS, { error: DEVICES_EXPECTED })
    .default([])
    .describe("Devices of the board that belong to it, passed through with their interrupts."),
  spis: z
    .array(
      z
        .union([spiNumber, z.strictObject({ spi: spiNumber, trigger: Trigger })], { error: SPI_EXPECTED })
        .transform((spi) => (typeof spi === "number" ? levelSpi(spi) : spi)),
      { error: SPIS_EXPECTED },
    )
    .max(MAX_INTERRUPTS, { error: SPIS_EXPECTED })
    .default([])
    .describe("Further SPIs that belong to it, numbered as in device trees (INTID - 32): level triggered, or { spi, trigger }."),
  interrupts: z
    .enum(["injected", "direct"], { error: "injected or direct" })
    .default("injected")
    .describe("injected: by the hypervisor; direct: it owns the interrupts of its pCPUs, and does not leave for any."),
  trust: z
    .array(z.enum(["sgi"], { error: "sgi" }), { error: "[sgi]" })
    .max(WORDS_MAX, { error: "[sgi]" })
    .default([])
    .describe(
      "[sgi]: with direct interrupts, GICv3: nothing it does with its CPU interface leaves for the hypervisor. It " +
        "can then interrupt every pCPU, end others' interrupts, and shut out a stop.",
    ),
  cache: Cache.optional().describe("Its own share of the cache that all pCPUs share. Default: what is nobody's own."),
  bandwidth: Bandwidth.optional().describe("Held once it has refilled that much of the cache, until the period ends."),
  mailbox: z
    .strictObject(
      { ipa: GuestPage.describe("Where the partition sees it, a multiple of 4K: 0x60000000.") },
      { error: "{ ipa: 0x60000000 }" },
    )
    .optional()
    .describe(
      "The page that it shares with the hypervisor alone, to speak without leaving its pCPU. Default: a real-time " +
        "guest has one, behind its channels.",
    ),
  accepts: z
    .array(z.enum(["dma", "providers"], { error: "dma or providers" }), { error: "a list of what is accepted, such as [dma]" })
    .max(WORDS_MAX, { error: "a list of what is accepted, such as [dma]" })
    .default([])
    .describe(
      "Risks that are known and accepted. dma: its devices, and so its guest, reach all memory of the board. providers: its " +
        "devices' clocks, pins or power are another partition's to change.",
    ),
  watchdog: Duration.optional().describe("It fails when it does not feed its watchdog this long: 50ms. Default: none."),
  on_failure: z
    .enum(["stop", "restart", "inspect"], { error: "stop, restart or inspect" })
    .default("stop")
    .describe("After a forbidden access or an expired watchdog: stop it, restart it, or leave it as it is for inspection."),
  autostart: Flag.default(true).describe("Started when the board boots. Otherwise by command of the host."),
  pmu: Flag.default(false).describe("Gives it the performance counters of its pCPUs."),
  init: z
    .array(Init, { error: INIT_EXPECTED })
    .max(MAX_INITS, { error: INIT_EXPECTED })
    .default([])
    .describe(
      "Registers that the hypervisor writes before any guest starts, for pins and clocks of its devices: " +
        "[{ reg: 0xfdd20000, value: 1, mask: 0xffff }].",
    ),
  telemetry: Flag.default(false).describe(
    "It reads along what leaves by the hypervisor's UART, what other partitions print included, by a second UART (Linux: " +
      "/dev/ttyAMA1, on RISC-V /dev/ttyS1): for a bridge that runs in it. One partition at most. Default: false.",
  ),
  controls: z
    .array(z.string({ error: CONTROLS_EXPECTED }), { error: CONTROLS_EXPECTED })
    .max(MAX_PARTITIONS, { error: CONTROLS_EXPECTED })
    .default([])
    .describe("Partitions that it may start, stop, restart and pause, by that second UART: [plc]. Default: none."),
  commits: Flag.default(false).describe(
    "By that second UART it may say that a system on trial is committed, once the slot state on the disk says so. " +
      "Default: false.",
  ),
  tags: z
    .array(Tag, { error: TAGS_EXPECTED })
    .max(TAGS_MAX, { error: TAGS_EXPECTED })
    .default([])
    .describe("Process values that it shows to the world outside, and that the world may set: { name: Level, type: f32 }."),
  update: Update.optional().describe(
    "It can get a new image while the others run on: { key: 64 hexadecimal digits, from: linux, size: 1M }. One partition at " +
      "most.",
  ),
  clock: z
    .enum(["shared", "own"], { error: "shared or own" })
    .default("shared")
    .describe("shared: its virtual counter (CNTVCT) is the one that all partitions read; own: it counts from its start."),
};
export type PartitionShape = typeof PARTITION_SHAPE;

const BETWEEN_EXPECTED = "two partitions, such as [plc, linux]";
export const CHANNEL_SHAPE = {
  between: z
    .tuple([Name, Name], { error: BETWEEN_EXPECTED })
    .meta({ minItems: 2, maxItems: 2 })
    .describe("The two partitions that share it."),
  size: Size.default(PAGE).describe("Bytes of shared memory: 4K."),
  carries: z
    .enum(["process-image", "tags"], { error: "process-image or tags" })
    .optional()
    .describe(
      "process-image: what a PLC publishes goes here. Default: the channel of that name, or a PLC's first by name. tags: the " +
        "tag image of the end that has tags.",
    ),
};
export type ChannelShape = typeof CHANNEL_SHAPE;

const Trial = timed("a duration such as 30s or 300s, at least 1ms and at most 3600s", TRIAL_MIN, TRIAL_MAX);
/** Three numbers below 10^9, without leading zeros. */
export const VERSION_PATTERN = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/;
const VERSION_MEANT = "three numbers with dots between them, such as 1.4.0";

export const SYSTEM_SHAPE = {
  board: Name.meta({
    description: "The board, a folder of boards/.",
    examples: [
      "daoli-plc",
      "imx8mp-evk",
      "orangepi-5-plus",
      "phytium-pi",
      "qemu-aarch64",
      "qemu-aarch64-gicv2",
      "qemu-riscv64",
      "roc-rk3568-pc",
      "xlnx-versal-virt",
      "xlnx-zcu102",
    ],
  }),
  version: z
    .string({ error: VERSION_MEANT })
    .regex(VERSION_PATTERN, { error: VERSION_MEANT })
    .optional()
    .describe("Of the system, such as 1.4.0: its FIT and its manifest say it, and deploy takes no older one by itself."),
  partitions: z
    .record(Name, z.unknown(), { error: "a mapping of partitions by their names" })
    .refine((partitions) => Object.keys(partitions).length > 0, { error: "at least one partition" }),
  channels: z.record(Name, z.unknown(), { error: "a mapping of channels by their names" }).default({}),
  healthy_after: Trial.optional().describe(
    "On trial in a new slot the system is healthy when all partitions that start by themselves have run that long, with " +
      "watchdogs fed, and without a restart or an overrun. Default: 30s.",
  ),
  commit_within: Trial.optional().describe(
    "On trial it has to be committed within that time of its start, or the board is reset. Default: 300s.",
  ),
};

const named = (limit: number): z.ZodString => z.string().regex(NAME_PATTERN).max(limit);

/** The whole file in one schema: what editors get. */
export const System = z.strictObject({
  board: SYSTEM_SHAPE.board,
  version: SYSTEM_SHAPE.version,
  partitions: z
    .record(named(PARTITION_NAME_MAX), z.strictObject(PARTITION_SHAPE))
    .meta({ minProperties: 1, maxProperties: MAX_PARTITIONS })
    .describe("The partitions by name: each has pCPUs, memory, devices and interrupts of its own."),
  channels: z
    .record(named(CHANNEL_NAME_MAX), z.strictObject(CHANNEL_SHAPE))
    .meta({ maxProperties: CHANNELS_MAX })
    .default({})
    .describe("Memory shared by two partitions, with a doorbell interrupt in each direction."),
  healthy_after: SYSTEM_SHAPE.healthy_after,
  commit_within: SYSTEM_SHAPE.commit_within,
});

/** The text of partitions/system.schema.json. */
export function systemJsonSchema(): string {
  const schema = z.toJSONSchema(System, { io: "input" });
  return `${JSON.stringify({ title: "axv-part system.yaml", ...schema }, null, 2)}\n`;
}
