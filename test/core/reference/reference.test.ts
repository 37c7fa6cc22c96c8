// What guests see of their interrupt controller is what the manuals say, whoever of them looks and
// whatever list registers hold: random steps of three vCPUs and their devices, beside a GIC without list
// registers (gic.ts), compared after each step.
//
// AXV_SEED=<number> repeats a run; a failure is shrunk to the shortest sequence of steps.
import fc from "fast-check";
import { describe, test } from "vitest";
import { qemuVirt, qemuVirtGicv2 } from "../../../tools/machine/aarch64/board.ts";
import { runs, seed } from "../property/seed.ts";
import { step } from "./steps.ts";
import { Comparison } from "./world.ts";

const RUNS = runs(25);
const LENGTH = 60;
const MILLISECONDS = 120_000;

describe.each([
  ["GICv3", qemuVirt, false],
  ["GICv3, EOIR and DIR apart", qemuVirt, true],
  ["GICv3, two list registers", { ...qemuVirt, listRegisters: 2 }, false],
  ["GICv3, every trap the long way", { ...qemuVirt, fullTraps: true }, false],
  ["GICv2, every trap the long way", { ...qemuVirtGicv2, fullTraps: true }, false],
  ["GICv2", qemuVirtGicv2, false],
  ["GICv2, two list registers", { ...qemuVirtGicv2, listRegisters: 2 }, false],
] as const)("%s", (_, board, split) => {
  test(
    `is as the manual says (seed ${seed})`,
    () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: LENGTH, size: "max" }), (steps) => {
          const both = new Comparison(board, split);
          both.compare();
          for (const one of steps) if (both.perform(one)) both.compare();
        }),
        { seed, numRuns: RUNS },
      );
    },
    MILLISECONDS,
  );
});
