// What a board.yaml of RISC-V holds: its harts, and the Advanced Interrupt Architecture (AIA 1.0) that they have.
//
// Interrupts are sources of the APLIC, numbered as in device trees, from 1.
import * as z from "zod";
import { Caches, commonShape, uartOf } from "./common.ts";
import { devicePlace, devicesOf } from "./devices.ts";
import { bootShape } from "./firmware.ts";
import { ISA_EXPECTED } from "./isa.ts";
import {
  COUNTER_MAX, COUNTER_MIN, DEVICE_SPIS_MAX, FRAME, GUEST_FILES_MAX, HARTS_END, IDENTITIES_MAX, IDENTITIES_STEP, IMSIC_STRIDE_MAX,
  MAX_CPUS, SOURCES_MAX,
} from "./limits.ts";
import { frame, integer, list, oneOrMore, text } from "./values.ts";

const SOURCE_EXPECTED = `a source of the APLIC, 1 to ${SOURCES_MAX}`;
const source = integer(SOURCE_EXPECTED, 1, SOURCES_MAX);
const SOURCES_OF_DEVICE = `${SOURCE_EXPECTED}; or a list of them, at most ${DEVICE_SPIS_MAX}`;

const PCPUS_EXPECTED = `1 to ${MAX_CPUS} harts, such as [0, 1, 2, 3]`;
/** Linux, bindings riscv/cpus.yaml: of a simulated hart it is `riscv` alone. */
const hartModel = text("manufacturer and model, such as sifive,u74, or riscv", /^([a-z0-9]+,[a-zA-Z0-9._-]{1,62}|riscv)$/);
const MODELS_EXPECTED = `manufacturer and model, such as sifive,u74, or riscv; or a list of such, in quotes, at most ${MAX_CPUS}`;
const EXTENSIONS_MAX = 128;
const EXTENSION_EXPECTED = "the name of an extension in small letters, such as c or zicsr";
const extension = text(EXTENSION_EXPECTED, /^([a-wy]|[sz][a-z0-9]{1,31}|x[a-z0-9]{1,31})$/);
const FILES_EXPECTED = `how many, 0 to ${GUEST_FILES_MAX}; or a list, one for each hart`;
const guestFiles = integer(FILES_EXPECTED, 0, GUEST_FILES_MAX);
const IDENTITIES_EXPECTED = "how many there are: a multiple of 64, less 1; at most 2047";

export const Riscv64File = z.strictObject({
  ...commonShape,
  isa: z.literal("riscv64", { error: ISA_EXPECTED }),
  cpus: z
    .strictObject({
      compatible: oneOrMore(hartModel, MODELS_EXPECTED, 1, MAX_CPUS).describe("what its harts are; a list: each of them"),
      harts: list(integer("a hart's ID (mhartid), 0 to 16383", 0, HARTS_END - 1), PCPUS_EXPECTED, 1, MAX_CPUS).describe(
        "IDs of all harts that are pCPUs; firmware may begin on any of them",
      ),
      extensions: list(extension, `a list such as [i, m, a, c, h, zicsr, sstc], at most ${EXTENSIONS_MAX}`, 1, EXTENSIONS_MAX)
        .describe("what every hart has (unprivileged and privileged extensions, as `riscv,isa` names them)"),
      mmu: z
        .enum(["sv39", "sv48", "sv57"], { error: "sv39, sv48 or sv57" })
        .describe("the widest virtual addresses that every hart has"),
      pa_bits: z.int().min(32).max(56).default(56).describe("bits of a physical address"),
      guest_files: oneOrMore(guestFiles, FILES_EXPECTED, 1, MAX_CPUS).describe(
        "guest interrupt files of a hart (GEILEN): a guest whose interrupts are direct needs one on each of its harts",
      ),
      caches: Caches,
    })
    .readonly(),
  imsic: z
    .strictObject({
      base: frame.describe("the S-level interrupt file of hart 0"),
      stride: integer("a power of two, 4K to 16M", FRAME, IMSIC_STRIDE_MAX, FRAME).describe(
        "from one hart's to the next one's; a hart's guest files are behind its own",
      ),
      identities: integer(IDENTITIES_EXPECTED, IDENTITIES_STEP - 1, IDENTITIES_MAX).describe("of each interrupt file"),
    })
    .describe("IMSIC: interrupt files"),
  aplic: z
    .strictObject({
      base: frame.describe("the domain of supervisor level"),
      sources: integer(`how many there are, 1 to ${SOURCES_MAX}`, 1, SOURCES_MAX),
    })
    .describe("APLIC, which makes messages of wires"),
  counter_hz: integer("ticks of `time` a second, 10^6 to 10^9", COUNTER_MIN, COUNTER_MAX).describe("timebase-frequency"),
  uart: uartOf({ source }),
  spare_sources: z
    .tuple([source, source], { error: "two sources, such as [40, 63]" })
    .describe("first and last of a range that no device of the board uses"),
  boot: z.strictObject(bootShape),
  devices: devicesOf(
    devicePlace({
      source: oneOrMore(source, SOURCES_OF_DEVICE, 0, DEVICE_SPIS_MAX).describe("its interrupts, sources of the APLIC"),
    }),
  ),
});
