// What happens in a fuzz run, as plain data: made from a seed, carried out, left out one by one when a failure is reduced,
// printed.
import type { Attempt, Step } from "../attempt.ts";
import type { Random } from "../random.ts";

/** What is told of the attacker by the plan of the system. */
export interface Besieged {
  readonly vcpus: number;
  /** Interrupt lines that it owns. */
  readonly lines: readonly number[];
  /** Where its memory is. */
  readonly ram: { readonly at: number };
}

/** What an ISA has for attackers. */
export interface Arsenal<Target extends Besieged, Operation> {
  readonly attempts: readonly Attempt<Target, Operation>[];
  /** For people who read a failed test. */
  describe(operation: Operation): string;
}

export type Move<Operation> =
  /** A vCPU of the attacker tries a step of an attempt. `during`: in the middle of it, somebody else does something. */
  | {
    readonly kind: "try";
    readonly vcpu: number;
    readonly attempt: string;
    readonly step: Step<Operation>;
    readonly during?: During<Operation>
  }
  /** A device of the attacker raises its interrupt, or lowers it. */
  | { readonly kind: "wire"; readonly line: number; readonly high: boolean }
  /** So many milliseconds, with a housekeeping tick in each. */
  | { readonly kind: "time"; readonly milliseconds: number }
  /** The bystander works, and says what it has noticed. */
  | { readonly kind: "look" };

export interface During<Operation> {
  /** How many intrinsics of the core come before. */
  readonly after: number;
  readonly by: { readonly vcpu: number; readonly step: Step<Operation> } | "housekeeper";
}

/** Steps of one attempt, before something else may come between. */
const LOOK_EVERY = 400;

export function makeMoves<Target extends Besieged, Operation>(
  { attempts: all }: Arsenal<Target, Operation>, target: Target, random: Random, count: number,
): Move<Operation>[] {
  const attempts = all.filter(({ when }) => when?.(target) ?? true);
  const moves: Move<Operation>[] = [];
  while (moves.length < count) {
    const attempt = random.pick(attempts);
    const vcpu = random.below(target.vcpus);
    for (const step of attempt.steps(target, random)) {
      moves.push(
        {
          kind: "try", vcpu, attempt: attempt.name, step,
          ...(random.chance(1, 16) ? { during: during(attempts, target, random) } : {}),
        }
      );
      if (random.chance(1, 32)) moves.push({ kind: "wire", line: random.pick(target.lines), high: random.chance(1, 2) });
      if (random.chance(1, 64)) moves.push({ kind: "time", milliseconds: 1 + random.below(3) });
      if (moves.length % LOOK_EVERY === 0) moves.push({ kind: "look" });
    }
  }
  return [...moves.slice(0, count), { kind: "look" }];
}

function during<Target extends Besieged, Operation>(
  attempts: readonly Attempt<Target, Operation>[], target: Target, random: Random,
): During<Operation> {
  const after = random.chance(3, 4) ? random.below(8) : random.below(80);
  if (random.chance(1, 4)) return { after, by: "housekeeper" };
  const attempt = random.pick(attempts);
  return { after, by: { vcpu: random.below(target.vcpus), step: random.pick(attempt.steps(target, random)) } };
}

export function explain<Target extends Besieged, Operation>(arsenal: Arsenal<Target, Operation>, move: Move<Operation>): string {
  switch (move.kind) {
    case "try": {
      const { vcpu, step, attempt, during } = move;
      const tried = `vCPU ${vcpu}: ${arsenal.describe(step.operation)} (${attempt})`;
      return during === undefined ? tried : `${tried}; ${explainDuring(arsenal, during)}`;
    }
    case "wire": return `the wire of line ${move.line} goes ${move.high ? "high" : "low"}`;
    case "time": return `${move.milliseconds} ms pass`;
    case "look": return "the bystander works";
  }
}

function explainDuring<Target extends Besieged, Operation>(
  { describe }: Arsenal<Target, Operation>, { after, by }: During<Operation>,
): string {
  const what = by === "housekeeper" ? "the housekeeper ticks" : `vCPU ${by.vcpu}: ${describe(by.step.operation)}`;
  return `before intrinsic ${after} of it ${what}`;
}
