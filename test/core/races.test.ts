// Two pCPUs stop, start and restart a partition at the same time: one of them is interrupted between any two of its intrinsics,
// and the other one acts right then. However it goes, nobody else notices, and the partition is never stuck (core/partition.ts,
// arch/aarch64/lifecycle.ts).
import { expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { LINUX, PLC, STANDARD } from "../machine/system.ts";
import type { Action } from "./property/actions.ts";
import { Invariants } from "./property/invariants.ts";
import { World } from "./property/world.ts";
import { CPU_OFF, CPU_ON_64, SYSTEM_OFF, SYSTEM_RESET } from "./functions.ts";

const HOUSEKEEPER = 2;
const FOREIGN = 0x4800_0000;
/** More intrinsics than any of these actions needs. */
const LONGEST = 2000;

const call = (pcpu: number, fn: number, ...args: bigint[]): Action => ({ kind: "call", pcpu, conduit: "hvc", fn, args });
const fault = (pcpu: number): Action => ({ kind: "load", pcpu, ipa: FOREIGN, bytes: 8, valid: true });
const step = (pcpu: number): Action => ({ kind: "step", pcpu });
const host = (command: number): Action => ({ kind: "command", partition: 0, command });

const STOP = [host(abi.COMMAND_STOP), { kind: "time", microseconds: 1000 } as const, step(HOUSEKEEPER)];

/** What each pCPU may do, by its number; the host acts on the housekeeper's. */
const ACTS: Readonly<Record<string, { readonly pcpu: number; readonly actions: readonly Action[] }>> = {
  "SYSTEM_OFF": { pcpu: 0, actions: [call(0, SYSTEM_OFF)] },
  "SYSTEM_RESET": { pcpu: 0, actions: [call(0, SYSTEM_RESET)] },
  "CPU_OFF": { pcpu: 0, actions: [call(0, CPU_OFF)] },
  "CPU_ON": { pcpu: 0, actions: [call(0, CPU_ON_64, 1n, 0x6000_0000n, 0n)] },
  "a fault": { pcpu: 0, actions: [fault(0)] },
  "an interrupt": { pcpu: 0, actions: [step(0)] },
  "a reset, and the new life's CPU_ON": { pcpu: 0, actions: [call(0, SYSTEM_RESET), { kind: "time", microseconds: 1_100_000 }, step(HOUSEKEEPER), step(0), call(0, CPU_ON_64, 1n, 0x6000_0000n, 0n)] },
  "SYSTEM_RESET by vCPU 1": { pcpu: 1, actions: [call(1, SYSTEM_RESET)] },
  "CPU_OFF by vCPU 1": { pcpu: 1, actions: [call(1, CPU_OFF)] },
  "a fault of vCPU 1": { pcpu: 1, actions: [fault(1)] },
  "an interrupt of vCPU 1": { pcpu: 1, actions: [step(1)] },
  "the host's start": { pcpu: HOUSEKEEPER, actions: [host(abi.COMMAND_START), { kind: "time", microseconds: 1000 }, step(HOUSEKEEPER)] },
  "the host's stop": { pcpu: HOUSEKEEPER, actions: STOP },
  "the host's restart": { pcpu: HOUSEKEEPER, actions: [host(abi.COMMAND_RESTART), { kind: "time", microseconds: 1000 }, step(HOUSEKEEPER)] },
};

const BEGINNINGS: readonly (readonly [string, readonly Action[]])[] = [
  ["both vCPUs on", []],
  ["vCPU 1 off", [call(1, CPU_OFF)]],
  ["vCPU 1 about to start", [call(1, CPU_OFF), call(0, CPU_ON_64, 1n, 0x6000_0000n, 0n)]],
  ["both on, a kick under way", [{ kind: "msr", pcpu: 1, register: "ICC_SGI1R_EL1", data: 1n }, { kind: "msr", pcpu: 0, register: "ICC_SGI1R_EL1", data: 2n }]],
  ["the partition off", [call(0, SYSTEM_OFF), { kind: "settle" }]],
];

const names = Object.keys(ACTS);
const pcpuOf = (name: string): number => ACTS[name]?.pcpu ?? 0;

test.each(BEGINNINGS)("%s: whatever is interrupted anywhere by whatever, nobody else notices and nothing is stuck", (_, beginning) => {
  const world = new World({ ...STANDARD, partitions: [{ ...LINUX, onFailure: "restart" }, PLC] });
  world.wakeAll();
  const invariants = new Invariants(world);
  const { lives } = world.guest(3).pcpu;
  const run = (name: string): void => ACTS[name]?.actions.forEach((action) => world.perform(action));
  let races = 0;
  for (const name of names) {
    for (const other of names.filter((candidate) => pcpuOf(candidate) !== pcpuOf(name))) {
      for (let after = 0; after < LONGEST; after++) {
        for (const action of beginning) world.perform(action);
        world.machine.intrude(after, () => run(other));
        run(name);
        const raced = world.machine.endIntrusion();
        world.machine.settle();
        invariants.check(undefined);
        // Whatever it is now, it can be stopped, and started.
        for (const action of [...STOP, { kind: "settle" } as const]) world.perform(action);
        expect(world.guests.map(({ running }) => running), `${name} | ${other} after ${after} intrinsics, stopped`).toEqual([false, false, false, true]);
        world.perform({ kind: "revive" });
        expect(world.guests.map(({ running }) => running), `${name} | ${other} after ${after} intrinsics`).toEqual([true, true, false, true]);
        if (!raced) break;
        races++;
      }
    }
  }
  expect(races).toBeGreaterThan(500);
  expect(world.guest(3).pcpu.lives).toBe(lives);
});
