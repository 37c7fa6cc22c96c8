// What a guest profile of RISC-V holds.
import { z } from "zod";
import { ISA_EXPECTED } from "../../boards/isa.ts";
import { line } from "../../boards/values.ts";
import { commonShape, otherExits } from "./common.ts";

export const Riscv64Profile = z.strictObject({
  ...commonShape,
  isa: z.literal("riscv64", { error: ISA_EXPECTED }),
  exits: z
    .strictObject({ sbi: line.optional().describe("it makes SBI calls as it runs: what for"), other: otherExits })
    .optional()
    .describe("what it leaves its guest code for in steady state, besides its interrupts; without this key nobody knows"),
  controller: z
    .enum(["none", "imsic", "plic"], { error: "none, imsic or plic" })
    .describe("what brings it interrupts besides its timer's: none: nothing; a PLIC is none that they can be direct by"),
});
