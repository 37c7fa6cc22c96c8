// The mailbox: what a guest leaves in a page instead of calling (core/abi.ts, core/mailbox.ts). The housekeeper collects it with
// its tick; the guest does not leave for it.
import { beforeEach, describe, expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { LINUX, mailbox, PLC, ram, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { PartitionSpec } from "../../tools/machine/aarch64/system.ts";
import { Bench, result, TWO_CHANNELS, value } from "./bench.ts";
import { SYSTEM_OFF, SYSTEM_RESET } from "./functions.ts";

const IPA = 0x5000_1000;
const PA = 0x5000_1000;
const WITH_MAILBOX = { ...PLC, regions: [...PLC.regions, mailbox(IPA, PA)] };

let bench: Bench;
let guest: Guest;
const at = (offset: number): number => IPA + offset;
const put = (offset: number, bytes: number, data: number | bigint): bigint => value(guest.store(at(offset), bytes, BigInt(data)));
const get = (offset: number, bytes: number): bigint => value(guest.load(at(offset), bytes));
const exits = (): readonly number[] => bench.vcpu(1, 0).exits;

/** Prints as the guest library does: bytes, then the count. */
function print(text: string): void {
  let head = Number(get(abi.MAILBOX_CONSOLE_HEAD, 4));
  for (const byte of new TextEncoder().encode(text)) put(abi.MAILBOX_CONSOLE + (head++ % abi.MAILBOX_CONSOLE_BYTES), 1, byte);
  put(abi.MAILBOX_CONSOLE_HEAD, 4, head >>> 0);
}

test("a partition without one has none: not where its memory begins at IPA 0 either", () => {
  const memory = [{ ...ram(0, 0x4800_0000, 16 * 0x10_0000) }];
  bench = new Bench({
    ...STANDARD,
    partitions: [
      { ...LINUX, channels: [], regions: LINUX.regions.slice(0, 2) },
      { ...PLC, channels: [], regions: memory },
    ],
  });
  guest = bench.openInterrupts(3);
  for (let offset = 0; offset < abi.MAILBOX_SIZE; offset += 8) value(guest.store(offset, 8, 0x0101_0101_0101_0101n));
  bench.pass(10);
  expect(bench.partition(1)).toMatchObject({ state: "running", doorbells: 0 });
  expect(bench.console(1)).toBe("");
  guest.hvc(SYSTEM_RESET);
  bench.pass(1500);
  for (let offset = 0; offset < abi.MAILBOX_SIZE; offset += 8)
    expect(value(guest.load(offset, 8)), `0x${offset.toString(16)}`).toBe(0x0101_0101_0101_0101n);
});

describe.each([["injected", false], ["direct", true]])("the mailbox of a guest with %s interrupts", (_, direct) => {
  beforeEach(() => {
    bench = new Bench({ ...STANDARD, partitions: [LINUX, { ...WITH_MAILBOX, direct }] });
    guest = bench.openInterrupts(3);
  });

  test("is where HYPERCALL_MAILBOX says, with magic and version, else empty", () => {
    expect(value(guest.hvc(calls.HYPERCALL_MAILBOX))).toBe(BigInt(IPA));
    expect([get(0, 4), get(abi.MAILBOX_VERSION, 4)]).toEqual([BigInt(abi.MAILBOX_MAGIC), 1n]);
    for (let offset = 8; offset < abi.MAILBOX_SIZE; offset += 8) expect(get(offset, 8), `0x${offset.toString(16)}`).toBe(0n);
  });

  test("a partition without one is told so", () => {
    expect(result(bench.guest(0).hvc(calls.HYPERCALL_MAILBOX))).toBe(calls.SMCCC_NOT_SUPPORTED);
  });

  test("none of what is done by it is an exit", () => {
    bench = new Bench({ ...STANDARD, partitions: [LINUX, { ...WITH_MAILBOX, direct, watchdogMicroseconds: 1_000_000 }] });
    guest = bench.openInterrupts(3);
    const before = exits();
    for (let n = 1; n <= 50; n++) {
      put(abi.MAILBOX_WATCHDOG, 8, n);
      put(abi.MAILBOX_TAGS, 8, n);
      put(abi.MAILBOX_PUBLISHED, 4, 1);
      put(abi.MAILBOX_DOORBELLS, 4, n);
      print(`${n}\n`);
      bench.pass(3);
    }
    expect(exits()).toEqual(before);
    expect(bench.console(1)).toBe(Array.from({ length: 50 }, (_, n) => `${n + 1}\n`).join(""));
  });

  test("watchdog: the first change arms it, each one feeds it, standing still lets it expire", () => {
    bench.pass(500);
    expect(bench.partition(1).watchdogExpired).toBe(0);
    for (let n = 1; n < 20; n++) {
      put(abi.MAILBOX_WATCHDOG, 8, BigInt(n) << 60n | BigInt(n));
      bench.pass(50);
    }
    expect(bench.partition(1).watchdogExpired, "200 ms behind the last").toBe(1);
    expect(bench.partition(1).restarts).toBe(1);
  });

  test("tags: those whose bit is set, with their values; not the others", () => {
    put(abi.MAILBOX_TAGS, 8, 0x1234_5678_9abc_def0n);
    put(abi.MAILBOX_TAGS + 8 * 31, 8, 31);
    put(abi.MAILBOX_TAGS + 8 * 5, 8, 5);
    expect([...bench.partition(1).tags]).toEqual([]);
    put(abi.MAILBOX_PUBLISHED, 4, 0x8000_0001);
    expect([...bench.partition(1).tags]).toEqual([[0, 0x1234_5678_9abc_def0n], [31, 31n]]);
  });

  test("tags: one that comes by call keeps its value, whatever stands at its place in the page", () => {
    expect(result(guest.hvc(calls.HYPERCALL_TAG_PUBLISH, 3, 77))).toBe(0);
    put(abi.MAILBOX_TAGS + 8 * 3, 8, 5);
    put(abi.MAILBOX_PUBLISHED, 4, 1);
    expect([...bench.partition(1).tags]).toEqual([[0, 0n], [3, 77n]]);
  });

  test("doorbells: each word is its own channel's; of the first partition as of any other", () => {
    const [linux = LINUX, plc = PLC] = TWO_CHANNELS.partitions;
    const withPage = (spec: PartitionSpec, page: number): PartitionSpec => ({
      ...spec, regions: [...spec.regions, mailbox(page, page)],
    });
    const rings = (pcpu: number, page: number, to: number, doorbells: readonly number[]): void => {
      const partitions = pcpu === 0 ? [withPage(linux, page), plc] : [linux, { ...withPage(plc, page), direct }];
      bench = new Bench({ ...STANDARD, partitions });
      const peer = bench.openInterrupts(to);
      for (const intid of doorbells) bench.enable(to, intid);
      for (const [n, doorbell] of doorbells.entries()) {
        value(bench.guest(pcpu).store(page + abi.MAILBOX_DOORBELLS + 4 * n, 4, 1n));
        bench.pass(2);
        expect([peer.acknowledge(), peer.acknowledge()], `word ${n}`).toEqual([doorbell, 1023]);
        peer.endOfInterrupt(doorbell);
      }
    };
    rings(3, IPA, 0, [233, 236]);
    rings(0, 0x5010_0000, 3, [235, 237]);
  });

  test("doorbells: any change of a channel's word rings its doorbell once, and counts", () => {
    const linux = bench.openInterrupts(0);
    bench.enable(0, 233);
    for (const rung of [1, 2, 0xffff_ffff, 0]) {
      put(abi.MAILBOX_DOORBELLS, 4, rung);
      bench.pass(1);
      expect(linux.acknowledge()).toBe(233);
      linux.endOfInterrupt(233);
      bench.pass(5);
      expect(linux.interruptPending).toBe(false);
    }
    expect(bench.partition(1).doorbells).toBe(4);
  });

  test("doorbells of channels that it does not have ring nowhere", () => {
    const { bank } = bench.machine.gic.distributor;
    for (let n = 1; n < abi.MAILBOX_DOORBELL_COUNT; n++) put(abi.MAILBOX_DOORBELLS + 4 * n, 4, 7);
    bench.pass(5);
    expect(bank.latch.some((bits) => bits !== 0)).toBe(false);
    expect(bench.partition(1).doorbells).toBe(0);
  });

  test("console: a long text comes out whole if the guest minds the tail", () => {
    const text = Array.from({ length: 200 }, (_, n) => `line ${n} of a long text\n`).join("");
    for (let from = 0; from < text.length;) {
      const room =
        abi.MAILBOX_CONSOLE_BYTES - Number((get(abi.MAILBOX_CONSOLE_HEAD, 4) - get(abi.MAILBOX_CONSOLE_TAIL, 4)) & 0xffff_ffffn);
      print(text.slice(from, from + room));
      from += room;
      bench.pass(5);
    }
    bench.pass(1000);
    expect(bench.console(1)).toBe(text);
    expect(get(abi.MAILBOX_CONSOLE_TAIL, 4)).toBe(BigInt(text.length));
  });

  test("console: one that writes on without looking loses the oldest, and nothing else happens", () => {
    print("x".repeat(1000));
    print("y".repeat(abi.MAILBOX_CONSOLE_BYTES));
    bench.pass(1000);
    expect(bench.console(1)).toMatch(/^y+$/);
    expect(bench.partition(0).state).toBe("running");
  });

  test("whatever it holds, the hypervisor takes no harm, and other partitions hear nothing of it", () => {
    const before = bench.vcpu(0, 0);
    let noise = 12345;
    for (let round = 0; round < 20; round++) {
      for (let offset = 0; offset < abi.MAILBOX_SIZE; offset += 4) {
        noise = (Math.imul(noise, 1103515245) + 12345) >>> 0;
        if (offset !== abi.MAILBOX_DOORBELLS) put(offset, 4, noise);
      }
      bench.pass(3);
    }
    expect(bench.vcpu(0, 0).exits).toEqual(before.exits);
    expect(bench.command(1, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect(get(0, 4), "cleared when it starts").toBe(BigInt(abi.MAILBOX_MAGIC));
    for (let offset = 8; offset < abi.MAILBOX_SIZE; offset += 8) expect(get(offset, 8), `0x${offset.toString(16)}`).toBe(0n);
  });

  test("a new life begins with nothing of the old one: no tag, no feed, no ring, no text", () => {
    put(abi.MAILBOX_WATCHDOG, 8, 1);
    put(abi.MAILBOX_TAGS, 8, 1);
    put(abi.MAILBOX_PUBLISHED, 4, 1);
    put(abi.MAILBOX_DOORBELLS, 4, 5);
    bench.pass(200 - 120);
    guest.hvc(SYSTEM_RESET);
    bench.machine.settle();
    bench.pass(500);
    expect(bench.partition(1)).toMatchObject({ restarts: 1, watchdogExpired: 0, doorbells: 1 });
    expect([...bench.partition(1).tags]).toEqual([]);
    put(abi.MAILBOX_DOORBELLS, 4, 5);
    bench.pass(2);
    expect(bench.partition(1).doorbells).toBe(2);
  });

  test("what it printed last is shown, though it switches itself off, or resets itself, in the same moment", () => {
    const last = `${"going down, ".repeat(15)}down\n`;
    print(last);
    guest.hvc(SYSTEM_OFF);
    bench.machine.settle();
    expect(bench.console(1), "more than a tick takes").toBe(last);
    bench.command(1, abi.COMMAND_START);
    print("once more\n");
    guest.hvc(SYSTEM_RESET);
    bench.machine.settle();
    expect(bench.console(1)).toBe(`${last}once more\n`);
  });
});

test("whichever partition has one", () => {
  const bench = new Bench({
    ...STANDARD,
    partitions: [{ ...LINUX, regions: [...LINUX.regions, mailbox(0x7100_0000, 0x5100_0000)] }, PLC],
  });
  expect(Number(bench.machine.memory.read64(0x5100_0000) & 0xffff_ffffn)).toBe(abi.MAILBOX_MAGIC);
  expect(value(bench.guest(0).hvc(calls.HYPERCALL_MAILBOX))).toBe(0x7100_0000n);
});
