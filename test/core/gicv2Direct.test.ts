// Direct interrupts on a board with GICv2: stage 2 shows the guest the physical CPU interface, GICC, and its distributor
// stays emulated (arch/aarch64/vgicv2.ts, sgi.ts). How it is stopped all the same: directStop.test.ts.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { qemuVirtGicv2 } from "../../tools/machine/aarch64/board.ts";
import { INTID_SPURIOUS } from "../../tools/machine/aarch64/gic/registers.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { EC_SYSREG, syndrome } from "../../tools/machine/aarch64/registers.ts";
import { ENCODINGS, systemRegisterIss } from "../../tools/machine/aarch64/systemRegisters.ts";
import { GUEST_GICC, GUEST_GICD } from "../../tools/machine/aarch64/system.ts";
import { KICK_SGI, value } from "./bench.ts";
import type { Bench } from "./bench.ts";
import { startTwo, takeAll } from "./directBench.ts";
import { CPU_OFF, CPU_ON_64 } from "./functions.ts";

const [ISENABLER, ICENABLER, ISPENDR, ICPENDR, ICACTIVER] = [0x100, 0x180, 0x200, 0x280, 0x380] as const;
const [IPRIORITYR, ITARGETSR, SGIR, CPENDSGIR, SPENDSGIR] = [0x400, 0x800, 0xf00, 0xf10, 0xf20] as const;
const [CTLR, PMR, BPR, RPR] = [0, 4, 8, 0x14] as const;
const ALL = 0xffff_ffffn;

let bench: Bench;
let guest: Guest;
let other: Guest;

beforeEach(() => {
  bench = startTwo(qemuVirtGicv2);
  guest = bench.guest(3);
  other = bench.guest(2);
});

const gicd = (one: Guest, offset: number, bytes = 4): bigint => value(one.load(GUEST_GICD + offset, bytes));
const setGicd = (one: Guest, offset: number, data: number | bigint, bytes = 4): bigint =>
  value(one.store(GUEST_GICD + offset, bytes, BigInt(data)));
const gicc = (one: Guest, offset: number): number => Number(value(one.load(GUEST_GICC + offset, 4)));
const exits = (vcpu: number): number => bench.vcpu(1, vcpu).exits.reduce((sum, n) => sum + n, 0);

test("a GICv3's CPU interface is not there, though an access to it were trapped: UNDEFINED", () => {
  for (const register of ["ICC_PMR_EL1", "ICC_CTLR_EL1", "ICC_BPR0_EL1"] as const) {
    for (const isRead of [true, false])
      expect(guest.exception(syndrome(EC_SYSREG, systemRegisterIss(ENCODINGS[register], 0, isRead))), register).toMatchObject({
        kind: "exception",
      });
  }
});

describe("GICC", () => {
  test("is the physical one: interrupts come and end without any exit", () => {
    for (const intid of [60, 61]) bench.enable(3, intid);
    const before = exits(0);
    for (let n = 0; n < 200; n++) {
      bench.machine.setLine(60, true);
      bench.machine.settle();
      expect(guest.acknowledge()).toBe(60);
      expect(gicc(guest, RPR)).toBe(0xa0);
      bench.machine.setLine(60, false);
      guest.endOfInterrupt(60);
      bench.machine.setLine(61, true);
      bench.machine.setLine(61, false);
      expect(takeAll(guest)).toEqual([61]);
    }
    expect(exits(0)).toBe(before);
  });

  test("is the guest's, mask and binary point and EOImode, and as after a reset when it begins anew", () => {
    bench.enable(3, 60, 0x40);
    guest.driver.mask(0x40);
    bench.machine.setLine(60, true);
    expect(guest.acknowledge()).toBe(INTID_SPURIOUS);
    guest.driver.mask(0x48);
    guest.driver.splitEnd(true);
    expect(guest.acknowledge()).toBe(60);
    bench.machine.setLine(60, false);
    guest.endOfInterrupt(60);
    expect([gicc(guest, RPR), gicd(guest, 0x304)]).toEqual([0xff, 1n << 28n]);
    setGicd(guest, 0x384, 1n << 28n); // ICACTIVER: GICC_DIR is not the guest's
    expect(gicd(guest, 0x304)).toBe(0n);
    guest.driver.binaryPoint(5);
    bench.machine.setLine(60, true);
    expect(guest.acknowledge()).toBe(60);
    bench.machine.setLine(60, false);
    expect(gicc(guest, RPR)).toBe(0x40);
    bench.command(1, abi.COMMAND_RESTART);
    expect([CTLR, PMR, BPR, RPR].map((register) => gicc(guest, register))).toEqual([0, 0, 2, 0xff]);
  });
});

describe("the emulated distributor", () => {
  test("own SPIs are the physical ones; priorities above 0x10 are the hypervisor's", () => {
    const { bank } = bench.machine.gic.distributor;
    setGicd(guest, ISENABLER + 4, ALL);
    expect(bank.enabled[1]).toBe((1 << 28) | (1 << 29));
    setGicd(guest, IPRIORITYR + 60, 0x2000, 2);
    setGicd(guest, IPRIORITYR + 60, 0x0000_2000, 4);
    expect([bank.priorityAt(60), bank.priorityAt(61), gicd(guest, IPRIORITYR + 60, 1)]).toEqual([0x10, 0x20, 0n]);
    setGicd(guest, IPRIORITYR, 0n);
    setGicd(guest, IPRIORITYR + 4, 0n);
    const own = guest.pcpu.gic.bank;
    expect([own.priorityAt(0), own.priorityAt(6), own.priorityAt(KICK_SGI)]).toEqual([0x10, 0x10, 0]);
  });

  test("an SPI goes to the vCPU that ITARGETSR names", () => {
    bench.enable(3, 61);
    setGicd(guest, ITARGETSR + 61, 0b10, 1);
    bench.machine.setLine(61, true);
    expect([guest.acknowledge(), other.acknowledge()]).toEqual([INTID_SPURIOUS, 61]);
  });

  test("the hypervisor's PPIs and its SGI are out of reach", () => {
    const { bank } = guest.pcpu.gic;
    const kept = (1 << KICK_SGI) | (1 << 25);
    for (const register of [ICENABLER, ICPENDR, ICACTIVER]) setGicd(guest, register, ALL);
    expect((bank.enabled[0] ?? 0) & kept).toBe(kept);
    setGicd(guest, ISENABLER, ALL);
    expect(bank.has(bank.enabled, 26)).toBe(false);
    setGicd(guest, ISPENDR, ALL);
    expect((bank.latch[0] ?? 0) & (kept | (1 << 26))).toBe(0);
  });
});

describe("SGIs", () => {
  const send = (one: Guest, intid: number, targets: number, filter = 0): void =>
    void setGicd(one, SGIR, (filter << 24) | (targets << 16) | intid);

  test("go to the vCPUs of the partition, and to nobody else", () => {
    send(guest, 5, 0b10);
    expect([takeAll(guest), takeAll(other)]).toEqual([[], [5]]);
    send(other, 6, 0, 1);
    expect([takeAll(guest), takeAll(other)]).toEqual([[6], []]);
    send(other, 3, 0, 2);
    expect([takeAll(guest), takeAll(other)]).toEqual([[], [3]]);
    const latches = (): number[] => [0, 1].map((n) => bench.machine.pcpu(n).gic.bank.latch[0] ?? 0);
    const before = latches();
    for (const [targets, filter] of [[0xfc, 0], [0xff, 3]] as const) send(guest, 1, targets, filter);
    expect(latches()).toEqual(before);
    expect([takeAll(guest), takeAll(other)]).toEqual([[], []]);
  });

  test("by SPENDSGIR and CPENDSGIR, too", () => {
    setGicd(other, SPENDSGIR + 5, 0b01, 1);
    expect(gicd(other, CPENDSGIR + 5, 1)).not.toBe(0n);
    expect(takeAll(other)).toEqual([5]);
    expect(gicd(other, CPENDSGIR + 5, 1)).toBe(0n);
    setGicd(other, SPENDSGIR + 4, 0b01, 1);
    setGicd(other, CPENDSGIR + 4, 0xff, 1);
    expect(takeAll(other)).toEqual([]);
    // By words, each of whose bytes is another SGI.
    for (let n = 8; n < 12; n++) {
      setGicd(other, SPENDSGIR + 8, 1n << BigInt(8 * (n - 8)));
      expect(gicd(other, CPENDSGIR + 8)).toBe(0b10n << BigInt(8 * (n - 8)));
      expect(takeAll(other)).toEqual([n]);
    }
    setGicd(other, SPENDSGIR + 8, 0x01_01_01_01n);
    setGicd(other, CPENDSGIR + 8, 0xff_00_ff_00n);
    expect(takeAll(other)).toEqual([8, 10]);
  });

  test("of the hypervisor's number come, and it goes on kicking with it", () => {
    setGicd(other, ISENABLER, 1n << BigInt(KICK_SGI));
    send(guest, KICK_SGI, 0b10);
    expect(takeAll(other)).toEqual([KICK_SGI]);
    expect(bench.command(1, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
    expect(bench.command(1, abi.COMMAND_RESUME)).toBe(abi.REPLY_OK);
    expect([takeAll(guest), takeAll(other)]).toEqual([[], []]);
  });

  test("that a vCPU has not taken when it goes off do not come in its next life", () => {
    for (const intid of [2, 5]) send(guest, intid, 0b10);
    other.hvc(CPU_OFF);
    send(guest, 6, 0b10);
    guest.hvc(CPU_ON_64, 1, 0x4000_0000, 0);
    bench.machine.settle();
    expect(takeAll(bench.openInterrupts(2))).toEqual([]);
  });
});
