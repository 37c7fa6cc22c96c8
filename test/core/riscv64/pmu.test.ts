// SBI's PMU towards guests (arch/riscv64/sbiPmu.ts), on the simulated machine, whose firmware takes no argument but those that a
// hypervisor may hand on (tools/machine/riscv64/pmu.ts): counters count the guest alone, and end with it.
import { beforeEach, describe, expect, test } from "vitest";
import { qemuVirt, qemuVirt7, qemuVirtFilters, qemuVirtUncounted } from "../../../tools/machine/riscv64/board.ts";
import type { Board } from "../../../tools/machine/riscv64/board.ts";
import { machineFor } from "../../../tools/machine/riscv64/core.ts";
import { Guest } from "../../../tools/machine/riscv64/guest.ts";
import type { Riscv64Machine } from "../../../tools/machine/riscv64/machine.ts";
import {
  NOT_IN_VS, NOT_IN_VU, PMU, PMU_CONFIGURE, PMU_COUNTERS, PMU_INFO, PMU_START, PMU_STOP,
} from "../../../tools/machine/riscv64/pmu.ts";
import { BASE, BASE_PROBE } from "../../../tools/machine/riscv64/sbi.ts";
import { FIRST, IPA, makeSystem, SECOND, STANDARD } from "../../../tools/machine/riscv64/system.ts";
import { Random } from "../../hostile/random.ts";
import { result, value } from "../value.ts";

const [NOT_SUPPORTED, INVALID_PARAM, ALREADY_STARTED, ALREADY_STOPPED] = [-2, -3, -7, -8];
const [FIRMWARE_READ, FIRMWARE_READ_HIGH, SNAPSHOT, EVENT_INFO] = [5, 6, 7, 8];
const [CYCLES, INSTRUCTIONS, RAW, FIRMWARE_EVENT] = [1n, 2n, 2n << 16n, 15n << 16n];
const [SKIP_MATCH, CLEAR, AUTO_START, NOT_IN_U, NOT_IN_S, NOT_IN_M] = [1n, 2n, 4n, 32n, 64n, 128n];
const [INITIAL, RESET, OF_SNAPSHOT] = [1n, 1n, 2n];
const ALL = 0xffff_ffff_ffff_ffffn;
const COUNTERS = 16;
/** hpmcounter3 on. */
const HPM = 0xc00;
const MASK = ((1n << BigInt(COUNTERS)) - 1n) << 3n;
const NEIGHBOUR = 3;
const LIVES = 2;
const ROUNDS = 3000;
const RESTART_MS = 1100;
const MILLISECOND = 1_000_000;

let machine: Riscv64Machine;
let guests: Guest[];
const guest = (n: number): Guest => guests[n] ?? expect.unreachable();
function boot(board: Board, pmu = true): void {
  const partitions = [{ ...FIRST, pmu, onFailure: "restart" as const }, SECOND];
  machine = machineFor(board, makeSystem({ ...STANDARD, board, partitions }));
  machine.boot();
  guests = machine.pcpus.map(({ index }) => new Guest(machine, index));
  for (const n of [0, NEIGHBOUR]) guest(n).csrw("stvec", BigInt(IPA + 0x100));
}
const ask = (fn: number, ...args: bigint[]) => guest(0).ecall(PMU, fn, ...args);
const probe = (n = 0): bigint => value(guest(n).ecall(BASE, BASE_PROBE, BigInt(PMU)));
const counted = (n: number): bigint => value(guest(0).csrr(HPM + n));
const isClosed = (n: number, of = 0): boolean => guest(of).csrr(HPM + n).kind === "exception";
const configured = (flags = AUTO_START, event = CYCLES): number => Number(value(ask(PMU_CONFIGURE, 0n, MASK, flags, event)));
/** Firmware's on that hart, as text. */
const countersOf = (hart: number): string =>
  JSON.stringify(machine.pcpu(hart).csrs.pmu.counters, (_, one: unknown) => (typeof one === "bigint" ? String(one) : one));

describe.each<[string, Board, boolean]>([
  ["whose firmware has no PMU", qemuVirtUncounted, true], ["that cannot leave the hypervisor out", qemuVirt, true],
  ["that says so and does it not", qemuVirt7, true], ["of which the partition was not given any", qemuVirtFilters, false],
])("on a hart with counters %s", (_, board, pmu) => {
  test("there are none: the extension is not there, and no call of it gets to firmware", () => {
    boot(board, pmu);
    const { length } = machine.sbi.calls;
    expect(probe()).toBe(0n);
    for (let fn = 0; fn <= EVENT_INFO; fn++) expect(result(ask(fn, 3n, 1n, 0n, CYCLES)), String(fn)).toBe(NOT_SUPPORTED);
    expect(machine.sbi.calls.length).toBe(length);
    expect([3, 4, 18].map((n) => isClosed(n))).toEqual([true, true, true]);
    expect(machine.pcpu(0).csrs.pmu.counters.filter(({ isOn, event }) => isOn || event !== undefined)).toEqual([]);
  });
});

describe("on harts that can leave the hypervisor out", () => {
  beforeEach(() => boot(qemuVirtFilters));

  test("a partition finds the counters that can be set, and its neighbour, which was given none, nothing", () => {
    expect([probe(), probe(NEIGHBOUR)]).toEqual([1n, 0n]);
    expect(value(ask(PMU_COUNTERS))).toBe(BigInt(3 + COUNTERS));
    const info = (n: bigint) => ask(PMU_INFO, n);
    expect([3n, 18n].map((n) => value(info(n)) & 0xfffn)).toEqual([0xc03n, 0xc12n]);
    for (const n of [0n, 1n, 2n, 19n, 32n, 64n, 3n | (1n << 32n), ALL]) expect(result(info(n)), String(n)).toBe(INVALID_PARAM);
    expect(result(guest(NEIGHBOUR).ecall(PMU, PMU_COUNTERS))).toBe(NOT_SUPPORTED);
  });

  test("one counts what the guest does, from 0 on, and nothing of the hypervisor's", () => {
    const n = configured();
    const before = counted(n);
    expect(before).toBeLessThan(5n);
    expect(result(ask(PMU_STOP, 4n, 1n, 0n))).toBe(INVALID_PARAM); // firmware says so
    expect(counted(n) - before).toBe(2n); // the call, and the reading
  });

  test("it is read from when it has been configured on, and no other one is", () => {
    expect([3, 4].map((n) => isClosed(n))).toEqual([true, true]);
    expect(configured(0n)).toBe(3);
    expect([3, 4].map((n) => isClosed(n))).toEqual([false, true]);
    expect(counted(3)).toBe(0n);
    expect(isClosed(3, NEIGHBOUR)).toBe(true);
  });

  test.each([
    ["nothing", 0n, 0n], ["its user", NOT_IN_U, NOT_IN_VU], ["its supervisor", NOT_IN_S, NOT_IN_VS],
    ["both", NOT_IN_U | NOT_IN_S | NOT_IN_M, NOT_IN_VU | NOT_IN_VS], ["guests of its own", NOT_IN_VU | NOT_IN_VS, 0n],
  ])("one that leaves out %s", (_, flags, filtered) => {
    const n = configured(flags | CLEAR);
    expect(machine.pcpu(0).csrs.pmu.counters[n - 3]?.inhibited).toBe(NOT_IN_U | NOT_IN_S | NOT_IN_M | filtered);
  });

  test("it is started, with a value too, stopped, and free again", () => {
    const n = configured(0n, INSTRUCTIONS);
    const mask = [BigInt(n), 1n] as const;
    expect(result(ask(PMU_STOP, ...mask, 0n))).toBe(ALREADY_STOPPED);
    value(ask(PMU_START, ...mask, INITIAL, 0x1000n));
    expect(result(ask(PMU_START, ...mask, 0n))).toBe(ALREADY_STARTED);
    expect(counted(n)).toBeGreaterThan(0x1000n);
    value(ask(PMU_STOP, ...mask, 0n));
    expect(counted(n)).toBe(counted(n));
    expect(result(ask(PMU_STOP, ...mask, RESET))).toBe(ALREADY_STOPPED);
    expect(configured(0n, RAW)).toBe(n);
  });

  test("if none is left it is not given one of those that count the hypervisor", () => {
    for (let n = 0; n < COUNTERS; n++) expect(configured()).toBe(3 + n);
    for (const event of [CYCLES, INSTRUCTIONS, RAW]) {
      expect(result(ask(PMU_CONFIGURE, 0n, MASK, AUTO_START, event))).toBe(NOT_SUPPORTED);
    }
  });

  test.each<[string, bigint, bigint]>([
    ["cycle", 0n, 1n], ["time", 1n, 1n], ["none", 3n, 0n], ["instret", 0n, 4n], ["behind the last", 19n, 1n], ["all", 0n, ALL],
    ["a base of more than a word", 32n, 1n], ["a base that wraps", ALL - 1n, 8n], ["shifted out", 3n, 1n << 61n],
    ["its own and one more", 0n, MASK | (1n << 19n)], ["of the upper half", 0n, 1n << 35n], ["a base far behind", 1n << 32n, 8n],
  ])("counters that are not there: %s", (_, base, mask) => {
    const { length } = machine.sbi.calls;
    expect(result(ask(PMU_CONFIGURE, base, mask, 0n, CYCLES))).toBe(INVALID_PARAM);
    for (const fn of [PMU_START, PMU_STOP]) expect(result(ask(fn, base, mask, 0n))).toBe(INVALID_PARAM);
    expect(machine.sbi.calls.length).toBe(length);
  });

  test.each<[string, number, bigint[], number]>([
    ["a counter that goes on with what it is", PMU_CONFIGURE, [0n, MASK, SKIP_MATCH, CYCLES], INVALID_PARAM],
    ["flags that there are not", PMU_CONFIGURE, [0n, MASK, 256n, CYCLES], INVALID_PARAM],
    ["an event of firmware's", PMU_CONFIGURE, [0n, MASK, 0n, FIRMWARE_EVENT], NOT_SUPPORTED],
    ["an event that there is not", PMU_CONFIGURE, [0n, MASK, 0n, ALL], NOT_SUPPORTED],
    ["filters in a raw event", PMU_CONFIGURE, [0n, MASK, 0n, RAW, 1n << 62n], INVALID_PARAM],
    ["a value out of a snapshot", PMU_START, [3n, 1n, OF_SNAPSHOT], INVALID_PARAM],
    ["a snapshot at a stop", PMU_STOP, [3n, 1n, OF_SNAPSHOT], INVALID_PARAM],
    ["a counter of firmware's", FIRMWARE_READ, [19n], INVALID_PARAM],
    ["a counter of firmware's, its upper half", FIRMWARE_READ_HIGH, [3n], INVALID_PARAM],
    ["memory for snapshots", SNAPSHOT, [BigInt(IPA), 0n, 0n], NOT_SUPPORTED],
    ["what events there are, in memory", EVENT_INFO, [BigInt(IPA), 0n, 1n, 0n], NOT_SUPPORTED],
    ["a function of 64 bits", 2 ** 32 + PMU_COUNTERS, [], NOT_SUPPORTED],
  ])("%s", (_, fn, args, error) => {
    const { length } = machine.sbi.calls;
    expect(result(ask(fn, ...args))).toBe(error);
    expect(machine.sbi.calls.length).toBe(length);
  });

  test("whatever it asks, firmware is asked for what it may be, and its neighbour's counters stay", () => {
    const random = new Random(0x504d55);
    const untouched = countersOf(NEIGHBOUR);
    const any = (): bigint =>
      random.pick([0n, 1n, 3n, MASK, 8n, BigInt(random.below(32)), 1n << BigInt(random.below(64)), random.value()]);
    for (let n = 0; n < ROUNDS; n++) {
      const fn = random.chance(1, 8) ? random.below(10) : random.pick([PMU_CONFIGURE, PMU_START, PMU_STOP]);
      const flags = random.chance(3, 4) ? BigInt(random.below(2)) * AUTO_START : any();
      const event = random.chance(3, 4) ? random.pick([CYCLES, INSTRUCTIONS, RAW]) : any();
      const [base, mask] = random.chance(1, 2) ? [3n, BigInt(random.below(1 << COUNTERS))] : [any(), any()];
      ask(fn, base, mask, fn === PMU_CONFIGURE ? flags : random.chance(3, 4) ? BigInt(random.below(2)) : any(), event, any());
    }
    expect(machine.sbi.calls.length).toBeGreaterThan(ROUNDS / 4);
    expect(countersOf(NEIGHBOUR)).toBe(untouched);
    expect(guest(0).running).toBe(true);
  });

  test("the next life finds all of them off and closed, and none of what they had", () => {
    const left = [configured(), configured(0n), configured(AUTO_START, INSTRUCTIONS)];
    expect(machine.pcpu(0).csrs.pmu.counters.filter(({ isOn }) => isOn)).toHaveLength(2);
    guest(0).reset();
    for (let n = 0; n < RESTART_MS; n++) machine.elapse(MILLISECOND);
    expect([guest(0).running, guest(0).pcpu.lives]).toEqual([true, LIVES]);
    expect(machine.pcpu(0).csrs.pmu.counters.filter(({ isOn, event }) => isOn || event !== undefined)).toEqual([]);
    guest(0).csrw("stvec", BigInt(IPA + 0x100));
    expect(left.map((n) => isClosed(n))).toEqual([true, true, true]);
    expect(counted(configured(0n))).toBe(0n);
  });

  test("a vCPU that is turned off leaves none on either", () => {
    value(guest(0).turnOn(1, IPA + 0x100, 0n));
    machine.settle();
    value(guest(1).ecall(PMU, PMU_CONFIGURE, 0n, MASK, AUTO_START, CYCLES));
    const on = (): number => machine.pcpu(1).csrs.pmu.counters.filter(({ isOn }) => isOn).length;
    expect(on()).toBe(1);
    guest(1).turnOff();
    expect(on()).toBe(0);
  });
});
