// A race: one pCPU does something, is interrupted between any two of its intrinsics, and another acts right then. However it goes, nobody
// else notices, the partition is never stuck, and no kick comes too late (core/partition.ts, core/lifecycle.ts). For
// races.test.ts, which tries them all, and raceSample.test.ts, which tries a few.
import * as abi from "../../core/abi.ts";
import { KICK_SGI } from "./bench.ts";
import { CPU_OFF, CPU_ON_64, SYSTEM_OFF, SYSTEM_RESET } from "./functions.ts";
import { LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { SystemSpec } from "../../tools/machine/aarch64/system.ts";
import type { Action } from "./property/actions.ts";
import { Invariants } from "./property/invariants.ts";
import { World } from "./property/world.ts";

export const HOUSEKEEPER = 2;
const FOREIGN = 0x4800_0000;

const call = (pcpu: number, fn: number, ...args: bigint[]): Action => ({ kind: "call", pcpu, conduit: "hvc", fn, args });
const fault = (pcpu: number): Action => ({ kind: "load", pcpu, ipa: FOREIGN, bytes: 8, valid: true });
const step = (pcpu: number): Action => ({ kind: "step", pcpu });
const host = (command: number): Action[] => [{ kind: "command", partition: 0, command }, { kind: "time", microseconds: 1000 }, step(HOUSEKEEPER)];
const SETTLE: Action = { kind: "settle" };

/** What each pCPU may do, by its number; the host acts on the housekeeper's. "An interrupt" is also a direct guest's next fetch. */
export const ACTS: Readonly<Record<string, { readonly pcpu: number; readonly actions: readonly Action[] }>> = {
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
  "two interrupts of vCPU 1": { pcpu: 1, actions: [step(1), step(1)] },
  "the host's start": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_START) },
  "the host's stop": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_STOP) },
  "the host's restart": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_RESTART) },
  "the host's pause": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_PAUSE) },
  "the host's resume": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_RESUME) },
};

export const BEGINNINGS: readonly (readonly [string, readonly Action[]])[] = [
  ["both vCPUs on", []],
  ["vCPU 1 off", [call(1, CPU_OFF)]],
  ["vCPU 1 about to start", [call(1, CPU_OFF), call(0, CPU_ON_64, 1n, 0x6000_0000n, 0n)]],
  ["both on, a kick under way", [{ kind: "msr", pcpu: 1, register: "ICC_SGI1R_EL1", data: 1n }, { kind: "msr", pcpu: 0, register: "ICC_SGI1R_EL1", data: 2n }]],
  ["both asleep", [{ kind: "sleep", pcpu: 0, how: "wfi" }, { kind: "sleep", pcpu: 1, how: "wfi" }]],
  ["the partition off", [call(0, SYSTEM_OFF), SETTLE]],
  ["the partition paused", [...host(abi.COMMAND_PAUSE), SETTLE]],
  ["the partition about to be paused", host(abi.COMMAND_PAUSE)],
  ["the partition about to go on", [...host(abi.COMMAND_PAUSE), SETTLE, ...host(abi.COMMAND_RESUME)]],
];

export const systemOf = (board: SystemSpec["board"], direct: boolean): SystemSpec => ({ ...STANDARD, board, partitions: [{ ...LINUX, onFailure: "restart", direct }, PLC] });

export const names = Object.keys(ACTS);
const pcpuOf = (name: string): number => ACTS[name]?.pcpu ?? 0;
export const othersOf = (name: string): string[] => names.filter((candidate) => pcpuOf(candidate) !== pcpuOf(name));

/** A system in which something races, again and again. */
export class Track {
  readonly world: World;
  private readonly invariants: Invariants;
  private readonly beginning: readonly Action[];
  private readonly lives: number;
  private readonly revival = [...host(abi.COMMAND_START), SETTLE, call(0, CPU_ON_64, 1n, 0x6000_0000n, 0n), SETTLE];

  constructor(spec: SystemSpec, beginning: readonly Action[]) {
    this.world = new World(spec);
    this.world.wakeAll();
    this.invariants = new Invariants(this.world);
    this.beginning = beginning;
    this.lives = this.world.guest(3).pcpu.lives;
  }

  private perform(actions: readonly Action[]): void {
    for (const action of actions) this.world.perform(action);
  }

  run(name: string): void {
    this.perform(ACTS[name]?.actions ?? []);
  }

  /** From the beginning to where all are as at first; `name`, with whatever intrudes as `prepare` says. True: it did, as often as it was to. */
  race(name: string, what: () => string, prepare: () => void): boolean {
    const { world } = this;
    try {
      this.perform(this.beginning);
      prepare();
      this.run(name);
      const did = world.machine.endIntrusion();
      world.machine.settle();
      this.invariants.check(undefined);
      expectNoKick(world);
      // Whatever it is now, it can be stopped, and started.
      this.perform([...host(abi.COMMAND_STOP), SETTLE]);
      expectRunning(world, [false, false, false, true]);
      this.perform(this.revival);
      for (const guest of world.running()) if (guest.pcpu.index !== 3) guest.driver.open(0xff);
      expectRunning(world, [true, true, false, true]);
      expectNoKick(world);
      return did;
    } catch (error) {
      throw new Error(`${what()}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  /** The neighbour has not been started again. */
  get isQuiet(): boolean {
    return this.world.guest(3).pcpu.lives === this.lives;
  }
}

// Without vitest's expect, which takes longer than what is looked at, some hundred thousand times.

/** No direct guest would find the hypervisor's kick if it looked. */
function expectNoKick({ guests }: World): void {
  const kicked = guests.findIndex((guest) => guest.running && guest.direct && guest.pcpu.gic.bank.isPending(KICK_SGI));
  if (kicked >= 0) throw new Error(`the guest of pCPU ${kicked} would find the hypervisor's kick`);
}

function expectRunning({ guests }: World, expected: readonly boolean[]): void {
  const wrong = guests.findIndex(({ running }, n) => running !== expected[n]);
  if (wrong >= 0) throw new Error(`the guest of pCPU ${wrong} should ${expected[wrong] === true ? "" : "not "}be running`);
}
