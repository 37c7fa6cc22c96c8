// Cache and TLB maintenance: by address it is an access like any other; by set/way it is the attacker's own first level only; TLB
// maintenance at EL1 reaches no VMID but its own.
import { ALIVE, DONE, EXTERNAL_ABORT, FAILS_DATA, FAILS_OR_LIVES, UNDEFINED } from "../answers.ts";
import type { Answer } from "../answers.ts";
import { step } from "../attempt.ts";
import type { Attempt } from "../attempt.ts";
import type { Encoding } from "../../../../tools/machine/aarch64/systemRegisters.ts";
import type { CacheLine } from "../operations.ts";
import { foreign, within } from "./places.ts";

const TRIES = 16;
const sys = (op1: number, crn: number, crm: number, op2: number): Encoding => ({ op0: 1, op1, crn, crm, op2 });

/** QEMU has no caches: what maintains them does nothing there, and looks at no address. */
const line = (what: CacheLine, answer: Answer, inQemu: Answer): Attempt => ({
  name: `${what.replace(" ", "-")}-foreign`, subject: "caches and TLBs",
  does: `${what.toUpperCase()} of an address that is not its own`,
  steps: (target, random) => [step({ kind: "line", what, at: foreign(target, random, 64) }, answer, { inQemu })],
});

function system(name: string, does: string, answer: Answer, encodings: readonly Encoding[]): Attempt {
  return {
    name, subject: "caches and TLBs", does,
    steps: (_, random) => [
      ...encodings.map((register) => step({ kind: "msr", register, data: 0n }, answer)),
      ...Array.from(
        { length: TRIES }, () => step({ kind: "msr", register: random.pick(encodings), data: random.value() }, answer),
      ),
    ],
  };
}

const ISW = sys(0, 7, 6, 2);
const CSW = sys(0, 7, 10, 2);
const CISW = sys(0, 7, 14, 2);
const IALLUIS = sys(0, 7, 1, 0);
const IALLU = sys(0, 7, 5, 0);

// VMALLE1, VAE1, ASIDE1, VAAE1, VALE1, VAALE1: local, and inner shareable.
const TLB_OPERATIONS = [0, 1, 2, 3, 5, 7];
const LOCAL = TLB_OPERATIONS.map((op2) => sys(0, 8, 7, op2));
const BROADCAST = TLB_OPERATIONS.map((op2) => sys(0, 8, 3, op2));
// ALLE2, VAE2, ALLE1, VALE2, VMALLS12E1, and IPAS2E1, IPAS2LE1: EL2's.
const EL2 = [3, 7].flatMap((crm) => [0, 1, 4, 5, 6].map((op2) => sys(4, 8, crm, op2)));
const STAGE2 = [0, 4].flatMap((crm) => [1, 5].map((op2) => sys(4, 8, crm, op2)));
const EL3 = [3, 7].flatMap((crm) => [0, 1, 5].map((op2) => sys(6, 8, crm, op2)));

export const maintenance: readonly Attempt[] = [
  line("dc ivac", FAILS_DATA, DONE),
  line("dc cvac", FAILS_DATA, DONE),
  line("dc cvau", FAILS_DATA, DONE),
  line("dc civac", FAILS_DATA, DONE),
  line("dc zva", FAILS_DATA, FAILS_DATA),
  // Whether it needs a translation is the implementation's choice (D7.5.9.4).
  line("ic ivau", FAILS_OR_LIVES, DONE),
  {
    name: "dc-emulated", subject: "caches and TLBs", does: "DC CIVAC and DC IVAC of its emulated GICD: an external abort",
    steps: ({ gicd }, random) =>
      (["dc civac", "dc ivac"] as const).map(
        (what) => step({ kind: "line", what, at: within(gicd, random, 64) }, EXTERNAL_ABORT, { inQemu: DONE })
      ),
  },
  system("set-way", "DC ISW, CSW, CISW of any set and way of any level", DONE, [ISW, CSW, CISW]),
  system("instruction-caches", "IC IALLU and IC IALLUIS", DONE, [IALLU, IALLUIS]),
  system("tlbi-local", "every TLBI of EL1", DONE, LOCAL),
  system("tlbi-broadcast", "every TLBI of EL1 that is broadcast", DONE, BROADCAST),
  system("tlbi-el2", "TLBI ALLE1, VMALLS12E1, ALLE2 and their like: undefined at EL1", UNDEFINED, EL2),
  system("tlbi-stage2", "TLBI IPAS2E1 and its like: undefined at EL1", UNDEFINED, STAGE2),
  system("tlbi-el3", "TLBI ALLE3 and its like: undefined at EL1", UNDEFINED, EL3),
  // AT S1E1R, S1E1W, S1E0R, S1E0W of addresses that are mapped: the result is in PAR_EL1, faults too.
  system("translate", "AT S1E1R and its like: stage 1 only, and no fault", ALIVE, [0, 1, 2, 3].map((op2) => sys(0, 7, 8, op2))),
  system(
    "translate-el2", "AT S1E2R, S12E1R, S12E0R and their like: undefined at EL1", UNDEFINED,
    [0, 1, 4, 5, 6, 7].map((op2) => sys(4, 7, 8, op2)),
  ),
];
