// A direct neighbour ends somebody else's active interrupt by EOIR, again and again (README, "What is not
// there yet"): its owner has one more exit for it and a maintenance interrupt, whatever the neighbour does
// (arch/aarch64/listRegisters.ts, mute).
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { edge, GUEST_GICD, level, LINUX } from "../../tools/machine/aarch64/system.ts";
import { Bench, GICS, value } from "./bench.ts";
import { DIRECT } from "./directBench.ts";
import { CPU_ON_64 } from "./functions.ts";

const SPURIOUS = 1023;
const ROUNDS = 20;
/** Offset of its word in a register of a bit an INTID. */
const word = (intid: number): number => 4 * Math.floor(intid / 32);
/** A level and an edge in the middle of a word of INTIDs, at both of its ends, and in the first and last one. */
const PAIRS = [[48, 50], [32, 95], [59, 1019]] as const;
const bit = (intid: number): bigint => 1n << BigInt(intid % 32);

let bench: Bench;
let victim: Guest;
let attacker: Guest;

/** What the attacker does between any two steps of everybody else. */
function storm(intid: number): void {
  for (let n = 0; n < ROUNDS; n++) {
    attacker.endOfInterrupt(intid);
    bench.machine.settle();
  }
}

const exits = (): { interrupt: number; maintenance: number } => {
  const counted = bench.vcpu(0, 0).exits;
  return { interrupt: counted[abi.EXIT_INTERRUPT] ?? 0, maintenance: counted[abi.EXIT_MAINTENANCE] ?? 0 };
};
const isEnabled = (intid: number): boolean => {
  const { bank } = bench.machine.gic.distributor;
  return bank.has(bank.enabled, intid);
};

const CASES = GICS.flatMap(([gic, board]) => PAIRS.map(([one, other]) => [gic, one, other, board] as const));

describe.each(CASES)("%s: an EOIR storm on INTID %i or %i", (_, LEVEL, EDGE, board) => {
  beforeEach(() => {
    const [linux = LINUX, ...others] = DIRECT.partitions;
    const interrupts = [...linux.interrupts.filter(({ intid }) => intid >= 200), level(LEVEL), edge(EDGE)];
    bench = new Bench({ ...DIRECT, board: { ...board, spiLimit: 1020 }, partitions: [{ ...linux, interrupts }, ...others] });
    victim = bench.openInterrupts(0);
    attacker = bench.openInterrupts(3);
    for (const intid of [LEVEL, EDGE]) bench.enable(0, intid);
  });

  test.each([
    ["before the victim has acknowledged it", false],
    ["in the victim's handler", true],
  ])("on a level, %s: one interrupt exit more, one maintenance interrupt, each event", (_when, acknowledged) => {
    for (let event = 0; event < 3; event++) {
      const before = exits();
      bench.machine.setLine(LEVEL, true);
      bench.machine.settle();
      if (acknowledged) expect(victim.acknowledge()).toBe(LEVEL);
      storm(LEVEL);
      if (!acknowledged) expect(victim.acknowledge()).toBe(LEVEL);
      storm(LEVEL);
      expect(value(victim.load(GUEST_GICD + 0x100 + word(LEVEL), 4)) & bit(LEVEL)).toBe(bit(LEVEL));
      bench.machine.setLine(LEVEL, false);
      victim.endOfInterrupt(LEVEL);
      bench.machine.settle();
      storm(LEVEL);
      const after = exits();
      expect({ interrupt: after.interrupt - before.interrupt, maintenance: after.maintenance - before.maintenance }).toEqual({
        interrupt: 2,
        maintenance: 1,
      });
      expect([victim.acknowledge(), isEnabled(LEVEL)]).toEqual([SPURIOUS, true]);
    }
  });

  test("on a level, while an edge of any word is active: that it was muted makes it pending no longer than its wire does", () => {
    bench.enable(0, EDGE, 0xc0);
    bench.enable(0, LEVEL, 0x40);
    bench.machine.setLine(EDGE, true);
    bench.machine.setLine(EDGE, false);
    bench.machine.settle();
    expect(victim.acknowledge()).toBe(EDGE);
    bench.machine.setLine(LEVEL, true);
    bench.machine.settle();
    expect(victim.acknowledge()).toBe(LEVEL);
    storm(LEVEL);
    bench.machine.setLine(LEVEL, false);
    for (const intid of [LEVEL, EDGE]) {
      victim.endOfInterrupt(intid);
      bench.machine.settle();
    }
    expect(victim.acknowledge()).toBe(SPURIOUS);
    for (const intid of [LEVEL, EDGE]) {
      expect([isEnabled(intid), value(victim.load(GUEST_GICD + 0x100 + word(intid), 4)) & bit(intid)], `INTID ${intid}`).toEqual([
        true,
        bit(intid),
      ]);
    }
  });

  test("an edge that comes in the victim's handler is not lost", () => {
    const pulse = (): void => {
      bench.machine.setLine(EDGE, true);
      bench.machine.setLine(EDGE, false);
      bench.machine.settle();
    };
    pulse();
    expect(victim.acknowledge()).toBe(EDGE);
    storm(EDGE);
    pulse();
    storm(EDGE);
    victim.endOfInterrupt(EDGE);
    bench.machine.settle();
    expect(victim.acknowledge()).toBe(EDGE);
    victim.endOfInterrupt(EDGE);
    bench.machine.settle();
    expect([victim.acknowledge(), isEnabled(EDGE)]).toEqual([SPURIOUS, true]);
  });

  test("on both: the end of the one lets the other one come no sooner than its own end does", () => {
    const pulse = (): void => {
      bench.machine.setLine(EDGE, true);
      bench.machine.setLine(EDGE, false);
      bench.machine.settle();
    };
    bench.enable(0, EDGE, 0xc0);
    bench.enable(0, LEVEL, 0x40);
    pulse();
    expect(victim.acknowledge()).toBe(EDGE);
    storm(EDGE);
    pulse();
    bench.machine.setLine(LEVEL, true);
    bench.machine.settle();
    expect(victim.acknowledge()).toBe(LEVEL);
    storm(LEVEL);
    expect([isEnabled(LEVEL), isEnabled(EDGE)]).toEqual([false, false]);
    bench.machine.setLine(LEVEL, false);
    victim.endOfInterrupt(LEVEL);
    bench.machine.settle();
    expect([isEnabled(LEVEL), isEnabled(EDGE)]).toEqual([true, false]);
    victim.endOfInterrupt(EDGE);
    bench.machine.settle();
    expect([victim.acknowledge(), isEnabled(EDGE)]).toEqual([EDGE, true]);
  });

  test.each([
    ["enables once more", 0x100],
    ["makes active, which it is,", 0x300],
  ])("an interrupt that the victim %s meanwhile is no way round it", (_how, register) => {
    bench.machine.setLine(LEVEL, true);
    bench.machine.settle();
    expect(victim.acknowledge()).toBe(LEVEL);
    storm(LEVEL);
    const before = exits();
    for (let n = 0; n < 3; n++) {
      value(victim.store(GUEST_GICD + register + word(LEVEL), 4, bit(LEVEL)));
      expect(isEnabled(LEVEL)).toBe(false);
      storm(LEVEL);
    }
    expect(exits()).toEqual(before);
    bench.machine.setLine(LEVEL, false);
    victim.endOfInterrupt(LEVEL);
    bench.machine.settle();
    expect([isEnabled(LEVEL), victim.acknowledge()]).toEqual([true, SPURIOUS]);
  });

  test("an interrupt that the victim disables meanwhile stays disabled after its end, and comes when it is enabled", () => {
    bench.machine.setLine(LEVEL, true);
    bench.machine.settle();
    expect(victim.acknowledge()).toBe(LEVEL);
    storm(LEVEL);
    value(victim.store(GUEST_GICD + 0x180 + word(LEVEL), 4, bit(LEVEL)));
    victim.endOfInterrupt(LEVEL);
    bench.machine.settle();
    storm(LEVEL);
    expect([isEnabled(LEVEL), victim.acknowledge()]).toEqual([false, SPURIOUS]);
    bench.enable(0, LEVEL);
    bench.machine.settle();
    expect(victim.acknowledge()).toBe(LEVEL);
  });
});

test.each(GICS)("%s: one that another vCPU disables while its end is carried out stays disabled", (_, board) => {
  bench = new Bench({ ...DIRECT, board });
  victim = bench.openInterrupts(0);
  attacker = bench.openInterrupts(3);
  victim.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
  bench.machine.settle();
  const other = bench.guest(1);
  const disable = (once: boolean): unknown => other.store(GUEST_GICD + 0x180 + word(48), 4, bit(48), { once });
  for (let after = 0; ; after++) {
    bench.enable(0, 48);
    bench.machine.setLine(48, true);
    bench.machine.settle();
    expect(victim.acknowledge()).toBe(48);
    storm(48);
    bench.machine.setLine(48, false);
    bench.machine.intrude(after, () => disable(true));
    victim.endOfInterrupt(48);
    bench.machine.settle();
    if (!bench.machine.endIntrusion()) break;
    expect(isEnabled(48), `after ${after} intrinsics`).toBe(false);
    disable(false);
  }
});

test.each([256, 480, 704, 896])(
  "a storm on one interrupt leaves enable, pending and priority of all others as they are: of INTIDs from %i on",
  (first) => {
    const [linux = LINUX, ...others] = DIRECT.partitions;
    const LEVEL = 59;
    const rest = Array.from({ length: 232 }, (_, n) => first + n).filter((intid) => intid < 1020);
    bench = new Bench({
      ...DIRECT,
      board: { ...DIRECT.board, spiLimit: 1020 },
      partitions: [
        {
          ...linux,
          consoleInterrupt: 0,
          channels: [],
          regions: linux.regions.slice(0, 2),
          interrupts: [level(LEVEL), ...rest.map(edge)],
        },
        ...others.map((other) => ({
          ...other,
          consoleInterrupt: 0,
          channels: [],
          regions: other.regions.slice(0, 1),
          interrupts: [level(60)],
        })),
      ],
    });
    victim = bench.openInterrupts(0);
    attacker = bench.openInterrupts(3);
    rest.forEach((intid, n) => bench.enable(0, intid, 8 * (n % 31)));
    bench.enable(0, LEVEL, 0);
    const words = [...new Set(rest.map(word))];
    const state = (): bigint[] =>
      [0x100, 0x200].flatMap((register) => words.map((at) => value(victim.load(GUEST_GICD + register + at, 4))));
    const priorities = (): bigint[] =>
      rest.filter((intid) => intid % 4 === 0).map((intid) => value(victim.load(GUEST_GICD + 0x400 + intid, 4)));
    const before = [state(), priorities()];
    bench.machine.setLine(LEVEL, true);
    bench.machine.settle();
    expect(victim.acknowledge()).toBe(LEVEL);
    storm(LEVEL);
    expect([isEnabled(LEVEL), state(), priorities()]).toEqual([false, ...before]);
    bench.machine.setLine(LEVEL, false);
    victim.endOfInterrupt(LEVEL);
    bench.machine.settle();
    expect([isEnabled(LEVEL), state(), priorities()]).toEqual([true, ...before]);
  },
);
