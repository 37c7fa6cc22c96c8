// A fuzz run: so many operations of the attacker's on fresh machines, some thousand on each. What fails is reduced, and told as a list of
// moves; AXV_SEED repeats it.
import { Random } from "../random.ts";
import { explain, makeMoves } from "./moves.ts";
import type { Move } from "./moves.ts";
import { reduce } from "./reduce.ts";
import { Siege } from "./siege.ts";
import type { Field } from "./systems.ts";

/** Moves on one machine. */
const EPISODE = 2000;
const REDUCTIONS = 400;

/** The shortest sequence of moves that was found to fail, and how. */
export class FuzzFailure extends Error {
  readonly code = "HOSTILE_FUZZ";

  constructor(field: string, seed: number, moves: readonly Move[], cause: Error) {
    super(`${cause.message}\n${field}, AXV_SEED=${seed}, ${moves.length} moves:\n${moves.map((move) => `  ${explain(move)}`).join("\n")}`, { cause });
    this.name = "FuzzFailure";
  }
}

/** Carries out moves on a fresh machine; gives back how many operations that were. */
export function play({ spec }: Field, moves: readonly Move[]): number {
  const siege = new Siege(spec);
  for (const move of moves) siege.carryOut(move);
  return siege.operations;
}

function failure(field: Field, moves: readonly Move[]): Error | undefined {
  try {
    play(field, moves);
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** At least `operations`, or a FuzzFailure. Each machine has a seed of its own, the first one `seed` itself. */
export function fuzz(field: Field, seed: number, operations: number): number {
  const { target } = new Siege(field.spec);
  let done = 0;
  for (let at = seed; done < operations; at++) {
    const moves = makeMoves(target, new Random(at), EPISODE);
    try {
      done += play(field, moves);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const shortest = reduce(moves, (shorter) => failure(field, shorter) !== undefined, REDUCTIONS);
      throw new FuzzFailure(field.name, at, shortest, failure(field, shortest) ?? error);
    }
  }
  return done;
}
