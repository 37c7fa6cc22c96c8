// The timers that belong to a vCPU, both of them (ARM ARM D11.2; core/lifecycle.ts): their PPIs are injected, or with direct
// interrupts the guest's without anybody in between.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { ALL_GICS, Bench, GICS, value } from "./bench.ts";
import { CPU_ON_64, SYSTEM_RESET } from "./functions.ts";

const TIMERS = [
  {
    name: "virtual",
    count: "CNTVCT_EL0",
    compare: "CNTV_CVAL_EL0",
    control: "CNTV_CTL_EL0",
    of: (guest: Guest) => guest.pcpu.virtualTimer,
  },
  {
    name: "physical",
    count: "CNTPCT_EL0",
    compare: "CNTP_CVAL_EL0",
    control: "CNTP_CTL_EL0",
    of: (guest: Guest) => guest.pcpu.physicalTimer,
  },
] as const;
/** The same boards, and one each whose timers are the first and the last PPI. */
const BOARDS = [
  ...ALL_GICS,
  ...GICS.map(([gic, board]) => [`${gic}, PPIs 16 and 31`, { ...board, virtualTimer: 16, physicalTimer: 31 }] as const),
];
const CASES = BOARDS.flatMap(([gic, board]) =>
  [false, true].flatMap((direct) =>
    TIMERS.map((timer) => [gic, direct ? "direct" : "injected", timer.name, { board, direct, timer }] as const),
  ),
);

let bench: Bench;
let guest: Guest;

describe.each(CASES)("%s, %s: the %s timer", (_gic, _delivery, _name, { board, direct, timer }) => {
  const { count, compare, control } = timer;
  const intid = timer.name === "virtual" ? board.virtualTimer : board.physicalTimer;

  beforeEach(() => {
    bench = new Bench({ ...STANDARD, board, partitions: [LINUX, { ...PLC, direct }] });
    guest = bench.openInterrupts(3);
    bench.enablePrivate(3, intid);
  });

  test(`arrives as PPI ${intid} at its deadline, once for each, and is ${direct ? "no exit" : "counted as EXIT_TIMER"}`, () => {
    const before = bench.vcpu(1, 0).exits;
    for (let n = 0; n < 5; n++) {
      value(guest.msr(compare, value(guest.mrs(count)) + 62_500n));
      value(guest.msr(control, 1n));
      bench.machine.clock.advance(900_000);
      bench.machine.settle();
      expect(guest.interruptPending).toBe(false);
      bench.machine.clock.advance(200_000);
      bench.machine.settle();
      expect(guest.acknowledge()).toBe(intid);
      value(guest.msr(control, 3n));
      guest.endOfInterrupt(intid);
      bench.machine.settle();
      expect(guest.interruptPending).toBe(false);
    }
    const after = bench.vcpu(1, 0).exits;
    expect(after.reduce((sum, n) => sum + n, 0) - before.reduce((sum, n) => sum + n, 0)).toBe(direct ? 0 : 5);
    expect((after[abi.EXIT_TIMER] ?? 0) - (before[abi.EXIT_TIMER] ?? 0)).toBe(direct ? 0 : 5);
  });

  test("and an SGI 0 that comes while it is pending are two interrupts", () => {
    value(guest.msr(compare, 0n));
    value(guest.msr(control, 1n));
    bench.machine.settle();
    bench.sendSgi(3, 0, 1);
    bench.machine.settle();
    const taken: number[] = [];
    for (let n = 0; n < 2; n++) {
      const one = guest.acknowledge();
      taken.push(one);
      if (one === intid) value(guest.msr(control, 0n));
      guest.endOfInterrupt(one);
      bench.machine.settle();
    }
    expect(taken.sort((a, b) => a - b)).toEqual([0, intid]);
  });

  test("wakes a guest that sleeps in WFI", () => {
    value(guest.msr(compare, value(guest.mrs(count)) + 62_500n));
    value(guest.msr(control, 1n));
    guest.wfi();
    expect(guest.pcpu.asleep).toBe("wfi");
    bench.machine.clock.advance(2e6);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(intid);
  });

  test("that is masked (IMASK), or off, does not come", () => {
    value(guest.msr(compare, 0n));
    for (const off of [3n, 0n]) {
      value(guest.msr(control, off));
      bench.machine.settle();
      expect(guest.interruptPending).toBe(false);
    }
  });

  test("does not survive a reset of its partition", () => {
    value(guest.msr(control, 1n));
    guest.hvc(SYSTEM_RESET);
    bench.machine.settle();
    expect(timer.of(guest).control).toBe(0n);
    const { bank } = guest.pcpu.gic;
    expect([bank.has(bank.enabled, intid), bank.has(bank.active, intid), bank.isPending(intid)]).toEqual([false, false, false]);
  });

  test("of a vCPU that CPU_ON has started comes without its ever being kicked", () => {
    bench = new Bench({ ...STANDARD, board, housekeeper: 0, partitions: [LINUX, { ...PLC, direct, cpus: [3, 2] }] });
    bench.openInterrupts(3).hvc(CPU_ON_64, 1, 0x4000_0000, 0);
    bench.machine.settle();
    const second = bench.guest(2);
    bench.enablePrivate(2, intid);
    second.driver.open(0xff);
    value(second.msr(compare, 0n));
    value(second.msr(control, 1n));
    bench.machine.settle();
    expect(second.acknowledge()).toBe(intid);
  });
});

/** Counters read one after the other: each is a little later than the one before, and no more. */
function expectInOrder(counts: readonly bigint[]): void {
  for (const [n, count] of counts.slice(1).entries()) {
    const later = count - (counts[n] ?? 0n);
    expect(later, `read ${n + 1} after read ${n}`).toSatisfy((ticks: bigint) => ticks >= 0n && ticks < 1000n);
  }
}

describe.each(ALL_GICS)("%s: CNTVCT_EL0", (_gic, board) => {
  test("is CNTPCT_EL0 in every partition, whenever it started, and stays so over a restart", () => {
    bench = new Bench({ ...STANDARD, board, partitions: [{ ...LINUX, autostart: false }, PLC] });
    bench.machine.clock.advance(5e9);
    bench.command(0, abi.COMMAND_START);
    const [linux, plc] = [bench.guest(0), bench.guest(3)];
    for (let life = 0; life < 2; life++) {
      expectInOrder([linux, plc, linux].flatMap((each) => [value(each.mrs("CNTVCT_EL0")), value(each.mrs("CNTPCT_EL0"))]));
      plc.hvc(SYSTEM_RESET);
      bench.machine.settle();
    }
  });

  test("of a partition with `clock: own` counts from 0 at its start, on each of its vCPUs, and again at the next one", () => {
    bench = new Bench({
      ...STANDARD,
      board,
      housekeeper: 1,
      partitions: [
        { ...LINUX, cpus: [0] },
        { ...PLC, cpus: [3, 2], ownClock: true },
      ],
    });
    guest = bench.guest(3);
    for (let life = 0; life < 2; life++) {
      bench.machine.clock.advance(5e9);
      guest.hvc(SYSTEM_RESET);
      bench.machine.settle();
      expect(Number(value(guest.mrs("CNTVCT_EL0")))).toBeLessThan(1000);
      bench.machine.clock.advance(1e9);
      guest.hvc(CPU_ON_64, 1, 0x4000_0000, 0);
      bench.machine.settle();
      const first = value(guest.mrs("CNTVCT_EL0"));
      expect(Number(first)).toBeGreaterThan(62_500_000);
      expectInOrder([first, value(bench.guest(2).mrs("CNTVCT_EL0"))]);
    }
    const linux = bench.guest(0);
    expectInOrder([value(linux.mrs("CNTVCT_EL0")), value(linux.mrs("CNTPCT_EL0"))]);
  });
});
