// Random interleavings of everything that guests, devices, host and clock can do: after every step each partition has what
// it owns and nothing else has changed; when all comes to rest, nothing pends for ever (invariants.ts).
//
// AXV_SEED=<number> repeats a run; a failure is shrunk to the shortest sequence of actions, and shows its seed and path.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { qemuVirt, qemuVirtGicv2 } from "../../../tools/machine/aarch64/board.ts";
import { LINUX, mailbox, PLC, STANDARD } from "../../../tools/machine/aarch64/system.ts";
import type { PartitionSpec, SystemSpec } from "../../../tools/machine/aarch64/system.ts";
import { hostile, orderly, sequences } from "./actions.ts";
import type { Action } from "./actions.ts";
import { Invariants } from "./invariants.ts";
import { flood, quiesce } from "./rest.ts";
import { runs, seed } from "./seed.ts";
import { World } from "./world.ts";

/** On a machine that has much else to do. */
const MILLISECONDS = 300_000;
const RUNS = runs(200);
const LENGTH = 500;

const actorOf = (action: Action): number | undefined => ("pcpu" in action ? action.pcpu : undefined);

const FAILING: SystemSpec = { ...STANDARD, partitions: [{ ...LINUX, onFailure: "restart" }, PLC] };
const DIRECT: SystemSpec = { ...FAILING, partitions: [FAILING.partitions[0] ?? LINUX, { ...PLC, direct: true }] };
/** A budget for each millisecond, which is also the tick. */
const LIMITED: PartitionSpec = { ...LINUX, onFailure: "restart", bandwidth: { budget: 128_000, refills: 1000, periodMicroseconds: 1000 } };
/** No spare pCPU: both partitions have two vCPUs, and the housekeeper runs a guest. */
const crowded = (direct: boolean): SystemSpec => ({ ...FAILING, housekeeper: 0, partitions: [FAILING.partitions[0] ?? LINUX, { ...PLC, cpus: [3, 2], direct }] });
const systems: readonly (readonly [string, SystemSpec])[] = [
  ["a partition of two vCPUs, one of one vCPU, a spare pCPU", FAILING],
  ["no spare pCPU: the housekeeper runs a guest, and both partitions have two vCPUs", crowded(false)],
  ["two list registers only", { ...FAILING, board: { ...qemuVirt, listRegisters: 2 } }],
  ["a direct partition", DIRECT],
  ["a partition with a bandwidth, one with a mailbox", { ...FAILING, partitions: [LIMITED, { ...PLC, regions: [...PLC.regions, mailbox(0x5000_1000, 0x5000_1000)] }] }],
  ["a direct partition of two vCPUs, no spare pCPU", crowded(true)],
  ["GICv2, no spare pCPU", { ...crowded(false), board: qemuVirtGicv2 }],
  ["GICv2, a direct partition of two vCPUs, two list registers", { ...crowded(true), board: { ...qemuVirtGicv2, listRegisters: 2 } }],
];

describe.each(systems)("%s", (_, spec) => {
  test(`partitions stay apart (seed ${seed})`, () => {
    let steps = 0;
    const alphabet = new World(spec).alphabet();
    fc.assert(fc.property(sequences(hostile(alphabet), LENGTH), (actions) => {
      const world = new World(spec);
      world.wakeAll();
      const invariants = new Invariants(world);
      for (const action of actions) {
        invariants.remember();
        world.perform(action);
        invariants.check(actorOf(action));
        steps++;
      }
      quiesce(world, true);
      invariants.check(undefined);
      invariants.checkRest();
    }), { seed, numRuns: RUNS });
    expect(steps).toBeGreaterThan(RUNS * 10);
  }, MILLISECONDS);

  test(`every interrupt reaches its owner once (seed ${seed})`, () => {
    const alphabet = new World(spec).alphabet();
    fc.assert(fc.property(sequences(orderly(alphabet), LENGTH), (actions) => {
      const world = new World(spec);
      world.wakeAll();
      const invariants = new Invariants(world);
      for (const action of actions) {
        invariants.remember();
        world.perform(action);
        invariants.check(actorOf(action));
      }
      const account = (): void => {
        invariants.checkRest();
        for (const intid of alphabet.intids) expect([intid, world.account.taken.get(intid) ?? 0]).toEqual([intid, world.account.asserted.get(intid) ?? 0]);
        expect([...world.account.sgisDue], "SGIs that never came").toEqual([]);
      };
      quiesce(world, false);
      account();
      flood(world, alphabet.intids);
      account();
    }), { seed, numRuns: RUNS });
  }, MILLISECONDS);
});
