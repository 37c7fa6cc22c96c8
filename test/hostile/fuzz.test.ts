// The same attempts as in QEMU, with new arguments each time and in any order, through the very bytes of the core on the
// simulated machine: a million operations. After each of them nothing of the bystander has changed.
//
// AXV_SEED=<number> repeats a run; a failure is reduced to a short list of moves, and says the seed that it is found with at
// once.
import { expect, test } from "vitest";
import { seed } from "../core/property/seed.ts";
import { AARCH64_ATTACK } from "./simulator/aarch64/attack.ts";
import { Fuzz } from "./simulator/fuzz.ts";
import { RISCV64_ATTACK } from "./simulator/riscv64/attack.ts";

const OPERATIONS = 1_000_000;

test.each(AARCH64_ATTACK.fields)(`aarch64, $name: its share of a million operations (seed ${seed})`, (field) => {
  const share = Math.ceil(OPERATIONS / AARCH64_ATTACK.fields.length);
  expect(new Fuzz(AARCH64_ATTACK, field).run(seed, share)).toBeGreaterThanOrEqual(share);
});

/** RISC-V's million is not CI's: AXV_FUZZ_RISCV64=1000000. */
const RISCV64_OPERATIONS = Number(process.env["AXV_FUZZ_RISCV64"] ?? 8000);

test.each(RISCV64_ATTACK.fields)(`riscv64, $name: its share of ${RISCV64_OPERATIONS} operations (seed ${seed})`, (field) => {
  const share = Math.ceil(RISCV64_OPERATIONS / RISCV64_ATTACK.fields.length);
  expect(new Fuzz(RISCV64_ATTACK, field).run(seed, share)).toBeGreaterThanOrEqual(share);
});
