// Random interleavings of everything that guests, devices, host and clock can do: after every step each partition has what
// it owns and nothing else has changed; when all comes to rest, nothing pends for ever (invariants.ts). The same for every ISA.
//
// AXV_SEED=<number> repeats a run; a failure is shrunk to the shortest sequence of actions, and shows its seed and path.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SystemSpec } from "../../../tools/machine/system.ts";
import { sequences } from "./actions.ts";
import type { Acting, Action } from "./actions.ts";
import { Invariants } from "./invariants.ts";
import { flood, quiesce } from "./rest.ts";
import { runs, seed } from "./seed.ts";
import type { Trial } from "./trial.ts";
import type { World } from "./world.ts";

/** On a machine that has much else to do. */
const MILLISECONDS = 300_000;
const LENGTH = 500;

const actorOf = (action: object): number | undefined => ("pcpu" in action ? (action.pcpu as number) : undefined);

export function isolation<Spec extends SystemSpec, Own extends Acting>(
  trial: Trial<Spec, Own>, sequencesTried = runs(200),
): void {
  describe.each(trial.systems)(`${trial.name}: %s`, (_, spec) => {
    /** All of them in a fresh world; `after` each. */
    const play = (actions: readonly Action<Own>[], after: () => void): { world: World<Own>; invariants: Invariants<Own> } => {
      const world = trial.world(spec);
      world.wakeAll();
      const invariants = new Invariants(world);
      for (const action of actions) {
        invariants.remember();
        world.perform(action);
        invariants.check(actorOf(action));
        after();
      }
      return { world, invariants };
    };

    test(`partitions stay apart (seed ${seed})`, () => {
      let steps = 0;
      const alphabet = trial.world(spec).alphabet();
      fc.assert(fc.property(sequences(trial.hostile(alphabet, spec), LENGTH), (actions) => {
        const { world, invariants } = play(actions, () => void steps++);
        quiesce(world, true);
        invariants.check(undefined);
        invariants.checkRest();
      }), { seed, numRuns: sequencesTried });
      expect(steps).toBeGreaterThan(sequencesTried * 10);
    }, MILLISECONDS);

    test(`every interrupt reaches its owner once (seed ${seed})`, () => {
      const alphabet = trial.world(spec).alphabet();
      fc.assert(fc.property(sequences(trial.orderly(alphabet, spec), LENGTH), (actions) => {
        const { world, invariants } = play(actions, () => undefined);
        const { taken, asserted, ipisDue } = world.account;
        const account = (): void => {
          invariants.checkRest();
          for (const line of alphabet.lines) expect([line, taken.get(line) ?? 0]).toEqual([line, asserted.get(line) ?? 0]);
          expect([...ipisDue], "IPIs that never came").toEqual([]);
        };
        quiesce(world, false);
        account();
        flood(world, alphabet.lines);
        account();
      }), { seed, numRuns: sequencesTried });
    }, MILLISECONDS);
  });
}
