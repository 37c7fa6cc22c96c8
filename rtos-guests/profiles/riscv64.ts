// What a guest profile of RISC-V holds.
import * as z from "zod";
import { ISA_EXPECTED } from "../../boards/isa.ts";
import { SOURCES_MAX } from "../../boards/limits.ts";
import { integer, line } from "../../boards/values.ts";
import { commonShape, otherExits, place } from "./common.ts";

const CONTROLLERS_EXPECTED = "interrupt controllers: [], [imsic], [plic] or [imsic, plic]";
const SOURCE_EXPECTED = `a source of the PLIC, 1 to ${SOURCES_MAX}`;

export const Riscv64Profile = z.strictObject({
  ...commonShape,
  isa: z.literal("riscv64", { error: ISA_EXPECTED }),
  exits: z
    .strictObject({ sbi: line.optional().describe("it makes SBI calls as it runs: what for"), other: otherExits })
    .optional()
    .describe("what it leaves its guest code for in steady state, besides its interrupts; without this key nobody knows"),
  controllers: z
    .array(z.enum(["imsic", "plic"], { error: CONTROLLERS_EXPECTED }), { error: CONTROLLERS_EXPECTED })
    .max(2, { error: CONTROLLERS_EXPECTED })
    .describe(
      "what it can be built for or finds out by itself, for interrupts besides its timer's; []: it takes none. imsic: direct " +
        "ones, plic: injected ones",
    ),
  machine: z
    .strictObject({
      plic: place,
      console: place.describe("an emulated 16550"),
      console_source: integer(SOURCE_EXPECTED, 1, SOURCES_MAX)
        .optional()
        .describe("the 16550's interrupt; without this key it is one of the board's spare sources"),
    })
    .optional()
    .describe("IPAs that are built into the guest; without this key they are the board's own"),
});
