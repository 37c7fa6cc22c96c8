// What all guests do together: take everything there is, come to rest.
import type { Acting } from "./actions.ts";
import type { World } from "./world.ts";

const TRIES = 10_000;

/**
 * Every device asks at once, and every vCPU sends every IPI; guests acknowledge all that comes before they deactivate the first:
 * whatever holds interrupts for them fills up with what is active, and the rest has to come by the hypervisor's own doing alone.
 */
export function flood<Own extends Acting>(world: World<Own>, lines: readonly number[]): void {
  world.splitEnds(true);
  for (const line of lines) world.account.wire(line, "high");
  for (const guest of world.running()) world.sendAll(guest);
  for (let tries = 0; tries < TRIES; tries++) {
    world.machine.settle();
    const busy = world.running().filter((guest) => {
      while (world.acknowledge(guest)) guest.endOfInterrupt(world.stack(guest).at(-1) ?? 0);
      return world.stack(guest).length > 0;
    });
    world.machine.settle();
    for (const guest of busy) for (const number of world.stack(guest).splice(0)) world.deactivate(guest, number);
    if (busy.length === 0) break;
  }
  world.splitEnds(false);
}

/**
 * Lets everything come to an end: what sleeps wakes up, what is paused goes on, devices ask for nothing more, guests open their
 * interrupt controllers, take and end all that comes. What is left after that is left for ever. `anyhow`: they may have written
 * any register of those, and undo that.
 */
export function quiesce<Own extends Acting>(world: World<Own>, anyhow: boolean): void {
  world.stall(false);
  for (const { pcpu } of world.guests) pcpu.asleep = undefined;
  world.machine.settle();
  world.resume();
  if (world.hasBudgets) world.tick(); // a period is no longer: whoever has used up his budget goes on
  for (const guest of world.running()) world.unwind(guest);
  if (anyhow) world.undo();
  world.openAll();
  for (let tries = 0; tries < TRIES; tries++) {
    world.machine.settle();
    const busy = world.running().filter((guest) => world.acknowledge(guest));
    for (const guest of busy) world.end(guest);
    if (busy.length === 0) return;
  }
  throw new Error("guests still get interrupts, though no device asks for any");
}
