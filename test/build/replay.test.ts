// Guests live on the simulated machine, with the core's wasm in V8; then the core's C is put through exactly the same. So what
// is compared here are paths that guests really take: boot, exits, interrupts, PSCI, consoles, faults, commands.
import * as fc from "fast-check";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import { buildProgram, loadTables } from "../../tools/build/index.ts";
import { CORE } from "../../tools/build/programs.ts";
import { Bench } from "../core/bench.ts";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import { GUEST_GICD, GUEST_GICR, GUEST_UART } from "../../tools/machine/aarch64/system.ts";
import { runHarness } from "./host.ts";
import { Recording } from "./recording.ts";
import { translateWasm } from "./wasm.ts";

const STEPS = 1500;
const SEED = 1;
const PSCI = [
  0x8400_0000, 0xc400_0001, 0x8400_0002, 0xc400_0003, 0xc400_0004, 0x8400_0008, 0x8400_0009, 0x8400_000a, 0x8400_ffff,
];
const HYPERCALLS = [0, 1, 2, 3, 4, 5].map((n) => calls.HYPERCALL_VERSION + n);
const READ = ["ID_AA64PFR0_EL1", "ID_AA64MMFR0_EL1", "ACTLR_EL1"] as const;
const WRITTEN = ["ICC_SGI1R_EL1", "ACTLR_EL1"] as const;

type Step = (bench: Bench) => void;

const pcpu = fc.constantFrom(0, 1, 3);
const number64 = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 0xffff_ffffn, 0xffff_ffff_ffff_ffffn),
  fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
);
/** Something for the guest of a pCPU to do, if one runs there. */
const guestStep = <T>(values: fc.Arbitrary<T>, act: (guest: ReturnType<Bench["guest"]>, values: T) => void): fc.Arbitrary<Step> =>
  fc.tuple(pcpu, values).map(([n, value]) => (bench) => {
    const guest = bench.guest(n);
    if (guest.running) act(guest, value);
  });
const register = fc.oneof(
  fc.nat(0x7ff).map((n) => GUEST_GICD + 4 * n),
  fc.nat(0x3f).map((n) => GUEST_GICD + 0x6000 + 8 * (32 + n)),
  fc.tuple(fc.nat(1), fc.nat(0x3ff)).map(([n, word]) => GUEST_GICR + n * 0x2_0000 + 0x1_0000 + 4 * word),
  fc.nat(0x3f).map((n) => GUEST_GICR + 4 * n),
  fc.constantFrom(0, 0, 0, 0x18, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x38, 0x3c, 0x40, 0x44, 0x48, 0xfe0).map((n) => GUEST_UART + n),
);
const width = fc.constantFrom(4, 4, 4, 1, 2, 8);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: guestStep(fc.tuple(register, width), (guest, [ipa, bytes]) => guest.load(ipa - (ipa % bytes), bytes)) },
  {
    weight: 8,
    arbitrary: guestStep(fc.tuple(register, width, number64), (guest, [ipa, bytes, value]) =>
      guest.store(ipa - (ipa % bytes), bytes, BigInt.asUintN(8 * bytes, value)),
    ),
  },
  {
    weight: 4,
    arbitrary: guestStep(fc.tuple(fc.constantFrom(...HYPERCALLS), fc.array(number64, { maxLength: 6 })), (guest, [fn, values]) =>
      guest.hvc(fn, ...values),
    ),
  },
  {
    weight: 1,
    arbitrary: guestStep(
      fc.tuple(fc.constantFrom(...PSCI), fc.array(number64, { maxLength: 3 }), fc.boolean()),
      (guest, [fn, values, hvc]) => (hvc ? guest.hvc(fn, ...values) : guest.smc(fn, ...values)),
    ),
  },
  { weight: 2, arbitrary: guestStep(fc.constant(null), (guest) => guest.smc(0xc400_0003, 1, 0x6008_0000, 7)) },
  { weight: 1, arbitrary: guestStep(fc.constantFrom(...READ), (guest, name) => guest.mrs(name)) },
  {
    weight: 2,
    arbitrary: guestStep(fc.tuple(fc.constantFrom(...WRITTEN), number64), (guest, [name, value]) => guest.msr(name, value)),
  },
  {
    weight: 6,
    arbitrary: guestStep(
      fc.constant(null),
      (guest) => void (guest.interruptPending && guest.endOfInterrupt(guest.acknowledge())),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom(48, 49, 50, 60, 61, 70), fc.boolean()).map(
      ([intid, high]) =>
        (bench: Bench) =>
          bench.machine.setLine(intid, high),
    ),
  },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 20 }).map((milliseconds) => (bench: Bench) => bench.pass(milliseconds)) },
  { weight: 1, arbitrary: guestStep(number64, (guest, ipa) => guest.load(Number(ipa & 0xffff_fff8n), 8)) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(2), fc.constantFrom(abi.COMMAND_START, abi.COMMAND_STOP, abi.COMMAND_RESTART)).map(
      ([partition, command]) =>
        (bench: Bench) =>
          void bench.command(partition, command),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(1), fc.string({ minLength: 1, maxLength: 20 })).map(
      ([partition, text]) =>
        (bench: Bench) =>
          bench.type(partition, text),
    ),
  },
);

test("the core's C does what its wasm did on the simulated machine", async () => {
  const { wasm } = await buildProgram(CORE);
  const translation = translateWasm(readFileSync(wasm), await loadTables(CORE));
  const recording = new Recording(translation.module, qemuVirt.imageBase + qemuVirt.linearOffset);
  recording.run(() => {
    const bench = new Bench();
    for (const n of [0, 3]) bench.openInterrupts(n);
    for (const act of fc.sample(step, { numRuns: STEPS, seed: SEED })) {
      act(bench);
      bench.machine.settle();
    }
  });
  expect(recording.calls).toBeGreaterThan(STEPS / 2);
  const output = runHarness("replay.c", translation, undefined, recording.bytes());
  expect(output.toString()).toMatch(/^\d+ events$/m);
});
