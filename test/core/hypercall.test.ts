// Hypercalls (core/abi.ts, core/hypercall.ts): what a guest may ask of the hypervisor.
import { beforeEach, describe, expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import { LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench, result, TWO_CHANNELS } from "./bench.ts";
import { SYSTEM_RESET } from "./functions.ts";

const INVALID_PARAMETER = calls.SMCCC_INVALID_PARAMETER;
const CHANNELS_ENDED = 1;
/** Bytes that a console ring takes before it is full (core/console.ts): 8192 entries less its margin. */
const RING = 8192 - 512;
const ATTEMPTS = 200;

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

/** x1…x7 of HYPERCALL_CONSOLE_WRITE for a text. */
function written(text: string): bigint[] {
  const bytes = new Uint8Array(abi.CONSOLE_WRITE_MAX);
  new TextEncoder().encodeInto(text, bytes);
  const view = new DataView(bytes.buffer);
  return [BigInt(text.length), ...Array.from({ length: 6 }, (_, n) => view.getBigUint64(8 * n, true))];
}

describe("HYPERCALL_VERSION", () => {
  test("is the interface's", () =>
    expect(result(bench.guest(3).hvc(calls.HYPERCALL_VERSION))).toBe((abi.CALL_VERSION_MAJOR << 16) | abi.CALL_VERSION_MINOR));

  test("hypercalls are the same by SMC", () => {
    const guest = bench.guest(3);
    for (const fn of [calls.HYPERCALL_VERSION, calls.HYPERCALL_WATCHDOG_FEED, calls.HYPERCALL_MAILBOX])
      expect(result(guest.smc(fn)), `0x${fn.toString(16)}`).toBe(result(guest.hvc(fn)));
    const linux = bench.openInterrupts(0);
    bench.enable(0, 233);
    expect(result(guest.smc(calls.HYPERCALL_DOORBELL, 0))).toBe(0);
    bench.machine.settle();
    expect(linux.acknowledge()).toBe(233);
  });
});

describe("SMCCC vendor queries", () => {
  test("UID in x0…x3, revision in x0 and x1", () => {
    const guest = bench.guest(0);
    guest.hvc(calls.SMCCC_HYP_UID);
    expect([0, 1, 2, 3].map((n) => Number(guest.x(n)))).toEqual([
      calls.HYP_UID_0,
      calls.HYP_UID_1,
      calls.HYP_UID_2,
      calls.HYP_UID_3,
    ]);
    guest.hvc(calls.SMCCC_HYP_REVISION);
    expect([0, 1].map((n) => Number(guest.x(n)))).toEqual([abi.CALL_VERSION_MAJOR, abi.CALL_VERSION_MINOR]);
  });
});

describe("HYPERCALL_DOORBELL", () => {
  test("makes the peer's doorbell interrupt pending, and it arrives there once", () => {
    bench.openInterrupts(3);
    bench.enable(3, 235);
    expect(result(bench.guest(0).hvc(calls.HYPERCALL_DOORBELL, 0))).toBe(0);
    bench.machine.settle();
    expect(bench.guest(3).acknowledge()).toBe(235);
    bench.guest(3).endOfInterrupt(235);
    bench.machine.settle();
    expect(bench.guest(3).interruptPending).toBe(false);
    expect(bench.guest(0).interruptPending).toBe(false);
  });

  test("rung twice before it is taken: once; rung again while it is handled: once more", () => {
    const plc = bench.openInterrupts(3);
    bench.enable(3, 235);
    const ring = () => result(bench.guest(0).hvc(calls.HYPERCALL_DOORBELL, 0));
    ring();
    ring();
    bench.machine.settle();
    expect(plc.acknowledge()).toBe(235);
    ring();
    bench.machine.settle();
    plc.endOfInterrupt(235);
    bench.machine.settle();
    expect(plc.acknowledge()).toBe(235);
    plc.endOfInterrupt(235);
    bench.machine.settle();
    expect(plc.interruptPending).toBe(false);
  });

  test.each([[0, 3, 237], [3, 0, 236]])("of a second channel is that one's: from pCPU %i to pCPU %i", (from, to, doorbell) => {
    bench = new Bench(TWO_CHANNELS);
    const peer = bench.openInterrupts(to);
    for (const intid of [233, 235, 236, 237]) bench.enable(to, intid);
    expect(result(bench.guest(from).hvc(calls.HYPERCALL_DOORBELL, 1))).toBe(0);
    bench.machine.settle();
    expect([peer.acknowledge(), peer.acknowledge()]).toEqual([doorbell, 1023]);
  });

  test("a channel that the caller does not have: INVALID_PARAMETER, and nothing rings", () => {
    for (const channel of [CHANNELS_ENDED, 2, 0xffff_ffff, 1n << 32n, 0xffff_ffff_ffff_ffffn])
      expect(result(bench.guest(0).hvc(calls.HYPERCALL_DOORBELL, channel)), String(channel)).toBe(INVALID_PARAMETER);
    expect([233, 235].map((intid) => bench.machine.gic.distributor.bank.isPending(intid))).toEqual([false, false]);
  });

  test("is counted for its sender", () => {
    bench.guest(3).hvc(calls.HYPERCALL_DOORBELL, 0);
    bench.guest(3).hvc(calls.HYPERCALL_DOORBELL, 0);
    bench.guest(3).hvc(calls.HYPERCALL_DOORBELL, 5);
    expect(bench.partition(1).doorbells).toBe(2);
    expect(bench.partition(0).doorbells).toBe(0);
    for (let n = 0; n < 3; n++) bench.guest(0).hvc(calls.HYPERCALL_DOORBELL, 0);
    expect([bench.partition(0).doorbells, bench.partition(1).doorbells]).toEqual([3, 2]);
  });
});

describe("HYPERCALL_CONSOLE_WRITE", () => {
  test("takes 0 to 48 bytes from x2…x7, little endian", () => {
    const guest = bench.guest(3);
    const text = "The quick brown fox jumps over the lazy dog, yes";
    expect(text.length).toBe(abi.CONSOLE_WRITE_MAX);
    expect(result(guest.hvc(calls.HYPERCALL_CONSOLE_WRITE, ...written(text)))).toBe(48);
    expect(result(guest.hvc(calls.HYPERCALL_CONSOLE_WRITE, ...written("")))).toBe(0);
    expect(result(guest.hvc(calls.HYPERCALL_CONSOLE_WRITE, ...written("!\n\0\xff".slice(0, 2))))).toBe(2);
    expect(bench.console(1)).toBe(`${text}!\n`);
    expect(bench.console(0)).toBe("");
  });

  test("more than 48 bytes: INVALID_PARAMETER, and none is taken", () => {
    for (const count of [49n, 1n << 32n, 0xffff_ffff_ffff_ffffn])
      expect(result(bench.guest(3).hvc(calls.HYPERCALL_CONSOLE_WRITE, count, 0x41n))).toBe(INVALID_PARAMETER);
    expect(bench.console(1)).toBe("");
  });

  test("a full ring takes what it has room for, says so, and counts one byte dropped for each attempt that failed", () => {
    const guest = bench.guest(3);
    bench.machine.uart.stalled = true;
    let taken = 0;
    let sent = 0;
    for (let n = 0; n < ATTEMPTS; n++) {
      taken += result(guest.hvc(calls.HYPERCALL_CONSOLE_WRITE, ...written("x".repeat(48))));
      sent += 48;
    }
    expect(taken).toBe(RING);
    expect(sent).toBeGreaterThan(RING);
    bench.machine.uart.stalled = false;
    expect(bench.partition(1).consoleDropped).toBe(ATTEMPTS - Math.floor(RING / 48));
    bench.pass(500);
    expect(bench.console(1)).toBe("x".repeat(RING));
    expect(result(guest.hvc(calls.HYPERCALL_CONSOLE_WRITE, ...written("y")))).toBe(1);
  });
});

describe("HYPERCALL_TAG_PUBLISH", () => {
  test("the value goes out with the partition's telemetry; unpublished tags do not", () => {
    const guest = bench.guest(3);
    expect(result(guest.hvc(calls.HYPERCALL_TAG_PUBLISH, 0, 7n))).toBe(0);
    expect(result(guest.hvc(calls.HYPERCALL_TAG_PUBLISH, 31, 0xffff_ffff_ffff_ffffn))).toBe(0);
    expect(result(guest.hvc(calls.HYPERCALL_TAG_PUBLISH, 0, 8n))).toBe(0);
    expect(bench.partition(1).tags).toEqual(new Map([[0, 8n], [31, 0xffff_ffff_ffff_ffffn]]));
    expect(bench.partition(0).tags).toEqual(new Map());
  });

  test("a tag above the last one: INVALID_PARAMETER", () => {
    for (const tag of [32, 0xffff_ffff, 1n << 32n])
      expect(result(bench.guest(3).hvc(calls.HYPERCALL_TAG_PUBLISH, tag, 1))).toBe(INVALID_PARAMETER);
    expect(bench.partition(1).tags.size).toBe(0);
  });

  test("all tags fit one telemetry frame, however large their values", () => {
    for (let tag = 0; tag < abi.TAG_MAX; tag++)
      bench.guest(3).hvc(calls.HYPERCALL_TAG_PUBLISH, tag, 0xffff_ffff_ffff_ff00n + BigInt(tag));
    expect(bench.partition(1).tags.size).toBe(abi.TAG_MAX);
  });

  test("a value is as it was published at every length that its number may have in the frame (RFC 8949 §3)", () => {
    const edges = [
      0n,
      23n,
      24n,
      0xfen,
      0xffn,
      0x100n,
      0x101n,
      0xffffn,
      0x1_0000n,
      0xffff_fffen,
      0xffff_ffffn,
      0x1_0000_0000n,
      0x1_0000_0001n,
      0x1234_5678_9abc_def0n,
    ];
    edges.forEach((value, tag) => bench.guest(3).hvc(calls.HYPERCALL_TAG_PUBLISH, tag, value));
    expect([...bench.partition(1).tags.values()]).toEqual(edges);
  });

  test("its value is there before it counts as published: the next one is where the first one's neighbour is", () => {
    const { machine } = bench;
    const guest = bench.guest(3);
    const words = new BigUint64Array(machine.core.memory.buffer);
    const [first, second] = [0x1357_9bdf_0246_8acen, 0x2468_ace0_1357_9bdfn];
    guest.hvc(calls.HYPERCALL_TAG_PUBLISH, 3, first);
    guest.setX(2, 0n);
    const at = words.indexOf(first);
    let published: bigint | undefined;
    machine.onIntrinsic = (name) => { if (name === "atomicOr32") published = words[at + 1]; };
    guest.hvc(calls.HYPERCALL_TAG_PUBLISH, 4, second);
    machine.onIntrinsic = undefined;
    expect([published, bench.partition(1).tags.get(4)]).toEqual([second, second]);
  });

  test("tags of the life before a restart are gone", () => {
    bench.guest(3).hvc(calls.HYPERCALL_TAG_PUBLISH, 3, 9);
    bench.guest(3).hvc(SYSTEM_RESET);
    expect(bench.partition(1).tags.size).toBe(0);
  });
});

describe("HYPERCALL_WATCHDOG_FEED", () => {
  const expire = (onFailure: "stop" | "restart" | "inspect"): Bench => {
    const one = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, onFailure }] });
    expect(result(one.guest(3).hvc(calls.HYPERCALL_WATCHDOG_FEED))).toBe(0);
    one.pass(150);
    return one;
  };

  test("a partition without a watchdog: NOT_SUPPORTED", () =>
    expect(result(bench.guest(0).hvc(calls.HYPERCALL_WATCHDOG_FEED))).toBe(calls.SMCCC_NOT_SUPPORTED));

  test("never fed: never expires", () => {
    bench.pass(500);
    expect(bench.partition(1)).toMatchObject({ state: "running", watchdogExpired: 0 });
  });

  test("fed in time: does not expire", () => {
    const patient = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, watchdogMicroseconds: 300_000 }] });
    for (let n = 0; n < 10; n++) {
      patient.guest(3).hvc(calls.HYPERCALL_WATCHDOG_FEED);
      patient.pass(290);
    }
    patient.guest(3).hvc(calls.HYPERCALL_WATCHDOG_FEED);
    expect(patient.partition(1)).toMatchObject({ watchdogExpired: 0, restarts: 0 });
  });

  test("expired, on_failure restart: starts anew, disarmed until it feeds again", () => {
    const one = expire("restart");
    expect(one.guest(3).running).toBe(true);
    one.pass(300);
    expect(one.partition(1)).toMatchObject({ state: "running", watchdogExpired: 1, restarts: 1 });
    const codes = one.events(1).map(({ code, a }) => [code, a]);
    expect(codes.slice(1)).toEqual([
      [abi.EVENT_WATCHDOG, expect.any(BigInt)],
      [abi.EVENT_STOPPED, BigInt(abi.STOP_WATCHDOG)],
      [abi.EVENT_STARTED, expect.any(BigInt)],
    ]);
    const since = one.events(1).find(({ code }) => code === abi.EVENT_WATCHDOG)?.a ?? 0n;
    expect(Number(since)).toBeGreaterThanOrEqual(100e6);
    expect(Number(since)).toBeLessThan(102e6);
  });

  test("expires for the first partition as for any other", () => {
    const one = new Bench({
      ...STANDARD, partitions: [{ ...LINUX, watchdogMicroseconds: 100_000, onFailure: "restart" }, PLC],
    });
    expect(result(one.guest(0).hvc(calls.HYPERCALL_WATCHDOG_FEED))).toBe(0);
    one.pass(150);
    expect(one.partition(0)).toMatchObject({ state: "running", watchdogExpired: 1, restarts: 1 });
  });

  test.each([100_000, 37_000])(
    "expires in the tick of its deadline, no tick earlier or later (%i µs)",
    (watchdogMicroseconds) => {
      const one = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, watchdogMicroseconds, onFailure: "stop" }] });
      const { clock, pcpus } = one.machine;
      const nextTick = (): number => pcpus[STANDARD.housekeeper]?.hypervisorTimer.deadline ?? NaN;
      // Fed at the very moment of a tick, it is due at that of another one.
      clock.forward(nextTick() - clock.now);
      const due = clock.now + clock.ticksOf(watchdogMicroseconds * 1000);
      expect(result(one.guest(3).hvc(calls.HYPERCALL_WATCHDOG_FEED))).toBe(0);
      while (clock.now < due) {
        expect(one.guest(3).running).toBe(true);
        one.machine.settle();
        clock.forward(nextTick() - clock.now);
      }
      expect(clock.now).toBe(due);
      one.machine.settle();
      expect(one.guest(3).running).toBe(false);
      expect(one.events(1).find(({ code }) => code === abi.EVENT_WATCHDOG)?.a).toBe(BigInt(watchdogMicroseconds) * 1000n);
    },
  );

  test("expired, on_failure stop: failed, its memory is not touched any more", () => {
    const one = expire("stop");
    expect(one.guest(3).running).toBe(false);
    expect(one.partition(1)).toMatchObject({ state: "failed", watchdogExpired: 1, restarts: 0 });
  });

  test("expired, on_failure inspect: left for inspection", () => {
    const one = expire("inspect");
    expect(one.guest(3).running).toBe(false);
    expect(one.partition(1)).toMatchObject({ state: "inspect", watchdogExpired: 1, restarts: 0 });
  });

  test("the other partition's vCPUs are not entered for it", () => {
    const one = new Bench();
    const exits = () => one.vcpu(0, 0).exits;
    const before = exits();
    one.guest(3).hvc(calls.HYPERCALL_WATCHDOG_FEED);
    one.pass(150);
    expect(exits()).toEqual(before);
    expect(one.vcpu(0, 0).held).toBe(0n);
  });
});
