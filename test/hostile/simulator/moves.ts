// What happens in a fuzz run, as plain data: made from a seed, carried out, left out one by one when a failure is reduced, printed.
import type { Step } from "../attempt.ts";
import { ATTEMPTS } from "../attempts/index.ts";
import { describe } from "../operations.ts";
import type { Random } from "../random.ts";
import type { Target } from "../target.ts";

export type Move =
  /** A vCPU of the attacker tries a step of an attempt. `during`: in the middle of it, somebody else does something. */
  | { readonly kind: "try"; readonly vcpu: number; readonly attempt: string; readonly step: Step; readonly during?: During }
  /** A device of the attacker raises its interrupt, or lowers it. */
  | { readonly kind: "wire"; readonly intid: number; readonly high: boolean }
  /** So many milliseconds, with a housekeeping tick in each. */
  | { readonly kind: "time"; readonly milliseconds: number }
  /** The bystander works, and says what it has noticed. */
  | { readonly kind: "look" };

export interface During {
  /** How many intrinsics of the core come before. */
  readonly after: number;
  readonly by: { readonly vcpu: number; readonly step: Step } | "housekeeper";
}

/** Steps of one attempt, before something else may come between. */
const LOOK_EVERY = 400;

export function makeMoves(target: Target, random: Random, count: number): Move[] {
  const attempts = ATTEMPTS.filter(({ when }) => when?.(target) ?? true);
  const moves: Move[] = [];
  while (moves.length < count) {
    const attempt = random.pick(attempts);
    const vcpu = random.below(target.vcpus);
    for (const step of attempt.steps(target, random)) {
      moves.push({ kind: "try", vcpu, attempt: attempt.name, step, ...(random.chance(1, 16) ? { during: during(target, random) } : {}) });
      if (random.chance(1, 32)) moves.push({ kind: "wire", intid: random.pick(target.spis), high: random.chance(1, 2) });
      if (random.chance(1, 64)) moves.push({ kind: "time", milliseconds: 1 + random.below(3) });
      if (moves.length % LOOK_EVERY === 0) moves.push({ kind: "look" });
    }
  }
  return [...moves.slice(0, count), { kind: "look" }];
}

function during(target: Target, random: Random): During {
  const after = random.chance(3, 4) ? random.below(8) : random.below(80);
  if (random.chance(1, 4)) return { after, by: "housekeeper" };
  const attempt = random.pick(ATTEMPTS.filter(({ when }) => when?.(target) ?? true));
  return { after, by: { vcpu: random.below(target.vcpus), step: random.pick(attempt.steps(target, random)) } };
}

export function explain(move: Move): string {
  switch (move.kind) {
    case "try": return `vCPU ${move.vcpu}: ${describe(move.step.operation)} (${move.attempt})${move.during === undefined ? "" : `; before intrinsic ${move.during.after} of it ${explainDuring(move.during)}`}`;
    case "wire": return `the wire of INTID ${move.intid} goes ${move.high ? "high" : "low"}`;
    case "time": return `${move.milliseconds} ms pass`;
    case "look": return "the bystander works";
  }
}

const explainDuring = ({ by }: During): string => (by === "housekeeper" ? "the housekeeper ticks" : `vCPU ${by.vcpu}: ${describe(by.step.operation)}`);
