// Two pCPUs and more stop, start, pause and restart a partition at the same time: one of them is interrupted between any two of
// its intrinsics, once or again and again, and others act right then. However it goes, nobody else notices, the partition is
// never stuck, and no kick comes too late (core/partition.ts, lifecycle.ts). The same for every ISA. Of interrupts:
// ../interruptRaces.test.ts.
import { expect, test } from "vitest";
import type { SystemSpec } from "../../../tools/machine/system.ts";
import type { Acting } from "./actions.ts";
import { BEGINNINGS, HOUSEKEEPER, trackOf } from "./race.ts";
import type { RacingTrial } from "./trial.ts";
import type { World } from "./world.ts";

/** More intrinsics than any of these actions needs. */
const LONGEST = 5000;
/** How often an action is interrupted at most. */
const TIMES = 6;
/** Intrinsics between two times, from each phase; and how far one steps through the others each time (0: the same one again). */
const PACES = [[0, 1], [1, 0], [4, 3]] as const;
/** Of a system that is much the same as another one. */
const SOME = ["both vCPUs on", "vCPU 1 about to start", "the partition about to be paused"];
/** On a machine that has much else to do. */
const MILLISECONDS = 300_000;
/** Intrinsics at the end of a panic: those before print what has happened, and nobody else looks at that. */
const LAST_OF_A_PANIC = 120;

export function races<Spec extends SystemSpec, Own extends Acting>(trial: RacingTrial<Spec, Own>): void {
  const cases = trial.racing.flatMap(({ name, spec, all }) => {
    const beginnings = BEGINNINGS.filter(([beginning]) => all || SOME.includes(beginning));
    return beginnings.map((beginning) => [`${trial.name}, ${name}`, beginning[0], spec, beginning] as const);
  });

  const anywhere = "%s, %s: whatever is interrupted anywhere by whatever, nobody else notices and nothing is stuck";
  test.each(cases)(anywhere, (_name, _beginning, spec, beginning) => {
    const track = trackOf(trial, spec, beginning);
    let races = 0;
    for (const name of track.names) {
      for (const other of track.othersOf(name)) {
        const raced = (after: number): boolean =>
          track.race(
            name, () => `${name} | ${other} after ${after} intrinsics`,
            () => track.world.machine.intrude(after, () => track.run(other)),
          );
        for (let after = 0; after < LONGEST && raced(after); after++) races++;
      }
    }
    expect(races).toBeGreaterThan(500);
    expect(track.isQuiet).toBe(true);
  }, MILLISECONDS);

  test.each(cases)("%s, %s: and again and again, the same or others in turn", (_name, _beginning, spec, beginning) => {
    const track = trackOf(trial, spec, beginning);
    let most = 0;
    for (const name of track.names.filter((one) => one !== "two interrupts of vCPU 1")) {
      const others = track.othersOf(name);
      for (const [first, other] of others.entries()) {
        for (const [every, turn] of PACES) {
          let times = 1;
          for (let after = 0; after <= every && times > 0; after++) {
            times = 0;
            const intruder = (): void => track.run(others[(first + turn * times++) % others.length] ?? other);
            const by = turn === 0 ? other : `${other} and others`;
            const what = (): string => `${name} | ${times} times ${by}, after ${after} and then each ${every} intrinsics`;
            track.race(name, what, () => track.world.machine.intrude(after, intruder, { every, times: TIMES }));
            most = Math.max(most, times);
          }
        }
      }
    }
    expect(most).toBe(TIMES);
    expect(track.isQuiet).toBe(true);
  }, MILLISECONDS);

  const panicking = "the housekeeper and whoever is to follow it panic at once: one pCPU keeps house in the end, and never two";
  test(`${trial.name}: ${panicking}`, () => {
    const spec = { ...trial.standard, housekeeper: HOUSEKEEPER };
    const panics = (after: number, others: readonly number[]): { readonly world: World<Own>; readonly intruded: boolean } => {
      const world = trial.world(spec);
      const { machine } = world;
      machine.intrude(
        after, () => others.forEach((other) => (other < 0 ? machine.settle() : machine.panic(machine.pcpu(other)))),
      );
      machine.panic(machine.pcpu(HOUSEKEEPER));
      return { world, intruded: machine.endIntrusion() };
    };
    let length = 1;
    while (panics(length, []).intruded) length *= 2;
    for (let part = length / 2; part >= 1; part /= 2) if (!panics(length - part, []).intruded) length -= part;
    for (const others of [[3], [1], [3, 1], [-1, 3], [3, -1], [-1, 3, 1]]) {
      for (let after = length - LAST_OF_A_PANIC; after <= length; after++) {
        named(`${others.join(", ")} after ${after} intrinsics`, () => {
          const { world: { machine } } = panics(after, others);
          const keeping = (): number[] =>
            machine.pcpus.flatMap((pcpu) => (pcpu.phase !== "halted" && machine.deadline(pcpu) !== Infinity ? [pcpu.index] : []));
          expect(keeping().length).toBeLessThanOrEqual(1);
          machine.settle();
          expect(keeping().length).toBe(1);
        });
      }
    }
  }, MILLISECONDS);
}

/** Says where it was when something goes wrong. */
export function named<Result>(what: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
