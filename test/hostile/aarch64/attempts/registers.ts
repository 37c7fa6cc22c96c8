// System registers that are not a guest's: every space that has any (Arm ARM D17.1). What is trapped is answered as if it were
// not there, or reads 0; what belongs to EL2 and EL3 is undefined at EL1 without anybody's help.
import { ALIVE, DONE, returns, UNDEFINED } from "../answers.ts";
import type { Answer } from "../answers.ts";
import { step } from "../attempt.ts";
import type { Attempt, Step } from "../attempt.ts";
import type { Encoding } from "../../../../tools/machine/aarch64/systemRegisters.ts";
import type { Random } from "../../random.ts";

const TRIES = 32;
const upTo = (limit: number): number[] => Array.from({ length: limit }, (_, n) => n);

/** Every combination. */
function space(
  op0: readonly number[], op1: readonly number[], crn: readonly number[], crm: readonly number[],
  op2: readonly number[] = upTo(8),
): Encoding[] {
  return op0.flatMap(
    (a) =>
      op1.flatMap((b) => crn.flatMap((c) => crm.flatMap((d) => op2.map((e) => ({ op0: a, op1: b, crn: c, crm: d, op2: e })))))
  );
}

interface Sweep {
  readonly read: Answer;
  readonly write?: Answer;
  /** QEMU's cores have fewer, or other, registers than any board. */
  readonly inQemu?: Answer;
  /** Tries: as many as there are, when left out. */
  readonly tries?: number;
}

function sweep(
  name: string, does: string, encodings: readonly Encoding[], { read, write = read, inQemu, tries }: Sweep,
): Attempt {
  const more = inQemu === undefined ? {} : { inQemu };
  return {
    name, subject: "registers", does,
    steps: (_, random) => (
      tries === undefined ? encodings : upTo(tries).map(() => random.pick(encodings))
    ).flatMap((register): Step[] => [
      step({ kind: "mrs", register }, read, more), step({ kind: "msr", register, data: random.value() }, write, more),
    ]),
  };
}

const ALL8 = upTo(8);
const ALL16 = upTo(16);
const undefinedSweep = (tries?: number): Sweep => ({ read: UNDEFINED, ...(tries === undefined ? {} : { tries }) });

// EL2's that would let a guest out at once: HCR_EL2, VTTBR_EL2, VTCR_EL2, SCTLR_EL2, VBAR_EL2, TTBR0_EL2, ELR_EL2, SPSR_EL2,
// HPFAR_EL2, CPTR_EL2, MDCR_EL2, CNTHCTL_EL2, CNTVOFF_EL2, CNTHP_CTL_EL2, VMPIDR_EL2, ICC_SRE_EL2, ICH_HCR_EL2, ICH_LR0_EL2.
const el2 = (crn: number, crm: number, op2: number): Encoding => ({ op0: 3, op1: 4, crn, crm, op2 });
const EL2 = [
  el2(1, 1, 0), el2(2, 1, 0), el2(2, 1, 2), el2(1, 0, 0), el2(12, 0, 0), el2(2, 0, 0), el2(4, 0, 1), el2(4, 0, 0), el2(6, 0, 4),
  el2(1, 1, 2), el2(1, 1, 1),
  el2(14, 1, 0), el2(14, 0, 3), el2(14, 2, 1), el2(0, 0, 5), el2(12, 9, 5), el2(12, 11, 0), el2(12, 12, 0),
];

/** MRS of IAR acknowledges: not what these are about. */
const ACKNOWLEDGES = (register: Encoding): boolean =>
  register.crn === 12 && (register.crm === 8 || register.crm === 12) && register.op2 === 0;

export const registers: readonly Attempt[] = [
  sweep("registers-el2", "the registers of EL2 that hold a guest in its place: undefined", EL2, undefinedSweep()),
  sweep("registers-el2-all", "any register of EL2: undefined", space([3], [4], upTo(15), ALL16), undefinedSweep(TRIES)),
  sweep("registers-el3", "any register of EL3: undefined", space([3], [6], upTo(15), ALL16), undefinedSweep(TRIES)),
  sweep(
    "registers-el12", "EL1's registers by the names that EL2 has for them: undefined", space([3], [5], upTo(15), ALL16),
    undefinedSweep(TRIES),
  ),
  sweep(
    "registers-secure-timer", "the Secure physical timer: undefined", space([3], [7], [14], [2], [0, 1, 2]), undefinedSweep(),
  ),
  sweep(
    "registers-actlr", "ACTLR_EL1: reads 0, and ignores what is written", space([3], [0], [1], [0], [1]),
    { read: returns(0n), write: DONE },
  ),
  sweep(
    "registers-impdef", "implementation-defined registers: undefined", space([3], ALL8, [11, 15], ALL16),
    { read: UNDEFINED, inQemu: ALIVE, tries: TRIES },
  ),
  {
    name: "instructions-impdef", subject: "registers", does: "implementation-defined system instructions: undefined",
    steps: (_, random) =>
      upTo(TRIES).map(
        () =>
          step(
            {
              kind: "msr",
              register: { op0: 1, op1: random.below(8), crn: random.pick([11, 15]), crm: random.below(16), op2: random.below(8) },
              data: random.value(),
            },
            UNDEFINED,
          )
      ),
  },
  sweep(
    "registers-debug", "breakpoints, watchpoints, MDSCR_EL1: its own, once it has unlocked them",
    space([2], [0], [0], ALL16, [0, 2, 4, 5, 6, 7]), { read: ALIVE },
  ),
  sweep(
    "registers-debug-lock", "the OS lock, which is its own too; double lock and power, which are nobody's",
    space([2], [0], [1], ALL16, [0, 4]), { read: DONE, inQemu: ALIVE },
  ),
  sweep(
    "registers-debug-claim", "claim tags and authentication status", space([2], [0], [7], ALL16, [6]),
    { read: returns(0n), write: DONE, inQemu: ALIVE },
  ),
  sweep("registers-debug-transfer", "the debugger's transfer registers", space([2], [3], [0], [1, 4, 5], [0]), { read: ALIVE }),
  sweep("registers-trace", "the trace unit: undefined", space([2], [1], upTo(8), ALL16), undefinedSweep(TRIES)),
  sweep(
    "registers-pmu", "the performance counters, which are not given to this guest: undefined",
    [...space([3], [3], [9], [12, 13, 14]), ...space([3], [0], [9], [14], [1, 2])], undefinedSweep(),
  ),
  sweep(
    "registers-pmu-events", "event counters and their types: undefined", space([3], [3], [14], [8, 9, 10, 11, 12, 13, 14, 15]),
    undefinedSweep(TRIES),
  ),
  sweep(
    "registers-ras", "RAS error records, which a cluster shares: undefined", space([3], [0], [5], [3, 4, 5]), undefinedSweep(),
  ),
  sweep("registers-lor", "limited ordering regions: undefined", space([3], [0], [10], [4], [0, 1, 2, 3, 7]), undefinedSweep()),
  sweep(
    "registers-profiling", "statistical profiling, which writes buffers by itself: undefined",
    [...space([3], [0], [9], [9], [0, 2, 3, 4, 5, 6, 7]), ...space([3], [0], [9], [10], [0, 1, 3, 7])], undefinedSweep(),
  ),
  sweep(
    "registers-activity", "activity monitors: undefined", space([3], [3], [13], [2, 3, 4, 5, 6, 7, 12, 13, 14, 15]),
    undefinedSweep(TRIES),
  ),
  sweep("registers-sve", "ZCR_EL1, SMCR_EL1, TRFCR_EL1: undefined", space([3], [0], [1], [2], [0, 1, 6]), undefinedSweep()),
  {
    name: "registers-id", subject: "registers", does: "every ID register: what a guest may know; writing one is undefined",
    steps: (_, random) => space([3], [0], [0], [1, 2, 3, 4, 5, 6, 7]).flatMap((register) => [
      step({ kind: "mrs", register }, DONE), step({ kind: "msr", register, data: random.value() }, UNDEFINED),
    ]),
  },
  {
    name: "registers-anything", subject: "registers", does: "reads any register that an encoding has room for",
    steps: (_, random) =>
      upTo(2 * TRIES).map(() => anyRegister(random)).filter((register) => !ACKNOWLEDGES(register)).map(
        (register) => step({ kind: "mrs", register }, ALIVE)
      ),
  },
];

const anyRegister = (random: Random): Encoding =>
  ({ op0: 2 + random.below(2), op1: random.below(8), crn: random.below(16), crm: random.below(16), op2: random.below(8) });
