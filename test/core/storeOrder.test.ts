// What one pCPU stores, another may see late (Arm ARM B2.3): whatever the core does while partitions start, stop, pause and go on, it
// is interrupted wherever it has stored something that others do not see yet, and another pCPU acts right then, without it. However it
// goes, nobody is stuck, nobody else notices, and a vCPU begins where CPU_ON says (psci.ts, lifecycle.ts, gic.ts, core/partition.ts).
import { describe, expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import { Demultiplexer } from "../../industrial/link/demultiplexer.ts";
import type { Frame } from "../../industrial/link/frame.ts";
import { decodePartition } from "../../industrial/link/telemetry.ts";
import { instrumentedCore } from "../../tools/machine/aarch64/core.ts";
import { StoreBuffer } from "../../tools/machine/storeBuffer.ts";
import { GUEST_UART, LINUX, PLC, STANDARD, TELEMETRY_MILLISECONDS } from "../../tools/machine/aarch64/system.ts";
import type { SystemSpec } from "../../tools/machine/aarch64/system.ts";
import { KICK_SGI } from "./bench.ts";
import type { Action } from "./property/actions.ts";
import { Invariants } from "./property/invariants.ts";
import { World } from "./property/world.ts";
import { CPU_OFF, CPU_ON_64, SYSTEM_RESET } from "./functions.ts";

const core = await instrumentedCore();
const HOUSEKEEPER = 2;
const RAM = 0x6000_0000;
const ENTRY = RAM + 0x1000;
const CONTEXT = 0x1234n;
/** More stops than any of these actions has. */
const LONGEST = 5000;
const MILLISECONDS = 300_000;
const MILLISECOND = 1_000_000;

const call = (pcpu: number, fn: number, ...args: bigint[]): Action => ({ kind: "call", pcpu, conduit: "hvc", fn, args });
const on = call(0, CPU_ON_64, 1n, BigInt(ENTRY), CONTEXT);
const host = (command: number): Action[] => [{ kind: "command", partition: 0, command }, { kind: "time", microseconds: 1000 }, { kind: "step", pcpu: HOUSEKEEPER }];
const SETTLE: Action = { kind: "settle" };

const RESUME = "the host's resume";
/** The host's commands come with a tick, and that has many stops: enough that one vCPU leaves, one is interrupted, one begins. */
const MEET_THE_HOST = ["CPU_ON", "CPU_OFF by vCPU 1", "an interrupt of vCPU 1"];

/** What is taken apart: what each pCPU does to the other's vCPU, or both to their partition. */
const ACTS: readonly (readonly [string, number, readonly Action[]])[] = [
  ["CPU_ON", 0, [on]],
  ["SYSTEM_RESET", 0, [call(0, SYSTEM_RESET)]],
  ["CPU_OFF by vCPU 1", 1, [call(1, CPU_OFF)]],
  ["an interrupt of vCPU 1", 1, [{ kind: "step", pcpu: 1 }]],
  ["an SGI to vCPU 1", 0, [{ kind: "msr", pcpu: 0, register: "ICC_SGI1R_EL1", data: 2n }]],
  ["the host's stop", HOUSEKEEPER, host(abi.COMMAND_STOP)],
  ["the host's pause", HOUSEKEEPER, host(abi.COMMAND_PAUSE)],
  [RESUME, HOUSEKEEPER, host(abi.COMMAND_RESUME)],
];
const BEGINNINGS: readonly (readonly [string, readonly Action[]])[] = [
  ["both vCPUs on", []],
  ["vCPU 1 off", [call(1, CPU_OFF), SETTLE]],
  ["vCPU 1 about to start", [call(1, CPU_OFF), SETTLE, on]],
  ["the partition about to be paused", host(abi.COMMAND_PAUSE)],
  ["the partition paused", [...host(abi.COMMAND_PAUSE), SETTLE]],
];

const of = (direct: boolean): SystemSpec => ({ ...STANDARD, partitions: [{ ...LINUX, onFailure: "restart", direct }, PLC] });
const SYSTEMS = [["injected", of(false)], ["direct", of(true)]] as const;
const CASES = SYSTEMS.flatMap(([name, spec]) => BEGINNINGS.map(([beginning, actions]) => [name, beginning, spec, actions] as const));

test.each(CASES)("%s, %s", (_name, begins, spec, beginning) => {
  const paused = begins.includes("paused");
  const world = new World(spec, core);
  world.wakeAll();
  const invariants = new Invariants(world);
  const [first, second] = [world.guest(0), world.guest(1)];
  const run = (actions: readonly Action[]): void => actions.forEach((action) => world.perform(action));
  /** Something makes vCPU 1's pCPU look what there is to do: it may do so at any time. */
  const looks = (): void => {
    second.pcpu.gic.bank.latchPending(KICK_SGI);
    run([{ kind: "step", pcpu: 1 }]);
  };
  const others: readonly (readonly [string, number, () => void])[] = [
    ...ACTS.map(([name, pcpu, actions]) => [name, pcpu, (): void => run(actions)] as const),
    ...(spec.partitions[0]?.direct === true ? [] : [["a look of vCPU 1's pCPU", 1, looks] as const]),
  ];
  let stops = 0;
  for (const [name, pcpu, actions] of ACTS.filter(([act]) => act !== RESUME || paused)) {
    for (const [other, , act] of others.filter(([act, number]) => number !== pcpu && (pcpu !== HOUSEKEEPER || MEET_THE_HOST.includes(act)))) {
      for (let after = 0; after < LONGEST; after++) {
        const did = named(`${name} | ${other} after ${after} stops`, () => {
          run(beginning);
          const { lives } = second.pcpu;
          world.machine.intrude(after, act);
          run(actions);
          const intruded = world.machine.endIntrusion();
          world.machine.settle();
          invariants.check(undefined);
          if (second.running && second.pcpu.lives !== lives) expect([second.pcpu.code, second.x(0)]).toEqual([ENTRY, CONTEXT]);
          // Whatever it is now, it can be stopped, and started.
          run([...host(abi.COMMAND_STOP), SETTLE]);
          expect([first.running, second.running]).toEqual([false, false]);
          run([...host(abi.COMMAND_START), SETTLE, call(0, CPU_ON_64, 1n, BigInt(RAM), 0n), SETTLE]);
          expect([first.running, second.running]).toEqual([true, true]);
          for (const guest of [first, second]) guest.driver.open(0xff);
          return intruded;
        });
        if (!did) break;
        stops++;
      }
    }
  }
  expect(stops).toBeGreaterThan(20);
}, MILLISECONDS);

test("a byte that a guest has a place for in its ring, and that is not there yet, is waited for", () => {
  const PLC_PCPU = 3;
  const world = new World(STANDARD, core);
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
    guest.store(GUEST_UART, 1, BigInt("x".charCodeAt(0)));
    const intruded = machine.endIntrusion();
    come();
    expect(text, `after ${after} stops`).toBe(wanted);
    if (!intruded) break;
    meanwhile++;
  }
  expect(meanwhile).toBeGreaterThan(0);
});

test("a tag that goes out has the value that it was published with, though the housekeeper comes in the middle of it", () => {
  const [PLC_PCPU, TAG, VALUE] = [3, 5, 0x1234n];
  const world = new World(STANDARD, core);
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
    return frames.splice(0).filter(({ kind, partition }) => kind === abi.FRAME_PARTITION && partition === 1).map((frame) => decodePartition(frame).tags.get(TAG));
  };
  let meanwhile = 0;
  for (let after = 0; after < LONGEST; after++) {
    world.perform(call(PLC_PCPU, SYSTEM_RESET)); // none is published then
    world.machine.elapse(2000 * MILLISECOND);
    tags();
    machine.intrude(after, () => {
      for (const tag of tags()) expect([undefined, VALUE]).toContain(tag);
    });
    world.perform(call(PLC_PCPU, calls.HYPERCALL_TAG_PUBLISH, BigInt(TAG), VALUE));
    if (!machine.endIntrusion()) break;
    meanwhile++;
    expect(tags().at(-1)).toBe(VALUE);
  }
  expect(meanwhile).toBeGreaterThan(0);
});

describe("the store buffer of the machine", () => {
  const made = (): { bytes: Uint8Array; buffer: StoreBuffer } => {
    const bytes = new Uint8Array(8);
    return { bytes, buffer: new StoreBuffer(bytes.buffer, /^$/) };
  };
  const store = (bytes: Uint8Array, buffer: StoreBuffer, pcpu: number, at: number, value: number): void => {
    buffer.store(pcpu, at, 1);
    bytes[at] = value;
  };

  test("hides what is not in order yet from others, and puts it there behind what they store", () => {
    const { bytes, buffer } = made();
    store(bytes, buffer, 0, 1, 5);
    store(bytes, buffer, 0, 1, 6);
    store(bytes, buffer, 0, 2, 7);
    let seen: number[] = [];
    buffer.hidden(0, () => {
      seen = [...bytes.subarray(0, 4)];
      store(bytes, buffer, 1, 2, 9);
      store(bytes, buffer, 1, 3, 9);
    });
    expect([seen, [...bytes.subarray(0, 4)]]).toEqual([[0, 0, 0, 0], [0, 6, 7, 9]]);
  });

  test("hides nothing behind a barrier", () => {
    const { bytes, buffer } = made();
    store(bytes, buffer, 0, 1, 5);
    expect(buffer.holds(0)).toBe(true);
    buffer.drain(0);
    expect(buffer.holds(0)).toBe(false);
    buffer.hidden(0, () => expect(bytes[1]).toBe(5));
  });
});

/** Says where it was when something goes wrong. */
function named<Result>(what: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
