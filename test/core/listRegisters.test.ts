// More interrupts than list registers (arch/aarch64/listRegisters.ts; IHI 0069 §4.6): the most urgent first, none lost, none
// waiting for ever.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { edge, GUEST_GICD, level, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench, GICS, value } from "./bench.ts";
import { SYSTEM_RESET } from "./functions.ts";

let bench: Bench;
let guest: Guest;

/** Takes everything that is pending, ends it, and gives back the INTIDs in the order taken. */
function takeAll(): number[] {
  const taken: number[] = [];
  while (guest.interruptPending) {
    const intid = guest.acknowledge();
    taken.push(intid);
    bench.machine.setLine(intid, false);
    guest.endOfInterrupt(intid);
    bench.machine.settle();
  }
  return taken;
}

const active = (intid: number): boolean =>
  bench.machine.gic.distributor.bank.has(bench.machine.gic.distributor.bank.active, intid);
const pulse = (intid: number): void => {
  bench.machine.setLine(intid, true);
  bench.machine.setLine(intid, false);
  bench.machine.settle();
};

const COUNTS = GICS.flatMap(([name, board]) =>
  (board.gicVersion === 2 ? [2, 4, 16, 64] : [2, 4, 16]).map((count) => [name, count, board] as const),
);

describe.each(COUNTS)("%s: more interrupts than %i list registers", (_, listRegisters, board) => {
  const many = Array.from({ length: 20 }, (_, n) => 64 + n);

  beforeEach(() => {
    const interrupts = [
      ...LINUX.interrupts.filter(({ intid }) => intid >= 200),
      ...many.map((intid) => (intid % 2 === 0 ? level(intid) : edge(intid))),
    ];
    bench = new Bench({ ...STANDARD, board: { ...board, listRegisters }, partitions: [{ ...LINUX, interrupts }, PLC] });
    guest = bench.openInterrupts(0);
  });

  test("all arrive, each once, and nothing stays active", () => {
    for (const intid of many) bench.enable(0, intid);
    for (const intid of many) bench.machine.setLine(intid, true);
    bench.machine.settle();
    const taken = takeAll();
    expect([...taken].sort((a, b) => a - b)).toEqual(many);
    expect(many.filter(active)).toEqual([]);
  });

  test("arrive by priority, when all came before the guest took the first", () => {
    many.forEach((intid, n) => bench.enable(0, intid, ((n * 7) % 20) * 8));
    for (const intid of many) bench.machine.setLine(intid, true);
    bench.machine.settle();
    const taken = takeAll();
    const priority = (intid: number): number => (((intid - 64) * 7) % 20) * 8;
    expect(taken).toEqual([...many].sort((a, b) => priority(a) - priority(b)));
  });

  test("of equal priority arrive by their INTIDs, when all came before the guest took the first", () => {
    for (const intid of many) bench.enable(0, intid, 0xa0);
    for (const intid of [...many].reverse()) bench.machine.setLine(intid, true);
    bench.machine.settle();
    expect(takeAll()).toEqual(many);
  });

  test("one that is taken back is no edge that comes later: a level whose wire is low by then", () => {
    const [one = NaN, other = NaN] = many;
    for (const intid of [one, other]) bench.enable(0, intid);
    bench.machine.setLine(one, true);
    bench.machine.settle();
    bench.machine.setLine(other, true);
    bench.machine.settle();
    for (const intid of [one, other]) value(guest.store(GUEST_GICD + 0x180 + 4 * (intid >> 5), 4, 1n << BigInt(intid % 32)));
    for (const intid of [one, other]) bench.machine.setLine(intid, false);
    for (const intid of [one, other]) bench.enable(0, intid);
    bench.machine.settle();
    expect(takeAll(), "the edge alone").toEqual([other]);
  });

  test("a more urgent one is not kept waiting by less urgent ones that fill them", () => {
    for (const intid of many.slice(1)) bench.enable(0, intid, 0xa0);
    bench.enable(0, 64, 0x20);
    for (const intid of many.slice(1)) bench.machine.setLine(intid, true);
    bench.machine.settle();
    bench.machine.setLine(64, true);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(64);
  });

  test("interrupts whose handlers do not end do not keep others from arriving", () => {
    guest.driver.splitEnd(true); // EOImode 1: handlers drop the priority at once, and deactivate later
    for (const intid of many) bench.enable(0, intid);
    for (const intid of many) bench.machine.setLine(intid, true);
    bench.machine.settle();
    const held: number[] = [];
    for (let n = 0; n < 2 && listRegisters > 2; n++) {
      held.push(guest.acknowledge());
      guest.endOfInterrupt(held.at(-1) ?? 0);
      bench.machine.settle();
    }
    const taken: number[] = [...held];
    while (guest.interruptPending) {
      const intid = guest.acknowledge();
      taken.push(intid);
      bench.machine.setLine(intid, false);
      guest.endOfInterrupt(intid);
      guest.deactivate(intid);
      bench.machine.settle();
    }
    expect([...taken].sort((a, b) => a - b)).toEqual(many);
    for (const intid of held) guest.deactivate(intid);
  });

  test("those that the guest is handling stay as they are whenever it looks at its interrupt controller", () => {
    const { virtual } = guest.pcpu.gic;
    const nested = many.slice(0, listRegisters).slice(0, 4);
    nested.forEach((intid, n) => bench.enable(0, intid, 0xf0 - 0x28 * (n + 1)));
    for (const intid of nested) {
      bench.machine.setLine(intid, true);
      bench.machine.settle();
      expect(guest.acknowledge()).toBe(intid);
    }
    const before = virtual.held();
    expect(before.map(({ virtual: intid }) => intid).sort((a, b) => a - b)).toEqual(nested);
    for (let n = 0; n < 3; n++) value(guest.store(GUEST_GICD + 0x400 + 232, 4, 0n));
    expect(virtual.held()).toEqual(before);
  });

  test("with EOIR and DIR apart, each is deactivated by its DIR; on a GICv3, which traps it, in whichever order", () => {
    guest.driver.splitEnd(true);
    many.slice(0, 6).forEach((intid, n) => bench.enable(0, intid, 0xf0 - 0x20 * (n + 1)));
    for (const intid of many.slice(0, 6)) {
      bench.machine.setLine(intid, true);
      bench.machine.settle();
      expect(guest.acknowledge()).toBe(intid);
      bench.machine.setLine(intid, false);
    }
    for (const intid of many.slice(0, 6).reverse()) guest.endOfInterrupt(intid);
    bench.machine.settle();
    for (const intid of board.gicVersion === 2 ? [69, 68, 67, 66, 65, 64] : [64, 69, 66, 65, 68, 67]) {
      expect(active(intid)).toBe(true);
      guest.deactivate(intid);
      bench.machine.settle();
      expect(active(intid), `INTID ${intid}`).toBe(false);
    }
  });

  test("an interrupt that had to make room is ended by its EOIR, though a more urgent one was deactivated by hand", () => {
    const nested = many.slice(0, 7);
    nested.forEach((intid, n) => bench.enable(0, intid, 0xe0 - 0x20 * n));
    for (const intid of nested) {
      bench.machine.setLine(intid, true);
      bench.machine.settle();
      expect(guest.acknowledge()).toBe(intid);
      bench.machine.setLine(intid, false);
    }
    const inListRegisters = guest.pcpu.gic.virtual.held().map(({ virtual }) => virtual);
    const [byHand = NaN] = nested.filter((intid) => !inListRegisters.includes(intid)).reverse();
    value(guest.store(GUEST_GICD + 0x380 + 4 * (byHand >> 5), 4, 1n << BigInt(byHand % 32)));
    expect(active(byHand)).toBe(false);
    for (const intid of nested.filter((one) => one !== byHand).reverse()) {
      expect(active(intid)).toBe(true);
      guest.endOfInterrupt(intid);
      bench.machine.settle();
      expect(active(intid), `INTID ${intid}`).toBe(false);
    }
  });

  test("one that is active by the guest's hand is ended after all that it has acknowledged, however little urgent", () => {
    const [byHand = NaN, least = NaN, ...urgent] = many.slice(0, 7);
    guest.driver.mask(0xf8);
    bench.enable(0, least, 0xf0);
    urgent.forEach((intid, n) => bench.enable(0, intid, 0xc0 - 0x20 * n));
    value(guest.store(GUEST_GICD + 0x300 + 4 * (byHand >> 5), 4, 1n << BigInt(byHand % 32)));
    const taken = [least, ...urgent];
    for (const intid of taken) {
      bench.machine.setLine(intid, true);
      bench.machine.settle();
      expect(guest.acknowledge()).toBe(intid);
      bench.machine.setLine(intid, false);
    }
    for (const intid of taken.reverse()) {
      guest.endOfInterrupt(intid);
      bench.machine.settle();
    }
    expect([taken.filter(active), active(byHand)]).toEqual([[], true]);
  });

  test("four that wait get other priorities by one store, and come by those", () => {
    const four = many.slice(16); // of one IPRIORITYR<n>
    for (const intid of many) bench.enable(0, intid, four.includes(intid) ? 0xe0 : 0x80);
    for (const intid of many) bench.machine.setLine(intid, true);
    bench.machine.settle();
    value(guest.store(GUEST_GICD + 0x400 + (four[0] ?? 0), 4, 0x1008_1820n));
    bench.machine.settle();
    expect(takeAll()).toEqual([82, 83, 81, 80, ...many.slice(0, 16)]);
  });

  test("SGIs and device interrupts share them without losing any", () => {
    for (const intid of many) bench.enable(0, intid);
    for (let n = 0; n < 16; n++) bench.sendSgi(0, n, 1);
    for (const intid of many.filter((n) => n % 2 === 1)) pulse(intid);
    bench.machine.settle();
    expect(takeAll().sort((a, b) => a - b)).toEqual([
      ...Array.from({ length: 16 }, (_, n) => n),
      ...many.filter((n) => n % 2 === 1),
    ]);
  });

  test("an SGI that comes again while every list register is active is no maintenance interrupt storm", () => {
    guest.driver.splitEnd(true); // EOImode 1: they stay active until they are deactivated
    const sgis = Math.min(listRegisters, 16);
    for (let n = 0; n < sgis; n++) {
      bench.sendSgi(0, n, 1);
      expect(guest.acknowledge()).toBe(n);
      guest.endOfInterrupt(n);
    }
    bench.sendSgi(0, 0, 1);
    bench.sendSgi(0, 15, 1);
    bench.machine.settle();
    for (let n = 0; n < sgis; n++) guest.deactivate(n);
    guest.driver.splitEnd(false);
    bench.machine.settle();
    expect(takeAll().sort((a, b) => a - b)).toEqual([0, 15]);
  });

  test("a restart drops those that wait, and leaves none active", () => {
    for (const intid of many) bench.enable(0, intid);
    for (const intid of many) bench.machine.setLine(intid, true);
    bench.machine.settle();
    guest.acknowledge();
    guest.hvc(SYSTEM_RESET);
    for (const intid of many) bench.machine.setLine(intid, false);
    bench.machine.settle();
    expect(many.filter(active)).toEqual([]);
    bench.openInterrupts(0);
    for (const intid of many) bench.enable(0, intid);
    bench.machine.settle();
    expect(guest.interruptPending).toBe(false);
    pulse(65);
    expect(takeAll()).toEqual([65]);
  });
});

test.each(GICS)("%s: of those that had to make room the next one has it again when one of them has been ended", (_, board) => {
  bench = new Bench({ ...STANDARD, board: { ...board, listRegisters: 1 } });
  guest = bench.openInterrupts(0);
  const nested = [48, 49, 50];
  nested.forEach((intid, n) => bench.enable(0, intid, 0xa0 - 0x20 * n));
  const maintenance = (): number => bench.vcpu(0, 0).exits[abi.EXIT_MAINTENANCE] ?? 0;
  for (const intid of nested) {
    bench.machine.setLine(intid, true);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(intid);
    bench.machine.setLine(intid, false);
  }
  const before = maintenance();
  for (const intid of nested.reverse()) {
    guest.endOfInterrupt(intid);
    bench.machine.settle();
    expect(active(intid), `INTID ${intid}`).toBe(false);
  }
  expect(maintenance() - before, "the first of them, not the last").toBe(1);
});

test.each(GICS)("%s: what waits is not overtaken by a less urgent one that comes ahead of maintenance", (_, board) => {
  bench = new Bench({ ...STANDARD, board: { ...board, listRegisters: 1 } });
  const { gic, board: { gicd, cpus, maintenance } } = bench.machine;
  guest = bench.openInterrupts(0);
  const lines = [48, 49, 50];
  lines.forEach((intid, n) => bench.enable(0, intid, 0x20 * (n + 1)));
  const [first = NaN, second = NaN, third = NaN] = lines;
  for (const intid of [first, second]) {
    bench.machine.setLine(intid, true);
    bench.machine.settle();
  }
  // It is signalled late: as if it were the least urgent of all.
  gic.write(0, (board.gicVersion === 2 ? gicd : (cpus[0]?.gicr ?? NaN) + 0x1_0000) + 0x400 + maintenance, 1, 0xf0n);
  expect(guest.acknowledge()).toBe(first);
  bench.machine.setLine(first, false);
  bench.machine.setLine(third, true);
  guest.endOfInterrupt(first);
  bench.machine.settle();
  expect(takeAll()).toEqual([second, third]);
});

test("where DIR cannot be trapped by itself (ICH_VTR_EL2.TDS), it is not: what had to make room is ended by its EOIR", () => {
  const nested = Array.from({ length: 6 }, (_, n) => 64 + n);
  bench = new Bench({
    ...STANDARD,
    board: { ...qemuVirt, noDirTrap: true },
    partitions: [{ ...LINUX, interrupts: [...LINUX.interrupts.filter(({ intid }) => intid >= 200), ...nested.map(level)] }, PLC],
  });
  guest = bench.openInterrupts(0);
  nested.forEach((intid, n) => bench.enable(0, intid, 0xe0 - 0x20 * n));
  for (const intid of nested) {
    bench.machine.setLine(intid, true);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(intid);
    bench.machine.setLine(intid, false);
  }
  for (const intid of nested.reverse()) {
    guest.endOfInterrupt(intid);
    bench.machine.settle();
    expect(active(intid), `INTID ${intid}`).toBe(false);
  }
});

test.each(GICS)("%s: a vCPU that holds an interrupt of every word of INTIDs is stopped, and holds none", (_, board) => {
  const words = Array.from({ length: 31 }, (_word, n) => 32 * (n + 1) + (n === 30 ? 27 : n));
  bench = new Bench({
    ...STANDARD,
    board: { ...board, spiLimit: 1020 },
    partitions: [
      { ...LINUX, consoleInterrupt: 0, channels: [], regions: LINUX.regions.slice(0, 2), interrupts: words.map(level) },
      { ...PLC, consoleInterrupt: 0, channels: [], regions: PLC.regions.slice(0, 1), interrupts: [] },
    ],
  });
  guest = bench.openInterrupts(0);
  bench.enablePrivate(0, 27);
  for (const intid of words) bench.enable(0, intid);
  for (const intid of words) bench.machine.setLine(intid, true);
  guest.pcpu.virtualTimer.write(1n);
  bench.machine.settle();
  expect(words.filter(active)).toEqual(words);
  guest.hvc(SYSTEM_RESET);
  for (const intid of words) bench.machine.setLine(intid, false);
  bench.machine.settle();
  expect([guest.running, words.filter(active)]).toEqual([true, []]);
});
