// Two pCPUs and more stop, start, pause and restart a partition at the same time: one of them is interrupted between any two of its
// intrinsics, once or again and again, and others act right then. However it goes, nobody else notices, the partition is never stuck, and
// no kick comes too late (core/partition.ts, arch/aarch64/lifecycle.ts). Of interrupts: interruptRaces.test.ts.
import { expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { qemuVirt, qemuVirtGicv2 } from "../machine/board.ts";
import { LINUX, PLC, STANDARD } from "../machine/system.ts";
import type { SystemSpec } from "../machine/system.ts";
import type { Action } from "./property/actions.ts";
import { Invariants } from "./property/invariants.ts";
import { World } from "./property/world.ts";
import { KICK_SGI } from "./bench.ts";
import { CPU_OFF, CPU_ON_64, SYSTEM_OFF, SYSTEM_RESET } from "./functions.ts";

const HOUSEKEEPER = 2;
const FOREIGN = 0x4800_0000;
/** More intrinsics than any of these actions needs. */
const LONGEST = 5000;
/** How often an action is interrupted at most. */
const TIMES = 6;
/** Intrinsics between two times, from each phase; and how far one steps through the others each time (0: the same one again). */
const PACES = [[0, 1], [1, 0], [4, 3]] as const;

const call = (pcpu: number, fn: number, ...args: bigint[]): Action => ({ kind: "call", pcpu, conduit: "hvc", fn, args });
const fault = (pcpu: number): Action => ({ kind: "load", pcpu, ipa: FOREIGN, bytes: 8, valid: true });
const step = (pcpu: number): Action => ({ kind: "step", pcpu });
const host = (command: number): Action[] => [{ kind: "command", partition: 0, command }, { kind: "time", microseconds: 1000 }, step(HOUSEKEEPER)];
const SETTLE: Action = { kind: "settle" };

/** What each pCPU may do, by its number; the host acts on the housekeeper's. "An interrupt" is also a direct guest's next fetch. */
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
  "two interrupts of vCPU 1": { pcpu: 1, actions: [step(1), step(1)] },
  "the host's start": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_START) },
  "the host's stop": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_STOP) },
  "the host's restart": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_RESTART) },
  "the host's pause": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_PAUSE) },
  "the host's resume": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_RESUME) },
};

const BEGINNINGS: readonly (readonly [string, readonly Action[]])[] = [
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

const of = (board: SystemSpec["board"], direct: boolean): SystemSpec => ({ ...STANDARD, board, partitions: [{ ...LINUX, onFailure: "restart", direct }, PLC] });
/** With GICv2 the lifecycle is the same code: some beginnings will do. */
const SOME = ["both vCPUs on", "vCPU 1 about to start", "the partition about to be paused"];
const SYSTEMS: readonly (readonly [string, SystemSpec])[] = [
  ["injected", of(qemuVirt, false)], ["direct", of(qemuVirt, true)], ["direct, GICv2", of(qemuVirtGicv2, true)],
];
const CASES = SYSTEMS.flatMap(([name, spec]) =>
  BEGINNINGS.filter(([beginning]) => spec.board.gicVersion === 3 || SOME.includes(beginning)).map(([beginning, actions]) => [name, beginning, spec, actions] as const));
/** On a machine that has much else to do. */
const MILLISECONDS = 300_000;

const names = Object.keys(ACTS);
const pcpuOf = (name: string): number => ACTS[name]?.pcpu ?? 0;
const othersOf = (name: string): string[] => names.filter((candidate) => pcpuOf(candidate) !== pcpuOf(name));

/** A system in which something races, again and again. */
class Track {
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
