// The timers that belong to a vCPU (ARM ARM D11.2; arch/aarch64/lifecycle.ts): their PPIs are injected.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import type { Guest } from "../machine/guest.ts";
import { GUEST_GICR } from "../machine/system.ts";
import { Bench, GICR_STRIDE, SGI_BASE, value } from "./bench.ts";
import { CPU_ON_64, SYSTEM_RESET } from "./functions.ts";

let bench: Bench;
let guest: Guest;

describe("the virtual timer", () => {
  beforeEach(() => {
    bench = new Bench();
    guest = bench.openInterrupts(3);
    value(guest.store(GUEST_GICR + SGI_BASE + 0x100, 4, 1n << 27n));
  });

  test("counts from 0 at the partition's start (CNTVOFF_EL2)", () => {
    bench.machine.clock.advance(5e9);
    guest.hvc(SYSTEM_RESET);
    bench.machine.settle();
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
    guest.hvc(SYSTEM_RESET);
    bench.machine.settle();
    expect(guest.pcpu.virtualTimer.control).toBe(0n);
    const bank = guest.pcpu.gic.bank;
    expect([bank.has(bank.enabled, 27), bank.has(bank.active, 27), bank.isPending(27)]).toEqual([false, false, false]);
  });
});

test("a vCPU that CPU_ON has started gets its timer interrupts without ever being kicked", () => {
  const machine = new Bench();
  const first = machine.openInterrupts(0);
  const second = machine.guest(1);
  first.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
  machine.machine.settle();
  value(second.store(GUEST_GICR + GICR_STRIDE + SGI_BASE + 0x100, 4, 1n << 27n));
  value(second.msr("ICC_PMR_EL1", 0xffn));
  value(second.msr("ICC_IGRPEN1_EL1", 1n));
  value(second.msr("CNTV_CVAL_EL0", 0n));
  value(second.msr("CNTV_CTL_EL0", 1n));
  machine.machine.settle();
  expect(second.acknowledge()).toBe(27);
});
