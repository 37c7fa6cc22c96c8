// The system blob: everything the core needs to know about board and partitions, planned on the host, applied by the
// core as it is. This table is the description of what every ISA has in it; what one of them has besides is in
// <isa>.table.ts, and isas.ts puts both together. `writeBlob` fills it, and `tools/build` generates from it the
// AssemblyScript accessors that the core reads it with (build/generated/blob, for the ISA that it is built for).
//
//   ┌────────┬─────────┬───────┬─────────────┬──────────┬─ ─ ─┬────────┐
//   │ Header │ Machine │ Cpu × │ Partition × │ Region × │     │ Text × │   Machine is the ISA's, and so are the last
//   └────────┴─────────┴───────┴─────────────┴──────────┴─ ─ ─┴────────┘   fields of each Cpu and Partition
//
// Little endian. All record arrays are packed one after the other behind the machine's record, each aligned to 8 bytes;
// the header holds offset (from the blob's start) and count of each.

import { MAX_BANKS, MAX_CPUS } from "../../boards/limits.ts";
import { ON_FAILURE_INSPECT, ON_FAILURE_STOP, TAG_MAX } from "../../core/abi.ts";
import { f, orNone, within } from "./field.ts";
import type { RecordLayout } from "./field.ts";

export const BLOB_MAGIC = 0x42565841; // "AXVB" in memory
export const BLOB_VERSION = 11;
/**
 * The core copies the blob into its linear memory before it looks at it; so it has a largest size: all arrays at their
 * longest fit.
 */
export const BLOB_MAX_BYTES = 16384;

export { MAX_BANKS, MAX_CPUS };
export const MAX_PARTITIONS = 8;
export const MAX_REGIONS = 64;
export const MAX_LOADS = 64;
export const MAX_INTERRUPTS = 256;
export const MAX_CHANNELS = 32;
export const MAX_QUIESCES = 64;
export const MAX_UPDATES = 1;
export const MAX_INITS = 64;
export const MAX_MATCHES = 16;
/** Words of 8 bytes. */
export const MAX_TEXTS = 512;
/** Of all tag images together: the core keeps a copy of each, to see what changes. */
export const MAX_TAG_BYTES = 48 * 1024;
export const NONE = 0xffffffff;

// Bits and enumerations used by the records below.
export const REGION_RAM = 0; // cached, executable
export const REGION_DEVICE = 1; // a device's: neither cached nor reordered nor executed
export const REGION_CHANNEL = 2; // cached, not executed: an end of a channel
export const REGION_MAILBOX = 3; // likewise: the partition's mailbox
export const REGION_READ = 1;
export const REGION_WRITE = 2;
export const REGION_EXECUTE = 4;
export const REGION_ACCESS = 7; // all of them

export const PARTITION_AUTOSTART = 1;
/** The PMU of its pCPUs belongs to the guest. */
export const PARTITION_PMU = 2;
/** Physical interrupts go to the guest without the hypervisor. */
export const PARTITION_DIRECT = 4;
/** Its clock counts from its start; without this bit it is the one that everybody reads. */
export const PARTITION_OWN_CLOCK = 8;
/** A second emulated UART, in the page behind its console and with its interrupt, has what leaves by the UART, too. */
export const PARTITION_TELEMETRY = 16;
/** By its second emulated UART it may say that the system on trial is committed. */
export const PARTITION_COMMITS = 32;
/** All of these; the ISA's own follow, up to its PARTITION_FLAGS: a blob with another one is refused. */
export const COMMON_PARTITION_FLAGS =
  PARTITION_AUTOSTART + PARTITION_PMU + PARTITION_DIRECT + PARTITION_OWN_CLOCK + PARTITION_TELEMETRY + PARTITION_COMMITS;

export const INTERRUPT_LEVEL = 0;
export const INTERRUPT_EDGE = 1;

/** The one that the hypervisor drives. */
export const UART_PL011 = 0;
export const UART_NS16550 = 1;
export const UART_CADENCE = 2;
export const UART_IMX = 3;
export const UART_SHIFT_MAX = 3;

/** The board's own, that the hypervisor feeds. */
export const WATCHDOG_DW = 0;
export const WATCHDOG_IMX = 1;

// Of a property of the firmware's device tree.
export const MATCH_IS = 0; // all that it says is this string
export const MATCH_HAS = 1; // one of its strings is this one
export const MATCH_ABSENT = 2; // there is no such property, or no such node

// What the core can keep up with; microseconds, telemetry in milliseconds.
const TAG_BYTES_MIN = 72; // its header, and a value
const TICK_MIN = 100;
const TICK_MAX = 100_000;
const TELEMETRY_MAX = 60_000;
const WATCHDOG_MIN = 1000;
const WATCHDOG_MAX = 1_000_000_000;
export const TRIAL_MIN = 1000;
export const TRIAL_MAX = 3_600_000_000;
export const WATCHDOG_TOP_MAX = 15;
const PERIOD_MIN = 100;
const PERIOD_MAX = 1_000_000;
const IPA_BITS_MIN = 32;
export const IPA_BITS_MAX = 40; // what stage 2 is built for
const COLOURS_MAX = 32;
/** Way groups that a cluster's cache has, as a mask. */
const ALL_WAYS = 15;

export const HEADER: RecordLayout = {
  name: "Header",
  doc: "At offset 0.",
  most: 1,
  fields: [
    f("magic", "u32", "BLOB_MAGIC"),
    f("version", "u32", "BLOB_VERSION"),
    f("size", "u32", "bytes of the whole blob, at most BLOB_MAX_BYTES, a multiple of 8"),
    f("checksum", "u32", "CRC-32 (ISO-HDLC) of the bytes from offset 16 to the end"),
    f("isa", "u32", "the ISA of the core behind it (isas.ts)"),
    f("uartKind", "u32", "UART_*", within("frames", UART_PL011, UART_IMX)),
    f("imageBase", "u64", "PA the image is meant to be loaded at; 0: anywhere"),
    f(
      "hypervisorSize",
      "u64",
      "bytes from the image's first one that belong to the hypervisor: image, stacks, linear memory, page tables",
    ),
    f("uart", "u64", "PA of the hypervisor's UART"),
    f("watchdog", "u64", "PA of the board's watchdog, which the hypervisor feeds; 0: it feeds none"),
    f("watchdogKind", "u32", "WATCHDOG_*", within("frames", WATCHDOG_DW, WATCHDOG_IMX)),
    f(
      "watchdogTop",
      "u32",
      "of a WATCHDOG_DW: it expires after 2^(16 + this) ticks of its clock",
      within("frames", 0, WATCHDOG_TOP_MAX),
    ),
    f("uartShift", "u32", "of a UART_NS16550: register n is at n << this", within("frames", 0, UART_SHIFT_MAX)),
    f("uartWide", "u32", "of a UART_NS16550: 1: its registers have 32 bits; 0: 8", within("frames", 0, 1)),
    f("uartDivisor", "u32", "what sets its baud rate, as its kind has it (core/devices); 0: it has the one that firmware set"),
    f("noTree", "u32", "1: firmware gives no device tree; 0: without one nothing starts", within("flags", 0, 1)),
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
    f(
      "healthyMicroseconds",
      "u32",
      "so long all has to be well before a system on trial is healthy",
      within("trial", TRIAL_MIN, TRIAL_MAX),
    ),
    f(
      "commitMicroseconds",
      "u32",
      "within that time it has to be committed, or the board is reset",
      within("trial", TRIAL_MIN, TRIAL_MAX),
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
    f("ramCount", "u32", "stretches of RAM, at most MAX_BANKS"),
    f("initOffset", "u32", "array of Init"),
    f("initCount", "u32", ""),
    f("matchOffset", "u32", "array of Match"),
    f("matchCount", "u32", ""),
    f("textOffset", "u32", "array of Text"),
    f("textCount", "u32", ""),
    f("updateOffset", "u32", "array of Update"),
    f("updateCount", "u32", ""),
  ],
};

export const RECORDS: readonly RecordLayout[] = [
  {
    name: "Cpu",
    doc: "One pCPU. A vCPU is pinned to a pCPU for life, so this is also its vCPU.",
    most: MAX_CPUS,
    fields: [
      f("id", "u64", "what the ISA calls it: the affinity fields of an MPIDR_EL1, a hart ID"),
      f("partition", "u32", "index of the partition it belongs to; NONE: a spare pCPU"),
      f("vcpu", "u32", "index of its vCPU in that partition"),
    ],
  },
  {
    name: "Partition",
    doc: "",
    most: MAX_PARTITIONS,
    fields: [
      f("name", "bytes16", "UTF-8, padded with NUL, at most 15 bytes"),
      f("flags", "u32", "PARTITION_*"),
      f("onFailure", "u32", "ON_FAILURE_* of core/abi.ts", within("flags", ON_FAILURE_STOP, ON_FAILURE_INSPECT)),
      f("cpus", "u32", "bit n: owns pCPU n (index into Cpu)"),
      f("bootCpu", "u32", "index into Cpu: its vCPU 0"),
      f("entry", "u64", "IPA of the first instruction"),
      f("argument", "u64", "what it is given at entry: IPA of the device tree, or 0"),
      f(
        "seed",
        "u64",
        "IPA of the 64 bytes of /chosen/rng-seed in its device tree, a multiple of 4, in one page with the 12 bytes " +
          "before them; 0: none",
      ),
      f("console", "u64", "IPA of the emulated UART (4 KiB; with PARTITION_TELEMETRY twice that); 0: none"),
      f("consoleInterrupt", "u32", "line of the emulated UART: a spare one of the board, made pending by the hypervisor"),
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
      f("controls", "u32", "bit n: what it sends by its second UART may command partition n"),
      f("watchdogMicroseconds", "u32", "0: no watchdog", orNone("watchdog", WATCHDOG_MIN, WATCHDOG_MAX)),
      f(
        "overrunTag",
        "u32",
        "number, and one more, of the tag in which its guest counts cycles that were too long; 0: it has none",
        within("trial", 0, TAG_MAX),
      ),
      f("bandwidthRefills", "u32", "cache refills that each of its vCPUs may cause in a period; 0: not limited"),
      f("bandwidthMicroseconds", "u32", "that period", orNone("bandwidth", PERIOD_MIN, PERIOD_MAX)),
      f(
        "clusterWays",
        "u32",
        "bit n: way group n of the cluster's cache is private to it, 0…15; 0: shares the rest",
        within("ways", 0, ALL_WAYS),
      ),
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
    doc: "One stretch of a partition's IPA space. 4 KiB granular. In ascending order they are checked fastest.",
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
    doc: "A line that a partition owns: of a device, or a spare one used for its console or a doorbell.",
    most: MAX_INTERRUPTS,
    fields: [
      f("line", "u32", "number of an interrupt, the same for the guest: an INTID, a source of the APLIC"),
      f("trigger", "u32", "INTERRUPT_LEVEL or INTERRUPT_EDGE", within("lineOnce", INTERRUPT_LEVEL, INTERRUPT_EDGE)),
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
      f("doorbell", "u32", "line (a spare one, owned by the peer) that a HYPERCALL_DOORBELL on this end makes pending"),
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
    doc: "A stretch of the board's RAM that firmware leaves: memory is in one of them, devices are outside.",
    most: MAX_BANKS,
    fields: [f("base", "u64", "PA"), f("size", "u64", "bytes")],
  },
  {
    name: "Init",
    doc: "Written once, in this order, before anything of a partition is there: pins, clocks and resets of its devices.",
    most: MAX_INITS,
    fields: [
      f("pa", "u64", "a 32-bit register of nobody's"),
      f("mask", "u32", "bits that are written; all: it is not read"),
      f("value", "u32", "none outside of the mask"),
    ],
  },
  {
    name: "Match",
    doc: "What the firmware's device tree says on this board, and on no other that the image could be taken to.",
    most: MAX_MATCHES,
    fields: [
      f("path", "u32", "of a node: index of a Text, the name of one below the root; then of one below that; then an empty one"),
      f("property", "u32", "its name: likewise, one"),
      f("value", "u32", "a string: likewise; MATCH_ABSENT: an empty one"),
      f("how", "u32", "MATCH_*", within("matches", MATCH_IS, MATCH_ABSENT)),
    ],
  },
  {
    name: "Text",
    doc: "What Matches say, a string behind the other, each with zeros up to a word's end; the last one is empty.",
    most: MAX_TEXTS,
    fields: [f("bytes", "u64", "eight of them, the first one lowest")],
  },
  {
    name: "Update",
    doc: "A partition that can get a new image while the others run on, and who brings it.",
    most: MAX_UPDATES,
    fields: [
      f("guest", "bytes16", "its profile's name, as Partition.name"),
      f("key0", "u64", "the Ed25519 key that it has to be signed by (RFC 8032 §5.1.5), the first eight bytes, and so on"),
      f("key1", "u64", ""),
      f("key2", "u64", ""),
      f("key3", "u64", ""),
      f("staging", "u64", "PA of RAM for two images, that no partition has"),
      f("size", "u64", "bytes of each at most, whole pages"),
      f(
        "ring",
        "u64",
        "IPA of IMAGE_RING_BYTES (core/abi.ts), a multiple of 64, in the bringer's REGION_MAILBOX behind its mailbox",
      ),
      f("partition", "u32", "index of the partition"),
      f("bringer", "u32", "index of another one, which has a mailbox"),
      f("load", "u32", "index of the Load of the partition that the new image replaces"),
      f("version", "u32", "that the image has with which it boots: only newer ones are taken"),
    ],
  },
];
