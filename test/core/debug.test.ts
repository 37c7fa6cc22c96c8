// Debug registers (arch/aarch64/debug.ts): a guest's own once it has unlocked them, an external debugger's otherwise.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { EXTERNAL } from "../../tools/machine/aarch64/debugRegisters.ts";
import { MDCR_TDA } from "../../tools/machine/aarch64/registers.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { SystemRegister } from "../../tools/machine/aarch64/systemRegisters.ts";
import { Bench, value } from "./bench.ts";
import { SYSTEM_RESET } from "./functions.ts";

/** OSLSR_EL1.OSLM and OSLK. */
const THERE = 8n;
const LOCKED = 2n;
const MDE_KDE_SS = 0xa001n;
const SS = 1n << 21n;

let bench: Bench;
let guest: Guest;
const restarting = { ...LINUX, onFailure: "restart" } as const;
beforeEach(() => {
  bench = new Bench({ ...STANDARD, partitions: [restarting, PLC] });
  guest = bench.guest(0);
});

const exits = (): bigint => bench.vcpu(0, 0).exits.reduce((sum, n) => sum + BigInt(n), 0n);
const unlock = (): void => void value(guest.msr("OSLAR_EL1", 0xffff_fffen)); // OSLK alone counts
const COMPARATORS = [
  "DBGBVR0_EL1",
  "DBGBCR0_EL1",
  "DBGBCR5_EL1",
  "DBGWVR3_EL1",
  "DBGWCR3_EL1",
] as const satisfies readonly SystemRegister[];

describe("ID_AA64DFR0_EL1", () => {
  const field = (shift: number): number => Number((value(guest.mrs("ID_AA64DFR0_EL1")) >> BigInt(shift)) & 0xfn);

  test("Armv8 debug, with the pCPU's breakpoints, watchpoints and context comparators; no double lock", () => {
    expect([0, 12, 20, 28, 36].map(field)).toEqual([6, 5, 3, 1, 15]);
  });

  test("of a newer pCPU: no more than Armv8 debug", () => {
    bench.machine.pcpu(0).registers.ID_AA64DFR0_EL1 = 0x0000_0000_3030_f10an;
    expect([0, 12, 20, 28, 36].map(field)).toEqual([6, 15, 3, 3, 15]);
  });
});

describe("the OS lock", () => {
  test("is locked at reset; a guest locks and unlocks it, and sees that", () => {
    expect(value(guest.mrs("OSLSR_EL1"))).toBe(THERE | LOCKED);
    unlock();
    expect(value(guest.mrs("OSLSR_EL1"))).toBe(THERE);
    value(guest.msr("OSLAR_EL1", 3n));
    expect(value(guest.mrs("OSLSR_EL1"))).toBe(THERE | LOCKED);
    expect(guest.pcpu.debug.locked).toBe(true);
  });

  test("while it is locked MDSCR_EL1 can be written, but for what is EDSCR's; all else reads 0 and ignores writes", () => {
    value(guest.msr("MDSCR_EL1", 0xffff_ffffn));
    expect(value(guest.mrs("MDSCR_EL1"))).toBe(0xffff_ffffn & ~EXTERNAL);
    expect(guest.pcpu.debug.mdscr & EXTERNAL).toBe(0x4000n);
    for (const name of [...COMPARATORS, "OSECCR_EL1", "MDRAR_EL1"] as const) {
      for (const data of [0xffn, 0xfen]) value(guest.msr(name, data));
      expect([value(guest.mrs(name)), value(guest.mrs("OSLSR_EL1"))], name).toEqual([0n, THERE | LOCKED]);
    }
  });

  test("double lock and power control are nobody's, locked or not", () => {
    for (const lock of [0n, 1n]) {
      value(guest.msr("OSLAR_EL1", lock));
      for (const name of ["OSDLR_EL1", "DBGPRCR_EL1"] as const) {
        value(guest.msr(name, 1n));
        expect(value(guest.mrs(name)), name).toBe(0n);
      }
    }
  });
});

describe("breakpoints, watchpoints and single step", () => {
  test("hold what the guest writes, without an exit", () => {
    unlock();
    const before = exits();
    value(guest.msr("MDSCR_EL1", MDE_KDE_SS));
    COMPARATORS.forEach((name, n) => value(guest.msr(name, 0x1000n * BigInt(n + 1))));
    expect(value(guest.mrs("MDSCR_EL1")) & ~EXTERNAL).toBe(MDE_KDE_SS);
    COMPARATORS.forEach((name, n) => expect(value(guest.mrs(name)), name).toBe(0x1000n * BigInt(n + 1)));
    expect(exits()).toBe(before);
  });

  test("are cleared in the next life, and in every vCPU's first: nothing is left, and the lock is locked", () => {
    const { debug } = guest.pcpu;
    expect([...debug.comparators.values()].every((each) => each === 0n)).toBe(true);
    unlock();
    for (const name of COMPARATORS) value(guest.msr(name, 0x1e5n));
    value(guest.msr("MDSCR_EL1", MDE_KDE_SS));
    guest.hvc(SYSTEM_RESET);
    bench.machine.settle();
    expect(guest.running).toBe(true);
    expect([...debug.comparators.values()].every((each) => each === 0n)).toBe(true);
    expect(debug.mdscr).toBe(0x4000n); // what the debugger has set
    expect(debug.locked).toBe(true);
    expect(guest.pcpu.registers.MDCR_EL2 & MDCR_TDA).not.toBe(0n);
  });

  test("a pCPU with fewer of them", () => {
    const board = { ...STANDARD.board };
    const small = new Bench({ ...STANDARD, board, partitions: [LINUX, PLC] });
    // Two each, from the next start on: clearDebug would fail at a third.
    const { debug, registers } = small.machine.pcpu(0);
    registers.ID_AA64DFR0_EL1 = 0x10_1106n;
    for (const key of [...debug.comparators.keys()]) if (key % 16 > 1) debug.comparators.delete(key);
    expect(small.command(0, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    small.pass(5);
    expect(small.guest(0).running).toBe(true);
    expect(debug.comparators.size).toBe(8);
  });
});

describe("in the middle of a step", () => {
  const direct = { ...restarting, direct: true };

  test.each([
    ["injected", restarting],
    ["direct", direct],
  ])("a guest with %s interrupts that is paused goes on with its step", (_, spec) => {
    bench = new Bench({ ...STANDARD, partitions: [spec, PLC] });
    guest = bench.guest(0);
    unlock();
    value(guest.msr("MDSCR_EL1", 1n));
    guest.pcpu.pstate |= SS;
    const { pc } = guest.pcpu;
    expect(bench.command(0, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
    bench.pass(5);
    expect(bench.command(0, abi.COMMAND_RESUME)).toBe(abi.REPLY_OK);
    bench.pass(5);
    expect([guest.pcpu.pc, guest.pcpu.pstate & SS]).toEqual([pc, SS]);
    expect(guest.pcpu.debug.mdscr & ~EXTERNAL).toBe(1n);
    expect(guest.pcpu.debug.locked).toBe(false);
  });

  test.each([
    ["injected", restarting],
    ["direct", direct],
  ])("a guest with %s interrupts that is started anew does not step", (_, spec) => {
    bench = new Bench({ ...STANDARD, partitions: [spec, PLC] });
    guest = bench.guest(0);
    unlock();
    value(guest.msr("MDSCR_EL1", 1n));
    guest.pcpu.pstate |= SS;
    expect(bench.command(0, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    bench.pass(5);
    expect(guest.running).toBe(true);
    expect(guest.pcpu.pstate & SS).toBe(0n);
    expect(guest.pcpu.debug.mdscr & ~EXTERNAL).toBe(0n);
  });
});
