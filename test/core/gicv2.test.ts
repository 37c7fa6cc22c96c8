// A board with GICv2 (IHI 0048B): the distributor that a partition sees is emulated, its CPU interface is the virtual
// one, in memory (arch/aarch64/vgicv2.ts, gicv2.ts). How interrupts get through it: interrupts.test.ts,
// listRegisters.test.ts, timers.test.ts, for both.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { qemuVirtGicv2 } from "../../tools/machine/aarch64/board.ts";
import { INTID_SPURIOUS } from "../../tools/machine/aarch64/gic/registers.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { GUEST_GICC, GUEST_GICD, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { SystemSpec } from "../../tools/machine/aarch64/system.ts";
import { Bench, KICK_SGI, value } from "./bench.ts";
import { CPU_OFF, CPU_ON_64, SYSTEM_OFF } from "./functions.ts";

const V2: SystemSpec = { ...STANDARD, board: qemuVirtGicv2 };
const [IGROUPR, ISENABLER, ICENABLER, ISPENDR, ICPENDR, ICACTIVER] = [0x80, 0x100, 0x180, 0x200, 0x280, 0x380] as const;
const [IPRIORITYR, ITARGETSR, ICFGR, SGIR, CPENDSGIR, SPENDSGIR] = [0x400, 0x800, 0xc00, 0xf00, 0xf10, 0xf20] as const;
const [IAR, EOIR] = [0xc, 0x10] as const;
const ALL = 0xffff_ffffn;
const bits = (...intids: number[]): bigint => intids.reduce((set, intid) => set | (1n << BigInt(intid % 32)), 0n);

let bench: Bench;
let linux: Guest;
let second: Guest;
let plc: Guest;

beforeEach(() => {
  bench = new Bench(V2);
  linux = bench.openInterrupts(0);
  linux.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
  bench.machine.settle();
  second = bench.openInterrupts(1);
  plc = bench.openInterrupts(3);
});

const gicd = (guest: Guest, offset: number, bytes = 4): bigint => value(guest.load(GUEST_GICD + offset, bytes));
const setGicd = (guest: Guest, offset: number, data: bigint, bytes = 4): bigint =>
  value(guest.store(GUEST_GICD + offset, bytes, data));
const physical = (offset: number, pcpu = 0): bigint => bench.machine.gic.read(pcpu, bench.machine.board.gicd + offset, 4);

describe("boot", () => {
  test("starts the same guests; not one system register of a GICv3 is touched", () => {
    expect(bench.guests.map(({ running }) => running)).toEqual([true, true, false, true]);
    expect(bench.partition(0).state).toBe("running");
  });

  test("CPU interfaces that are numbered otherwise than the pCPUs", () => {
    const interfaces = [5, 2, 7, 0];
    const other = new Bench({
      ...V2,
      board: { ...qemuVirtGicv2, cpus: qemuVirtGicv2.cpus.map((cpu, n) => ({ ...cpu, interface: interfaces[n] ?? 0 })) },
    });
    const [first, last] = [other.openInterrupts(0), other.openInterrupts(3)];
    other.enable(3, 60);
    other.machine.setLine(60, true);
    other.machine.settle();
    expect([first.acknowledge(), last.acknowledge()]).toEqual([INTID_SPURIOUS, 60]);
    expect(other.command(1, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect(other.partition(1)).toMatchObject({ state: "running", restarts: 1 });
  });
});

describe("accesses of other sizes (IHI 0048B §4.1.4)", () => {
  const open = (): void => {
    for (const [intid, priority] of [
      [48, 0x10],
      [49, 0x38],
      [50, 0xa8],
      [232, 0xf0],
      [233, 0x98],
    ] as const)
      bench.enable(0, intid, priority);
    bench.route(0, 49, 1);
    setGicd(linux, ITARGETSR + 50, 3n, 1);
    for (const n of [0, 5, 16, 27, 30, 31]) setGicd(linux, IPRIORITYR + n, BigInt(0x18 + 8 * n), 1);
    // SGIs that do not come: the mask is shut.
    linux.driver.mask(0);
    for (const [sgi, senders] of [[0, 3n], [3, 1n], [7, 2n], [15, 3n]] as const) setGicd(linux, SPENDSGIR + sgi, senders, 1);
  };

  test.each([
    ["one bit an interrupt", 0, IPRIORITYR],
    ["priorities", IPRIORITYR, IPRIORITYR + 0x400],
    ["targets", ITARGETSR, ITARGETSR + 0x400],
    ["configuration", ICFGR, ICFGR + 0x100],
    ["SGIs", 0xf00, 0x1000],
  ] as const)("%s: a byte and a halfword are their part of the word", (_, from, end) => {
    open();
    for (let at: number = from; at < end; at += 4) {
      const all = gicd(linux, at);
      for (let n = 0; n < 4; n++)
        expect(gicd(linux, at + n, 1), `byte at 0x${(at + n).toString(16)}`).toBe((all >> BigInt(8 * n)) & 0xffn);
      for (const n of [0, 2])
        expect(gicd(linux, at + n, 2), `halfword at 0x${(at + n).toString(16)}`).toBe((all >> BigInt(8 * n)) & 0xffffn);
    }
  });

  test("targets, priorities and senders of SGIs: a byte changes one, a word four, and what stands beside them stays", () => {
    open();
    const words = (first: number, count: number): bigint[] => Array.from({ length: count }, (_, n) => gicd(linux, first + 4 * n));
    for (const [first, count, at, data] of [
      [IPRIORITYR, 8, 31, 0x48n],
      [IPRIORITYR + 32, 56, 48, 0x60n],
      [ITARGETSR + 32, 56, 48, 3n],
      [CPENDSGIR, 4, 0, 1n],
      [SPENDSGIR, 4, 8, 2n],
    ] as const) {
      const wanted = words(first, count);
      const n = at >= 32 ? at - 32 : at;
      const before = ((wanted[n >> 2] ?? 0n) >> BigInt(8 * (n & 3))) & 0xffn;
      const after = first === CPENDSGIR ? before & ~data : first === SPENDSGIR ? before | data : data;
      wanted[n >> 2] = (wanted[n >> 2] ?? 0n) + ((after - before) << BigInt(8 * (n & 3)));
      setGicd(linux, first + n, data, 1);
      expect(words(first, count), first.toString(16)).toEqual(wanted);
    }
    setGicd(linux, SPENDSGIR + 4, 0x0301_0203n);
    expect([gicd(linux, CPENDSGIR + 4), gicd(linux, SPENDSGIR + 4)]).toEqual(Array(2).fill(0x0301_0203n));
    setGicd(linux, CPENDSGIR + 4, 0x0201_0201n);
    expect(gicd(linux, SPENDSGIR + 4)).toBe(0x0100_0002n);
    setGicd(linux, IPRIORITYR + 48, 0x1122_3344n);
    expect(gicd(linux, IPRIORITYR + 48), "51 is not its own; five bits").toBe(0x0020_3040n);
    setGicd(linux, ITARGETSR + 48, 0x0302_0103n);
    expect(gicd(linux, ITARGETSR + 48)).toBe(0x0002_0103n);
    setGicd(linux, ITARGETSR + 48, 0x0fn, 1);
    expect(gicd(linux, ITARGETSR + 48, 1), "vCPUs that it does not have are left out").toBe(3n);
  });
});

describe("GICD", () => {
  test("TYPER: lines of the board, CPUs of the partition; architecture version 2", () => {
    expect(gicd(linux, 4)).toBe((1n << 5n) | 8n);
    expect(gicd(plc, 4)).toBe(8n);
    expect(gicd(linux, 0xfe8), "architecture 2, by Arm").toBe(0x2bn);
    expect(gicd(linux, 8)).toBe(0x43bn);
  });

  test("CTLR: both enables are the guest's; nothing of GICv3 shows", () => {
    setGicd(linux, 0, ALL);
    expect(gicd(linux, 0)).toBe(3n);
    expect(gicd(plc, 0)).toBe(1n);
    setGicd(linux, 0, 0n);
    expect(gicd(linux, 0)).toBe(0n);
    expect(bench.machine.gic.distributor.forwards).toBe(true);
  });

  test.each([
    ["ISENABLER", ISENABLER, ICENABLER],
    ["ISPENDR", ISPENDR, ICPENDR],
  ] as const)("%s: own SPIs are set and cleared, foreign ones read 0 and ignore writes", (_, set, clear) => {
    setGicd(linux, set + 4, ALL);
    expect([physical(set + 4), gicd(linux, set + 4), gicd(plc, set + 4)]).toEqual([bits(48, 49, 50), bits(48, 49, 50), 0n]);
    setGicd(plc, clear + 4, ALL);
    expect(physical(set + 4)).toBe(bits(48, 49, 50));
    setGicd(linux, clear + 4, bits(49));
    expect(physical(set + 4)).toBe(bits(48, 50));
  });

  test("no write by one partition changes any bit that another reads", () => {
    const seen = () => Array.from({ length: 0x1000 / 4 }, (_, n) => gicd(plc, n * 4));
    const before = seen();
    for (let offset = 4; offset < 0x1000; offset += 4) setGicd(linux, offset, ALL);
    bench.machine.settle();
    expect(seen()).toEqual(before);
  });

  test("accesses of any form and place do the hypervisor no harm", () => {
    for (const bytes of [1, 2, 4, 8]) {
      for (let offset = 0; offset < 0x1000; offset++) {
        gicd(linux, offset, bytes);
        setGicd(linux, offset, ALL, bytes);
      }
    }
    bench.machine.settle();
    expect(plc.running).toBe(true);
  });

  test("groups and configuration are not the guest's to change", () => {
    for (const offset of [IGROUPR, IGROUPR + 4]) {
      setGicd(linux, offset, ALL);
      expect(gicd(linux, offset), `0x${offset.toString(16)}`).toBe(0n);
    }
    expect(physical(IGROUPR + 4)).toBe(0n);
    setGicd(linux, ICFGR + 12, ALL);
    expect(gicd(linux, ICFGR + 12)).toBe(2n << 4n);
    expect(gicd(linux, ICFGR)).toBe(0xaaaa_aaaan);
  });

  test("IPRIORITYR: bytes and words of own interrupts, banked for the first 32", () => {
    setGicd(linux, IPRIORITYR + 48, 0xa0n, 1);
    setGicd(linux, IPRIORITYR + 27, 0x40n, 1);
    expect([
      gicd(linux, IPRIORITYR + 48, 1),
      gicd(plc, IPRIORITYR + 48, 1),
      gicd(linux, IPRIORITYR + 27, 1),
      gicd(second, IPRIORITYR + 27, 1),
    ]).toEqual([0xa0n, 0n, 0x40n, 0n]);
    setGicd(second, IPRIORITYR + 24, 0x8070_6050n);
    expect([gicd(second, IPRIORITYR + 24), gicd(linux, IPRIORITYR + 24)]).toEqual([0x8070_6050n, 0x4000_0000n]);
  });

  test("word 0 is banked: PPIs are enabled for the vCPU that writes, and the hypervisor's are out of reach", () => {
    setGicd(linux, ISENABLER, ALL);
    expect(gicd(linux, ISENABLER)).toBe(0xffffn | bits(27, 30));
    expect(gicd(second, ISENABLER) & ~0xffffn).toBe(0n);
    const before = physical(ISENABLER);
    setGicd(linux, ICENABLER, ALL);
    expect(before & ~physical(ISENABLER)).toBe(bits(27, 30));
    for (const register of [ISPENDR, ICPENDR, ICACTIVER]) setGicd(linux, register, ALL);
    bench.machine.settle();
    expect(linux.running).toBe(true);
  });
});

describe("ITARGETSR", () => {
  test("of SGIs and PPIs says who is reading, in the partition's own numbers", () => {
    expect([gicd(linux, ITARGETSR), gicd(second, ITARGETSR), gicd(plc, ITARGETSR + 28)]).toEqual([
      0x0101_0101n,
      0x0202_0202n,
      0x0101_0101n,
    ]);
    setGicd(linux, ITARGETSR, ALL);
    expect(gicd(linux, ITARGETSR)).toBe(0x0101_0101n);
  });

  test("own SPIs go to the boot vCPU at first, foreign ones read 0", () => {
    expect([gicd(linux, ITARGETSR + 48, 1), gicd(linux, ITARGETSR + 60, 1), gicd(plc, ITARGETSR + 60, 1)]).toEqual([1n, 0n, 1n]);
  });

  test("a mask of vCPUs becomes one of their pCPUs' interfaces; others are left out, foreign interrupts untouched", () => {
    setGicd(linux, ITARGETSR + 48, 0b10n, 1);
    expect(bench.machine.gic.targets(48)).toEqual([1]);
    expect(gicd(linux, ITARGETSR + 48, 1)).toBe(0b10n);
    setGicd(linux, ITARGETSR + 48, 0xffff_ffffn);
    expect(gicd(linux, ITARGETSR + 48)).toBe(0x0003_0303n);
    expect(bench.machine.gic.targets(49)).toEqual([0, 1]);
    setGicd(linux, ITARGETSR + 60, 0b11n, 1);
    expect(bench.machine.gic.targets(60)).toEqual([3]);
  });

  test("an SPI for both vCPUs comes to one of them, once", () => {
    setGicd(linux, ITARGETSR + 50, 0b11n, 1);
    bench.enable(0, 50);
    bench.machine.setLine(50, true);
    bench.machine.setLine(50, false);
    bench.machine.settle();
    expect([linux.acknowledge(), second.acknowledge()].sort((a, b) => a - b)).toEqual([50, INTID_SPURIOUS]);
  });

  test("an SPI for no vCPU waits until there is one", () => {
    bench.enable(0, 50);
    setGicd(linux, ITARGETSR + 50, 0n, 1);
    bench.machine.setLine(50, true);
    bench.machine.setLine(50, false);
    bench.machine.settle();
    expect([linux.acknowledge(), second.acknowledge()]).toEqual([INTID_SPURIOUS, INTID_SPURIOUS]);
    setGicd(linux, ITARGETSR + 50, 0b10n, 1);
    bench.machine.settle();
    expect(second.acknowledge()).toBe(50);
  });
});

describe("SGIs", () => {
  const send = (guest: Guest, intid: number, targets: number, filter = 0): void =>
    void setGicd(guest, SGIR, BigInt((filter << 24) | (targets << 16) | intid));
  const iar = (guest: Guest): number => {
    bench.machine.settle();
    return Number(value(guest.load(GUEST_GICC + IAR, 4)));
  };
  const end = (guest: Guest, what: number): void => {
    value(guest.store(GUEST_GICC + EOIR, 4, BigInt(what)));
    bench.machine.settle();
  };

  test("by list, to all others, to itself; IAR says which vCPU sent it", () => {
    send(linux, 5, 0b10);
    expect([iar(linux), iar(second)]).toEqual([INTID_SPURIOUS, 5]);
    end(second, 5);
    send(second, 6, 0, 1);
    expect([iar(linux), iar(second)]).toEqual([(1 << 10) | 6, INTID_SPURIOUS]);
    end(linux, (1 << 10) | 6);
    send(second, 7, 0, 2);
    expect([iar(linux), iar(second)]).toEqual([INTID_SPURIOUS, (1 << 10) | 7]);
    end(second, (1 << 10) | 7);
    expect([iar(linux), iar(second)]).toEqual([INTID_SPURIOUS, INTID_SPURIOUS]);
  });

  test("of the last of eight vCPUs is its own, and no other SGI's", () => {
    const cpus = Array.from({ length: 8 }, (_, n) => ({ mpidr: BigInt(n), gicr: 0 }));
    const eight = new Bench({
      ...V2,
      board: { ...qemuVirtGicv2, cpus },
      housekeeper: 0,
      partitions: [{ ...LINUX, cpus: cpus.map((_, n) => n), channels: [], regions: LINUX.regions.slice(0, 2) }],
    });
    const guest = eight.openInterrupts(0);
    for (const intid of [3, 7, 11, 15]) setGicd(guest, SPENDSGIR + intid, 0x80n, 1);
    for (const intid of [3, 7, 11, 15]) {
      expect(gicd(guest, ISPENDR)).toBe(bits(...[3, 7, 11, 15].filter((other) => other >= intid)));
      expect(Number(value(guest.load(GUEST_GICC + IAR, 4)))).toBe((7 << 10) | intid);
      value(guest.store(GUEST_GICC + EOIR, 4, BigInt((7 << 10) | intid)));
      eight.machine.settle();
    }
    expect(Number(value(guest.load(GUEST_GICC + IAR, 4)))).toBe(INTID_SPURIOUS);
  });

  test("to CPUs that the partition does not have go nowhere, nor with the reserved filter", () => {
    for (const [targets, filter] of [[0b1111_1100, 0], [0xff, 3], [0, 0]] as const) send(linux, 1, targets, filter);
    send(plc, 1, 0xfe);
    expect(bench.guests.map((guest) => guest.interruptPending)).toEqual([false, false, false, false]);
    send(plc, 2, 0, 1);
    expect(bench.guests.map((guest) => guest.interruptPending)).toEqual([false, false, false, false]);
  });

  test("all sixteen arrive, the hypervisor's number too, however few list registers there are", () => {
    for (let intid = 0; intid < 16; intid++) send(linux, intid, 0b10);
    const taken: number[] = [];
    for (let got = iar(second); got !== INTID_SPURIOUS; got = iar(second)) {
      taken.push(got);
      end(second, got);
    }
    expect(taken.sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, n) => n));
    expect(taken).toContain(KICK_SGI);
  });

  test("SPENDSGIR makes one pending by hand, CPENDSGIR takes one back", () => {
    setGicd(linux, SPENDSGIR + 3, 0b10n, 1);
    expect(iar(linux)).toBe((1 << 10) | 3);
    end(linux, (1 << 10) | 3);
    setGicd(linux, 0, 0n);
    send(second, 4, 0b01);
    bench.machine.settle();
    expect(gicd(linux, CPENDSGIR + 4, 1)).toBe(0b10n);
    setGicd(linux, CPENDSGIR + 4, 0b10n, 1);
    setGicd(linux, 0, 1n);
    expect(iar(linux)).toBe(INTID_SPURIOUS);
  });

  test("a byte of CPENDSGIR takes its own senders' SGI back, and no other one: each of the sixteen", () => {
    setGicd(linux, 0, 0n);
    const left = Array.from({ length: 16 }, () => 0b11n);
    const seen = (): bigint[] => left.map((_, intid) => gicd(linux, CPENDSGIR + intid, 1));
    for (const intid of left.keys()) setGicd(linux, SPENDSGIR + intid, 0b11n, 1);
    for (const intid of left.keys()) {
      setGicd(linux, CPENDSGIR + intid, 0b10n, 1);
      left[intid] = 0b01n;
      expect(seen()).toEqual(left);
    }
  });

  test("CPENDSGIR of more than one exit looks at: none of them is pending any more", () => {
    linux.driver.mask(0);
    for (const intid of [4, 5, 6, 7]) send(second, intid, 0b01);
    bench.machine.settle();
    expect(gicd(linux, ISPENDR)).toBe(bits(4, 5, 6, 7));
    setGicd(linux, CPENDSGIR + 4, 0xffff_ffffn);
    expect(gicd(linux, ISPENDR)).toBe(0n);
    linux.driver.mask(0xf0);
    expect(iar(linux)).toBe(INTID_SPURIOUS);
  });

  test("one that was sent to a vCPU before it went off does not come in its next life", () => {
    send(linux, 4, 0b10);
    second.hvc(CPU_OFF);
    send(linux, 5, 0b10);
    linux.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    bench.openInterrupts(1);
    expect(iar(second)).toBe(INTID_SPURIOUS);
  });
});

describe("what stage 2 shows of the GIC", () => {
  test("GICV where the guest looks for GICC; nothing else of it", () => {
    expect(value(linux.load(GUEST_GICC + 0xfc, 4))).toBe(0x0202_143bn);
    for (const at of [0x0803_0000, 0x0804_0000]) {
      const { lives } = plc.pcpu;
      plc.load(at, 4);
      bench.pass(1100);
      expect(plc.pcpu.lives).toBe(lives + 1);
    }
  });

  test("what a guest does there is its own pCPU's affair", () => {
    value(linux.store(GUEST_GICC + 4, 4, 0x50n));
    expect([value(second.load(GUEST_GICC + 4, 4)), value(plc.load(GUEST_GICC + 4, 4))]).toEqual([0xf0n, 0xf0n]);
  });

  test("a vCPU that begins anew finds its interface as after a reset", () => {
    plc.hvc(SYSTEM_OFF);
    bench.machine.settle();
    expect(bench.command(1, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    for (const register of [0, 4, 0x14])
      expect(value(plc.load(GUEST_GICC + register, 4)), `GICV + 0x${register.toString(16)}`).toBe(register === 0x14 ? 0xffn : 0n);
  });
});

test("eight pCPUs, each a partition of its own with GICv2", () => {
  const cpus = Array.from({ length: 8 }, (_, n) => ({ mpidr: BigInt(n), gicr: 0 }));
  const partitions = cpus.map((_, n) => ({
    ...(n === 0 ? LINUX : PLC),
    name: `p${n}`,
    cpus: [n],
    channels: [],
    quiesce: [],
    interrupts: [{ intid: 40 + n, trigger: "edge" as const, use: "console" }],
    consoleInterrupt: 40 + n,
    regions: [
      {
        name: "memory",
        ipa: 0x4000_0000,
        pa: 0x5000_0000 + n * 0x100_0000,
        size: 0x100_0000,
        kind: "ram" as const,
        access: "rwx",
      },
    ],
  }));
  const many = new Bench({ board: { ...qemuVirtGicv2, cpus }, housekeeper: 0, partitions });
  expect(many.guests.every((guest) => guest.running)).toBe(true);
  expect(many.command(7, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
  expect(many.guests.map((guest) => guest.running)).toEqual([true, true, true, true, true, true, true, false]);
});
