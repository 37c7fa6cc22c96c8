// A race: one pCPU does something, is interrupted between any two of its intrinsics, and another acts right then. However it
// goes, nobody else notices, the partition is never stuck, and no kick comes too late (core/partition.ts, lifecycle.ts). For
// races.ts, which tries them all, and raceSample.test.ts, which tries a few.
import * as abi from "../../../core/abi.ts";
import type { SystemSpec } from "../../../tools/machine/system.ts";
import type { Acting, Action, AnyAction } from "./actions.ts";
import { Invariants } from "./invariants.ts";
import type { RacingTrial } from "./trial.ts";
import type { World } from "./world.ts";

export const HOUSEKEEPER = 2;
/** Where the neighbour runs. */
const NEIGHBOUR = 3;
const TICK_MICROSECONDS = 1000;
/** Longer than a partition that fails time and again waits for its next start. */
const RESTART_MICROSECONDS = 1_100_000;

export const step = (pcpu: number): AnyAction => ({ kind: "step", pcpu });
export const host = (command: number): AnyAction[] =>
  [{ kind: "command", partition: 0, command }, { kind: "time", microseconds: TICK_MICROSECONDS }, step(HOUSEKEEPER)];
export const SETTLE: AnyAction = { kind: "settle" };
const sleep = (pcpu: number): AnyAction => ({ kind: "sleep", pcpu });
/** IPI 0 to one vCPU. */
const ipi = (pcpu: number, vcpu: number): AnyAction => ({ kind: "ipi", pcpu, number: 0, vcpus: 1 << vcpu });

/** vCPU 1 on, or its partition's end, by vCPU 0. */
export const turnOn = (entry: number, context = 0n): AnyAction => ({ kind: "turn on", pcpu: 0, vcpu: 1, entry, context });
export const turnOff = (pcpu: number): AnyAction => ({ kind: "turn off", pcpu });
const shutDown: AnyAction = { kind: "shut down", pcpu: 0 };
export const reset = (pcpu: number): AnyAction => ({ kind: "reset", pcpu });

interface Act {
  readonly pcpu: number;
  readonly actions: readonly AnyAction[];
}

/**
 * What each pCPU may do, by its number; the host acts on the housekeeper's. "An interrupt" is also a direct guest's next fetch.
 */
function actsOf({ partitions }: SystemSpec): Readonly<Record<string, Act>> {
  const entry = partitions[0]?.regions[0]?.ipa ?? 0;
  const foreign = partitions[1]?.regions[0]?.pa ?? 0;
  const fault = (pcpu: number): AnyAction => ({ kind: "load", pcpu, ipa: foreign, bytes: 8, valid: true });
  const anew: readonly AnyAction[] = [
    reset(0), { kind: "time", microseconds: RESTART_MICROSECONDS }, step(HOUSEKEEPER), step(0), turnOn(entry),
  ];
  return {
    "a shutdown": { pcpu: 0, actions: [shutDown] },
    "a reset": { pcpu: 0, actions: [reset(0)] },
    "vCPU 0 off": { pcpu: 0, actions: [turnOff(0)] },
    "vCPU 1 on": { pcpu: 0, actions: [turnOn(entry)] },
    "a fault": { pcpu: 0, actions: [fault(0)] },
    "an interrupt": { pcpu: 0, actions: [step(0)] },
    "a reset, and the new life's vCPU 1 on": { pcpu: 0, actions: anew },
    "a reset by vCPU 1": { pcpu: 1, actions: [reset(1)] },
    "vCPU 1 off by itself": { pcpu: 1, actions: [turnOff(1)] },
    "a fault of vCPU 1": { pcpu: 1, actions: [fault(1)] },
    "an interrupt of vCPU 1": { pcpu: 1, actions: [step(1)] },
    "two interrupts of vCPU 1": { pcpu: 1, actions: [step(1), step(1)] },
    "the host's start": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_START) },
    "the host's stop": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_STOP) },
    "the host's restart": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_RESTART) },
    "the host's pause": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_PAUSE) },
    "the host's resume": { pcpu: HOUSEKEEPER, actions: host(abi.COMMAND_RESUME) },
  };
}

export const KICK_UNDER_WAY = "both on, a kick under way";
export type Beginning = readonly [string, (entry: number) => readonly AnyAction[]];

export const BEGINNINGS: readonly Beginning[] = [
  ["both vCPUs on", () => []],
  ["vCPU 1 off", () => [turnOff(1)]],
  ["vCPU 1 about to start", (entry) => [turnOff(1), turnOn(entry)]],
  [KICK_UNDER_WAY, () => [ipi(1, 0), ipi(0, 1)]],
  ["both asleep", () => [sleep(0), sleep(1)]],
  ["the partition off", () => [shutDown, SETTLE]],
  ["the partition paused", () => [...host(abi.COMMAND_PAUSE), SETTLE]],
  ["the partition about to be paused", () => host(abi.COMMAND_PAUSE)],
  ["the partition about to go on", () => [...host(abi.COMMAND_PAUSE), SETTLE, ...host(abi.COMMAND_RESUME)]],
];

/** A system in which something races, again and again. */
export class Track<Own extends Acting> {
  readonly world: World<Own>;
  readonly names: readonly string[];
  private readonly acts: Readonly<Record<string, Act>>;
  private readonly invariants: Invariants<Own>;
  private readonly beginning: readonly AnyAction[];
  private readonly lives: number;
  private readonly revival: readonly AnyAction[];

  constructor(world: World<Own>, spec: SystemSpec, [, begin]: Beginning) {
    this.world = world;
    world.wakeAll();
    const entry = spec.partitions[0]?.regions[0]?.ipa ?? 0;
    this.acts = actsOf(spec);
    this.names = Object.keys(this.acts);
    this.invariants = new Invariants(world);
    this.beginning = begin(entry);
    this.revival = [...host(abi.COMMAND_START), SETTLE, turnOn(entry), SETTLE];
    this.lives = world.guest(NEIGHBOUR).pcpu.lives;
  }

  /** Acts of other pCPUs. */
  othersOf(name: string): string[] {
    return this.names.filter((candidate) => this.acts[candidate]?.pcpu !== this.acts[name]?.pcpu);
  }

  private perform(actions: readonly AnyAction[]): void {
    for (const action of actions) this.world.perform(action as Action<Own>);
  }

  run(name: string): void {
    this.perform(this.acts[name]?.actions ?? []);
  }

  /**
   * From the beginning to where all are as at first; `name`, with whatever intrudes as `prepare` says. True: it did, as often as
   * it was to.
   */
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
      for (const guest of world.running()) if (guest.pcpu.index !== NEIGHBOUR) guest.openInterrupts();
      expectRunning(world, [true, true, false, true]);
      expectNoKick(world);
      return did;
    } catch (error) {
      throw new Error(`${what()}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  /** The neighbour has not been started again. */
  get isQuiet(): boolean {
    return this.world.guest(NEIGHBOUR).pcpu.lives === this.lives;
  }
}

/** A track of one of a trial's racing systems. */
export const trackOf = <Spec extends SystemSpec, Own extends Acting>(
  trial: RacingTrial<Spec, Own>, spec: Spec, beginning: Beginning,
): Track<Own> =>
  new Track(trial.world(spec), spec, beginning);

// Without vitest's expect, which takes longer than what is looked at, some hundred thousand times.

/** No direct guest would find the hypervisor's kick if it looked. */
function expectNoKick<Own extends Acting>(world: World<Own>): void {
  const kicked = world.guests.findIndex((guest) => world.findsKick(guest));
  if (kicked >= 0) throw new Error(`the guest of pCPU ${kicked} would find the hypervisor's kick`);
}

function expectRunning<Own extends Acting>({ guests }: World<Own>, expected: readonly boolean[]): void {
  const wrong = guests.findIndex(({ running }, n) => running !== expected[n]);
  if (wrong >= 0) throw new Error(`the guest of pCPU ${wrong} should ${expected[wrong] === true ? "" : "not "}be running`);
}
