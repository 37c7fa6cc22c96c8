// The simulated GICv2 against the rules of IHI 0048B that the core's tests lean on.
import { beforeEach, describe, expect, test } from "vitest";
import { MachineError } from "../../../../tools/machine/errors.ts";
import { cpuOf } from "../../../../tools/machine/aarch64/gic/gic.ts";
import type { GicBoard } from "../../../../tools/machine/aarch64/gic/gic.ts";
import { Gicv2 } from "../../../../tools/machine/aarch64/gic/gicv2.ts";
import {
  ICACTIVER, ICENABLER, INTID_SPURIOUS, IPRIORITYR, ISACTIVER, ISENABLER, ISPENDR, ITARGETSR,
} from "../../../../tools/machine/aarch64/gic/registers.ts";

const GICD = 0x800_0000;
const GICC = 0x801_0000;
const GICH = 0x803_0000;
const GICV = 0x804_0000;
const board: GicBoard = {
  gicVersion: 2, gicd: GICD, gicc: GICC, gich: GICH, gicv: GICV, spiLimit: 96, listRegisters: 4, securityStates: 1,
  secureMask: false, cpus: [{ mpidr: 0n, gicr: 0 }, { mpidr: 1n, gicr: 0, interface: 3 }],
};
const SPI = 40;
const WORD = 4;
const BIT = 1 << (SPI - 32);
const SGIR = 0xf00;
const CPENDSGIR = 0xf10;
const SPENDSGIR = 0xf20;
const [CTLR, PMR, BPR, IAR, EOIR, RPR, HPPIR, DIR] = [0, 4, 8, 0xc, 0x10, 0x14, 0x18, 0x1000] as const;
const [HCR, VTR, VMCR, MISR, EISR0, ELRSR0, APR, LR0] = [0, 4, 8, 0x10, 0x20, 0x30, 0xf0, 0x100] as const;

let gic: Gicv2;
const read = (cpu: number, pa: number, bytes = 4): number => Number(gic.read(cpu, pa, bytes));
const write = (cpu: number, pa: number, value: number, bytes = 4): void => gic.write(cpu, pa, bytes, BigInt(value >>> 0));

beforeEach(() => {
  gic = new Gicv2(board, () => undefined);
  write(0, GICD, 1);
  for (const cpu of [0, 1]) {
    write(cpu, GICC + PMR, 0xff);
    write(cpu, GICC + CTLR, 0x201);
  }
  write(0, GICD + IPRIORITYR + SPI, 0xa0, 1);
  write(0, GICD + ITARGETSR + SPI, 1, 1);
  write(0, GICD + ISENABLER + WORD, BIT);
});

describe("GICD", () => {
  test("an SPI goes to the CPU interfaces that ITARGETSR names; bits of those that are not there do not stick", () => {
    write(0, GICD + ITARGETSR + SPI, 0xfe, 1);
    expect(read(0, GICD + ITARGETSR + SPI, 1)).toBe(0b1000);
    expect(gic.targets(SPI)).toEqual([1]);
    gic.distributor.bank.setLine(SPI, true);
    expect(read(0, GICC + IAR)).toBe(INTID_SPURIOUS);
    expect(read(1, GICC + IAR)).toBe(SPI);
  });

  test("ITARGETSR0…7 say who is reading; TYPER how many there are", () => {
    expect([read(0, GICD + ITARGETSR), read(1, GICD + ITARGETSR + 28)]).toEqual([0x0101_0101, 0x0808_0808]);
    write(0, GICD + ITARGETSR, 0);
    expect(read(0, GICD + ITARGETSR, 1)).toBe(1);
    expect(read(0, GICD + 4)).toBe((1 << 5) | 2);
    expect(read(0, GICD + 0xfe8)).toBe(0x2b);
  });

  test("word 0 is banked: a PPI's enable, pending, active and priority are the CPU interface's own", () => {
    write(0, GICD + ISENABLER, 1 << 27);
    write(0, GICD + IPRIORITYR + 27, 0x50, 1);
    write(0, GICD + ISPENDR, 1 << 27);
    write(0, GICD + ISACTIVER, 1 << 30);
    for (const register of [ISENABLER, ISPENDR, ISACTIVER]) expect(read(1, GICD + register) & ~0xffff).toBe(0);
    expect(read(1, GICD + IPRIORITYR + 27, 1)).toBe(0);
    expect([read(0, GICC + IAR), read(1, GICC + IAR)]).toEqual([27, INTID_SPURIOUS]);
    write(0, GICD + ICACTIVER, 0xffff_ffff);
    expect(read(0, GICD + ISACTIVER)).toBe(0);
  });

  test("SGIs cannot be disabled, and ISPENDR and ICPENDR do not touch them", () => {
    write(0, GICD + ICENABLER, 0xffff_ffff);
    expect(read(0, GICD + ISENABLER)).toBe(0xffff);
    write(0, GICD + ISPENDR, 0xffff);
    expect(read(0, GICD + ISPENDR)).toBe(0);
  });

  test("SGIR: to a list, to all others, to itself; IAR names the sender, each sender's is one interrupt", () => {
    write(1, GICD + SGIR, (0b0001 << 16) | 5);
    write(0, GICD + SGIR, (2 << 24) | 5);
    expect([read(0, GICD + CPENDSGIR + 5, 1), read(0, GICD + ISPENDR)]).toEqual([0b1001, 1 << 5]);
    expect(read(0, GICC + HPPIR)).toBe(5);
    expect(read(0, GICC + IAR)).toBe(5);
    write(0, GICC + EOIR, 5);
    write(0, GICC + DIR, 5);
    expect(read(0, GICC + IAR)).toBe((3 << 10) | 5);
    write(0, GICC + EOIR, (3 << 10) | 5);
    write(0, GICC + DIR, (3 << 10) | 5);
    expect(read(0, GICC + IAR)).toBe(INTID_SPURIOUS);
    write(0, GICD + SGIR, (1 << 24) | 7);
    expect([read(0, GICD + ISPENDR), read(1, GICD + ISPENDR)]).toEqual([0, 1 << 7]);
    write(1, GICD + CPENDSGIR + 4, 0xffff_ffff);
    expect(read(1, GICD + ISPENDR)).toBe(0);
    write(0, GICD + SPENDSGIR + 9, 0b1000, 1);
    expect(read(0, GICC + IAR)).toBe((3 << 10) | 9);
    expect(() => write(0, GICD + SGIR, 3 << 24)).toThrow("reserved");
  });

  test("a register that does not exist, or not of that width, is an error for the hypervisor", () => {
    expect(() => read(0, GICD + 0x6000)).toThrow(MachineError);
    expect(() => read(0, GICD + ISENABLER, 1)).toThrow(MachineError);
    expect(() => read(0, GICD, 8)).toThrow(MachineError);
    expect(gic.owns(GICV)).toBe(false);
  });
});

describe("GICC", () => {
  test("nothing comes while the distributor, or the CPU interface, or PMR says no", () => {
    gic.distributor.bank.setLine(SPI, true);
    const { physical } = cpuOf(gic, 0);
    const off: readonly (readonly [number, number, number])[] = [
      [GICD, 0, 1], [GICC + CTLR, 0x200, 0x201], [GICC + PMR, 0xa0, 0xff],
    ];
    for (const [at, closed, open] of off) {
      write(0, at, closed);
      expect(physical.highestPending()).toBe(INTID_SPURIOUS);
      write(0, at, open);
      expect(physical.highestPending()).toBe(SPI);
    }
  });

  test("interrupts of group 1 are none of its business", () => {
    gic.distributor.bank.setLine(SPI, true);
    write(0, GICD + 0x80 + WORD, BIT);
    expect(read(0, GICC + IAR)).toBe(INTID_SPURIOUS);
  });

  test("EOImode 0 (bit 9): EOIR deactivates; a guest that ends what it has not acknowledged is nobody's error", () => {
    write(0, GICC + CTLR, 1);
    gic.distributor.bank.setLine(SPI, true);
    expect(read(0, GICC + IAR)).toBe(SPI);
    expect(read(0, GICC + RPR)).toBe(0xa0);
    gic.writeAsGuest(0, GICC + EOIR, 4, 77n);
    expect(read(0, GICC + RPR)).toBe(0xff);
    expect(read(0, GICD + ISACTIVER + WORD)).toBe(BIT);
    gic.writeAsGuest(0, GICC + DIR, 4, BigInt(SPI));
    expect(read(0, GICD + ISACTIVER + WORD), "DIR without EOImode").toBe(BIT);
    expect(() => write(0, GICC + EOIR, SPI)).toThrow("last one acknowledged is none");
    expect(gic.readAsGuest(0, GICC + 0x7fc, 4)).toBe(0n);
  });

  test("a binary point keeps what differs in its lower bits only from preempting (BPR)", () => {
    gic.distributor.bank.setLine(SPI, true);
    write(0, GICD + ISENABLER, 1 << 27);
    write(0, GICD + IPRIORITYR + 27, 0x80, 1);
    expect(read(0, GICC + IAR)).toBe(SPI);
    write(0, GICD + ISPENDR, 1 << 27);
    write(0, GICC + BPR, 6);
    expect(read(0, GICC + IAR)).toBe(INTID_SPURIOUS);
    write(0, GICC + BPR, 0);
    expect(read(0, GICC + BPR)).toBe(2);
    expect(read(0, GICC + IAR)).toBe(27);
  });
});

describe("GICH and GICV", () => {
  const HW = 0x8000_0000;
  const lr = (state: number, intid: number, priority: number, physical = 0, hw = 0): number =>
    (hw | (state << 28) | ((priority >> 3) << 23) | (physical << 10) | intid) >>> 0;
  const asGuest = (offset: number): number => Number(gic.readAsGuest(0, GICV + offset, 4));
  const guestWrites = (offset: number, value: number): void => gic.writeAsGuest(0, GICV + offset, 4, BigInt(value));

  beforeEach(() => {
    write(0, GICH + HCR, 1);
    guestWrites(PMR, 0xff);
    guestWrites(CTLR, 1);
  });

  test("what the guest sets in GICV is in VMCR, and what the hypervisor writes there is what it reads", () => {
    expect(read(0, GICH + VMCR)).toBe(0xf800_0001);
    write(0, GICH + VMCR, 0x5000_0000 | (3 << 21) | 0x201);
    expect([asGuest(CTLR), asGuest(PMR), asGuest(BPR)]).toEqual([0x201, 0x50, 3]);
    expect(read(0, GICH + VTR) & 0x3f).toBe(3);
    expect(read(1, GICH + VMCR), "each pCPU has its own").toBe(0);
  });

  test("a list register with HW: the guest's end deactivates the physical interrupt", () => {
    gic.distributor.bank.setLine(SPI, true);
    expect(read(0, GICC + IAR)).toBe(SPI);
    write(0, GICC + EOIR, SPI);
    gic.distributor.bank.setLine(SPI, false);
    write(0, GICH + LR0 + 8, lr(1, SPI, 0xa0, SPI, HW));
    expect(read(0, GICH + LR0 + 8)).toBe(lr(1, SPI, 0xa0, SPI, HW));
    expect(read(0, GICH + ELRSR0)).toBe(0b1011);
    expect([asGuest(HPPIR), asGuest(IAR), asGuest(RPR)]).toEqual([SPI, SPI, 0xa0]);
    expect(read(0, GICH + APR)).toBe(1 << 20);
    expect(read(0, GICH + LR0 + 8) >>> 28).toBe(0xa);
    guestWrites(EOIR, SPI);
    expect(read(0, GICD + ISACTIVER + WORD)).toBe(0);
    expect([read(0, GICH + ELRSR0), read(0, GICH + APR), asGuest(RPR)]).toEqual([0b1111, 0, 0xff]);
  });

  test("an SGI of two senders is two interrupts", () => {
    write(0, GICH + LR0, lr(1, 5, 0x80, 1));
    write(0, GICH + LR0 + 4, lr(1, 5, 0x80, 2));
    expect(asGuest(IAR)).toBe((1 << 10) | 5);
    guestWrites(EOIR, (1 << 10) | 5);
    expect(asGuest(IAR)).toBe((2 << 10) | 5);
    expect(() => write(0, GICH + LR0, lr(1, 5, 0x80, 2))).toThrow("too");
  });

  test("the guest's EOImode splits EOIR and DIR; MISR and EISR say what maintenance is wanted", () => {
    guestWrites(CTLR, 0x201);
    write(0, GICH + LR0, lr(1, 5, 0x80, 1 << 9));
    write(0, GICH + HCR, 0b1011);
    expect(read(0, GICH + MISR)).toBe(0b0010);
    expect(asGuest(IAR)).toBe(5);
    guestWrites(EOIR, 5);
    expect(read(0, GICH + MISR)).toBe(0b1010);
    expect(read(0, GICH + LR0) >>> 28).toBe(2);
    guestWrites(DIR, 5);
    expect([read(0, GICH + MISR), read(0, GICH + EISR0), read(0, GICH + ELRSR0)]).toEqual([0b1011, 1, 0b1110]);
    expect(cpuOf(gic, 0).virtual.maintenance).toBe(true);
  });

  test("what no guest would see, or is reserved, is an error", () => {
    expect(() => write(0, GICH + LR0, (lr(1, 50, 0x80) | (1 << 30)) >>> 0)).toThrow("group 0");
    expect(() => write(0, GICH + LR0, 1 << 20)).toThrow("reserved");
    expect(() => write(0, GICH + LR0, lr(3, 50, 0x80, 50, HW))).toThrow("pending and active");
    expect(() => write(0, GICH + LR0 + 16, 0)).toThrow("does not exist");
  });
});
