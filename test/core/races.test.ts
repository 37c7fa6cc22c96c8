// Two pCPUs and more stop, start, pause and restart a partition at the same time: one of them is interrupted between any two of its
// intrinsics, once or again and again, and others act right then. However it goes, nobody else notices, the partition is never stuck, and
// no kick comes too late (core/partition.ts, core/lifecycle.ts). Of interrupts: interruptRaces.test.ts.
import { expect, test } from "vitest";
import { qemuVirt, qemuVirtGicv2 } from "../../tools/machine/aarch64/board.ts";
import { STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { SystemSpec } from "../../tools/machine/aarch64/system.ts";
import { BEGINNINGS, HOUSEKEEPER, names, othersOf, systemOf, Track } from "./raceTrack.ts";
import { World } from "./property/world.ts";

/** More intrinsics than any of these actions needs. */
const LONGEST = 5000;
/** How often an action is interrupted at most. */
const TIMES = 6;
/** Intrinsics between two times, from each phase; and how far one steps through the others each time (0: the same one again). */
const PACES = [[0, 1], [1, 0], [4, 3]] as const;

/** With GICv2 the lifecycle is the same code: some beginnings will do. */
const SOME = ["both vCPUs on", "vCPU 1 about to start", "the partition about to be paused"];
const SYSTEMS: readonly (readonly [string, SystemSpec])[] = [
  ["injected", systemOf(qemuVirt, false)], ["direct", systemOf(qemuVirt, true)], ["direct, GICv2", systemOf(qemuVirtGicv2, true)],
];
const CASES = SYSTEMS.flatMap(([name, spec]) =>
  BEGINNINGS.filter(([beginning]) => spec.board.gicVersion === 3 || SOME.includes(beginning)).map(([beginning, actions]) => [name, beginning, spec, actions] as const));
/** On a machine that has much else to do. */
const MILLISECONDS = 300_000;

test.each(CASES)("%s, %s: whatever is interrupted anywhere by whatever, nobody else notices and nothing is stuck", (_name, _beginning, spec, beginning) => {
  const track = new Track(spec, beginning);
  let races = 0;
  for (const name of names) {
    for (const other of othersOf(name)) {
      const raced = (after: number): boolean =>
        track.race(name, () => `${name} | ${other} after ${after} intrinsics`, () => track.world.machine.intrude(after, () => track.run(other)));
      for (let after = 0; after < LONGEST && raced(after); after++) races++;
    }
  }
  expect(races).toBeGreaterThan(500);
  expect(track.isQuiet).toBe(true);
}, MILLISECONDS);

test.each(CASES)("%s, %s: and again and again, the same or others in turn", (_name, _beginning, spec, beginning) => {
  const track = new Track(spec, beginning);
  let most = 0;
  for (const name of names.filter((one) => one !== "two interrupts of vCPU 1")) {
    const others = othersOf(name);
    for (const [first, other] of others.entries()) {
      for (const [every, turn] of PACES) {
        let times = 1;
        for (let after = 0; after <= every && times > 0; after++) {
          times = 0;
          const intruder = (): void => track.run(others[(first + turn * times++) % others.length] ?? other);
          const what = (): string => `${name} | ${times} times ${other}${turn === 0 ? "" : " and others"}, after ${after} and then each ${every} intrinsics`;
          track.race(name, what, () => track.world.machine.intrude(after, intruder, { every, times: TIMES }));
          most = Math.max(most, times);
        }
      }
    }
  }
  expect(most).toBe(TIMES);
  expect(track.isQuiet).toBe(true);
}, MILLISECONDS);

/** Says where it was when something goes wrong. */
function named<Result>(what: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Intrinsics at the end of a panic: those before print what has happened, and nobody else looks at that. */
const LAST_OF_A_PANIC = 120;

test("the housekeeper and whoever is to follow it panic at the same time: one pCPU keeps house in the end, and never two", () => {
  const spec: SystemSpec = { ...STANDARD, housekeeper: HOUSEKEEPER };
  const panics = (after: number, others: readonly number[]): { readonly world: World; readonly intruded: boolean } => {
    const world = new World(spec);
    const { machine } = world;
    machine.intrude(after, () => others.forEach((other) => (other < 0 ? machine.settle() : machine.panic(machine.pcpu(other)))));
    machine.panic(machine.pcpu(HOUSEKEEPER));
    return { world, intruded: machine.endIntrusion() };
  };
  let length = 1;
  while (panics(length, []).intruded) length *= 2;
  for (let part = length / 2; part >= 1; part /= 2) if (!panics(length - part, []).intruded) length -= part;
  for (const others of [[3], [1], [3, 1], [-1, 3], [3, -1], [-1, 3, 1]]) {
    for (let after = length - LAST_OF_A_PANIC; after <= length; after++) {
      named(`${others.join(", ")} after ${after} intrinsics`, () => {
        const { world } = panics(after, others);
        const keeping = (): number[] => world.machine.pcpus.flatMap(({ phase, hypervisorTimer, index }) => (phase !== "halted" && hypervisorTimer.control === 1n ? [index] : []));
        expect(keeping().length).toBeLessThanOrEqual(1);
        world.machine.settle();
        expect(keeping().length).toBe(1);
      });
    }
  }
}, MILLISECONDS);
