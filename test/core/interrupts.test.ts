// How a physical interrupt reaches the guest that owns it (arch/aarch64/irq.ts, listRegisters.ts; IHI 0069 §4.6).
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { GUEST_GICD, GUEST_GICR, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { ALL_GICS, Bench, SGI_BASE, value } from "./bench.ts";
import { CPU_OFF, CPU_ON_64 } from "./functions.ts";

const ICENABLER = 0x180;
const ISPENDR = 0x200;
const ICPENDR = 0x280;
const ISACTIVER = 0x300;
const ICACTIVER = 0x380;
const SPURIOUS = 1023;
const word = (intid: number): number => 4 * Math.floor(intid / 32);
const bit = (intid: number): bigint => 1n << BigInt(intid % 32);

let bench: Bench;
let guest: Guest;

/** Takes everything that is pending, ends it, and gives back the INTIDs in the order taken. */
function takeAll(from: Guest = guest): number[] {
  const taken: number[] = [];
  while (from.interruptPending) {
    const intid = from.acknowledge();
    taken.push(intid);
    from.endOfInterrupt(intid);
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

test("what comes while no list register is in use goes straight into one: nothing is saved, nothing restored", () => {
  bench = new Bench();
  guest = bench.openInterrupts(0);
  bench.enable(0, 48);
  bench.enablePrivate(0, 27);
  const seen = new Set<string>();
  bench.machine.onIntrinsic = (name) => void seen.add(name);
  bench.machine.setLine(48, true);
  bench.machine.settle();
  bench.machine.setLine(48, false);
  expect(takeAll()).toEqual([48]);
  guest.pcpu.virtualTimer.write(1n);
  bench.machine.settle();
  expect(guest.acknowledge()).toBe(27);
  expect([...seen]).toContain("msr_ICH_LR0_EL2");
  for (const name of ["saveListRegisters", "restoreListRegisters"]) expect([...seen]).not.toContain(name);
});

describe.each(ALL_GICS)("%s: an SPI", (_, board) => {
  beforeEach(() => {
    bench = new Bench({ ...STANDARD, board });
    guest = bench.openInterrupts(0);
    for (const intid of [48, 49, 50]) bench.enable(0, intid);
  });

  test("of a level-sensitive device arrives while the wire is high, again if it still is after the end, and then no more", () => {
    bench.machine.setLine(48, true);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(48);
    guest.endOfInterrupt(48);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(48);
    bench.machine.setLine(48, false);
    guest.endOfInterrupt(48);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(SPURIOUS);
    expect(active(48)).toBe(false);
  });

  test("of an edge-triggered device arrives once for each edge that was not already pending", () => {
    pulse(50);
    pulse(50);
    expect(guest.acknowledge()).toBe(50);
    pulse(50);
    guest.endOfInterrupt(50);
    bench.machine.settle();
    expect(takeAll()).toEqual([50]);
  });

  test("that it does not own never reaches it", () => {
    bench.machine.gic.write(0, bench.machine.board.gicd + 0x100 + word(60), 4, bit(60));
    bench.machine.setLine(60, true);
    bench.machine.settle();
    expect(guest.interruptPending).toBe(false);
  });

  test("is not delivered while the guest has not enabled it, and is when it does", () => {
    value(guest.store(GUEST_GICD + ICENABLER + word(48), 4, bit(48)));
    bench.machine.setLine(48, true);
    bench.machine.settle();
    expect(guest.interruptPending).toBe(false);
    bench.enable(0, 48);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(48);
  });

  test("that only the hypervisor has acknowledged is taken back by ICENABLER, and comes after ISENABLER", () => {
    for (const intid of [48, 50]) {
      bench.machine.setLine(intid, true);
      bench.machine.settle();
      expect(guest.interruptPending).toBe(true);
      value(guest.store(GUEST_GICD + ICENABLER + word(intid), 4, bit(intid)));
      bench.machine.settle();
      expect(guest.interruptPending, `INTID ${intid}`).toBe(false);
      expect(value(guest.load(GUEST_GICD + ISPENDR + word(intid), 4)) & bit(intid)).toBe(bit(intid));
      bench.enable(0, intid);
      bench.machine.settle();
      expect(guest.acknowledge()).toBe(intid);
      bench.machine.setLine(intid, false);
      guest.endOfInterrupt(intid);
      bench.machine.settle();
      expect(takeAll()).toEqual([]);
    }
  });

  test("waits while GICD_CTLR's enable is 0", () => {
    bench.forward(0, false);
    pulse(50);
    expect(guest.interruptPending).toBe(false);
    bench.forward(0, true);
    bench.machine.settle();
    expect(takeAll()).toEqual([50]);
  });

  test("already in a list register waits, too, once the guest clears GICD_CTLR's enable", () => {
    pulse(50);
    bench.forward(0, false);
    bench.machine.settle();
    expect(guest.interruptPending).toBe(false);
    bench.forward(0, true);
    bench.machine.settle();
    expect(takeAll()).toEqual([50]);
  });

  test("is held off by the guest's priority mask and enable, without any exit", () => {
    guest.driver.mask(0xa0);
    pulse(50);
    expect(guest.interruptPending).toBe(false);
    guest.driver.mask(0xf0);
    expect(guest.interruptPending).toBe(true);
    guest.driver.enable(false);
    expect(guest.acknowledge()).toBe(SPURIOUS);
    guest.driver.enable(true);
    expect(takeAll()).toEqual([50]);
  });

  test("made pending by the guest (ISPENDR) is delivered; taken back by ICPENDR it is not", () => {
    value(guest.store(GUEST_GICD + ISPENDR + word(48), 4, bit(48)));
    bench.machine.settle();
    expect(value(guest.load(GUEST_GICD + ISPENDR + word(48), 4))).toBe(bit(48));
    expect(value(guest.load(GUEST_GICD + ISACTIVER + word(48), 4))).toBe(0n);
    value(guest.store(GUEST_GICD + ICPENDR + word(48), 4, bit(48)));
    bench.machine.settle();
    expect(guest.interruptPending).toBe(false);
    expect(active(48)).toBe(false);
    value(guest.store(GUEST_GICD + ISPENDR + word(48), 4, bit(48)));
    bench.machine.settle();
    expect(takeAll()).toEqual([48]);
  });

  test("acknowledged by the guest reads active, and ended it does not", () => {
    pulse(50);
    guest.acknowledge();
    expect(value(guest.load(GUEST_GICD + ISACTIVER + word(50), 4))).toBe(bit(50));
    expect(value(guest.load(GUEST_GICD + ISPENDR + word(50), 4))).toBe(0n);
    guest.endOfInterrupt(50);
    expect(value(guest.load(GUEST_GICD + ISACTIVER + word(50), 4))).toBe(0n);
  });

  test("deactivated through ICACTIVER in its handler can come again, and is in one list register only", () => {
    pulse(50);
    expect(guest.acknowledge()).toBe(50);
    value(guest.store(GUEST_GICD + ICACTIVER + word(50), 4, bit(50)));
    pulse(50);
    guest.endOfInterrupt(50);
    bench.machine.settle();
    expect(takeAll()).toEqual([50]);
    expect(active(50)).toBe(false);
  });

  test("is not lost, and its pCPU not kept busy, while the vCPU that it is routed to is off", () => {
    guest.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    const second = bench.openInterrupts(1);
    for (const intid of [48, 50]) bench.route(0, intid, 1);
    second.hvc(CPU_OFF);
    bench.machine.setLine(48, true);
    pulse(50);
    expect(bench.guest(1).running).toBe(false);
    for (const intid of [48, 50]) bench.route(0, intid, 0);
    bench.machine.settle();
    bench.machine.setLine(48, false);
    expect(takeAll().sort()).toEqual([48, 50]);
  });

  test("routed to a vCPU arrives there", () => {
    guest.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    const second = bench.openInterrupts(1);
    bench.route(0, 50, 1);
    pulse(50);
    expect(guest.interruptPending).toBe(false);
    expect(takeAll(second)).toEqual([50]);
  });

  test("is in the first list register with its own priority, as a timer and an SGI are", () => {
    const { virtual } = guest.pcpu.gic;
    const isV2 = board.gicVersion === 2;
    const priorities = (isV2 ? GUEST_GICD : GUEST_GICR + SGI_BASE) + 0x400;
    value(guest.store(priorities + 5, 1, 0x58n));
    value(guest.store(priorities + board.virtualTimer, 1, 0x68n));
    bench.enable(0, 50, 0x78);
    bench.enablePrivate(0, board.virtualTimer);
    const held = (): readonly (readonly [number, number])[] =>
      virtual.held().map(({ virtual: intid, priority }) => [intid, priority]);
    bench.sendSgi(0, 5, 1);
    expect(held()).toEqual([[5, 0x58]]);
    expect(takeAll()).toEqual([5]);
    value(guest.msr("CNTV_CVAL_EL0", 0n));
    value(guest.msr("CNTV_CTL_EL0", 1n));
    bench.machine.settle();
    expect(held()).toEqual([[board.virtualTimer, 0x68]]);
    value(guest.msr("CNTV_CTL_EL0", 0n));
    expect(guest.acknowledge()).toBe(board.virtualTimer);
    guest.endOfInterrupt(board.virtualTimer);
    pulse(50);
    expect(held()).toEqual([[50, 0x78]]);
  });

  test("goes straight into the first list register when nothing else is there or waits, also after there was much else", () => {
    const written = (): number => {
      let count = 0;
      bench.machine.onIntrinsic = (name) => {
        if (name === "restoreListRegisters" || name === "saveListRegisters") count++;
      };
      pulse(50);
      bench.machine.onIntrinsic = undefined;
      takeAll();
      return count;
    };
    expect(written()).toBe(0);
    for (let intid = 0; intid < 6; intid++) bench.sendSgi(0, intid, 1);
    bench.machine.settle();
    takeAll();
    expect(written()).toBe(0);
  });

  test("is counted as EXIT_INTERRUPT: one exit from wire to handler and back", () => {
    const before = bench.vcpu(0, 0).exits;
    pulse(50);
    takeAll();
    const after = bench.vcpu(0, 0).exits;
    expect(after[abi.EXIT_INTERRUPT]).toBe((before[abi.EXIT_INTERRUPT] ?? 0) + 1);
    expect(after.reduce((sum, n) => sum + n, 0)).toBe(before.reduce((sum, n) => sum + n, 0) + 1);
  });
});

describe.each(ALL_GICS)("%s: interrupts of one partition", (_, board) => {
  test("cost another partition's vCPU nothing", () => {
    bench = new Bench({ ...STANDARD, board });
    guest = bench.openInterrupts(0);
    bench.enable(0, 50);
    const before = bench.vcpu(1, 0);
    for (let n = 0; n < 100; n++) {
      pulse(50);
      takeAll();
    }
    const after = bench.vcpu(1, 0);
    expect(after.exits).toEqual(before.exits);
    expect(after.held).toBe(before.held);
  });

  test("a second vCPU's redistributor state is its own", () => {
    bench = new Bench({ ...STANDARD, board });
    guest = bench.openInterrupts(0);
    guest.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    const second = bench.openInterrupts(1);
    bench.enablePrivate(1, 27);
    value(second.msr("CNTV_CVAL_EL0", 0n));
    value(second.msr("CNTV_CTL_EL0", 1n));
    bench.machine.settle();
    expect(second.acknowledge()).toBe(27);
    expect(guest.interruptPending).toBe(false);
  });
});
