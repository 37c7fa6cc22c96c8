// A direct partition takes no interrupt of the hypervisor's, and is stopped, paused and restarted all the same, whatever it does: its
// stage 2 is taken away, and a kick sent in case it sleeps (arch/aarch64/lifecycle.ts, stage2.ts).
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import type { Guest } from "../machine/guest.ts";
import { ENTRY_OFFSET } from "../machine/system.ts";
import { Bench, value } from "./bench.ts";
import { DIRECT, DIRECT_RAM, sgi, startTwo, takeAll } from "./directBench.ts";
import { CPU_OFF, CPU_ON_64, SYSTEM_OFF } from "./functions.ts";

let bench: Bench;
let guest: Guest;
let other: Guest;

function startOne(): void {
  bench = new Bench(DIRECT);
  guest = bench.openInterrupts(3);
}

/** What the guest may be doing when something is to happen to its partition. */
const DOING: readonly (readonly [string, (guest: Guest) => void])[] = [
  ["running", () => undefined],
  ["wedged: an endless loop, everything masked", (one) => {
    one.pcpu.pstate |= 0x3c0n;
    value(one.msr("ICC_PMR_EL1", 0n));
  }],
  ["asleep in WFI", (one) => void one.wfi()],
  ["asleep in WFI with its priority mask closed", (one) => {
    value(one.msr("ICC_PMR_EL1", 0n));
    one.wfi();
  }],
  ["asleep in WFI before it has ever enabled an interrupt", (one) => {
    value(one.msr("ICC_IGRPEN1_EL1", 0n));
    one.wfi();
  }],
  ["asleep in WFE, everything masked", (one) => {
    one.pcpu.pstate |= 0x3c0n;
    one.wfe();
  }],
  ["in a handler of the highest priority that it can have", (one) => {
    bench.enable(one.pcpu.index, 60, 0);
    bench.machine.setLine(60, true);
    expect(one.acknowledge()).toBe(60);
    bench.machine.setLine(60, false);
  }],
  ["in a handler, with a coarse binary point", (one) => {
    value(one.msr("ICC_BPR1_EL1", 7n));
    bench.enable(one.pcpu.index, 60, 0x20);
    bench.machine.setLine(60, true);
    expect(one.acknowledge()).toBe(60);
    bench.machine.setLine(60, false);
  }],
  ["in a handler, with a coarse binary point that ICC_CTLR_EL1.CBPR hides", (one) => {
    value(one.msr("ICC_BPR1_EL1", 7n));
    bench.enable(one.pcpu.index, 60, 0x20);
    bench.machine.setLine(60, true);
    expect(one.acknowledge()).toBe(60);
    bench.machine.setLine(60, false);
    value(one.msr("ICC_CTLR_EL1", 1n));
  }],
  ["at a running priority that it has made up (ICC_AP1R0_EL1)", (one) => void value(one.msr("ICC_AP1R0_EL1", 1n))],
];

describe.each(DOING)("a direct guest that is %s", (_, begin) => {
  beforeEach(() => {
    startOne();
    begin(guest);
  });

  test("is stopped by command, and started again; no kick reaches it", () => {
    expect(bench.command(1, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    expect(guest.running).toBe(false);
    expect(bench.partition(1).state).toBe("off");
    expect(bench.command(1, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect(guest.running).toBe(true);
    expect(takeAll(bench.openInterrupts(3))).toEqual([]);
  });

  test("is restarted by command", () => {
    const { lives } = guest.pcpu;
    expect(bench.command(1, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect([guest.running, guest.pcpu.lives]).toEqual([true, lives + 1]);
    expect(guest.pcpu.pc).toBe(DIRECT_RAM + BigInt(ENTRY_OFFSET));
    expect(bench.partition(1)).toMatchObject({ state: "running", restarts: 1 });
    expect(takeAll(bench.openInterrupts(3))).toEqual([]);
  });

  test("is paused where it is, and goes on there as if nothing had been", () => {
    const { physical, bank } = guest.pcpu.gic;
    const { pc, pstate } = guest.pcpu;
    for (let n = 0; n < 31; n++) guest.setX(n, BigInt(n + 1));
    const state = () => [physical.enabled, physical.eoiMode, physical.binaryPoint, physical.activePriorities, physical.control, bank.enabled[0], bank.active[0]];
    const before = state();
    expect(bench.command(1, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
    expect(guest.running).toBe(false);
    bench.pass(50);
    expect(bench.partition(1).state).toBe("paused");
    expect(bench.command(1, abi.COMMAND_RESUME)).toBe(abi.REPLY_OK);
    expect(guest.running).toBe(true);
    expect([guest.pcpu.pc, guest.pcpu.pstate, guest.pcpu.lives]).toEqual([pc, pstate, 1]);
    for (let n = 0; n < 31; n++) expect(guest.x(n)).toBe(BigInt(n + 1));
    expect(state()).toEqual(before);
    expect(takeAll(guest)).toEqual([]);
    expect(bench.partition(1)).toMatchObject({ state: "running", restarts: 0 });
  });

  test("is stopped when it is paused", () => {
    expect(bench.command(1, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
    expect(bench.command(1, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    expect(bench.partition(1).state).toBe("off");
    expect(bench.command(1, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect(takeAll(bench.openInterrupts(3))).toEqual([]);
  });

  test("is stopped by its watchdog", () => {
    // In WFI it cannot feed: it has done so before.
    bench = new Bench(DIRECT);
    guest = bench.openInterrupts(3);
    expect(value(guest.hvc(abi.HYPERCALL_WATCHDOG_FEED))).toBe(0n);
    begin(guest);
    bench.pass(110);
    expect(bench.partition(1)).toMatchObject({ state: "running", restarts: 1 });
    expect(takeAll(bench.openInterrupts(3))).toEqual([]);
  });
});

describe("a direct partition of two vCPUs", () => {
  beforeEach(() => {
    bench = startTwo();
    guest = bench.guest(3);
    other = bench.guest(2);
  });

  test("is stopped and started as a whole", () => {
    other.wfi();
    expect(bench.command(1, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    expect([guest.running, other.running]).toEqual([false, false]);
    expect(bench.command(1, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect([guest.running, other.running]).toEqual([true, false]);
    guest.hvc(CPU_ON_64, 1, DIRECT_RAM, 0);
    bench.machine.settle();
    expect(other.running).toBe(true);
    expect([takeAll(bench.openInterrupts(3)), takeAll(bench.openInterrupts(2))]).toEqual([[], []]);
  });

  test("whose vCPU switches the system off takes the other one with it, wherever that is", () => {
    other.pcpu.pstate |= 0x3c0n;
    guest.hvc(SYSTEM_OFF);
    bench.machine.settle();
    expect([guest.running, other.running]).toEqual([false, false]);
    expect(bench.partition(1).state).toBe("off");
  });

  test("is paused as a whole; a vCPU that is off stays off", () => {
    other.hvc(CPU_OFF);
    expect(bench.command(1, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
    expect(bench.command(1, abi.COMMAND_RESUME)).toBe(abi.REPLY_OK);
    expect([guest.running, other.running]).toEqual([true, false]);
    guest.hvc(CPU_ON_64, 1, DIRECT_RAM, 0);
    bench.machine.settle();
    expect(other.running).toBe(true);
  });

  test("an SGI that a vCPU has not taken when it goes off does not come in its next life", () => {
    value(guest.msr("ICC_SGI1R_EL1", sgi(5, 0b10)));
    other.hvc(CPU_OFF);
    value(guest.msr("ICC_SGI1R_EL1", sgi(6, 0b10)));
    guest.hvc(CPU_ON_64, 1, DIRECT_RAM, 0);
    bench.machine.settle();
    expect(takeAll(bench.openInterrupts(2))).toEqual([]);
  });
});

describe("a fault of a direct guest", () => {
  beforeEach(startOne);

  test("is one: foreign memory, and its partition fails", () => {
    guest.load(0x6000_0000, 8);
    bench.machine.settle();
    expect(bench.events(1).map(({ code }) => code)).toContain(abi.EVENT_FAULT);
    expect(bench.partition(1)).toMatchObject({ state: "running", restarts: 1 });
  });

  test("costs the other partition nothing", () => {
    const before = bench.vcpu(0, 0).exits;
    for (let n = 0; n < 5; n++) {
      guest.load(0x6000_0000, 8);
      bench.pass(1100);
    }
    expect(bench.vcpu(0, 0).exits).toEqual(before);
  });
});
