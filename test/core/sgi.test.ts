// SGIs between the vCPUs of a partition (GICv3, ICC_SGI1R_EL1; IHI 0069 §12.2.20). The physical SGIs are the hypervisor's.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { GUEST_GICR, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { Bench, GICR_STRIDE, GICS, SGI_BASE, value } from "./bench.ts";
import { CPU_OFF, CPU_ON_64 } from "./functions.ts";

const IRM = 1n << 40n;
const sgi = (intid: number, targets: number, rest = 0n): bigint => (BigInt(intid) << 24n) | BigInt(targets) | rest;

let bench: Bench;
let first: Guest;
let second: Guest;

beforeEach(() => {
  bench = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, cpus: [3, 2] }], housekeeper: 0 });
  bench.guest(0).hvc(CPU_ON_64, 1, 0x6000_0000, 0);
  bench.guest(3).hvc(CPU_ON_64, 1, 0x4000_0000, 0);
  bench.machine.settle();
  for (let pcpu = 0; pcpu < 4; pcpu++) bench.openInterrupts(pcpu);
  bench.machine.settle();
  first = bench.guest(0);
  second = bench.guest(1);
});

/** What each pCPU's guest would take now. */
const pending = (): boolean[] => bench.guests.map(({ interruptPending }) => interruptPending);

describe("an SGI", () => {
  test("to another vCPU of the partition arrives there, once", () => {
    value(first.msr("ICC_SGI1R_EL1", sgi(5, 0b10)));
    bench.machine.settle();
    expect(pending()).toEqual([false, true, false, false]);
    expect(second.acknowledge()).toBe(5);
    second.endOfInterrupt(5);
    bench.machine.settle();
    expect(second.interruptPending).toBe(false);
  });

  test("to itself arrives without leaving the pCPU", () => {
    value(first.msr("ICC_SGI1R_EL1", sgi(9, 0b01)));
    expect(pending()).toEqual([true, false, false, false]);
    expect(first.acknowledge()).toBe(9);
  });

  test("to itself waits until it is enabled, whichever others are (GICR_ISENABLER0)", () => {
    const enable = GUEST_GICR + SGI_BASE + 0x100;
    value(first.store(enable + 0x80, 4, 1n << 9n));
    value(first.msr("ICC_SGI1R_EL1", sgi(9, 0b01)));
    expect(first.acknowledge()).toBe(1023);
    value(first.store(enable, 4, 1n << 9n));
    expect(first.acknowledge()).toBe(9);
  });

  test("that waits changes no register of anybody's, and no priority", () => {
    const frame = (vcpu: number): number => GUEST_GICR + vcpu * GICR_STRIDE + SGI_BASE;
    const priorities = (): bigint[] =>
      [0, 1].flatMap((vcpu) => Array.from({ length: 8 }, (_, n) => value(first.load(frame(vcpu) + 0x400 + 4 * n, 4))));
    value(second.store(frame(1) + 0x180, 4, 0xffffn));
    const before = priorities();
    for (let intid = 0; intid < 16; intid++) {
      for (const guest of bench.guests) for (let n = 1; n < 31; n++) guest.setX(n, BigInt(n));
      value(first.msr("ICC_SGI1R_EL1", sgi(intid, 0b10)));
      bench.machine.settle();
      const registers = Array.from({ length: 29 }, (_, n) => n + 2);
      for (const guest of bench.guests)
        expect(registers.map((n) => guest.x(n)), `SGI ${intid}`).toEqual(registers.map(BigInt));
      expect(priorities(), `SGI ${intid}`).toEqual(before);
    }
  });

  test("to all (IRM) arrives at every other vCPU of the partition, and at none of another partition", () => {
    value(first.msr("ICC_SGI1R_EL1", sgi(7, 0, IRM)));
    bench.machine.settle();
    expect(pending()).toEqual([false, true, false, false]);
    value(bench.guest(3).msr("ICC_SGI1R_EL1", sgi(7, 0, IRM)));
    bench.machine.settle();
    expect(pending()).toEqual([false, true, true, false]);
    expect([second.acknowledge(), second.acknowledge()]).toEqual([7, 1023]);
    second.endOfInterrupt(7);
    value(second.msr("ICC_SGI1R_EL1", sgi(7, 0, IRM)));
    bench.machine.settle();
    expect(pending(), "of the last vCPU: not to itself").toEqual([true, false, true, false]);
  });

  test("to a core outside the partition is dropped (TargetList)", () => {
    value(first.msr("ICC_SGI1R_EL1", sgi(1, 0b1111_1111_1111_1100)));
    bench.machine.settle();
    expect(pending()).toEqual([false, false, false, false]);
  });

  test("to another cluster or range is dropped (Aff1, Aff2, Aff3, RS)", () => {
    for (const rest of [1n << 16n, 1n << 32n, 1n << 48n, 1n << 44n]) value(first.msr("ICC_SGI1R_EL1", sgi(1, 0b11, rest)));
    bench.machine.settle();
    expect(pending()).toEqual([false, false, false, false]);
  });

  test("reserved bits do not matter", () => {
    value(first.msr("ICC_SGI1R_EL1", sgi(3, 0b10, (0xffn << 56n) | (7n << 41n) | (0xfn << 28n))));
    bench.machine.settle();
    expect(second.acknowledge()).toBe(3);
  });

  test("from XZR is SGI 0 to nobody", () => {
    value(first.msr("ICC_SGI1R_EL1", 0n, 31));
    bench.machine.settle();
    expect(pending()).toEqual([false, false, false, false]);
  });

  test("sent twice before it is taken arrives once; sent again while it is active arrives again", () => {
    const send = () => value(first.msr("ICC_SGI1R_EL1", sgi(2, 0b10)));
    send();
    send();
    bench.machine.settle();
    expect(second.acknowledge()).toBe(2);
    send();
    bench.machine.settle();
    expect(second.interruptPending).toBe(false);
    second.endOfInterrupt(2);
    bench.machine.settle();
    expect(second.acknowledge()).toBe(2);
    second.endOfInterrupt(2);
    bench.machine.settle();
    expect(second.interruptPending).toBe(false);
  });

  test("that the receiver has not enabled waits until it does (GICR_ISENABLER0)", () => {
    const enable = GUEST_GICR + GICR_STRIDE + SGI_BASE + 0x100;
    value(second.store(enable + 0x80, 4, 1n << 6n));
    value(first.msr("ICC_SGI1R_EL1", sgi(6, 0b10)));
    bench.machine.settle();
    expect(second.interruptPending).toBe(false);
    expect(value(second.load(enable + 0x100, 4)) & (1n << 6n)).toBe(1n << 6n);
    value(second.store(enable, 4, 1n << 6n));
    bench.machine.settle();
    expect(second.acknowledge()).toBe(6);
  });

  test("that is not enabled is not lost when another one is delivered meanwhile", () => {
    const enable = GUEST_GICR + GICR_STRIDE + SGI_BASE + 0x100;
    value(second.store(enable + 0x80, 4, 1n << 6n));
    value(first.msr("ICC_SGI1R_EL1", sgi(6, 0b10)));
    value(first.msr("ICC_SGI1R_EL1", sgi(7, 0b10)));
    bench.machine.settle();
    expect(second.acknowledge()).toBe(7);
    second.endOfInterrupt(7);
    value(second.store(enable, 4, 1n << 6n));
    bench.machine.settle();
    expect(second.acknowledge()).toBe(6);
  });

  test("all sixteen at once arrive, by priority, however few list registers there are", () => {
    const priorities = GUEST_GICR + GICR_STRIDE + SGI_BASE + 0x400;
    for (let n = 0; n < 16; n++) {
      value(second.store(priorities + n, 1, BigInt(((n * 5) % 16) * 8)));
      value(first.msr("ICC_SGI1R_EL1", sgi(n, 0b10)));
    }
    bench.machine.settle();
    const taken: number[] = [];
    while (second.interruptPending) {
      const intid = second.acknowledge();
      taken.push(intid);
      second.endOfInterrupt(intid);
      bench.machine.settle();
    }
    expect([...taken].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, n) => n));
  });

  test("that is active keeps back its own number alone: each other one that is more urgent comes meanwhile", () => {
    const priorities = GUEST_GICR + GICR_STRIDE + SGI_BASE + 0x400;
    const numbers = Array.from({ length: 16 }, (_, n) => n);
    for (const n of numbers) value(second.store(priorities + n, 1, 0xa0n));
    for (const [active, other] of numbers.flatMap((a) => numbers.filter((b) => b !== a).map((b) => [a, b] as const))) {
      const taken: number[] = [];
      const send = (intid: number): void => {
        value(first.msr("ICC_SGI1R_EL1", sgi(intid, 0b10)));
        bench.machine.settle();
        taken.push(second.acknowledge());
      };
      const end = (intid: number): void => {
        second.endOfInterrupt(intid);
        bench.machine.settle();
        taken.push(second.acknowledge());
      };
      value(second.store(priorities + other, 1, 0x40n));
      for (const step of [
        () => send(active),
        () => send(active),
        () => send(other),
        () => end(other),
        () => end(active),
        () => end(active),
      ])
        step();
      value(second.store(priorities + other, 1, 0xa0n));
      expect(taken, `${other} beside ${active}`).toEqual([active, 1023, other, 1023, active, 1023]);
    }
  });

  test("to a vCPU that is off is not lost on the machine, and not delivered to its next life", () => {
    second.hvc(CPU_OFF);
    value(first.msr("ICC_SGI1R_EL1", sgi(4, 0b10)));
    bench.machine.settle();
    first.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    bench.openInterrupts(1);
    expect(second.interruptPending).toBe(false);
  });

  test("of group 0, or Secure group 1, goes nowhere (ICC_SGI0R_EL1, ICC_ASGI1R_EL1)", () => {
    value(first.msr("ICC_SGI0R_EL1", sgi(1, 0b11)));
    value(first.msr("ICC_ASGI1R_EL1", sgi(1, 0b11)));
    bench.machine.settle();
    expect(pending()).toEqual([false, false, false, false]);
  });
});

describe.each(
  GICS.flatMap(([gic, board]) => [false, true].map((direct) => [gic, direct ? "direct" : "injected", board, direct] as const)),
)("%s, %s: as many vCPUs as there may be", (_gic, _kind, board, direct) => {
  const cpus = Array.from({ length: 8 }, (_, n) => ({
    mpidr: BigInt(n),
    gicr: board.gicVersion === 2 ? 0 : 0x080a_0000 + n * GICR_STRIDE,
  }));
  // A direct partition cannot have the housekeeper's pCPU.
  const vcpus = cpus.map((_, n) => n).slice(direct ? 1 : 0);
  const all = 2 ** vcpus.length - 1;

  test("start, get an SGI that goes to all of them, are paused and go on, and are stopped", () => {
    const many = new Bench({
      ...STANDARD,
      board: { ...board, cpus },
      housekeeper: 0,
      partitions: [{ ...LINUX, cpus: vcpus, direct, channels: [], regions: LINUX.regions.slice(0, 2) }],
    });
    const [boot = NaN] = vcpus;
    const guests = vcpus.map((pcpu, n) => {
      if (n > 0) value(many.guest(boot).hvc(CPU_ON_64, n, 0x6000_0000, 0));
      many.machine.settle();
      return many.openInterrupts(pcpu);
    });
    for (const by of [guests[0], guests.at(-1)]) {
      many.sendSgi(by?.pcpu.index ?? NaN, 5, all);
      many.machine.settle();
      expect(guests.map((guest) => guest.acknowledge() & 0x3ff)).toEqual(guests.map(() => 5));
      for (const guest of guests) guest.endOfInterrupt(5 | (board.gicVersion === 2 ? guests.indexOf(by ?? guest) << 10 : 0));
      many.machine.settle();
      expect(guests.map((guest) => guest.acknowledge() & 0x3ff)).toEqual(guests.map(() => 1023));
    }
    for (const [command, running] of [
      [abi.COMMAND_PAUSE, false],
      [abi.COMMAND_RESUME, true],
      [abi.COMMAND_STOP, false],
    ] as const) {
      expect(many.command(0, command)).toBe(abi.REPLY_OK);
      expect(guests.map((guest) => guest.running)).toEqual(guests.map(() => running));
    }
  });
});
