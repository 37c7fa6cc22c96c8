// A direct partition takes no interrupt of the hypervisor's, and is stopped, paused and restarted all the same, whatever it
// does: its stage 2 is taken away, and a kick sent in case it sleeps (core/lifecycle.ts, stage2.ts).
import { beforeEach, describe, expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import type { Board } from "../../tools/machine/aarch64/board.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { ENTRY_OFFSET } from "../../tools/machine/aarch64/system.ts";
import { Bench, ALL_GICS, value } from "./bench.ts";
import { DIRECT, DIRECT_RAM, startTwo, takeAll } from "./directBench.ts";
import { CPU_OFF, CPU_ON_64, SYSTEM_OFF } from "./functions.ts";

const HANDLED = 60;

let bench: Bench;
let guest: Guest;
let other: Guest;

function startOne(board: Board): void {
  bench = new Bench({ ...DIRECT, board });
  guest = bench.openInterrupts(3);
}

/** It handles an interrupt of a priority, and its device is content. */
function handle(one: Guest, priority: number): void {
  bench.enable(one.pcpu.index, HANDLED, priority);
  bench.machine.setLine(HANDLED, true);
  expect(one.acknowledge()).toBe(HANDLED);
  bench.machine.setLine(HANDLED, false);
}

/**
 * What the guest may be doing when something is to happen to its partition. A guest with GICv2 owns GICC: one that closes its
 * priority mask and sleeps is out of reach, one that runs is not.
 */
const DOING: readonly (readonly [string, readonly (2 | 3)[], (guest: Guest) => void])[] = [
  ["running", [2, 3], () => undefined],
  ["wedged: an endless loop, everything masked", [2, 3], (one) => {
    one.pcpu.pstate |= 0x3c0n;
    one.driver.mask(0);
  }],
  ["asleep in WFI", [2, 3], (one) => void one.wfi()],
  ["asleep in WFI with its priority mask closed", [3], (one) => {
    one.driver.mask(0);
    one.wfi();
  }],
  ["asleep in WFI before it has ever enabled an interrupt", [2, 3], (one) => {
    one.driver.enable(false);
    one.wfi();
  }],
  ["asleep in WFE, everything masked", [2, 3], (one) => {
    one.pcpu.pstate |= 0x3c0n;
    one.wfe();
  }],
  ["in a handler of the highest priority that it can have", [2, 3], (one) => handle(one, 0)],
  ["in a handler, with a coarse binary point", [2, 3], (one) => {
    one.driver.binaryPoint(7);
    handle(one, 0x20);
  }],
  ["in a handler, with a coarse binary point that ICC_CTLR_EL1.CBPR hides", [3], (one) => {
    one.driver.binaryPoint(7);
    handle(one, 0x20);
    value(one.msr("ICC_CTLR_EL1", 1n));
  }],
  ["at a running priority that it has made up", [2, 3], (one) => one.driver.activePriorities(1)],
];
const CASES = ALL_GICS.flatMap(([gic, board]) =>
  DOING.flatMap(([doing, versions, begin]) =>
    versions.includes(board.gicVersion) ? [[gic, doing, { board, begin }] as const] : [],
  ),
);

test.each(ALL_GICS)(
  "%s: while it is held, the CPU interface is the hypervisor's as it is at first: " +
    "nothing of the guest's decides what comes through; then it is the guest's again",
  (_, board) => {
    startOne(board);
    const { physical } = guest.pcpu.gic;
    const state = () => [
      physical.enabled,
      physical.eoiMode,
      physical.binaryPoint,
      physical.activePriorities,
      physical.priorityMask,
    ];
    bench.command(1, abi.COMMAND_PAUSE);
    const atFirst = state();
    bench.command(1, abi.COMMAND_RESUME);
    guest.driver.binaryPoint(7);
    handle(guest, 0x20);
    guest.driver.enable(false);
    const own = state();
    expect(own).not.toEqual(atFirst);
    bench.command(1, abi.COMMAND_PAUSE);
    expect(state()).toEqual(atFirst);
    bench.command(1, abi.COMMAND_RESUME);
    expect(state()).toEqual(own);
  },
);

test("whoever takes a neighbour's memory away keeps its own guest's registers of stage 1, MMU on or off, and its VMID", () => {
  for (const mmu of [0n, 1n]) {
    const shared = new Bench({ ...DIRECT, housekeeper: 0 });
    const { registers } = shared.guest(0).pcpu;
    registers.SCTLR_EL1 = 0x30d0_0800n | mmu;
    registers.TCR_EL1 = 0x19n;
    const before = [registers.SCTLR_EL1, registers.TCR_EL1, registers.VTTBR_EL2];
    expect(shared.command(1, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    expect([shared.guest(3).running, registers.SCTLR_EL1, registers.TCR_EL1, registers.VTTBR_EL2]).toEqual([false, ...before]);
  }
});

describe.each(CASES)("%s: a direct guest that is %s", (_gic, _doing, { board, begin }) => {
  beforeEach(() => {
    startOne(board);
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
    const state = () => [
      physical.enabled,
      physical.eoiMode,
      physical.binaryPoint,
      physical.activePriorities,
      physical.control,
      bank.enabled[0],
      bank.active[0],
    ];
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
    // Asleep it cannot feed: it has done so before.
    startOne(board);
    expect(value(guest.hvc(calls.HYPERCALL_WATCHDOG_FEED))).toBe(0n);
    begin(guest);
    bench.pass(110);
    expect(bench.partition(1)).toMatchObject({ state: "running", restarts: 1 });
    expect(takeAll(bench.openInterrupts(3))).toEqual([]);
  });
});

describe("where ICC_AP1R0_EL1 takes no write", () => {
  beforeEach(() => {
    startOne({ ...qemuVirt, securityStates: 2, keepsActivePriorities: true });
    for (const [n, priority] of [0x80, 0x40].entries()) {
      bench.enable(3, HANDLED + n, priority);
      bench.machine.setLine(HANDLED + n, true);
      expect(guest.acknowledge()).toBe(HANDLED + n);
      bench.machine.setLine(HANDLED + n, false);
    }
  });

  test("no priority that a guest has not ended is active in its next life", () => {
    expect(bench.command(1, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect(guest.pcpu.gic.physical.activePriorities).toBe(0);
    bench.openInterrupts(3);
    bench.enable(3, HANDLED, 0xe0);
    bench.machine.setLine(HANDLED, true);
    expect(guest.acknowledge()).toBe(HANDLED);
  });

  test("those of a guest that is paused meanwhile are active still", () => {
    const before = guest.pcpu.gic.physical.activePriorities;
    expect(bench.command(1, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
    expect(bench.command(1, abi.COMMAND_RESUME)).toBe(abi.REPLY_OK);
    expect(guest.pcpu.gic.physical.activePriorities).toBe(before);
    for (const n of [1, 0]) guest.endOfInterrupt(HANDLED + n);
    expect(guest.pcpu.gic.physical.activePriorities).toBe(0);
  });
});

describe.each(ALL_GICS)("%s: a direct partition of two vCPUs", (_, board) => {
  beforeEach(() => {
    bench = startTwo(board);
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
    bench.sendSgi(3, 5, 0b10);
    other.hvc(CPU_OFF);
    bench.sendSgi(3, 6, 0b10);
    guest.hvc(CPU_ON_64, 1, DIRECT_RAM, 0);
    bench.machine.settle();
    expect(takeAll(bench.openInterrupts(2))).toEqual([]);
  });
});

describe.each(ALL_GICS)("%s: a fault of a direct guest", (_, board) => {
  beforeEach(() => startOne(board));

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

/** Ways for a direct guest to make itself deaf: no interrupt is signalled to its pCPU any more, so nothing ends its sleep. */
const DEAF: readonly (readonly [string, readonly (2 | 3)[], (guest: Guest) => void])[] = [
  ["that it has closed again", [2, 3], (one) => one.driver.enable(false)],
  ["whose priority mask shuts everything out", [2], (one) => one.driver.mask(0)],
  ["with the highest priority made up to be active", [2, 3], (one) => one.driver.activePriorities(1)],
  ["with a coarse binary point, in a handler", [2, 3], (one) => {
    one.driver.binaryPoint(7);
    handle(one, 0x20);
  }],
];
const DEAF_CASES = ALL_GICS.flatMap(([gic, board]) =>
  DEAF.flatMap(([how, versions, begin]) => (versions.includes(board.gicVersion) ? [[gic, how, { board, begin }] as const] : [])),
);

describe.each(DEAF_CASES)("%s: a direct guest that sleeps behind an interface %s", (_gic, _how, { board, begin }) => {
  beforeEach(() => {
    startOne(board);
    // WFI has been its own since it first slept with its interrupts enabled.
    bench.enable(3, HANDLED);
    guest.wfi();
    bench.machine.setLine(HANDLED, true);
    bench.machine.setLine(HANDLED, false);
    guest.pcpu.asleep = undefined;
    begin(guest);
    guest.wfi();
    expect(guest.pcpu.asleep).toBe("wfi");
  });

  test("cannot be woken: that is said after a second, and nobody else notices", () => {
    const before = bench.vcpu(0, 0);
    expect(bench.command(1, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    expect(guest.pcpu.asleep).toBe("wfi");
    bench.pass(500);
    const hangs = () => bench.events(1).filter(({ code }) => code === abi.EVENT_STOP_HANGS);
    expect(hangs()).toEqual([]);
    bench.pass(2000);
    expect(hangs()).toMatchObject([{ a: 1n << 3n }]);
    expect(bench.partition(1).state).toBe("stopping");
    expect(bench.vcpu(0, 0).exits).toEqual(before.exits);
    expect(bench.guest(0).running).toBe(true);
  });

  test("has no memory any more, whenever it wakes up: it stops then", () => {
    bench.command(1, abi.COMMAND_STOP);
    bench.pass(2000);
    guest.pcpu.asleep = undefined;
    bench.machine.settle();
    expect(guest.running).toBe(false);
    expect(bench.partition(1).state).toBe("off");
    expect(bench.command(1, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect(takeAll(bench.openInterrupts(3))).toEqual([]);
  });
});
