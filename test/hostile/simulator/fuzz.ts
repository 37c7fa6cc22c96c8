// A fuzz run: so many operations of the attacker's on fresh machines, some thousand on each. What fails is reduced, and told as a
// list of moves; AXV_SEED repeats it.
import type { SystemSpec } from "../../../tools/machine/system.ts";
import { Random } from "../random.ts";
import { explain, makeMoves } from "./moves.ts";
import type { Besieged, Move } from "./moves.ts";
import { reduce } from "./reduce.ts";
import type { Attack, Field } from "./attack.ts";
import { Siege } from "./siege.ts";

/** Moves on one machine. */
const EPISODE = 2000;
const REDUCTIONS = 400;

/** The shortest sequence of moves that was found to fail, and how. */
export class FuzzFailure extends Error {
  readonly code = "HOSTILE_FUZZ";

  constructor(field: string, seed: number, moves: readonly string[], cause: Error) {
    super(
      `${cause.message}\n${field}, AXV_SEED=${seed}, ${moves.length} moves:\n${moves.map((move) => `  ${move}`).join("\n")}`,
      { cause },
    );
    this.name = "FuzzFailure";
  }
}

/** Fuzz runs of one attack on one field. */
export class Fuzz<Spec extends SystemSpec, Target extends Besieged, Operation> {
  private readonly attack: Attack<Spec, Target, Operation>;
  private readonly field: Field<Spec>;

  constructor(attack: Attack<Spec, Target, Operation>, field: Field<Spec>) {
    this.attack = attack;
    this.field = field;
  }

  /** At least `operations`, or a FuzzFailure. Each machine has a seed of its own, the first one `seed` itself. */
  run(seed: number, operations: number): number {
    const { attack, field } = this;
    const { target } = new Siege(attack, field.spec);
    let done = 0;
    for (let at = seed; done < operations; at++) {
      const moves = makeMoves(attack, target, new Random(at), EPISODE);
      try {
        done += this.play(moves);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        const shortest = reduce(moves, (shorter) => this.failure(shorter) !== undefined, REDUCTIONS);
        throw new FuzzFailure(field.name, at, shortest.map((move) => explain(attack, move)), this.failure(shortest) ?? error);
      }
    }
    return done;
  }

  /** Carries out moves on a fresh machine; gives back how many operations that were. */
  private play(moves: readonly Move<Operation>[]): number {
    const siege = new Siege(this.attack, this.field.spec);
    for (const move of moves) siege.carryOut(move);
    return siege.operations;
  }

  private failure(moves: readonly Move<Operation>[]): Error | undefined {
    try {
      this.play(moves);
      return undefined;
    } catch (error) {
      if (error instanceof Error) return error;
      throw error;
    }
  }
}
