// A few of the races of races.test.ts, which takes minutes: as many as find out within seconds that something has come out of
// order.
import { expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import type { SystemSpec } from "../../tools/machine/system.ts";
import { AARCH64_TRIAL } from "./property/aarch64/trial.ts";
import { RISCV64_TRIAL } from "./property/riscv64/trial.ts";
import type { Acting } from "./property/actions.ts";
import { BEGINNINGS, host, KICK_UNDER_WAY, trackOf, turnOff } from "./property/race.ts";
import type { Beginning } from "./property/race.ts";
import type { RacingTrial } from "./property/trial.ts";

/** vCPU 1 is the last one to leave: it starts the partition anew, on another pCPU, which has been kicked already. */
const RESTARTING: Beginning = ["vCPU 1 about to restart all", () => [turnOff(0), ...host(abi.COMMAND_RESTART)]];
/** Beginning, what is interrupted, by what. */
const RACES = [
  ["both vCPUs on", "a shutdown", "the host's stop"],
  ["both vCPUs on", "a fault", "an interrupt of vCPU 1"],
  ["both vCPUs on", "the host's pause", "vCPU 1 off by itself"],
  ["both vCPUs on", "the host's stop", "an interrupt"],
  ["both vCPUs on", "the host's restart", "two interrupts of vCPU 1"],
  ["both vCPUs on", "vCPU 1 off by itself", "the host's stop"],
  ["both vCPUs on", "a reset by vCPU 1", "a reset, and the new life's vCPU 1 on"],
  ["vCPU 1 off", "vCPU 1 on", "an interrupt of vCPU 1"],
  ["vCPU 1 off", "vCPU 1 on", "the host's stop"],
  ["vCPU 1 about to start", "an interrupt of vCPU 1", "the host's pause"],
  ["vCPU 1 about to start", "an interrupt of vCPU 1", "a shutdown"],
  [KICK_UNDER_WAY, "the host's stop", "an interrupt of vCPU 1"],
  ["both asleep", "the host's pause", "an interrupt"],
  ["the partition off", "the host's start", "an interrupt"],
  ["the partition paused", "the host's resume", "an interrupt of vCPU 1"],
  ["the partition about to be paused", "an interrupt", "the host's resume"],
  ["the partition about to go on", "an interrupt", "the host's stop"],
  [RESTARTING[0], "an interrupt of vCPU 1", "an interrupt"],
] as const;
const LONGEST = 5000;

function sample<Spec extends SystemSpec, Own extends Acting>(trial: RacingTrial<Spec, Own>): void {
  const cases = trial.racing.flatMap(({ name: system, spec, all }) => {
    const some = RACES.filter(([beginning]) => all || beginning !== KICK_UNDER_WAY);
    return some.map(([beginning, name, other]) => [`${trial.name}, ${system}`, beginning, name, other, spec] as const);
  });
  test.each(cases)("%s, %s: %s | %s", (_, begins, name, other, spec) => {
    const beginning = [...BEGINNINGS, RESTARTING].find(([one]) => one === begins);
    if (beginning === undefined) throw new RangeError(`nothing begins with ${begins}`);
    const track = trackOf(trial, spec, beginning);
    let races = 0;
    const raced = (): boolean =>
      track.race(name, () => `after ${races} intrinsics`, () => track.world.machine.intrude(races, () => track.run(other)));
    while (races < LONGEST && raced()) races++;
    expect(races).toBeGreaterThan(5);
    expect(track.isQuiet).toBe(true);
  });
}

sample(AARCH64_TRIAL);
sample(RISCV64_TRIAL);
