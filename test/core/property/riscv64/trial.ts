// RISC-V, as the tests that are the same for every ISA try it out: its partitions' lives. Systems in which interrupts are counted
// come with an APLIC for guests.
import { instrumentedCore } from "../../../../tools/machine/riscv64/core.ts";
import { FIRST, SECOND, STANDARD } from "../../../../tools/machine/riscv64/system.ts";
import type { SystemSpec } from "../../../../tools/machine/riscv64/system.ts";
import type { RacingTrial } from "../trial.ts";
import { Riscv64World } from "./world.ts";

const racing = (direct: boolean): SystemSpec => ({
  ...STANDARD,
  partitions: [{ ...FIRST, onFailure: "restart", direct }, SECOND],
});
export const RISCV64_TRIAL: RacingTrial<SystemSpec> = {
  name: "riscv64",
  standard: STANDARD,
  racing: [
    { name: "its timer its own", spec: racing(false), all: true },
    { name: "direct", spec: racing(true), all: true },
  ],
  world: (spec, core) => new Riscv64World(spec, core),
  instrumentedCore,
};
