// The simulated GIC against the rules of IHI 0069 that the core's tests lean on.
import { beforeEach, describe, expect, test } from "vitest";
import { MachineError } from "../../../../tools/machine/errors.ts";
import { cpuOf } from "../../../../tools/machine/aarch64/gic/gic.ts";
import { Gicv3 } from "../../../../tools/machine/aarch64/gic/gicv3.ts";
import type { GicBoard } from "../../../../tools/machine/aarch64/gic/gic.ts";
import {
  GICR_SGI_BASE, ICACTIVER, ICENABLER, ICFGR, ICPENDR, IGROUPR, INTID_SPURIOUS, IPRIORITYR, ISACTIVER, ISENABLER, ISPENDR,
} from "../../../../tools/machine/aarch64/gic/registers.ts";

const GICD = 0x800_0000;
const GICR = 0x80a_0000;
const board: GicBoard = {
  gicVersion: 3, gicd: GICD, gicc: 0, gich: 0, gicv: 0, spiLimit: 96, listRegisters: 4, securityStates: 1, secureMask: false,
  cpus: [{ mpidr: 0n, gicr: GICR }, { mpidr: 0x101n, gicr: GICR + 0x20000 }],
};
const SPI = 40;
const WORD = 4;
const BIT = 1 << (SPI - 32);

let gic: Gicv3;
const read = (pa: number, bytes: number): number => Number(gic.read(0, pa, bytes));
const write = (pa: number, bytes: number, value: number): void => gic.write(0, pa, bytes, BigInt(value >>> 0));
const sgiFrame = (cpu: number, offset: number): number => GICR + cpu * 0x20000 + GICR_SGI_BASE + offset;

/** GICD_CTLR, and RWP awaited. */
function control(value: number): void {
  write(GICD, 4, value);
  while (read(GICD, 4) >>> 31 !== 0);
}

function wake(cpu: number): void {
  const { physical } = cpuOf(gic, cpu);
  const waker = GICR + cpu * 0x20000 + 0x14;
  write(waker, 4, 0);
  while (read(waker, 4) !== 0);
  write(sgiFrame(cpu, IGROUPR), 4, 0xffff_ffff);
  physical.enabled = true;
  physical.priorityMask = 0xff;
  physical.eoiMode = true;
}

beforeEach(() => {
  gic = new Gicv3(board, () => undefined);
  control(0x12);
  wake(0);
  wake(1);
  write(GICD + IGROUPR + WORD, 4, 0xffff_ffff);
  write(GICD + IPRIORITYR + SPI, 1, 0xa0);
  write(GICD + ISENABLER + WORD, 4, BIT);
});

describe("distributor", () => {
  test("an SPI goes to the pCPU that IROUTER names, and to no other", () => {
    gic.write(0, GICD + 0x6000 + 8 * SPI, 8, 0x101n);
    gic.distributor.bank.setLine(SPI, true);
    expect(cpuOf(gic, 0).physical.highestPending()).toBe(INTID_SPURIOUS);
    expect(cpuOf(gic, 1).physical.highestPending()).toBe(SPI);
  });

  test("a level-sensitive interrupt is pending while its wire is high, an edge-triggered one until it is acknowledged", () => {
    const { physical } = cpuOf(gic, 0);
    gic.distributor.bank.setLine(SPI, true);
    gic.distributor.bank.setLine(SPI, false);
    expect(physical.highestPending()).toBe(INTID_SPURIOUS);
    write(GICD + ICFGR + 8, 4, 2 << 16);
    expect(read(GICD + ICFGR + 8, 4)).toBe(2 << 16);
    gic.distributor.bank.setLine(SPI, true);
    gic.distributor.bank.setLine(SPI, false);
    expect(physical.acknowledge("hypervisor")).toBe(SPI);
    expect(read(GICD + ISPENDR + WORD, 4)).toBe(0);
  });

  test("ICENABLER, ICPENDR and ICACTIVER clear the bits written, and only those", () => {
    write(GICD + ISENABLER + WORD, 4, 0xf0);
    write(GICD + ICENABLER + WORD, 4, 0x30);
    expect(read(GICD + ISENABLER + WORD, 4)).toBe(BIT | 0xc0);
    write(GICD + ISPENDR + WORD, 4, 0xf0);
    write(GICD + ICPENDR + WORD, 4, 0x80);
    expect(read(GICD + ISPENDR + WORD, 4)).toBe(0x70);
    write(GICD + ISACTIVER + WORD, 4, 0x3);
    write(GICD + ICACTIVER + WORD, 4, 0x1);
    expect(read(GICD + ICACTIVER + WORD, 4)).toBe(0x2);
  });

  test("word 0 is RAZ/WI: SGIs and PPIs are the redistributors'", () => {
    write(GICD + ISENABLER, 4, 0xffff_ffff);
    expect(read(GICD + ISENABLER, 4)).toBe(0);
  });

  test("GICD_CTLR.RWP is set for a while after a write that takes effect late", () => {
    write(GICD + ICENABLER + WORD, 4, BIT);
    expect(read(GICD, 4) >>> 31).toBe(1);
    expect(read(GICD, 4) >>> 31).toBe(1);
    expect(read(GICD, 4) >>> 31).toBe(0);
  });

  test("while GICD_CTLR is changing nothing else is written: RWP first", () => {
    write(GICD, 4, 0);
    expect(() => write(GICD + ISENABLER + WORD, 4, BIT)).toThrow("RWP");
    for (let n = 0; n < 3; n++) read(GICD, 4);
    write(GICD + ISENABLER + WORD, 4, BIT);
  });

  test("a register that does not exist, or not of that width, is an error", () => {
    expect(() => read(GICD + 0x5000, 4)).toThrow(MachineError);
    expect(() => read(GICD + ISENABLER, 8 - 7)).toThrow(MachineError);
    expect(() => gic.write(0, GICD + ISENABLER, 8, 1n)).toThrow(MachineError);
  });
});

describe("physical CPU interface", () => {
  test("the highest priority (lowest number) is acknowledged first, among equals the lowest INTID", () => {
    write(GICD + ISENABLER + WORD, 4, 0xffff_ffff);
    [41, 42, 43].forEach((intid, n) => write(GICD + IPRIORITYR + intid, 1, [0x80, 0x40, 0x40][n] ?? 0));
    write(GICD + ISPENDR + WORD, 4, 0b111 << 9);
    const { physical } = cpuOf(gic, 0);
    expect(physical.acknowledge("hypervisor")).toBe(42);
    physical.endOfInterrupt(42, "hypervisor");
    expect(physical.acknowledge("hypervisor")).toBe(43);
    physical.endOfInterrupt(43, "hypervisor");
    expect(physical.acknowledge("hypervisor")).toBe(41);
  });

  test("an acknowledged interrupt holds off its own and lower priorities until EOIR, and itself until DIR (EOImode 1)", () => {
    const { physical } = cpuOf(gic, 0);
    gic.distributor.bank.setLine(SPI, true);
    expect(physical.acknowledge("hypervisor")).toBe(SPI);
    expect(physical.runningPriority).toBe(0xa0);
    physical.endOfInterrupt(SPI, "hypervisor");
    expect(physical.runningPriority).toBe(0xff);
    expect(physical.highestPending()).toBe(INTID_SPURIOUS);
    physical.deactivate(SPI, "hypervisor");
    expect(physical.highestPending()).toBe(SPI);
  });

  test("PMR holds off what is not more urgent", () => {
    const { physical } = cpuOf(gic, 0);
    gic.distributor.bank.setLine(SPI, true);
    physical.priorityMask = 0xa0;
    expect(physical.acknowledge("hypervisor")).toBe(INTID_SPURIOUS);
    physical.priorityMask = 0xa8;
    expect(physical.acknowledge("hypervisor")).toBe(SPI);
  });

  test("nothing reaches a pCPU whose redistributor sleeps (GICR_WAKER)", () => {
    gic.distributor.bank.setLine(SPI, true);
    write(GICR + 0x14, 4, 2);
    expect(cpuOf(gic, 0).physical.highestPending()).toBe(INTID_SPURIOUS);
  });

  test("EOIR in another order than acknowledged, and DIR with EOImode 0, are errors", () => {
    const { physical } = cpuOf(gic, 0);
    gic.distributor.bank.setLine(SPI, true);
    physical.acknowledge("hypervisor");
    expect(() => physical.endOfInterrupt(SPI + 1, "hypervisor")).toThrow("last one acknowledged");
    expect(() => physical.deactivate(SPI, "hypervisor"), "its priority first").toThrow("EOIR first");
    physical.eoiMode = false;
    expect(() => physical.deactivate(SPI + 1, "hypervisor")).toThrow("EOImode");
  });

  test("an SGI goes to the named affinities; IRM: to all but the sender; elsewhere: nowhere", () => {
    const pending = (cpu: number): number => read(sgiFrame(cpu, ISPENDR), 4);
    gic.sendSgi(0, (3n << 24n) | (1n << 16n) | 0b10n); // Aff1 = 1, Aff0 = 1
    expect([pending(0), pending(1)]).toEqual([0, 8]);
    gic.sendSgi(1, (5n << 24n) | (1n << 40n));
    expect([pending(0), pending(1)]).toEqual([0x20, 8]);
    gic.sendSgi(0, (7n << 24n) | (9n << 16n) | 0xffffn);
    expect([pending(0), pending(1)]).toEqual([0x20, 8]);
    expect(() => gic.sendSgi(0, 1n << 63n)).toThrow("reserved");
  });
});

describe("virtual CPU interface", () => {
  const lr = (state: number, intid: number, priority: number, physical?: number): bigint =>
    (BigInt(state) << 62n) | (1n << 60n) | (BigInt(priority) << 48n) | BigInt(intid)
      | (physical === undefined ? 0n : (1n << 61n) | (BigInt(physical) << 32n));
  const virtual = () => cpuOf(gic, 0).virtual;
  const VMCR_OPEN = 0xff00_0000 + (2 << 18) + 2;

  beforeEach(() => {
    virtual().hypervisorControl = 1;
    virtual().control = VMCR_OPEN;
  });

  test("the guest takes the most urgent pending list register, and nothing while the interface is off", () => {
    virtual().write(0, lr(1, 50, 0x80));
    virtual().write(1, lr(1, 51, 0x40));
    virtual().control = VMCR_OPEN & ~2;
    expect(virtual().acknowledge()).toBe(INTID_SPURIOUS);
    virtual().control = VMCR_OPEN;
    expect(virtual().acknowledge()).toBe(51);
    expect(virtual().runningPriority).toBe(0x40);
    expect(virtual().acknowledge()).toBe(INTID_SPURIOUS);
    virtual().endOfInterrupt(51);
    expect(virtual().acknowledge()).toBe(50);
  });

  test("a more urgent one preempts, and ends first", () => {
    virtual().write(0, lr(1, 50, 0x80));
    expect(virtual().acknowledge()).toBe(50);
    virtual().write(1, lr(1, 51, 0x40));
    expect(virtual().acknowledge()).toBe(51);
    virtual().endOfInterrupt(51);
    expect(virtual().runningPriority).toBe(0x80);
    virtual().endOfInterrupt(50);
    expect(virtual().runningPriority).toBe(0xff);
    expect(virtual().held()).toEqual([]);
  });

  test("HW = 1: the guest's end of interrupt deactivates the physical one", () => {
    const { physical } = cpuOf(gic, 0);
    gic.distributor.bank.setLine(SPI, true);
    physical.acknowledge("hypervisor");
    physical.endOfInterrupt(SPI, "hypervisor");
    gic.distributor.bank.setLine(SPI, false);
    virtual().write(2, lr(1, SPI, 0xa0, SPI));
    expect(virtual().acknowledge()).toBe(SPI);
    expect(read(GICD + ISACTIVER + WORD, 4)).toBe(BIT);
    virtual().endOfInterrupt(SPI);
    expect(read(GICD + ISACTIVER + WORD, 4)).toBe(0);
    expect(virtual().empty()).toBe(0b1111);
  });

  test("with the guest's EOImode 1, EOIR drops the priority only and DIR deactivates", () => {
    virtual().control = VMCR_OPEN | (1 << 9);
    virtual().write(0, lr(1, 50, 0x80));
    virtual().acknowledge();
    virtual().endOfInterrupt(50);
    expect(virtual().held()[0]?.state).toBe(2);
    virtual().deactivate(50);
    expect(virtual().held()).toEqual([]);
  });

  test("ending what is in no list register is counted in EOIcount", () => {
    virtual().endOfInterrupt(77);
    virtual().endOfInterrupt(78);
    expect(virtual().hypervisorControl >>> 27).toBe(2);
  });

  test("maintenance: underflow with UIE, nothing pending with NPIE, an end with the EOI bit; never with En = 0", () => {
    expect(virtual().maintenance).toBe(false);
    virtual().hypervisorControl = 3;
    expect(virtual().maintenance).toBe(true);
    virtual().write(0, lr(1, 50, 0x80));
    expect(virtual().maintenance).toBe(true);
    virtual().write(1, lr(1, 51, 0x80));
    expect(virtual().maintenance).toBe(false);
    virtual().hypervisorControl = 9;
    expect(virtual().maintenance).toBe(false);
    virtual().write(0, lr(2, 50, 0x80));
    virtual().write(1, 0n);
    expect(virtual().maintenance).toBe(true);
    virtual().hypervisorControl = 1;
    virtual().write(1, (1n << 41n) | lr(1, 52, 0x40));
    virtual().acknowledge();
    virtual().endOfInterrupt(52);
    expect(virtual().maintenance).toBe(true);
    expect(virtual().empty() & 2).toBe(0);
    virtual().hypervisorControl = 0;
    expect(virtual().maintenance).toBe(false);
  });

  test("what is UNPREDICTABLE in a list register is an error", () => {
    virtual().write(0, lr(1, 50, 0x80));
    expect(() => virtual().write(1, lr(1, 50, 0x80))).toThrow("ICH_LR0_EL2 too");
    expect(() => virtual().write(1, lr(3, 51, 0x80, 51))).toThrow("pending and active");
    expect(() => virtual().write(1, lr(1, 3, 0x80, 3))).toThrow("pINTID 3");
    expect(() => virtual().write(1, lr(1, 1023, 0x80))).toThrow("special");
    expect(() => virtual().write(4, 0n)).toThrow("does not exist");
  });
});

describe("two Security states, seen from Non-secure", () => {
  const nonSecure = (secureMask: boolean): Gicv3 => {
    gic = new Gicv3({ ...board, securityStates: 2, secureMask }, () => undefined);
    control(0x12);
    wake(0);
    write(GICD + ISENABLER + WORD, 4, BIT);
    return gic;
  };

  test("priorities have one bit less, and are all less urgent than Secure ones; groups cannot be seen", () => {
    nonSecure(false);
    write(GICD + IPRIORITYR + SPI, 1, 0xa8);
    expect([read(GICD + IPRIORITYR + SPI, 1), gic.distributor.bank.priorityAt(SPI)]).toEqual([0xa0, 0xd0]);
    write(GICD + IGROUPR + WORD, 4, 0xffff_ffff);
    expect([read(GICD + IGROUPR + WORD, 4), read(GICD, 4) & 0x40]).toEqual([0, 0]);
    gic.distributor.bank.setLine(SPI, true);
    expect(cpuOf(gic, 0).physical.acknowledge("hypervisor")).toBe(SPI);
    expect(cpuOf(gic, 0).physical.runningPriority).toBe(0xa0);
  });

  test.each([[false, 0xa0, 0xb0], [true, 0xd0, 0xd8]])("PMR as Secure state sees it: %s", (secureMask, closed, open) => {
    const { physical } = cpuOf(nonSecure(secureMask), 0);
    write(GICD + IPRIORITYR + SPI, 1, 0xa0);
    gic.distributor.bank.setLine(SPI, true);
    physical.priorityMask = closed;
    expect(physical.highestPending()).toBe(INTID_SPURIOUS);
    physical.priorityMask = open;
    expect([physical.highestPending(), physical.priorityMask]).toEqual([SPI, open]);
    physical.priorityMask = 8;
    expect(physical.priorityMask).toBe(secureMask ? 8 : 0);
  });
});
