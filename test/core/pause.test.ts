// Pause and resume: a partition's vCPUs are held where they are, and everything else is as it was (core/partition.ts,
// core/lifecycle.ts). Interrupts that come meanwhile wait. Direct ones: directStop.test.ts.
import { beforeEach, describe, expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { GUEST_GICR, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench, SGI_BASE, value } from "./bench.ts";
import { takeAll } from "./directBench.ts";
import { CPU_OFF, CPU_ON_64, SYSTEM_OFF } from "./functions.ts";

let bench: Bench;
let guest: Guest;
const running = (): boolean[] => bench.guests.map((one) => one.running);

test.each([
  ["injected", false],
  ["direct", true],
])("a partition on pCPU 0 alone, %s: goes on after a pause, once", (_, direct) => {
  bench = new Bench({ ...STANDARD, partitions: [{ ...LINUX, cpus: [0], direct }, PLC] });
  expect(bench.command(0, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
  expect([bench.command(0, abi.COMMAND_RESUME), bench.command(0, abi.COMMAND_RESUME)]).toEqual([
    abi.REPLY_OK,
    abi.REPLY_WRONG_STATE,
  ]);
  expect(value(bench.guest(0).load(0x6000_0000, 4))).toBe(0n);
});

describe.each([["injected", false], ["direct", true]])("a paused partition with %s interrupts", (_, direct) => {
  beforeEach(() => {
    bench = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, direct }] });
    guest = bench.openInterrupts(3);
    for (const intid of [60, 61]) bench.enable(3, intid);
  });

  test("is held, and says so; no other partition is", () => {
    expect(bench.command(1, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
    expect(running()).toEqual([true, false, false, false]);
    expect(bench.partition(1)).toMatchObject({ state: "paused", restarts: 0 });
    expect(bench.partition(0).state).toBe("running");
    expect(bench.vcpu(1, 0).state).toBe("on");
    expect(bench.events(1).map(({ code }) => code)).toEqual([abi.EVENT_STARTED]);
  });

  test("gets what came meanwhile when it goes on: devices, its timer", () => {
    value(guest.store(GUEST_GICR + SGI_BASE + 0x100, 4, 1n << 27n));
    value(guest.msr("CNTV_CVAL_EL0", value(guest.mrs("CNTVCT_EL0")) + 62_500n));
    value(guest.msr("CNTV_CTL_EL0", 1n));
    bench.command(1, abi.COMMAND_PAUSE);
    bench.machine.setLine(60, true);
    bench.machine.setLine(61, true);
    bench.machine.setLine(61, false);
    bench.pass(20);
    expect(guest.running).toBe(false);
    bench.command(1, abi.COMMAND_RESUME);
    const taken: number[] = [];
    while (guest.interruptPending) {
      const intid = guest.acknowledge();
      taken.push(intid);
      if (intid === 60) bench.machine.setLine(60, false);
      if (intid === 27) value(guest.msr("CNTV_CTL_EL0", 3n));
      guest.endOfInterrupt(intid);
      bench.machine.settle();
    }
    expect(taken.sort()).toEqual([27, 60, 61]);
  });

  test("goes on with what it had not ended, and what it had not taken", () => {
    bench.machine.setLine(61, true);
    bench.machine.setLine(61, false);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(61);
    bench.machine.setLine(60, true);
    bench.machine.settle();
    bench.command(1, abi.COMMAND_PAUSE);
    bench.command(1, abi.COMMAND_RESUME);
    guest.endOfInterrupt(61);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(60);
  });

  test("stands still by the hypervisor's will: that is counted", () => {
    bench.command(1, abi.COMMAND_PAUSE);
    bench.pass(500);
    bench.command(1, abi.COMMAND_RESUME);
    const held = Number(bench.vcpu(1, 0).held);
    expect(held).toBeGreaterThan(500e6);
    expect(held).toBeLessThan(520e6);
  });

  test("is not failed by its watchdog, which begins anew when it goes on", () => {
    expect(value(guest.hvc(calls.HYPERCALL_WATCHDOG_FEED))).toBe(0n);
    bench.pass(80);
    bench.command(1, abi.COMMAND_PAUSE);
    bench.pass(500);
    bench.command(1, abi.COMMAND_RESUME);
    bench.pass(80);
    expect(bench.events(1).map(({ code }) => code)).not.toContain(abi.EVENT_WATCHDOG);
    bench.pass(30);
    expect(bench.events(1).map(({ code }) => code)).toContain(abi.EVENT_WATCHDOG);
  });

  test("can be stopped, started, restarted", () => {
    bench.command(1, abi.COMMAND_PAUSE);
    expect(bench.command(1, abi.COMMAND_START)).toBe(abi.REPLY_WRONG_STATE);
    expect(bench.command(1, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect(bench.partition(1)).toMatchObject({ state: "running", restarts: 1 });
    bench.command(1, abi.COMMAND_PAUSE);
    expect(bench.command(1, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    expect(bench.partition(1).state).toBe("off");
    expect(bench.command(1, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect(guest.running).toBe(true);
    expect(takeAll(bench.openInterrupts(3))).toEqual([]);
  });

  test("commands in the wrong state are refused", () => {
    expect(bench.command(1, abi.COMMAND_RESUME)).toBe(abi.REPLY_WRONG_STATE);
    bench.command(1, abi.COMMAND_PAUSE);
    expect(bench.command(1, abi.COMMAND_PAUSE)).toBe(abi.REPLY_WRONG_STATE);
    bench.command(1, abi.COMMAND_STOP);
    expect(bench.command(1, abi.COMMAND_PAUSE)).toBe(abi.REPLY_WRONG_STATE);
    expect(bench.command(1, abi.COMMAND_RESUME)).toBe(abi.REPLY_WRONG_STATE);
  });

  test("can be paused and resumed a hundred times", () => {
    const { lives } = guest.pcpu;
    for (let n = 0; n < 100; n++) {
      expect(bench.command(1, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
      expect(bench.command(1, abi.COMMAND_RESUME)).toBe(abi.REPLY_OK);
      expect([guest.running, guest.pcpu.lives]).toEqual([true, lives]);
    }
    expect(takeAll(guest)).toEqual([]);
  });
});

describe("a paused partition of two vCPUs", () => {
  beforeEach(() => {
    bench = new Bench();
    guest = bench.openInterrupts(0);
    guest.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    bench.openInterrupts(1);
  });

  test("is held as a whole, and an SGI that was under way arrives when it goes on", () => {
    value(guest.msr("ICC_SGI1R_EL1", (5n << 24n) | 2n));
    bench.command(0, abi.COMMAND_PAUSE);
    expect(running()).toEqual([false, false, false, true]);
    bench.command(0, abi.COMMAND_RESUME);
    expect(running()).toEqual([true, true, false, true]);
    expect(takeAll(bench.guest(1))).toEqual([5]);
  });

  test("CPU_ON that was called just before carries through when it goes on", () => {
    bench.guest(1).hvc(CPU_OFF);
    // The command waits in the UART; the pCPU that is to start has not looked yet when the pause comes.
    guest.hvc(CPU_ON_64, 1, 0x6000_0000, 0x77);
    const parked = bench.machine.pcpu(1);
    parked.busy = true;
    bench.command(0, abi.COMMAND_PAUSE);
    parked.busy = false;
    bench.machine.settle();
    expect(running()).toEqual([false, false, false, true]);
    expect(bench.command(0, abi.COMMAND_RESUME)).toBe(abi.REPLY_OK);
    expect(running()).toEqual([true, true, false, true]);
    expect(bench.guest(1).x(0)).toBe(0x77n);
  });

  test.each([0, 1])("is refused to go on before all its vCPUs are held: vCPU %i is not", (vcpu) => {
    const slow = bench.machine.pcpu(vcpu);
    slow.busy = true;
    bench.command(0, abi.COMMAND_PAUSE);
    expect(bench.command(0, abi.COMMAND_RESUME)).toBe(abi.REPLY_WRONG_STATE);
    slow.busy = false;
    bench.machine.settle();
    expect(bench.command(0, abi.COMMAND_RESUME)).toBe(abi.REPLY_OK);
    expect(running()).toEqual([true, true, false, true]);
  });

  test("whose vCPU switches the system off in the same moment is off", () => {
    const slow = bench.machine.pcpu(1);
    slow.busy = true;
    bench.command(0, abi.COMMAND_PAUSE);
    slow.busy = false;
    bench.guest(1).hvc(SYSTEM_OFF);
    bench.machine.settle();
    expect(bench.partition(0).state).toBe("off");
    expect(bench.command(0, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect(running()).toEqual([true, false, false, true]);
  });
});
