// What a plan promises, and so what a blob is refused for: the one list that core/blobCheck.ts checks at boot and
// partitions/plan/prove.ts proves on the host. Each row is tried by test/core/promises.test.ts: exactly that is altered
// in a system that is otherwise sound, the proof has to find it in the plan, and the core to refuse the blob with the
// row's error. What an ISA alone can promise says so: arch/<isa>/blobCheck.ts checks it.
import type { Isa } from "../../boards/isa.ts";

/**
 * Why a blob is refused, and in what words; the core's BLOB_* constants and their texts are generated from here, in
 * this order.
 */
export const BLOB_ERRORS = {
  BLOB_OK: "",
  BLOB_BAD_MAGIC: "no system blob behind the core",
  BLOB_BAD_VERSION: "the blob has another version than this core",
  BLOB_BAD_ISA: "the blob is for a core of another ISA",
  BLOB_BAD_SIZE: "the blob is truncated",
  BLOB_BAD_CHECKSUM: "the blob was altered (checksum)",
  BLOB_BAD_TABLE: "the blob is inconsistent",
  BLOB_BAD_CPU: "the blob gives a pCPU twice, or none",
  BLOB_BAD_REGION: "the blob has overlapping or unaligned memory",
  BLOB_BAD_INTERRUPT: "the blob gives an interrupt twice, or a missing one",
  BLOB_BAD_LOAD: "the blob loads outside its partition",
  BLOB_BAD_CHANNEL: "the blob has a channel without a partner",
  BLOB_BAD_QUIESCE: "the blob silences a foreign device",
  BLOB_BAD_ENTRY: "the blob enters a partition outside its memory",
  BLOB_WRONG_ADDRESS: "the image is not where the plan wants it",
} as const;
export type BlobErrorName = keyof typeof BLOB_ERRORS;

export interface PromiseRow {
  readonly sentence: string;
  readonly error: BlobErrorName;
  /** Only there; left out: everywhere. */
  readonly isa?: Isa;
}

const promise = (sentence: string, error: BlobErrorName, isa?: Isa): PromiseRow => ({ sentence, error, ...(isa && { isa }) });

export const PROMISES = {
  // The board, and what of it is the hypervisor's.
  imagePlace: promise("the image lies in RAM that firmware leaves, where it is to be loaded", "BLOB_WRONG_ADDRESS"),
  imageSize: promise("what is the hypervisor's holds the whole image, all loads too", "BLOB_BAD_LOAD"),
  ram: promise("RAM is whole pages, below what the hypervisor maps at VA = PA", "BLOB_BAD_TABLE"),
  inits: promise("what is written at first is no RAM, and nothing of the interrupt controller or the UART", "BLOB_BAD_TABLE"),
  matches: promise("what the firmware's device tree is asked for is whole texts", "BLOB_BAD_TABLE"),
  ipaBits: promise("a guest's addresses have 32 to 40 bits", "BLOB_BAD_TABLE"),
  frames: promise(
    "interrupt controller, UART and watchdog are of kinds that the core drives, in whole pages, outside RAM, none over another",
    "BLOB_BAD_TABLE",
  ),
  ticks: promise("tick and telemetry have periods that the housekeeper can keep", "BLOB_BAD_TABLE"),
  trial: promise("a system is on trial an hour at most, and what counts its overruns is a tag", "BLOB_BAD_TABLE"),
  colourCount: promise("the colours are a power of two, 32 at most", "BLOB_BAD_TABLE"),
  refillEvent: promise(
    "the events that bandwidth is measured by are events of the PMU, a bus access no less than a byte",
    "BLOB_BAD_TABLE",
    "aarch64",
  ),
  spiLimit: promise("there are as many SPIs as a GIC can have", "BLOB_BAD_INTERRUPT", "aarch64"),
  ownPpis: promise("timers and maintenance have a PPI each", "BLOB_BAD_INTERRUPT", "aarch64"),
  pmuInterrupt: promise(
    "a PMU has a PPI that is for nothing else, or an SPI; one that measures a bandwidth is in no partition",
    "BLOB_BAD_INTERRUPT",
    "aarch64",
  ),
  sources: promise("there are as many sources as an APLIC can have", "BLOB_BAD_INTERRUPT", "riscv64"),
  identities: promise("an interrupt file has as many identities as one can have", "BLOB_BAD_TABLE", "riscv64"),
  clock: promise("the clock is one that the core can count by", "BLOB_BAD_TABLE", "riscv64"),

  // pCPUs.
  cpuOnce: promise("a pCPU is in one partition at most", "BLOB_BAD_CPU"),
  cpuThere: promise("a partition has pCPUs, and they are there", "BLOB_BAD_CPU"),
  cpuKnows: promise("a pCPU knows its partition and its vCPU, and vCPU 0 is where the partition boots", "BLOB_BAD_CPU"),
  cpuApart: promise("each pCPU is called something else", "BLOB_BAD_CPU"),
  affinity: promise("a pCPU is called by its affinity, and by nothing more", "BLOB_BAD_CPU", "aarch64"),
  hartNumber: promise("a hart has a number that the APLIC can say", "BLOB_BAD_CPU", "riscv64"),
  interfaceApart: promise("each pCPU of a GICv2 has a CPU interface of its own", "BLOB_BAD_CPU", "aarch64"),
  housekeeper: promise("the housekeeper is there, takes interrupts, and has its timer for itself", "BLOB_BAD_CPU"),

  // What a partition is.
  flags: promise("what a partition is asked to do is known: flags, on_failure", "BLOB_BAD_TABLE"),
  watchdog: promise("a watchdog is longer than the tick, and shorter than its counter", "BLOB_BAD_TABLE"),
  bandwidth: promise("a bandwidth can be measured, and its partition held", "BLOB_BAD_TABLE"),
  ways: promise("a way group of the cache is there, and in one partition at most", "BLOB_BAD_TABLE"),
  telemetry: promise("one partition at most reads along what leaves by the UART, and it has a console", "BLOB_BAD_TABLE"),
  entry: promise("a partition is entered in its own executable RAM", "BLOB_BAD_ENTRY"),
  argument: promise("its device tree is in its own RAM", "BLOB_BAD_ENTRY"),
  windows: promise("emulated devices are in whole pages of the partition's address space, none over another", "BLOB_BAD_REGION"),

  // Its memory.
  pages: promise("a region is whole pages, of a kind and with rights that are known", "BLOB_BAD_REGION"),
  reach: promise("a region ends where the pCPUs' guest addresses end", "BLOB_BAD_REGION"),
  ramOnly: promise("memory, channels and mailboxes are RAM that firmware leaves, and devices are not", "BLOB_BAD_REGION"),
  hypervisor: promise("nothing of the hypervisor's is in a partition: image, interrupt controller, UART", "BLOB_BAD_REGION"),
  owner: promise("a page of RAM or of a device is in one partition", "BLOB_BAD_REGION"),
  apart: promise("regions and emulated devices of a partition are not over one another", "BLOB_BAD_REGION"),
  execute: promise("only RAM of its own is executed", "BLOB_BAD_REGION"),
  devicePlace: promise("a device is at its PA", "BLOB_BAD_REGION"),
  interface: promise("a GICv2's guest has the CPU interface that is for it", "BLOB_BAD_REGION", "aarch64"),
  colours: promise("a page of coloured memory is in one partition", "BLOB_BAD_REGION"),
  mailbox: promise("a mailbox is for its partition and the hypervisor alone", "BLOB_BAD_REGION"),
  tagImage: promise(
    "a tag image is in the mailbox's region or a channel's, and the core has room for its copy",
    "BLOB_BAD_REGION",
  ),
  channelShared: promise("a channel's memory is in two partitions, and in no third", "BLOB_BAD_REGION"),

  // What is copied into it.
  loadSource: promise("a load is copied from its own bytes behind core and blob", "BLOB_BAD_LOAD"),
  loadTarget: promise("loads go into the partition's own RAM, none over another", "BLOB_BAD_LOAD"),

  // What a new image of it goes through.
  update: promise(
    "a new image comes to RAM that no partition has, through the mailbox's region of another, and fits where the old one was",
    "BLOB_BAD_LOAD",
  ),

  // Interrupts, channels, devices.
  lineOwner: promise("a line is in one partition, and the interrupt controller has it", "BLOB_BAD_INTERRUPT"),
  lineOnce: promise("a line is listed once, edge or level", "BLOB_BAD_INTERRUPT"),
  ppis: promise("of PPIs a partition has its timers, and the PMU's with the PMU", "BLOB_BAD_INTERRUPT", "aarch64"),
  console: promise("a console rings by an edge interrupt of its partition", "BLOB_BAD_INTERRUPT"),
  channelEnds: promise("each end of a channel has its memory, and a partner that has the other end", "BLOB_BAD_CHANNEL"),
  doorbell: promise("a doorbell rings by an edge interrupt of the partner, which is for nothing else", "BLOB_BAD_CHANNEL"),
  quiesce: promise("what is silenced when a partition stops is a register of its own device", "BLOB_BAD_QUIESCE"),
} as const satisfies Readonly<Record<string, PromiseRow>>;
export type PromiseId = keyof typeof PROMISES;
