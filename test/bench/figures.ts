// What is measured, what it may be at most, and what other hypervisors need. `bar` is what this project promises; `goal` what
// it aims at. Bao (2026-07) and Xen (4.21, null scheduler): instructions in the same QEMU; the guest that counted them adds 3 or 4 of its
// own to each path, ours what the bare-metal column shows.

export interface Figure {
  /** Also what the benchmark guest calls a path. */
  readonly id: string;
  readonly title: string;
  readonly unit: "instructions" | "instructions/byte" | "bytes" | "lines" | "× bare metal";
  readonly bar?: number;
  readonly goal?: number;
  readonly bao?: string;
  readonly xen?: string;
}

const KIB = 1024;

/** Paths of the benchmark guest, in instructions. */
export const PATHS: readonly Figure[] = [
  { id: "hypercall", title: "hypercall, round trip", unit: "instructions", bar: 100, goal: 80, bao: "196", xen: "462" },
  { id: "smc", title: "SMC (PSCI_VERSION), round trip", unit: "instructions", goal: 120, bao: "210", xen: "488" },
  { id: "timer", title: "virtual timer → handler, busy", unit: "instructions", bar: 100, goal: 60, bao: "202", xen: "1,088" },
  { id: "spi", title: "passthrough SPI → handler", unit: "instructions", bar: 100, goal: 65, bao: "208", xen: "1,065" },
  { id: "sgi", title: "SGI to self → handler", unit: "instructions", bar: 300, goal: 250, bao: "779", xen: "1,034" },
  { id: "typer-read", title: "GICD_TYPER read", unit: "instructions", bar: 200, goal: 150, bao: "228", xen: "597" },
  { id: "isenabler-read", title: "GICD_ISENABLER read", unit: "instructions", bar: 300, goal: 250, bao: "1,293", xen: "698" },
  { id: "gicr-isenabler-write", title: "GICR_ISENABLER write", unit: "instructions", bar: 400, goal: 300, bao: "3,592", xen: "743" },
  { id: "ipriorityr-write", title: "GICD_IPRIORITYR byte write", unit: "instructions", bar: 300, goal: 250, bao: "379", xen: "697" },
];

export const RESET: Figure = {
  id: "reset",
  title: "reset → first guest instruction (16 MiB)",
  unit: "instructions",
  bar: 300_000,
  goal: 200_000,
  bao: "369,056",
  xen: "14,839,969",
};

export const COPY: Figure = { id: "copy", title: "copy of a guest's image", unit: "instructions/byte", bar: 0.3, bao: "1.2" };

export const TEXT: Figure = { id: "text", title: "hypervisor text + rodata", unit: "bytes", bar: 48 * KIB, goal: 48 * KIB, bao: "~80,000", xen: "577,000–759,000" };
export const LINEAR_MEMORY: Figure = { id: "linear-memory", title: "linear memory, stage-2 tables in it", unit: "bytes", bar: KIB * KIB };
export const LINES: Figure = { id: "lines", title: "source lines, core + arch/aarch64", unit: "lines", bar: 6000, goal: 6000, bao: "10,095", xen: "76,000" };

export const LINUX: Figure = { id: "linux", title: "Debian Linux, first instruction → init", unit: "× bare metal", bar: 1.03 };
