// PSCI 1.1 (Arm DEN 0022D) and SMCCC 1.1 (DEN 0028) towards guests: each function acts on the caller's partition alone.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { ENTRY_OFFSET } from "../machine/system.ts";
import { Bench, result, value } from "./bench.ts";
import { AFFINITY_INFO, CPU_OFF, CPU_ON, CPU_SUSPEND, MIGRATE_INFO_TYPE, PSCI_FEATURES, PSCI_VERSION, SMC64, SMCCC_ARCH_FEATURES, SMCCC_VERSION, SYSTEM_OFF, SYSTEM_RESET } from "./functions.ts";

const NOT_SUPPORTED = -1;
const INVALID_PARAMETERS = -2;
const ALREADY_ON = -4;
const ON_PENDING = -5;
const INVALID_ADDRESS = -9;
const ON = 0;
const OFF = 1;
const PENDING = 2;

const LINUX_RAM = 0x6000_0000;

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

describe.each(["hvc", "smc"] as const)("by %s", (conduit) => {
  const call = (pcpu: number, fn: number | bigint, ...args: (number | bigint)[]) => bench.guest(pcpu)[conduit](fn, ...args);

  test("PSCI_VERSION is 1.1, SMCCC_VERSION is 1.1", () => {
    expect(result(call(0, PSCI_VERSION))).toBe(0x10001);
    expect(result(call(0, SMCCC_VERSION))).toBe(0x10001);
  });

  test("the guest goes on behind the instruction, with all other registers as they were", () => {
    const guest = bench.guest(0);
    const pc = guest.pcpu.pc;
    for (let n = 1; n < 31; n++) guest.setX(n, BigInt(0x1000 + n));
    call(0, PSCI_VERSION);
    expect(guest.pcpu.pc).toBe(pc + 4n);
    for (let n = 1; n < 31; n++) expect(guest.x(n)).toBe(BigInt(0x1000 + n));
  });

  test("MIGRATE_INFO_TYPE says that no Trusted OS needs to be migrated", () => expect(result(call(0, MIGRATE_INFO_TYPE))).toBe(2));

  test("PSCI_FEATURES: 0 for what there is, NOT_SUPPORTED for the rest", () => {
    const there = [PSCI_VERSION, CPU_SUSPEND, CPU_SUSPEND + SMC64, CPU_OFF, CPU_ON, CPU_ON + SMC64, AFFINITY_INFO, AFFINITY_INFO + SMC64, MIGRATE_INFO_TYPE, SYSTEM_OFF, SYSTEM_RESET, PSCI_FEATURES, SMCCC_VERSION];
    const not = [0x8400_0005, 0x8400_0007, 0x8400_000b, 0x8400_000e, 0xc400_000e, 0x8400_0012, 0xc400_0012, 0xc400_0002, 0xc400_0008, 0, 0xffff_ffff];
    expect(there.map((fn) => result(call(0, PSCI_FEATURES, fn)))).toEqual(there.map(() => 0));
    expect(not.map((fn) => result(call(0, PSCI_FEATURES, fn)))).toEqual(not.map(() => NOT_SUPPORTED));
  });

  test("SMCCC_ARCH_FEATURES knows itself and SMCCC_VERSION, and no workarounds", () => {
    expect([SMCCC_VERSION, SMCCC_ARCH_FEATURES, 0x8000_8000, 0x8000_7fff].map((fn) => result(call(0, SMCCC_ARCH_FEATURES, fn)))).toEqual([0, 0, NOT_SUPPORTED, NOT_SUPPORTED]);
  });

  test("everything else gets NOT_SUPPORTED, and none of it reaches the firmware", () => {
    const before = bench.machine.firmware.calls.length;
    for (const fn of [0, 1, 0x8400_0005, 0x8400_0007, 0x8400_000f, 0xc400_0008, 0xc400_0009, 0x8400_0020, 0xb200_0000, 0xbf00_ff01, 0x8600_ff00, 0xc600_0005, 0xffff_ffff]) {
      expect(result(call(0, fn)), `0x${fn.toString(16)}`).toBe(NOT_SUPPORTED);
    }
    expect(bench.machine.firmware.calls.length).toBe(before);
  });

  test("the function is in w0: the high half of x0 does not count (DEN 0028, 2.4)", () => expect(result(call(0, (1n << 32n) | BigInt(PSCI_VERSION)))).toBe(0x10001));

  test("CPU_ON starts a vCPU of the partition at the entry, with the context in x0", () => {
    expect(result(call(0, CPU_ON + SMC64, 1, LINUX_RAM + 0x1000, 0x1234_5678_9abcn))).toBe(0);
    bench.machine.settle();
    const started = bench.guest(1);
    expect(started.running).toBe(true);
    expect(started.pcpu.pc).toBe(BigInt(LINUX_RAM + 0x1000));
    expect(started.x(0)).toBe(0x1234_5678_9abcn);
    expect(value(started.mrs("MPIDR_EL1"))).toBe(0x8000_0001n);
  });

  test("the 32-bit CPU_ON takes the low halves of its arguments", () => {
    expect(result(call(0, CPU_ON, 0xff_0000_0001n, BigInt(LINUX_RAM) | (5n << 32n), 7n | (1n << 40n)))).toBe(0);
    bench.machine.settle();
    expect(bench.guest(1).x(0)).toBe(7n);
    expect(bench.guest(1).pcpu.pc).toBe(BigInt(LINUX_RAM));
  });

  test("CPU_ON of a vCPU that is on: ALREADY_ON; of one that is starting: ON_PENDING", () => {
    expect(result(call(0, CPU_ON + SMC64, 0, LINUX_RAM, 0))).toBe(ALREADY_ON);
    expect(result(call(0, CPU_ON + SMC64, 1, LINUX_RAM, 0))).toBe(0);
    expect(result(call(0, CPU_ON + SMC64, 1, LINUX_RAM, 0))).toBe(ON_PENDING);
    bench.machine.settle();
    expect(result(call(0, CPU_ON + SMC64, 1, LINUX_RAM, 0))).toBe(ALREADY_ON);
  });

  test("CPU_ON of an affinity that the partition does not have: INVALID_PARAMETERS, also of another partition's pCPU", () => {
    for (const affinity of [2n, 3n, 0x100n, 0x1_0000n, 1n << 32n, 0xffff_ffff_ffff_ffffn]) expect(result(call(0, CPU_ON + SMC64, affinity, LINUX_RAM, 0)), String(affinity)).toBe(INVALID_PARAMETERS);
    expect(result(call(3, CPU_ON + SMC64, 1, 0x4000_0000, 0))).toBe(INVALID_PARAMETERS);
    bench.machine.settle();
    expect(bench.guest(1).running).toBe(false);
  });

  test("CPU_ON at an entry outside the partition's memory, in a device or a channel, or unaligned: INVALID_ADDRESS", () => {
    for (const entry of [0, 0x4000_0000, 0x6200_0000, 0x0a00_0000, 0x7000_0000, LINUX_RAM + 2, 0xffff_ffff_ffff_fffcn]) expect(result(call(0, CPU_ON + SMC64, 1, entry, 0)), String(entry)).toBe(INVALID_ADDRESS);
    expect(result(call(0, AFFINITY_INFO + SMC64, 1, 0))).toBe(OFF);
  });

  test("AFFINITY_INFO: on, off, starting; INVALID_PARAMETERS for others and for levels above 0", () => {
    expect(result(call(0, AFFINITY_INFO + SMC64, 0, 0))).toBe(ON);
    expect(result(call(0, AFFINITY_INFO + SMC64, 1, 0))).toBe(OFF);
    call(0, CPU_ON + SMC64, 1, LINUX_RAM, 0);
    expect(result(call(0, AFFINITY_INFO + SMC64, 1, 0))).toBe(PENDING);
    bench.machine.settle();
    expect(result(call(0, AFFINITY_INFO + SMC64, 1, 0))).toBe(ON);
    expect(result(call(0, AFFINITY_INFO + SMC64, 2, 0))).toBe(INVALID_PARAMETERS);
    expect(result(call(0, AFFINITY_INFO + SMC64, 1, 1))).toBe(INVALID_PARAMETERS);
    expect(result(call(3, AFFINITY_INFO, 1, 0))).toBe(INVALID_PARAMETERS);
  });

  test("CPU_OFF parks the caller; CPU_ON brings it back at another entry", () => {
    call(0, CPU_ON + SMC64, 1, LINUX_RAM, 0);
    bench.machine.settle();
    expect(call(1, CPU_OFF)).toEqual({ kind: "parked" });
    expect(result(call(0, AFFINITY_INFO + SMC64, 1, 0))).toBe(OFF);
    expect(result(call(0, CPU_ON + SMC64, 1, LINUX_RAM + 0x40, 9))).toBe(0);
    bench.machine.settle();
    expect(bench.guest(1).pcpu.pc).toBe(BigInt(LINUX_RAM + 0x40));
    expect(bench.partition(0).state).toBe("running");
  });

  test("CPU_OFF of the last vCPU turns the partition off", () => {
    expect(call(0, CPU_OFF)).toEqual({ kind: "parked" });
    expect(bench.partition(0)).toMatchObject({ state: "off", restarts: 0 });
    expect(bench.events(0).at(-1)).toMatchObject({ code: abi.EVENT_STOPPED, a: BigInt(abi.STOP_CPU_OFF) });
    expect(bench.partition(1).state).toBe("running");
  });

  test("CPU_SUSPEND is a WFI: it comes back with SUCCESS, behind the call, whatever state was asked for", () => {
    const pc = bench.guest(0).pcpu.pc;
    for (const state of [0, 0x1_0000, 0x0101_0003]) expect(result(call(0, CPU_SUSPEND + SMC64, state, LINUX_RAM, 5))).toBe(0);
    expect(bench.guest(0).pcpu.pc).toBe(pc + 12n);
  });

  test("CPU_SUSPEND with reserved bits of power_state set: INVALID_PARAMETERS", () => expect(result(call(0, CPU_SUSPEND, 0x8000_0000, LINUX_RAM, 0))).toBe(INVALID_PARAMETERS));

  test("SYSTEM_OFF parks every vCPU of the partition, and no other", () => {
    call(0, CPU_ON + SMC64, 1, LINUX_RAM, 0);
    bench.machine.settle();
    expect(call(1, SYSTEM_OFF)).toEqual({ kind: "parked" });
    bench.machine.settle();
    expect(bench.guests.map(({ running }) => running)).toEqual([false, false, false, true]);
    expect(bench.partition(0)).toMatchObject({ state: "off", restarts: 0 });
    expect(bench.events(0).at(-1)).toMatchObject({ code: abi.EVENT_STOPPED, a: BigInt(abi.STOP_SYSTEM_OFF) });
  });

  test("SYSTEM_RESET starts the partition anew at its entry, its images copied again, its other vCPUs off", () => {
    call(0, CPU_ON + SMC64, 1, LINUX_RAM, 0);
    bench.machine.settle();
    value(bench.guest(0).store(LINUX_RAM + ENTRY_OFFSET, 8, 0n));
    call(1, SYSTEM_RESET);
    bench.machine.settle();
    expect(bench.guests.map(({ running }) => running)).toEqual([true, false, false, true]);
    expect(bench.guest(0).pcpu.pc).toBe(BigInt(LINUX_RAM + ENTRY_OFFSET));
    expect(bench.machine.memory.readBytes(LINUX_RAM + ENTRY_OFFSET, 4096)).toEqual(bench.system.loads[0]?.bytes);
    expect(bench.partition(0)).toMatchObject({ state: "running", restarts: 1 });
    expect(result(call(0, AFFINITY_INFO + SMC64, 1, 0))).toBe(OFF);
  });
});

describe("races", () => {
  test("SYSTEM_RESET by one vCPU while another, just asked for, has not started: it never runs the old life's entry", () => {
    const before = bench.guest(0);
    expect(result(before.hvc(CPU_ON + SMC64, 1, LINUX_RAM + 0x2000, 0))).toBe(0);
    before.hvc(SYSTEM_RESET);
    bench.machine.settle();
    expect(bench.guests.map(({ running }) => running)).toEqual([true, false, false, true]);
    expect(bench.partition(0)).toMatchObject({ state: "running", restarts: 1 });
  });

  test("both vCPUs ask for SYSTEM_RESET at once: one restart", () => {
    bench.guest(0).hvc(CPU_ON + SMC64, 1, LINUX_RAM, 0);
    bench.machine.settle();
    bench.guest(0).hvc(SYSTEM_RESET);
    bench.guest(1).hvc(SYSTEM_RESET);
    bench.machine.settle();
    expect(bench.partition(0)).toMatchObject({ state: "running", restarts: 1 });
    expect(bench.guest(0).running).toBe(true);
  });
});
