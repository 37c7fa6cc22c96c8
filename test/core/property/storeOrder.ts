// What one pCPU stores, another may see late (Arm ARM B2.3, RVWMO): whatever the core does while partitions start, stop, pause
// and go on, it is interrupted wherever it has stored something that others do not see yet, and another pCPU acts right then,
// without it. However it goes, nobody is stuck, nobody else notices, and a vCPU begins where it was told to (lifecycle.ts,
// core/partition.ts). The same for every ISA.
import { expect, test } from "vitest";
import * as abi from "../../../core/abi.ts";
import { Demultiplexer } from "../../../industrial/link/demultiplexer.ts";
import type { Frame } from "../../../industrial/link/frame.ts";
import { decodePartition } from "../../../industrial/link/telemetry.ts";
import { TELEMETRY_MILLISECONDS } from "../../../tools/machine/system.ts";
import type { SystemSpec } from "../../../tools/machine/system.ts";
import type { Acting, Action, AnyAction } from "./actions.ts";
import { Invariants } from "./invariants.ts";
import { host, HOUSEKEEPER, reset, SETTLE, step, turnOff, turnOn } from "./race.ts";
import { named } from "./races.ts";
import type { RacingTrial } from "./trial.ts";

const ENTRY_OFFSET = 0x1000;
const CONTEXT = 0x1234n;
/** More stops than any of these actions has. */
const LONGEST = 5000;
const MILLISECONDS = 300_000;
const MILLISECOND = 1_000_000;

const RESUME = "the host's resume";
/** The host's commands come with a tick, and that has many stops: enough that one vCPU leaves, one is interrupted, one begins. */
const MEET_THE_HOST = ["vCPU 1 on", "vCPU 1 off by itself", "an interrupt of vCPU 1"];

/** What is taken apart: what each pCPU does to the other's vCPU, or both to their partition. */
const actsOf = (on: AnyAction): readonly (readonly [string, number, readonly AnyAction[]])[] => [
  ["vCPU 1 on", 0, [on]],
  ["a reset", 0, [reset(0)]],
  ["vCPU 1 off by itself", 1, [turnOff(1)]],
  ["an interrupt of vCPU 1", 1, [step(1)]],
  ["an IPI to vCPU 1", 0, [{ kind: "ipi", pcpu: 0, number: 0, vcpus: 2 }]],
  ["the host's stop", HOUSEKEEPER, host(abi.COMMAND_STOP)],
  ["the host's pause", HOUSEKEEPER, host(abi.COMMAND_PAUSE)],
  [RESUME, HOUSEKEEPER, host(abi.COMMAND_RESUME)],
];
const BEGINNINGS: readonly (readonly [string, (on: AnyAction) => readonly AnyAction[]])[] = [
  ["both vCPUs on", () => []],
  ["vCPU 1 off", () => [turnOff(1), SETTLE]],
  ["vCPU 1 about to start", (on) => [turnOff(1), SETTLE, on]],
  ["the partition about to be paused", () => host(abi.COMMAND_PAUSE)],
  ["the partition paused", () => [...host(abi.COMMAND_PAUSE), SETTLE]],
];

export async function storeOrder<Spec extends SystemSpec, Own extends Acting>(trial: RacingTrial<Spec, Own>): Promise<void> {
  const core = await trial.instrumentedCore();
  const cases = trial.racing.filter(({ all }) => all).flatMap(
    ({ name, spec }) => BEGINNINGS.map(([begins, begin]) => [`${trial.name}, ${name}`, begins, spec, begin] as const)
  );

  test.each(cases)("%s, %s", (_name, begins, spec, begin) => {
    const ram = spec.partitions[0]?.regions[0]?.ipa ?? 0;
    const entry = ram + ENTRY_OFFSET;
    const on = turnOn(entry, CONTEXT);
    const acts = actsOf(on);
    const beginning = begin(on);
    const paused = begins.includes("paused");
    const world = trial.world(spec, core);
    world.wakeAll();
    const invariants = new Invariants(world);
    const [first, second] = [world.guest(0), world.guest(1)];
    const run = (actions: readonly AnyAction[]): void => actions.forEach((action) => world.perform(action as Action<Own>));
    const others: readonly (readonly [string, number, () => void])[] = [
      ...acts.map(([name, pcpu, actions]) => [name, pcpu, (): void => run(actions)] as const),
      ...(spec.partitions[0]?.direct === true ? [] : [["a look of vCPU 1's pCPU", 1, () => world.rouse(second)] as const]),
    ];
    let stops = 0;
    for (const [name, pcpu, actions] of acts.filter(([act]) => act !== RESUME || paused)) {
      for (
        const [other, , act] of others.filter(
          ([act, number]) => number !== pcpu && (pcpu !== HOUSEKEEPER || MEET_THE_HOST.includes(act))
        )
      ) {
        for (let after = 0; after < LONGEST; after++) {
          const did = named(`${name} | ${other} after ${after} stops`, () => {
            run(beginning);
            const { lives } = second.pcpu;
            world.machine.intrude(after, act);
            run(actions);
            const intruded = world.machine.endIntrusion();
            world.machine.settle();
            invariants.check(undefined);
            if (second.running && second.pcpu.lives !== lives) {
              expect([second.pcpu.code, second.context]).toEqual([entry, CONTEXT]);
            }
            // Whatever it is now, it can be stopped, and started.
            run([...host(abi.COMMAND_STOP), SETTLE]);
            expect([first.running, second.running]).toEqual([false, false]);
            run([...host(abi.COMMAND_START), SETTLE, turnOn(ram), SETTLE]);
            expect([first.running, second.running]).toEqual([true, true]);
            for (const guest of [first, second]) guest.openInterrupts();
            return intruded;
          });
          if (!did) break;
          stops++;
        }
      }
    }
    expect(stops).toBeGreaterThanOrEqual(20);
  }, MILLISECONDS);

  if (trial.standard.partitions[1]?.consoleInterrupt !== 0) {
    test("a byte that a guest has a place for in its ring, and that is not there yet, is waited for", () => {
      const [PLC_PCPU, PLC] = [3, 1];
      const world = trial.world(trial.standard, core);
      const { machine } = world;
      const guest = world.guest(PLC_PCPU);
      let text = "";
      const demultiplexer = new Demultiplexer((item) => {
        if ("frame" in item && item.frame.kind === abi.FRAME_CONSOLE) text += new TextDecoder().decode(item.frame.payload);
      });
      let taken = 0;
      const come = (): void => {
        machine.elapse(50 * MILLISECOND);
        machine.uart.drain();
        demultiplexer.push(Uint8Array.from(machine.uart.sent.slice(taken)));
        taken = machine.uart.sent.length;
      };
      let meanwhile = 0;
      for (let after = 0; after < LONGEST; after++) {
        const wanted = `${text}x`;
        machine.intrude(after, come);
        guest.store(world.system.plan.partitions[PLC]?.console ?? 0, 1, BigInt("x".charCodeAt(0)));
        const intruded = machine.endIntrusion();
        come();
        expect(text, `after ${after} stops`).toBe(wanted);
        if (!intruded) break;
        meanwhile++;
      }
      expect(meanwhile).toBeGreaterThan(0);
    });
  }

  test("a tag that goes out has the value that it was published with, though the housekeeper comes in the middle of it", () => {
    const [PLC_PCPU, TAG, VALUE] = [3, 5, 0x1234n];
    const world = trial.world(trial.standard, core);
    const { machine } = world;
    const frames: Frame[] = [];
    const demultiplexer = new Demultiplexer((item) => {
      if ("frame" in item) frames.push(item.frame);
    });
    let taken = 0;
    const tags = (): (bigint | undefined)[] => {
      machine.elapse(2 * TELEMETRY_MILLISECONDS * MILLISECOND);
      machine.uart.drain();
      demultiplexer.push(Uint8Array.from(machine.uart.sent.slice(taken)));
      taken = machine.uart.sent.length;
      return frames.splice(0).filter(
        ({ kind, partition }) => kind === abi.FRAME_PARTITION && partition === 1
      ).map((frame) => decodePartition(frame).tags.get(TAG));
    };
    let meanwhile = 0;
    for (let after = 0; after < LONGEST; after++) {
      world.perform(reset(PLC_PCPU)); // none is published then
      world.machine.elapse(2000 * MILLISECOND);
      tags();
      machine.intrude(after, () => {
        for (const tag of tags()) expect([undefined, VALUE]).toContain(tag);
      });
      world.perform({ kind: "hypercall", pcpu: PLC_PCPU, fn: abi.CALL_TAG_PUBLISH, args: [BigInt(TAG), VALUE] });
      if (!machine.endIntrusion()) break;
      meanwhile++;
      expect(tags().at(-1)).toBe(VALUE);
    }
    expect(meanwhile).toBeGreaterThan(0);
  });
}
