// PSCI 1.1 (Arm DEN 0022D) and SMCCC 1.1 (DEN 0028) towards guests: each function acts on the caller's partition alone.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import { ENTRY_OFFSET, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench, result, value } from "./bench.ts";
import {
  AFFINITY_INFO, CPU_OFF, CPU_ON, CPU_SUSPEND, MIGRATE_INFO_TYPE, CPU_ON_64, PSCI_FEATURES, PSCI_VERSION, SMC64,
  SMCCC_ARCH_FEATURES, SMCCC_VERSION, SYSTEM_OFF, SYSTEM_RESET,
} from "./functions.ts";

const NOT_SUPPORTED = -1;
const INVALID_PARAMETERS = -2;
const ALREADY_ON = -4;
const ON_PENDING = -5;
const INVALID_ADDRESS = -9;
const ON = 0;
const OFF = 1;
const PENDING = 2;

const LINUX_RAM = 0x6000_0000;

/** Function numbers of which we have none (DEN 0028, 6): `base` + 0…`count` - 1, as a fast SMC32 call, and the others. */
const variants = (base: number, count: number): number[] =>
  Array.from({ length: count }, (_, n) => base + n).flatMap((fn) => [fn, fn + SMC64, fn - FAST, fn + SMC64 - FAST]);
const FAST = 0x8000_0000;
const MISSING: readonly (readonly [what: string, fns: readonly number[]])[] = [
  ["TRNG_VERSION, FEATURES, GET_UUID, RND (DEN 0098)", variants(0x8400_0050, 4)],
  ["PV_TIME_FEATURES, PV_TIME_ST (DEN 0057), and the hypervisor services about them", variants(0x8500_0000, 0x40)],
  [
    "functions of PSCI that are optional",
    [5, 7, 0xb, 0xc, 0xd, 0xe, 0xf, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x20].flatMap((n) => variants(0x8400_0000 + n, 1)),
  ],
  [
    "functions of PSCI, but as 64-bit ones that there are not, or as yielding calls",
    [PSCI_VERSION, CPU_OFF, MIGRATE_INFO_TYPE, SYSTEM_OFF, SYSTEM_RESET, PSCI_FEATURES]
      .map((fn) => fn + SMC64)
      .concat([PSCI_VERSION, CPU_OFF, CPU_ON, CPU_ON_64, SYSTEM_OFF, SYSTEM_RESET].map((fn) => fn - FAST)),
  ],
  ["SDEI, FF-A, SPM, and their neighbours", [0x20, 0x30, 0x60, 0x70, 0x100, 0x150].flatMap((n) => variants(0x8400_0000 + n, 8))],
  ["Arm Architecture Calls of other versions", [2, 3, 0x10, 0x3eff].flatMap((n) => variants(0x8000_0000 + n, 1))],
  [
    "CPU, SiP and OEM services",
    [0x8100_0000, 0x8200_0000, 0x8300_0000, 0x8200_0f00, 0x8300_ff01].flatMap((base) => variants(base, 4)),
  ],
  [
    "another hypervisor's services; our own as 32-bit or yielding calls, and behind the last one",
    [
      ...Array.from({ length: 8 }, (_, n) => n).flatMap((n) => [0x8600_0000 + n, 0x4600_0000 + n, 0x0600_0000 + n]),
      0xc600_0006,
      0xc600_ffff,
    ],
  ],
  ["trusted applications and Trusted OS", [0xb000_0000, 0xb200_0000, 0xbf00_ff01, 0xf200_0000, 0x3200_0000, 0x7f00_0000]],
  ["no service's", [0, 1, 0x0000_ffff, 0x7fff_ffff, 0x8700_0000, 0x8fff_ffff, 0xffff_ffff]],
];

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

  test("MIGRATE_INFO_TYPE says that no Trusted OS needs to be migrated", () =>
    expect(result(call(0, MIGRATE_INFO_TYPE))).toBe(2));

  test("PSCI_FEATURES: 0 for what there is, NOT_SUPPORTED for the rest", () => {
    const there = [
      PSCI_VERSION,
      CPU_SUSPEND,
      CPU_SUSPEND + SMC64,
      CPU_OFF,
      CPU_ON,
      CPU_ON + SMC64,
      AFFINITY_INFO,
      AFFINITY_INFO + SMC64,
      MIGRATE_INFO_TYPE,
      SYSTEM_OFF,
      SYSTEM_RESET,
      PSCI_FEATURES,
      SMCCC_VERSION,
    ];
    const not = [
      0x8400_0005, 0x8400_0007, 0x8400_000b, 0x8400_000e, 0xc400_000e, 0x8400_0012, 0xc400_0012, 0xc400_0002, 0xc400_0008, 0,
      0xffff_ffff,
    ];
    expect(there.map((fn) => result(call(0, PSCI_FEATURES, fn)))).toEqual(there.map(() => 0));
    expect(not.map((fn) => result(call(0, PSCI_FEATURES, fn)))).toEqual(not.map(() => NOT_SUPPORTED));
  });

  test.each([0x8000_8000, 0x8000_7fff, 0x8000_3fff])(
    "ARCH_WORKAROUND_1, 2 and 3 are firmware's, and its answers to ARCH_FEATURES are the guest's: here it has none of number %i",
    (missing) => {
      const all = [0x8000_8000, 0x8000_7fff, 0x8000_3fff];
      const there = all.filter((fn) => fn !== missing);
      bench = new Bench({
        ...STANDARD, board: { ...qemuVirt, workarounds: Object.fromEntries(there.map((fn, n) => [fn, n])) },
      });
      const wanted = (of: (fn: number) => number): number[] => all.map((fn) => (fn === missing ? NOT_SUPPORTED : of(fn)));
      expect(all.map((fn) => result(call(0, SMCCC_ARCH_FEATURES, fn)))).toEqual(wanted((fn) => there.indexOf(fn)));
      const { calls } = bench.machine.firmware;
      calls.length = 0;
      expect(all.map((fn) => result(call(0, fn, 1)))).toEqual(wanted(() => 0));
      expect(calls).toEqual(there);
    },
  );

  test("SMCCC_ARCH_FEATURES knows itself and SMCCC_VERSION, and no workarounds", () => {
    expect(
      [SMCCC_VERSION, SMCCC_ARCH_FEATURES, 0x8000_8000, 0x8000_7fff].map((fn) => result(call(0, SMCCC_ARCH_FEATURES, fn))),
    ).toEqual([0, 0, NOT_SUPPORTED, NOT_SUPPORTED]);
  });

  describe("what is not there gets NOT_SUPPORTED in x0, changes nothing else, and does not reach the firmware", () => {
    test.each(MISSING)("%s", (_, fns) => {
      const guest = bench.guest(0);
      const before = { calls: bench.machine.firmware.calls.length, state: guest.running, pc: guest.pcpu.pc };
      for (const [n, fn] of fns.entries()) {
        for (let x = 1; x < 31; x++) guest.setX(x, BigInt(fn + x));
        expect(result(call(0, fn)), `0x${fn.toString(16)}`).toBe(NOT_SUPPORTED);
        for (let x = 1; x < 31; x++) expect(guest.x(x), `x${x} after 0x${fn.toString(16)}`).toBe(BigInt(fn + x));
        expect(guest.pcpu.pc).toBe(before.pc + BigInt(4 * (n + 1)));
      }
      expect(guest.running).toBe(true);
      expect(bench.machine.firmware.calls.length).toBe(before.calls);
      bench.machine.settle();
      expect(bench.guest(1).running).toBe(false);
    });
  });

  test("the function is in w0: the high half of x0 does not count (DEN 0028, 2.4)", () =>
    expect(result(call(0, (1n << 32n) | BigInt(PSCI_VERSION)))).toBe(0x10001));

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
    for (const affinity of [2n, 3n, 0x100n, 0x1_0000n, 1n << 32n, 0xffff_ffff_ffff_ffffn])
      expect(result(call(0, CPU_ON + SMC64, affinity, LINUX_RAM, 0)), String(affinity)).toBe(INVALID_PARAMETERS);
    expect(result(call(3, CPU_ON + SMC64, 1, 0x4000_0000, 0))).toBe(INVALID_PARAMETERS);
    bench.machine.settle();
    expect(bench.guest(1).running).toBe(false);
  });

  test("CPU_ON at an entry outside the partition's memory, in a device or a channel, or unaligned: INVALID_ADDRESS", () => {
    for (const entry of [0, 0x4000_0000, 0x6200_0000, 0x0a00_0000, 0x7000_0000, LINUX_RAM + 2, 0xffff_ffff_ffff_fffcn])
      expect(result(call(0, CPU_ON + SMC64, 1, entry, 0)), String(entry)).toBe(INVALID_ADDRESS);
    expect(result(call(0, AFFINITY_INFO + SMC64, 1, 0))).toBe(OFF);
  });

  test("AFFINITY_INFO of the 32-bit convention looks at 32 bits of its arguments, CPU_ON too; that of 64 bits at all", () => {
    const garbage = 0xdead_beefn << 32n;
    expect(result(call(0, AFFINITY_INFO, garbage | 1n, garbage))).toBe(OFF);
    for (const [target, level] of [
      [garbage | 1n, 0n],
      [1n, garbage],
    ] as const)
      expect(result(call(0, AFFINITY_INFO + SMC64, target, level))).toBe(INVALID_PARAMETERS);
    expect(result(call(0, CPU_ON, garbage | 1n, garbage | 0x6000_0000n, garbage | 5n))).toBe(0);
    bench.machine.settle();
    expect([bench.guest(1).pcpu.pc, bench.guest(1).x(0)]).toEqual([0x6000_0000n, 5n]);
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

  test("CPU_SUSPEND sleeps where nothing waits, and never with direct interrupts, which would not wake EL2", () => {
    const sleeps = (one: Bench, pcpu: number): number => {
      let count = 0;
      one.machine.onIntrinsic = (name) => void (count += name === "wfi" ? 1 : 0);
      expect(result(one.guest(pcpu).hvc(CPU_SUSPEND + SMC64, 0, LINUX_RAM, 0))).toBe(0);
      one.machine.onIntrinsic = undefined;
      return count;
    };
    bench.openInterrupts(0);
    expect(sleeps(bench, 0)).toBe(1);
    bench.sendSgi(0, 1, 0b1);
    expect(sleeps(bench, 0)).toBe(0);
    expect(sleeps(new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, direct: true }] }), 3)).toBe(0);
  });

  test("CPU_SUSPEND as an SMC32 call has a power_state of 32 bits: what is above in x1 is nothing (DEN 0028, 3.1)", () => {
    expect(result(call(0, CPU_SUSPEND, 0xffff_ffff_0000_0000n, LINUX_RAM, 0))).toBe(0);
    expect(result(call(0, CPU_SUSPEND + SMC64, 0x1_0000_0000n, LINUX_RAM, 0))).toBe(0);
  });

  test("the same of CPU_ON and AFFINITY_INFO: bits above 32 of x1, x2 and x3 count in an SMC64 call alone", () => {
    const above = 0xdead_beef_0000_0000n;
    expect(result(call(0, AFFINITY_INFO, above | 1n, above))).toBe(OFF);
    for (const [affinity, level] of [
      [above | 1n, 0n],
      [1n, above],
    ] as const)
      expect(result(call(0, AFFINITY_INFO + SMC64, affinity, level))).toBe(INVALID_PARAMETERS);
    expect(result(call(0, CPU_ON + SMC64, above | 1n, LINUX_RAM, 0))).toBe(INVALID_PARAMETERS);
    expect(result(call(0, CPU_ON + SMC64, 1, above | BigInt(LINUX_RAM), 0))).toBe(INVALID_ADDRESS);
    expect(result(call(0, CPU_ON, above | 1n, above | BigInt(LINUX_RAM), above | 5n))).toBe(0);
    bench.machine.settle();
    expect([bench.guest(1).pcpu.pc, bench.guest(1).x(0)]).toEqual([BigInt(LINUX_RAM), 5n]);
  });

  test("CPU_SUSPEND with reserved bits of power_state set: INVALID_PARAMETERS", () =>
    expect(result(call(0, CPU_SUSPEND, 0x8000_0000, LINUX_RAM, 0))).toBe(INVALID_PARAMETERS));

  test("SYSTEM_OFF of a partition with one vCPU kicks nobody: who stops it knows", () => {
    let kicks = 0;
    bench.machine.onIntrinsic = (name) => void (kicks += name === "msr_ICC_SGI1R_EL1" ? 1 : 0);
    call(3, SYSTEM_OFF);
    expect([kicks, bench.guest(3).running]).toEqual([0, false]);
  });

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
    for (let n = 0; n < 31; n++) bench.guest(0).setX(n, BigInt(n + 1));
    call(1, SYSTEM_RESET);
    bench.machine.settle();
    expect(bench.guests.map(({ running }) => running)).toEqual([true, false, false, true]);
    expect(bench.guest(0).pcpu.pc).toBe(BigInt(LINUX_RAM + ENTRY_OFFSET));
    expect(
      Array.from({ length: 31 }, (_, n) => bench.guest(0).x(n)),
      "nothing of the old life",
    ).toEqual([BigInt(LINUX_RAM), ...Array.from({ length: 30 }, () => 0n)]);
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
