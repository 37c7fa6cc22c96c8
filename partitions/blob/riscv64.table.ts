// What of the blob is RISC-V's: the board's AIA (RISC-V Advanced Interrupt Architecture 1.0) and clock; a hart's guest files.
import { f, within } from "./field.ts";
import type { Field } from "./field.ts";
import { COMMON_PARTITION_FLAGS, MAX_CPUS } from "./layout.table.ts";

/** As the header has it. */
export const BLOB_ISA = 2;

/** All flags that the core knows. */
export const PARTITION_FLAGS = COMMON_PARTITION_FLAGS;

/** The APLIC, and each hart's interrupt files. */
export const CONTROLLER_FRAMES = 1 + MAX_CPUS;

const PAGE_SHIFT = 12;
const STRIDE_SHIFT_MAX = 24;
const SOURCES_MAX = 1023; // AIA 4.2: of an APLIC, numbered from 1
const IDENTITIES_MIN = 63; // AIA 3.1: of a file, numbered from 1
const IDENTITIES_MAX = 2047;
const GUEST_FILES_MAX = 63; // GEILEN
const COUNTER_MIN = 1_000_000;
const COUNTER_MAX = 1_000_000_000;

export const machine: readonly Field[] = [
  f("imsic", "u64", "PA of hart 0's S-level interrupt file; hart h's, and behind it those for its guests, is h << imsicShift on"),
  f("imsicShift", "u32", "from one hart's files to the next one's", within("frames", PAGE_SHIFT, STRIDE_SHIFT_MAX)),
  f("sources", "u32", "of the APLIC: 1 to that", within("sources", 1, SOURCES_MAX)),
  f("aplic", "u64", "PA of the S-level APLIC"),
  f("timebase", "u32", "ticks of `time` a second", within("clock", COUNTER_MIN, COUNTER_MAX)),
  f(
    "identities",
    "u32",
    "of an interrupt file: a multiple of 64, less 1",
    within("identities", IDENTITIES_MIN, IDENTITIES_MAX),
  ),
];

export const cpu: readonly Field[] = [
  f("guestFiles", "u32", "interrupt files that its guests can have; 0: none", within("frames", 0, GUEST_FILES_MAX)),
  f("reserved", "u32", "0"),
];

export const partition: readonly Field[] = [
  f("controller", "u64", "IPA of the emulated interrupt controller: with direct interrupts an APLIC, else a PLIC; 0: none"),
];
