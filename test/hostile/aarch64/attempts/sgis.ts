// SGIs to every other core (IHI 0069 §12.2.18…20): a partition's own vCPUs are all that ICC_SGI1R_EL1 can name.
import { ALIVE, DONE } from "../answers.ts";
import { step } from "../attempt.ts";
import type { Attempt, Step } from "../attempt.ts";
import type { Encoding } from "../../../../tools/machine/aarch64/systemRegisters.ts";
import type { Random } from "../../random.ts";
import type { Target } from "../target.ts";

const SGI1R: Encoding = { op0: 3, op1: 0, crn: 12, crm: 11, op2: 5 };
const ASGI1R: Encoding = { ...SGI1R, op2: 6 };
const SGI0R: Encoding = { ...SGI1R, op2: 7 };

const IRM = 1n << 40n;
const TARGET_LIST = 0xffffn;
const SGIS = Array.from({ length: 16 }, (_, n) => BigInt(n));
const RS_SHIFT = 44n;
const intid = (n: bigint): bigint => n << 24n;
/** Aff3, Aff2, Aff1 where ICC_SGI1R_EL1 has them, of an MPIDR. */
const cluster = (mpidr: bigint): bigint =>
  ((mpidr >> 8n) & 0xffn) << 16n | ((mpidr >> 16n) & 0xffn) << 32n | ((mpidr >> 32n) & 0xffn) << 48n;

function attempt(
  name: string, does: string, register: Encoding, values: (target: Target, random: Random) => bigint[], answer = DONE,
): Attempt {
  return {
    name, subject: "SGIs", does, when: ({ gic }) => gic === 3,
    steps: (target, random): Step[] => values(target, random).map((data) => step({ kind: "msr", register, data }, answer)),
  };
}

const someClusters = (random: Random): bigint[] =>
  [...Array.from({ length: 8 }, () => random.value()), ...SGIS, ...SGIS.map((n) => n << 8n), ...SGIS.map((n) => n << 32n)];

export const sgis: readonly Attempt[] = [
  attempt("sgi-target-list", "every SGI to all 16 cores of its own cluster", SGI1R, () =>
    SGIS.map((n) => intid(n) | TARGET_LIST),
  ),
  attempt("sgi-physical", "every SGI to the physical affinities of others", SGI1R, ({ foreignMpidrs }) =>
    foreignMpidrs.flatMap((mpidr) =>
      SGIS.map((n) => intid(n) | cluster(BigInt(mpidr)) | (1n << BigInt(mpidr & 15)) | (BigInt((mpidr >> 4) & 15) << RS_SHIFT)),
    ),
  ),
  attempt("sgi-all-but-self", "every SGI to all cores but itself (IRM)", SGI1R, () => SGIS.map((n) => intid(n) | IRM)),
  attempt("sgi-range-selector", "SGIs to Aff0 16 and above (RS)", SGI1R, (_, random) =>
    SGIS.map((rs) => intid(BigInt(random.below(16))) | (rs << RS_SHIFT) | TARGET_LIST),
  ),
  attempt("sgi-affinity", "SGIs to every other cluster (Aff1, Aff2, Aff3)", SGI1R, (_, random) =>
    someClusters(random).map((mpidr) => intid(BigInt(random.below(16))) | cluster(mpidr) | TARGET_LIST),
  ),
  attempt("sgi-anything", "any value at all", SGI1R, (_, random) =>
    Array.from({ length: 32 }, () => random.value() | (random.chance(1, 4) ? IRM : 0n)),
  ),
  attempt("sgi-secure", "SGIs of Secure group 1 (ICC_ASGI1R_EL1)", ASGI1R, (_, random) =>
    SGIS.flatMap((n) => [intid(n) | IRM, intid(n) | TARGET_LIST, random.value()]),
  ),
  attempt("sgi-group0", "SGIs of group 0 (ICC_SGI0R_EL1): FIQs for whoever takes them", SGI0R, (_, random) =>
    SGIS.flatMap((n) => [intid(n) | IRM, intid(n) | TARGET_LIST, random.value()]),
  ),
  {
    name: "sgi-v2",
    subject: "SGIs",
    does: "the SGI registers of GICv3 where there is a GICv2: undefined, or nothing",
    when: ({ gic }) => gic === 2,
    steps: (_, random) =>
      [SGI1R, ASGI1R, SGI0R].flatMap((register) => [
        step({ kind: "msr", register, data: IRM }, ALIVE),
        step({ kind: "msr", register, data: random.value() }, ALIVE),
      ]),
  },
];
