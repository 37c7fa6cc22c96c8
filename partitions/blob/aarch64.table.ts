// What of the blob is AArch64's: the GIC, timers and PMU of the board; redistributors; what a partition sees of it.
import { f, orNone, within } from "./field.ts";
import type { Field } from "./field.ts";
import { COMMON_PARTITION_FLAGS, MAX_CPUS } from "./layout.table.ts";

/** As the header has it. */
export const BLOB_ISA = 1;

/** With direct interrupts, GICv3: its CPU interface is not trapped (ICH_HCR_EL2.TC = 0). */
export const PARTITION_TRUSTED_SGI = 64;
/** Its PMU counts EL2, too: for measuring the hypervisor; no system.yaml says so. */
export const PARTITION_COUNT_EL2 = 128;
/** INTID 32's priority reads as the bits that there are, although it has not that interrupt: its guest waits for them. */
export const PARTITION_PROBES_PRIORITY = 256;
/** All flags that the core knows. */
export const PARTITION_FLAGS =
  COMMON_PARTITION_FLAGS + PARTITION_TRUSTED_SGI + PARTITION_COUNT_EL2 + PARTITION_PROBES_PRIORITY;

/** GICD, and each pCPU's redistributor; or a GICv2's GICC, GICH, GICV, which are fewer. */
export const CONTROLLER_FRAMES = 1 + MAX_CPUS;

/** Where an emulated GICR would be that no partition has: above every IPA. */
export const NO_GICR = 0x800000000000;

/** Affinity fields of an MPIDR_EL1: Aff3, Aff2, Aff1, Aff0. A Cpu's `id` is they: Aff3<<32 | Aff2<<16 | Aff1<<8 | Aff0. */
export const MPIDR_AFFINITY = 0xff00ffffff;

const FIRST_PPI = 16;
const LAST_PPI = 31;
const FIRST_SPI = 32;
const SPECIAL_INTID = 1020; // IHI 0069 2.2: from here on INTIDs name no SPI
const PMU_EVENT_MAX = 0xffff; // PMEVTYPER<n>_EL0.evtCount
const BUS_ACCESSES_MAX = 64; // a line, byte by byte
const CPU_INTERFACES = 8;
const ppi = within("ownPpis", FIRST_PPI, LAST_PPI);

export const machine: readonly Field[] = [
  f("gicd", "u64", "PA of GICD"),
  f("gicVersion", "u32", "2 or 3", within("frames", 2, 3)),
  f(
    "spiLimit",
    "u32",
    "first INTID above the implemented SPIs, e.g. 288; shown to guests in GICD_TYPER.ITLinesNumber",
    within("spiLimit", FIRST_SPI + 32, SPECIAL_INTID),
  ),
  f("gicc", "u64", "GICv2: PA of GICC (8 KiB); 0 otherwise"),
  f("gich", "u64", "GICv2: PA of GICH (8 KiB); 0 otherwise"),
  f("gicv", "u64", "GICv2: PA of GICV (8 KiB); 0 otherwise"),
  f("hypervisorTimer", "u32", "INTID of the EL2 physical timer (PPI), 26 as a rule", ppi),
  f("virtualTimer", "u32", "INTID of the EL1 virtual timer (PPI), 27 as a rule", ppi),
  f("physicalTimer", "u32", "INTID of the EL1 physical timer (PPI), 30 as a rule", ppi),
  f("maintenance", "u32", "INTID of the GIC maintenance interrupt (PPI), 25 as a rule", ppi),
  f(
    "refillEvent",
    "u32",
    "PMU event that counts what `bandwidth` limits: refills of the last-level cache",
    within("refillEvent", 0, PMU_EVENT_MAX),
  ),
  f(
    "busAccesses",
    "u32",
    "BUS_ACCESS events that a refill is worth: these are counted instead, where the PMU has them; 0: never",
    within("refillEvent", 0, BUS_ACCESSES_MAX),
  ),
];

export const cpu: readonly Field[] = [
  f("gicr", "u64", "PA of its redistributor (RD_base; SGI_base is 64 KiB above); GICv2: 0"),
  f(
    "interface",
    "u32",
    "GICv2: number of its CPU interface, 0…7; 0 otherwise",
    within("interfaceApart", 0, CPU_INTERFACES - 1),
  ),
  f(
    "pmuInterrupt",
    "u32",
    "INTID of its PMU's overflow interrupt: a PPI, 23 as a rule, or an SPI of its own; 0: not wired",
    orNone("pmuInterrupt", FIRST_PPI, SPECIAL_INTID - 1),
  ),
  f("reserved", "u32", "0"),
];

/** A vCPU's index is its MPIDR_EL1.Aff0, and its slot in the emulated GICR. */
export const partition: readonly Field[] = [
  f("gicd", "u64", "IPA of the emulated GICD (64 KiB)"),
  f("gicr", "u64", "IPA of the emulated GICR (128 KiB a vCPU, contiguous); GICv2: NO_GICR"),
  f("ppis", "u32", "bit n: owns PPI n (16…31) of its pCPUs"),
];
