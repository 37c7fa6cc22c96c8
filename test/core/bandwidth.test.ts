// Memory bandwidth regulation (arch/aarch64/bandwidth.ts): a vCPU that has used up its budget of cache refills stands still
// until the period is over. Partitions without a budget pay nothing.
import { beforeEach, describe, expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { EVENT_BUS_ACCESS, EVENT_CPU_CYCLES, EVENT_L2D_CACHE_REFILL } from "../../tools/machine/aarch64/pmu.ts";
import { LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { SystemSpec } from "../../tools/machine/aarch64/system.ts";
import { Bench, value } from "./bench.ts";
import { takeAll } from "./directBench.ts";
import { CPU_OFF, CPU_ON_64, SYSTEM_OFF, SYSTEM_RESET } from "./functions.ts";

const REFILLS = 1000;
const PERIOD_MICROSECONDS = 10_000;
const PERIOD_MILLISECONDS = PERIOD_MICROSECONDS / 1000;
const LIMITED: SystemSpec = {
  ...STANDARD,
  partitions: [
    { ...LINUX, bandwidth: { budget: 2 * REFILLS * 64, refills: REFILLS, periodMicroseconds: PERIOD_MICROSECONDS } },
    PLC,
  ],
};

let bench: Bench;
let guest: Guest;

/** The guest of a pCPU works on memory. */
const refill = (times: number, pcpu = 0): void => {
  bench.machine.pcpu(pcpu).pmu.count(EVENT_L2D_CACHE_REFILL, times);
  bench.machine.settle();
};
const exits = (vcpu = 0): number => bench.vcpu(0, vcpu).exits[abi.EXIT_BANDWIDTH] ?? 0;
/** To just behind the end of a period. */
const nextPeriod = (): void => bench.pass(PERIOD_MILLISECONDS);

beforeEach(() => {
  bench = new Bench(LIMITED);
  guest = bench.openInterrupts(0);
});

test("a PMU with an SPI of its own holds its own vCPU (RK3568, ZynqMP)", () => {
  const pmuSpis = [228, 229, 230, 231];
  bench = new Bench({ ...LIMITED, board: { ...qemuVirt, pmuSpis } });
  guest = bench.openInterrupts(0);
  guest.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
  bench.machine.settle();
  const other = bench.openInterrupts(1);
  for (const [pcpu, held, free] of [[0, guest, other], [1, other, guest]] as const) {
    refill(REFILLS, pcpu);
    expect([held.running, free.running]).toEqual([false, true]);
    nextPeriod();
    expect([held.running, free.running]).toEqual([true, true]);
  }
  expect([exits(0), exits(1)].every((count) => count > 0)).toBe(true);
});

describe("a vCPU with a budget", () => {
  test("runs as long as it keeps to it, period after period", () => {
    for (let n = 0; n < 20; n++) {
      refill(REFILLS - 1);
      expect(guest.running).toBe(true);
      nextPeriod();
    }
    expect(bench.vcpu(0, 0).throttled).toBe(0);
  });

  test("is held when it has used it up, until the period is over, and then goes on where it was", () => {
    const { pc, lives } = guest.pcpu;
    guest.setX(5, 0x1234n);
    refill(REFILLS - 1);
    expect(guest.running).toBe(true);
    refill(1);
    expect(guest.running).toBe(false);
    nextPeriod();
    expect([guest.running, guest.pcpu.pc, guest.pcpu.lives, guest.x(5)]).toEqual([true, pc, lives, 0x1234n]);
    refill(REFILLS - 1);
    expect(guest.running).toBe(true);
    refill(1);
    expect(guest.running).toBe(false);
  });

  test("has the whole of it again in each period, however little it took before, and never more", () => {
    refill(10);
    nextPeriod();
    refill(REFILLS - 1);
    expect(guest.running).toBe(true);
    refill(1);
    expect(guest.running).toBe(false);
  });

  test("is told by its counters: how often, how long, how many exits", () => {
    const before = bench.vcpu(0, 0);
    for (let n = 0; n < 3; n++) {
      refill(REFILLS + 500);
      nextPeriod();
      expect(guest.running).toBe(true);
    }
    const after = bench.vcpu(0, 0);
    expect(after.throttled - before.throttled).toBe(3);
    expect(Number(after.held - before.held) / 1e6).toBeGreaterThan(3 * PERIOD_MILLISECONDS - 5);
    expect(Number(after.held - before.held) / 1e6).toBeLessThan(3 * PERIOD_MILLISECONDS + 5);
    expect(bench.vcpu(1, 0).throttled).toBe(0);
    expect(bench.vcpu(1, 0).exits[abi.EXIT_BANDWIDTH]).toBe(0);
  });

  test("its periods are exits, and they come once a period", () => {
    const before = exits();
    bench.pass(100 * PERIOD_MILLISECONDS);
    // Reading the counters takes 200 ms each time.
    const periods = 100 + 200 / PERIOD_MILLISECONDS;
    expect(exits() - before).toBeGreaterThanOrEqual(periods - 1);
    expect(exits() - before).toBeLessThanOrEqual(periods + 21);
  });

  test("gets the interrupts that came while it was held", () => {
    bench.enable(0, 48);
    refill(REFILLS);
    bench.machine.setLine(48, true);
    bench.machine.settle();
    expect(guest.running).toBe(false);
    nextPeriod();
    expect(guest.acknowledge()).toBe(48);
  });

  test("is another one than its neighbour's: each vCPU has its own", () => {
    guest.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    refill(REFILLS);
    expect(bench.guests.map(({ running }) => running)).toEqual([false, true, false, true]);
    refill(REFILLS - 1, 1);
    expect(bench.guest(1).running).toBe(true);
    refill(1, 1);
    expect(bench.guest(1).running).toBe(false);
    nextPeriod();
    expect(bench.guests.map(({ running }) => running)).toEqual([true, true, false, true]);
  });

  test("its first period is a whole one, and so is the one behind one that ends late", () => {
    const { clock } = bench.machine;
    const { hypervisorTimer: timer } = guest.pcpu;
    const period = clock.ticksOf(PERIOD_MICROSECONDS * 1000);
    let begun = 0;
    bench.machine.onIntrinsic = (name, { index }) => { if (index === 0 && name === "msr_CNTHP_CVAL_EL2") begun++; };
    guest.hvc(SYSTEM_RESET);
    bench.machine.settle();
    expect([begun, guest.running, timer.deadline > clock.now + period / 2]).toEqual([1, true, true]);
    clock.forward(3.5 * period);
    bench.machine.settle();
    expect([begun, timer.deadline > clock.now + period / 2]).toEqual([2, true]);
  });

  test("counts refills only", () => {
    bench.machine.pcpu(0).pmu.count(EVENT_CPU_CYCLES, 100 * REFILLS);
    bench.machine.settle();
    expect(guest.running).toBe(true);
  });

  test("cannot reach the PMU", () => {
    for (const name of [
      "PMCR_EL0",
      "PMCNTENSET_EL0",
      "PMSELR_EL0",
      "PMXEVCNTR_EL0",
      "PMXEVTYPER_EL0",
      "PMEVCNTR5_EL0",
      "PMEVTYPER5_EL0",
    ] as const) {
      expect(guest.msr(name, 0n).kind, name).toBe("exception");
    }
    refill(REFILLS);
    expect(guest.running).toBe(false);
  });
});

describe("a held vCPU", () => {
  beforeEach(() => refill(REFILLS));

  test.each([
    ["stop", abi.COMMAND_STOP, "off"],
    ["pause", abi.COMMAND_PAUSE, "paused"],
  ] as const)("can be %sped, and started again with a fresh budget", (_, command, state) => {
    expect(bench.command(0, command)).toBe(abi.REPLY_OK);
    expect(bench.partition(0).state).toBe(state);
    expect(bench.command(0, state === "off" ? abi.COMMAND_START : abi.COMMAND_RESUME)).toBe(abi.REPLY_OK);
    bench.pass(2 * PERIOD_MILLISECONDS);
    expect(guest.running).toBe(true);
    refill(REFILLS);
    expect(guest.running).toBe(false);
  });

  test("resumed within its period waits for the end of that", () => {
    bench = new Bench({
      ...LIMITED,
      partitions: [{ ...LINUX, bandwidth: { budget: 2 * REFILLS * 64, refills: REFILLS, periodMicroseconds: 1_000_000 } }, PLC],
    });
    guest = bench.guest(0);
    refill(REFILLS);
    bench.command(0, abi.COMMAND_PAUSE);
    bench.command(0, abi.COMMAND_RESUME);
    expect(guest.running).toBe(false);
    bench.pass(1000);
    expect(guest.running).toBe(true);
  });
});

describe("a budget that is used up in the very moment that the vCPU leaves", () => {
  /** The overflow is pending, and not taken yet. */
  const overflow = (): void => guest.pcpu.pmu.count(EVENT_L2D_CACHE_REFILL, REFILLS);

  test("by switching off: its pCPU is at rest", () => {
    overflow();
    guest.hvc(SYSTEM_OFF);
    bench.machine.settle();
    expect(bench.partition(0).state).toBe("off");
    const { hypervisorTimer, pmu } = bench.machine.pcpu(0);
    expect([hypervisorTimer.control, pmu.interrupt]).toEqual([0n, false]);
    expect(bench.command(0, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect(guest.running).toBe(true);
    refill(REFILLS - 1);
    expect(guest.running).toBe(true);
  });

  test("by a fault", () => {
    overflow();
    guest.load(0x4800_0000, 8);
    bench.machine.settle();
    expect(bench.partition(0).state).toBe("failed");
  });

  test("by CPU_OFF, and CPU_ON brings it back", () => {
    guest.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    bench.machine.pcpu(1).pmu.count(EVENT_L2D_CACHE_REFILL, REFILLS);
    bench.guest(1).hvc(CPU_OFF);
    bench.machine.settle();
    bench.pass(3 * PERIOD_MILLISECONDS);
    guest.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    expect(bench.guest(1).running).toBe(true);
    refill(REFILLS - 1, 1);
    expect(bench.guest(1).running).toBe(true);
  });

  test("by being paused", () => {
    guest.pcpu.busy = true;
    overflow();
    bench.command(0, abi.COMMAND_PAUSE);
    guest.pcpu.busy = false;
    bench.machine.settle();
    expect(guest.running).toBe(false);
    bench.pass(3 * PERIOD_MILLISECONDS);
    expect(guest.running).toBe(false);
    expect(bench.command(0, abi.COMMAND_RESUME)).toBe(abi.REPLY_OK);
    bench.pass(PERIOD_MILLISECONDS);
    expect(guest.running).toBe(true);
  });

  test("or is not: an interrupt of the PMU without an overflow holds nobody", () => {
    const { throttled } = bench.vcpu(0, 0);
    guest.pcpu.gic.bank.latchPending(qemuVirt.pmuInterrupt);
    bench.machine.settle();
    expect([guest.running, bench.vcpu(0, 0).throttled]).toEqual([true, throttled]);
  });

  test("by the end of its period", () => {
    bench.machine.clock.advance(PERIOD_MICROSECONDS * 1000);
    overflow();
    bench.machine.settle();
    bench.pass(2 * PERIOD_MILLISECONDS);
    expect(guest.running).toBe(true);
  });
});

describe("bus accesses, of which the board says how many a refill is worth (BUS_ACCESS, PMCEID0_EL0)", () => {
  const WORTH = 4;
  const count = (event: number, times: number): boolean => {
    bench.machine.pcpu(0).pmu.count(event, times);
    bench.machine.settle();
    return bench.guest(0).running;
  };

  test("are counted where the PMU counts them, and refills are not: period after period", () => {
    bench = new Bench({ ...LIMITED, busAccesses: WORTH });
    for (let period = 0; period < 2; period++) {
      expect(count(EVENT_L2D_CACHE_REFILL, 10 * WORTH * REFILLS), "refills").toBe(true);
      expect(count(EVENT_BUS_ACCESS, WORTH * REFILLS - 1), "all but one").toBe(true);
      expect(count(EVENT_BUS_ACCESS, 1), "used up").toBe(false);
      nextPeriod();
    }
  });

  test("are not where it does not: refills are", () => {
    bench = new Bench({ ...LIMITED, busAccesses: WORTH, board: { ...qemuVirt, commonEvents: 0x7dff_0f3fn } });
    expect(count(EVENT_BUS_ACCESS, 10 * WORTH * REFILLS)).toBe(true);
    expect(count(EVENT_L2D_CACHE_REFILL, REFILLS - 1)).toBe(true);
    expect(count(EVENT_L2D_CACHE_REFILL, 1)).toBe(false);
  });

  test("and where the counter has no room for the budget, it is as large as the counter's", () => {
    const refills = 0x7fff_ffff;
    bench = new Bench({
      ...LIMITED,
      busAccesses: WORTH,
      partitions: [{ ...LINUX, bandwidth: { budget: 2 * refills * 64, refills, periodMicroseconds: PERIOD_MICROSECONDS } }, PLC],
    });
    expect(count(EVENT_BUS_ACCESS, 0xffff_fffe)).toBe(true);
    expect(count(EVENT_BUS_ACCESS, 1)).toBe(false);
  });
});

describe("where it cannot be had", () => {
  test("without a PMU the partition runs without it, and the host is told", () => {
    const spec = { ...LIMITED, board: { ...qemuVirt, pmu: false } };
    bench = new Bench(spec);
    expect(bench.guest(0).running).toBe(true);
    expect(bench.events(0)).toContainEqual(
      expect.objectContaining({ code: abi.EVENT_UNAVAILABLE, a: BigInt(abi.FEATURE_BANDWIDTH), b: 0x410f_d034n }),
    );
    bench.pass(100);
    expect(takeAll(bench.openInterrupts(0))).toEqual([]);
  });

  test.each([0x1f, 0x20, 0x3f])(
    "event %i is looked for where it is: PMCEID0_EL0 tells of the first 32, PMCEID1_EL0 of the others",
    (refillEvent) => {
      const only = 1n << BigInt(refillEvent);
      for (const [commonEvents, counted] of [
        [only, true],
        [0xffff_ffff_ffff_ffffn & ~only, false],
      ] as const) {
        bench = new Bench({ ...LIMITED, refillEvent, board: { ...qemuVirt, commonEvents } });
        expect(bench.events(0).some(({ code }) => code === abi.EVENT_UNAVAILABLE)).toBe(!counted);
      }
    },
  );

  test.each([0x0c, 0x40, 0x60, 0x400])(
    "a PMU that does not count event %i, or does not say so (PMCEID<n>_EL0 tell of 0…0x3f): the same",
    (refillEvent) => {
      bench = new Bench({ ...LIMITED, refillEvent, board: { ...qemuVirt, commonEvents: 0xffff_ffff_ffff_efffn } });
      expect(bench.events(0).map(({ code, a }) => [code, a])).toContainEqual([
        abi.EVENT_UNAVAILABLE,
        BigInt(abi.FEATURE_BANDWIDTH),
      ]);
      expect(bench.guest(0).running).toBe(true);
    },
  );
});

test("where nobody has asked for it, nobody is told that it cannot be had", () => {
  bench = new Bench({ ...STANDARD, board: { ...qemuVirt, pmu: false } });
  expect([0, 1].flatMap((n) => bench.events(n)).map(({ code }) => code)).not.toContain(abi.EVENT_UNAVAILABLE);
});

test("a partition without one that is switched off leaves the housekeeper's timer alone", () => {
  const shared = new Bench({ ...STANDARD, housekeeper: 3 });
  shared.guest(3).hvc(SYSTEM_OFF);
  expect(shared.partition(1).state).toBe("off");
});

test("partitions without a budget have no period, no counter, no interrupt of it", () => {
  const other = bench.machine.pcpu(3);
  expect(other.pmu.inUse).toBe(0n);
  expect(other.hypervisorTimer.control).toBe(0n);
  expect(other.gic.bank.has(other.gic.bank.enabled, 23)).toBe(false);
  expect(value(bench.guest(3).hvc(calls.HYPERCALL_VERSION))).toBe(0x10001n);
});
