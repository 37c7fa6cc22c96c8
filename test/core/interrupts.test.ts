// How a physical interrupt reaches the guest that owns it (arch/aarch64/irq.ts, listRegisters.ts; IHI 0069 §4.6).
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { qemuVirt } from "../machine/board.ts";
import type { Guest } from "../machine/guest.ts";
import { edge, GUEST_GICD, GUEST_GICR, level, LINUX, PLC, STANDARD } from "../machine/system.ts";
import { Bench, GICR_STRIDE, SGI_BASE, value } from "./bench.ts";

const ICENABLER = 0x180;
const ISPENDR = 0x200;
const ICPENDR = 0x280;
const ISACTIVER = 0x300;
const ICACTIVER = 0x380;
const IROUTER = 0x6000;
const CPU_ON = 0xc400_0003;
const CPU_OFF = 0x8400_0002;
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

const active = (intid: number): boolean => bench.machine.gic.distributor.bank.has(bench.machine.gic.distributor.bank.active, intid);
const pulse = (intid: number): void => {
  bench.machine.setLine(intid, true);
  bench.machine.setLine(intid, false);
  bench.machine.settle();
};

describe("an SPI", () => {
  beforeEach(() => {
    bench = new Bench();
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
    bench.machine.gic.distributor.write(0x100 + word(60), 4, Number(bit(60)));
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

  test("that was acknowledged by the hypervisor but not by the guest is taken back by ICENABLER, and comes after ISENABLER", () => {
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

  test("waits while GICD_CTLR.EnableGrp1 is 0", () => {
    value(guest.store(GUEST_GICD, 4, 0n));
    pulse(50);
    expect(guest.interruptPending).toBe(false);
    value(guest.store(GUEST_GICD, 4, 2n));
    bench.machine.settle();
    expect(takeAll()).toEqual([50]);
  });

  test("already in a list register waits, too, once the guest clears GICD_CTLR.EnableGrp1", () => {
    pulse(50);
    value(guest.store(GUEST_GICD, 4, 0n));
    bench.machine.settle();
    expect(guest.interruptPending).toBe(false);
    value(guest.store(GUEST_GICD, 4, 2n));
    bench.machine.settle();
    expect(takeAll()).toEqual([50]);
  });

  test("is held off by ICC_PMR_EL1 and ICC_IGRPEN1_EL1, without any exit", () => {
    value(guest.msr("ICC_PMR_EL1", 0xa0n));
    pulse(50);
    expect(guest.interruptPending).toBe(false);
    value(guest.msr("ICC_PMR_EL1", 0xf0n));
    expect(guest.interruptPending).toBe(true);
    value(guest.msr("ICC_IGRPEN1_EL1", 0n));
    expect(guest.acknowledge()).toBe(SPURIOUS);
    value(guest.msr("ICC_IGRPEN1_EL1", 1n));
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
    guest.hvc(CPU_ON, 1, 0x6000_0000, 0);
    bench.machine.settle();
    const second = bench.openInterrupts(1);
    for (const intid of [48, 50]) value(guest.store(GUEST_GICD + IROUTER + 8 * intid, 8, 1n));
    second.hvc(CPU_OFF);
    bench.machine.setLine(48, true);
    pulse(50);
    expect(bench.guest(1).running).toBe(false);
    for (const intid of [48, 50]) value(guest.store(GUEST_GICD + IROUTER + 8 * intid, 8, 0n));
    bench.machine.settle();
    bench.machine.setLine(48, false);
    expect(takeAll().sort()).toEqual([48, 50]);
  });

  test("routed to a vCPU arrives there", () => {
    guest.hvc(CPU_ON, 1, 0x6000_0000, 0);
    bench.machine.settle();
    const second = bench.openInterrupts(1);
    value(guest.store(GUEST_GICD + IROUTER + 8 * 50, 8, 1n));
    pulse(50);
    expect(guest.interruptPending).toBe(false);
    expect(takeAll(second)).toEqual([50]);
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

describe("the virtual timer", () => {
  beforeEach(() => {
    bench = new Bench();
    guest = bench.openInterrupts(3);
    value(guest.store(GUEST_GICR + SGI_BASE + 0x100, 4, 1n << 27n));
  });

  test("counts from 0 at the partition's start (CNTVOFF_EL2)", () => {
    expect(Number(value(guest.mrs("CNTVCT_EL0")))).toBeLessThan(1000);
    bench.machine.clock.advance(1e9);
    expect(Number(value(guest.mrs("CNTVCT_EL0")))).toBeGreaterThan(62_500_000);
  });

  test("arrives as PPI 27 at its deadline, once for each deadline, and is counted as EXIT_TIMER", () => {
    const before = bench.vcpu(1, 0).exits[abi.EXIT_TIMER] ?? 0;
    for (let n = 0; n < 5; n++) {
      const now = value(guest.mrs("CNTVCT_EL0"));
      value(guest.msr("CNTV_CVAL_EL0", now + 62_500n));
      value(guest.msr("CNTV_CTL_EL0", 1n));
      bench.machine.clock.advance(900_000);
      bench.machine.settle();
      expect(guest.interruptPending).toBe(false);
      bench.machine.clock.advance(200_000);
      bench.machine.settle();
      expect(guest.acknowledge()).toBe(27);
      value(guest.msr("CNTV_CTL_EL0", 3n));
      guest.endOfInterrupt(27);
      bench.machine.settle();
      expect(guest.interruptPending).toBe(false);
    }
    expect(bench.vcpu(1, 0).exits[abi.EXIT_TIMER]).toBe(before + 5);
  });

  test("the physical timer is PPI 30", () => {
    value(guest.store(GUEST_GICR + SGI_BASE + 0x100, 4, 1n << 30n));
    value(guest.msr("CNTP_CVAL_EL0", value(guest.mrs("CNTPCT_EL0")) + 1000n));
    value(guest.msr("CNTP_CTL_EL0", 1n));
    bench.machine.clock.advance(1e6);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(30);
  });

  test("does not survive a reset of its partition", () => {
    value(guest.msr("CNTV_CTL_EL0", 1n));
    guest.hvc(0x8400_0009);
    bench.machine.settle();
    expect(guest.pcpu.virtualTimer.control).toBe(0n);
    const bank = guest.pcpu.gic.redistributor.bank;
    expect([bank.has(bank.enabled, 27), bank.has(bank.active, 27), bank.isPending(27)]).toEqual([false, false, false]);
  });
});

describe.each([2, 4, 16])("more interrupts than %i list registers", (listRegisters) => {
  const many = Array.from({ length: 20 }, (_, n) => 64 + n);

  beforeEach(() => {
    const interrupts = [...LINUX.interrupts.filter(({ intid }) => intid >= 200), ...many.map((intid) => (intid % 2 === 0 ? level(intid) : edge(intid)))];
    bench = new Bench({ ...STANDARD, board: { ...qemuVirt, listRegisters }, partitions: [{ ...LINUX, interrupts }, PLC] });
    guest = bench.openInterrupts(0);
  });

  test("all arrive, each once, and nothing stays active", () => {
    for (const intid of many) bench.enable(0, intid);
    for (const intid of many) bench.machine.setLine(intid, true);
    bench.machine.settle();
    const taken: number[] = [];
    while (guest.interruptPending) {
      const intid = guest.acknowledge();
      taken.push(intid);
      bench.machine.setLine(intid, false);
      guest.endOfInterrupt(intid);
      bench.machine.settle();
    }
    expect([...taken].sort((a, b) => a - b)).toEqual(many);
    expect(many.filter(active)).toEqual([]);
  });

  test("arrive by priority, when all came before the guest took the first", () => {
    many.forEach((intid, n) => bench.enable(0, intid, ((n * 7) % 20) * 8));
    for (const intid of many) bench.machine.setLine(intid, true);
    bench.machine.settle();
    const taken: number[] = [];
    while (guest.interruptPending) {
      const intid = guest.acknowledge();
      taken.push(intid);
      bench.machine.setLine(intid, false);
      guest.endOfInterrupt(intid);
      bench.machine.settle();
    }
    const priority = (intid: number): number => (((intid - 64) * 7) % 20) * 8;
    expect(taken).toEqual([...many].sort((a, b) => priority(a) - priority(b)));
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
    value(guest.msr("ICC_CTLR_EL1", 2n)); // EOImode 1: handlers drop the priority at once, and deactivate later
    for (const intid of many) bench.enable(0, intid);
    for (const intid of many) bench.machine.setLine(intid, true);
    bench.machine.settle();
    const held: number[] = [];
    for (let n = 0; n < 2 && listRegisters > 2; n++) {
      held.push(guest.acknowledge());
      guest.endOfInterrupt(held.at(-1) ?? 0);
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

  test("SGIs and device interrupts share them without losing any", () => {
    for (const intid of many) bench.enable(0, intid);
    for (let n = 0; n < 16; n++) value(guest.msr("ICC_SGI1R_EL1", (BigInt(n) << 24n) | 1n));
    for (const intid of many.filter((n) => n % 2 === 1)) pulse(intid);
    bench.machine.settle();
    expect(takeAll().sort((a, b) => a - b)).toEqual([...Array.from({ length: 16 }, (_, n) => n), ...many.filter((n) => n % 2 === 1)]);
  });

  test("a restart drops those that wait, and leaves none active", () => {
    for (const intid of many) bench.enable(0, intid);
    for (const intid of many) bench.machine.setLine(intid, true);
    bench.machine.settle();
    guest.acknowledge();
    guest.hvc(0x8400_0009);
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

describe("interrupts of one partition", () => {
  test("cost another partition's vCPU nothing", () => {
    bench = new Bench();
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
    bench = new Bench();
    guest = bench.openInterrupts(0);
    guest.hvc(CPU_ON, 1, 0x6000_0000, 0);
    bench.machine.settle();
    const second = bench.openInterrupts(1);
    value(second.store(GUEST_GICR + GICR_STRIDE + SGI_BASE + 0x100, 4, 1n << 27n));
    value(second.msr("CNTV_CVAL_EL0", 0n));
    value(second.msr("CNTV_CTL_EL0", 1n));
    bench.machine.settle();
    expect(second.acknowledge()).toBe(27);
    expect(guest.interruptPending).toBe(false);
  });
});
