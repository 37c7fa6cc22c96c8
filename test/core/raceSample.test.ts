// A few of the races of races.test.ts, which takes minutes: as many as find out within seconds that something has come out of order.
import { expect, test } from "vitest";
import { qemuVirt, qemuVirtGicv2 } from "../../tools/machine/aarch64/board.ts";
import { BEGINNINGS, systemOf, Track } from "./raceTrack.ts";

const SYSTEMS = [["injected", systemOf(qemuVirt, false)], ["direct", systemOf(qemuVirt, true)], ["direct, GICv2", systemOf(qemuVirtGicv2, true)]] as const;
/** Beginning, what is interrupted, by what. */
const RACES = [
  ["both vCPUs on", "SYSTEM_OFF", "the host's stop"],
  ["both vCPUs on", "a fault", "an interrupt of vCPU 1"],
  ["both vCPUs on", "the host's pause", "CPU_OFF by vCPU 1"],
  ["both vCPUs on", "the host's stop", "an interrupt"],
  ["both vCPUs on", "the host's restart", "two interrupts of vCPU 1"],
  ["both vCPUs on", "CPU_OFF by vCPU 1", "the host's stop"],
  ["both vCPUs on", "SYSTEM_RESET by vCPU 1", "a reset, and the new life's CPU_ON"],
  ["vCPU 1 off", "CPU_ON", "an interrupt of vCPU 1"],
  ["vCPU 1 off", "CPU_ON", "the host's stop"],
  ["vCPU 1 about to start", "an interrupt of vCPU 1", "the host's pause"],
  ["vCPU 1 about to start", "an interrupt of vCPU 1", "SYSTEM_OFF"],
  ["both on, a kick under way", "the host's stop", "an interrupt of vCPU 1"],
  ["both asleep", "the host's pause", "an interrupt"],
  ["the partition off", "the host's start", "an interrupt"],
  ["the partition paused", "the host's resume", "an interrupt of vCPU 1"],
  ["the partition about to be paused", "an interrupt", "the host's resume"],
  ["the partition about to go on", "an interrupt", "the host's stop"],
] as const;
const LONGEST = 5000;

test.each(SYSTEMS.flatMap(([system, spec]) => RACES.filter(([beginning]) => spec.board.gicVersion === 3 || beginning !== "both on, a kick under way").map(([beginning, name, other]) => [system, beginning, name, other, spec] as const)))("%s, %s: %s | %s", (_, beginning, name, other, spec) => {
  const track = new Track(spec, BEGINNINGS.find(([one]) => one === beginning)?.[1] ?? []);
  let races = 0;
  const raced = (): boolean => track.race(name, () => `after ${races} intrinsics`, () => track.world.machine.intrude(races, () => track.run(other)));
  while (races < LONGEST && raced()) races++;
  expect(races).toBeGreaterThan(5);
  expect(track.isQuiet).toBe(true);
});
