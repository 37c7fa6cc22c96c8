// The emulated distributor and redistributors (IHI 0069 §12.9, §12.11): a partition sees and changes its own INTIDs only.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { edge, GUEST_GICD, GUEST_GICR, level, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { Bench, GICR_STRIDE, GICS, KICK_SGI, SGI_BASE, value } from "./bench.ts";
import { CPU_ON_64, SYSTEM_RESET } from "./functions.ts";

const IGROUPR = 0x80;
const ISENABLER = 0x100;
const ICENABLER = 0x180;
const ISPENDR = 0x200;
const ICPENDR = 0x280;
const ISACTIVER = 0x300;
const ICACTIVER = 0x380;
const GICR_TYPER = 8;
const IPRIORITYR = 0x400;
const ICFGR = 0xc00;
const IROUTER = 0x6000;
const ALL = 0xffff_ffffn;

const bits = (...intids: number[]): bigint => intids.reduce((set, intid) => set | (1n << BigInt(intid % 32)), 0n);
/** The words of a one-bit-an-INTID register that hold 48…50, 60…61, and 232…235. */
const WORD_1 = 4;
const WORD_7 = 28;

let bench: Bench;
let linux: Guest;
let plc: Guest;
beforeEach(() => {
  bench = new Bench();
  linux = bench.guest(0);
  plc = bench.guest(3);
});

const gicd = (guest: Guest, offset: number, bytes = 4): bigint => value(guest.load(GUEST_GICD + offset, bytes));
const setGicd = (guest: Guest, offset: number, data: bigint, bytes = 4): bigint =>
  value(guest.store(GUEST_GICD + offset, bytes, data));
const physical = (offset: number): bigint => bench.machine.gic.read(0, bench.machine.board.gicd + offset, 4);

describe("GICD identification", () => {
  test("GICD_TYPER: as many SPIs as the board, no 1-of-N, no LPIs", () => {
    const typer = gicd(linux, 4);
    expect(typer & 0x1fn).toBe(7n);
    expect((typer >> 25n) & 1n).toBe(1n);
    expect((typer >> 17n) & 1n).toBe(0n);
    expect((typer >> 19n) & 0x1fn, "IDbits: ten").toBe(9n);
    expect(typer >> 26n).toBe(0n);
  });

  test("GICD_TYPER of a board with all 1020 INTIDs", () => {
    const large = new Bench({
      ...STANDARD,
      board: { ...STANDARD.board, spiLimit: 1020 },
      partitions: [{ ...LINUX, interrupts: [...LINUX.interrupts, { intid: 1019, trigger: "edge", use: "spis" }] }, PLC],
    });
    const guest = large.openInterrupts(0);
    expect(value(guest.load(GUEST_GICD + 4, 4)) & 0x1fn).toBe(31n);
    large.enable(0, 1019);
    large.machine.setLine(1019, true);
    large.machine.settle();
    expect(guest.acknowledge()).toBe(1019);
  });

  test("GICD_CTLR: affinity routing and one Security state, always; the enables are the guest's", () => {
    expect(gicd(linux, 0)).toBe(0x50n);
    setGicd(linux, 0, 0x2n);
    expect(gicd(linux, 0)).toBe(0x52n);
    expect(gicd(plc, 0)).toBe(0x50n);
    setGicd(linux, 0, 0xffff_ffffn);
    expect(gicd(linux, 0)).toBe(0x53n);
  });

  test("PIDR2 says GICv3, by Arm (JEP106 code 0x3b); TYPER2, reserved offsets and IDs read 0", () => {
    expect(gicd(linux, 0xffe8)).toBe(0x3bn);
    for (const offset of [0xc, 0x10, 0x40, 0x5ffc, 0x8000, 0xfffc, 0xd00, 0xe00, 0xf00])
      expect(gicd(linux, offset), `0x${offset.toString(16)}`).toBe(0n);
  });
});

describe("one-bit-an-INTID registers", () => {
  test.each([
    ["ISENABLER", ISENABLER, ICENABLER],
    ["ISPENDR", ISPENDR, ICPENDR],
  ])("%s: own bits are set and cleared, foreign ones read 0 and ignore writes", (_, set, clear) => {
    setGicd(linux, set + WORD_1, ALL);
    expect(physical(set + WORD_1)).toBe(bits(48, 49, 50));
    expect(gicd(linux, set + WORD_1)).toBe(bits(48, 49, 50));
    expect(gicd(plc, set + WORD_1)).toBe(0n);
    setGicd(plc, set + WORD_1, ALL);
    expect(gicd(plc, clear + WORD_1)).toBe(bits(60, 61));
    setGicd(plc, clear + WORD_1, ALL);
    expect(physical(set + WORD_1)).toBe(bits(48, 49, 50));
    setGicd(linux, clear + WORD_1, bits(49));
    expect(physical(set + WORD_1)).toBe(bits(48, 50));
  });

  test("ISACTIVER makes own interrupts active, which keeps them from coming; ICACTIVER ends that", () => {
    setGicd(linux, ISACTIVER + WORD_1, ALL);
    expect(gicd(linux, ISACTIVER + WORD_1)).toBe(bits(48, 49, 50));
    expect(gicd(plc, ISACTIVER + WORD_1)).toBe(0n);
    bench.openInterrupts(0);
    bench.enable(0, 50);
    setGicd(linux, ISPENDR + WORD_1, bits(50));
    bench.machine.settle();
    expect([gicd(linux, ISPENDR + WORD_1), linux.acknowledge()]).toEqual([bits(50), 1023]);
    setGicd(linux, ICACTIVER + WORD_1, ALL);
    bench.machine.settle();
    expect([gicd(linux, ISACTIVER + WORD_1), linux.acknowledge()]).toEqual([0n, 50]);
  });

  test("ICACTIVER ends those that it names, and no others that the guest is handling", () => {
    bench.openInterrupts(0);
    [48, 49, 50].forEach((intid, n) => bench.enable(0, intid, 0xa0 - 0x20 * n));
    for (const intid of [48, 49, 50]) {
      bench.machine.setLine(intid, true);
      bench.machine.settle();
      expect(linux.acknowledge()).toBe(intid);
    }
    setGicd(linux, ICACTIVER + WORD_1, bits(49));
    expect(gicd(linux, ISACTIVER + WORD_1)).toBe(bits(48, 50));
    setGicd(linux, ICACTIVER + WORD_7, ALL);
    expect(gicd(linux, ISACTIVER + WORD_1)).toBe(bits(48, 50));
    for (const intid of [48, 50]) bench.machine.setLine(intid, false);
    linux.endOfInterrupt(50);
    linux.endOfInterrupt(49);
    linux.endOfInterrupt(48);
    expect([gicd(linux, ISACTIVER + WORD_1), physical(ISACTIVER + WORD_1)]).toEqual([0n, 0n]);
  });

  test("ICPENDR takes back what waits in a list register, and nothing else of that word", () => {
    bench.openInterrupts(0);
    for (const intid of [232, 233]) bench.enable(0, intid);
    linux.driver.mask(0);
    for (const intid of [232, 233]) {
      bench.machine.setLine(intid, true);
      bench.machine.setLine(intid, false);
    }
    bench.machine.settle();
    setGicd(linux, ICPENDR + WORD_7, bits(233));
    linux.driver.mask(0xf0);
    expect(linux.acknowledge()).toBe(232);
    linux.endOfInterrupt(232);
    bench.machine.settle();
    expect(linux.acknowledge()).toBe(1023);
  });

  test("word 0 is RAZ/WI: SGIs and PPIs are the redistributor's", () => {
    for (const offset of [ISENABLER, ISPENDR, ISACTIVER, IGROUPR]) {
      setGicd(linux, offset, ALL);
      expect(gicd(linux, offset)).toBe(0n);
    }
  });

  test("IGROUPR: own interrupts are in group 1, and stay there", () => {
    setGicd(linux, IGROUPR + WORD_1, 0n);
    expect(gicd(linux, IGROUPR + WORD_1)).toBe(bits(48, 49, 50));
    expect(gicd(plc, IGROUPR + WORD_7)).toBe(bits(234, 235));
    expect(physical(IGROUPR + WORD_1)).toBe(ALL);
  });

  test("no write by one partition changes any bit that another reads", () => {
    const seen = () => Array.from({ length: 0x400 / 4 }, (_, n) => gicd(plc, n * 4));
    const before = seen();
    for (let offset = IGROUPR; offset < 0x400; offset += 4) setGicd(linux, offset, ALL);
    expect(seen()).toEqual(before);
  });
});

describe("IPRIORITYR", () => {
  test("of INTID 32, whoever has it, reads as the bits that there are where a guest waits for them; a write does nothing", () => {
    const probing = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, probesPriority: true }] });
    const [other, prober] = [probing.guest(0), probing.guest(3)];
    const before = probing.machine.gic.read(0, probing.machine.board.gicd + IPRIORITYR + 32, 4);
    for (const written of [0xffn, 0n]) {
      setGicd(prober, IPRIORITYR + 32, written, 1);
      expect(gicd(prober, IPRIORITYR + 32, 1)).toBe(0xf8n);
      expect(gicd(prober, IPRIORITYR + 32)).toBe(0xf8n);
    }
    expect(gicd(prober, IPRIORITYR + 33, 1)).toBe(0n);
    expect(gicd(other, IPRIORITYR + 32, 1)).toBe(0n);
    expect(probing.machine.gic.read(0, probing.machine.board.gicd + IPRIORITYR + 32, 4)).toBe(before);
  });

  test("of INTID 32 it is the guest's own where that is its own, too", () => {
    const owning = new Bench({
      ...STANDARD,
      partitions: [
        LINUX,
        { ...PLC, probesPriority: true, interrupts: [...PLC.interrupts, { intid: 32, trigger: "level", use: "spis" }] },
      ],
    });
    setGicd(owning.guest(3), IPRIORITYR + 32, 0x40n, 1);
    expect(gicd(owning.guest(3), IPRIORITYR + 32, 1)).toBe(0x40n);
  });

  test("has as many bits as list registers have, and five at most (ICH_VTR_EL2.PRIbits)", () => {
    for (const [priorityBits, there] of [[4, 0xf0n], [5, 0xf8n], [6, 0xf8n], [7, 0xf8n], [8, 0xf8n]] as const) {
      const guest = new Bench({ ...STANDARD, board: { ...STANDARD.board, priorityBits } }).guest(0);
      setGicd(guest, IPRIORITYR + 48, 0xffn, 1);
      value(guest.store(GUEST_GICR + SGI_BASE + IPRIORITYR + 27, 1, 0xffn));
      expect(
        [gicd(guest, IPRIORITYR + 48, 1), value(guest.load(GUEST_GICR + SGI_BASE + IPRIORITYR + 27, 1))],
        `${priorityBits} bits`,
      ).toEqual([there, there]);
    }
  });

  test("bytes and words of own interrupts; foreign ones RAZ/WI", () => {
    setGicd(linux, IPRIORITYR + 48, 0xa0n, 1);
    setGicd(linux, IPRIORITYR + 49, 0x50n, 1);
    expect(gicd(linux, IPRIORITYR + 48)).toBe(0x50a0n);
    setGicd(linux, IPRIORITYR + 48, 0x1122_3344n);
    expect(gicd(linux, IPRIORITYR + 48)).toBe(0x22_3344n & 0xf8f8f8n);
    expect(gicd(linux, IPRIORITYR + 51, 1)).toBe(0n);
    expect(gicd(plc, IPRIORITYR + 48)).toBe(0n);
    setGicd(plc, IPRIORITYR + 48, 0n);
    setGicd(plc, IPRIORITYR + 48, 0n, 1);
    expect(gicd(linux, IPRIORITYR + 48, 1)).toBe(0x40n);
  });

  test("of SGIs and PPIs are in the redistributor, not here", () => {
    setGicd(linux, IPRIORITYR + 16, ALL);
    expect(gicd(linux, IPRIORITYR + 16)).toBe(0n);
    expect(value(linux.load(GUEST_GICR + SGI_BASE + IPRIORITYR + 16, 4))).toBe(0n);
  });
});

describe("ICFGR", () => {
  test("says of every INTID what the plan says, and nothing of others'", () => {
    const all = Array.from({ length: 16 }, (_, n) => gicd(linux, ICFGR + 4 * n));
    const wanted = Array.from({ length: 16 }, () => 0n);
    for (const { intid, trigger } of LINUX.interrupts)
      if (trigger === "edge") wanted[intid >> 4] = (wanted[intid >> 4] ?? 0n) | (2n << BigInt(2 * (intid & 15)));
    expect(all.slice(2)).toEqual(wanted.slice(2));
  });

  test("says what the plan says, for own interrupts; writes change nothing", () => {
    expect(gicd(linux, ICFGR + 12)).toBe(2n << 4n);
    setGicd(linux, ICFGR + 12, ALL);
    expect(gicd(linux, ICFGR + 12)).toBe(2n << 4n);
    expect(gicd(plc, ICFGR + 12)).toBe(2n << 26n);
  });

  test("of a word of INTIDs that two partitions share says to each what it has, whichever of them are whose", () => {
    for (let own = 32; own < 64; own++) {
      const others = Array.from({ length: 32 }, (_, n) => edge(32 + n)).filter(({ intid }) => intid !== own);
      const [keptByLinux, keptByPlc] = [LINUX, PLC].map(({ interrupts }) => interrupts.filter(({ intid }) => intid >= 64));
      bench = new Bench({
        ...STANDARD,
        partitions: [
          { ...LINUX, interrupts: [...(keptByLinux ?? []), edge(own)] },
          { ...PLC, interrupts: [...(keptByPlc ?? []), ...others] },
        ],
      });
      const read = (pcpu: number): bigint =>
        gicd(bench.guest(pcpu), ICFGR + 8) | (gicd(bench.guest(pcpu), ICFGR + 12) << 32n);
      const edges = 2n << BigInt(2 * (own - 32));
      expect([read(0), read(3)], `INTID ${own}`).toEqual([edges, 0xaaaa_aaaa_aaaa_aaaan & ~edges]);
    }
  });
});

describe("IROUTER", () => {
  const at = (intid: number): number => IROUTER + 8 * intid;
  const routed = (intid: number): bigint => bench.machine.gic.read(0, bench.machine.board.gicd + at(intid), 8);

  test("own interrupts go to the boot vCPU at first; others read 0", () => {
    expect(gicd(linux, at(48), 8)).toBe(0n);
    expect(routed(60)).toBe(3n);
    expect(gicd(plc, at(60), 8)).toBe(0n);
  });

  test("a route to a vCPU of the partition becomes one to its pCPU", () => {
    setGicd(linux, at(48), 1n, 8);
    expect(gicd(linux, at(48), 8)).toBe(1n);
    expect(gicd(linux, at(48))).toBe(1n);
    expect(routed(48)).toBe(1n);
    setGicd(linux, at(48), 0n);
    expect(routed(48)).toBe(0n);
  });

  test("a route elsewhere, to a foreign interrupt, or 1-of-N changes nothing", () => {
    for (const route of [2n, 3n, 0x100n, 1n << 32n, 0x8000_0000n, 0x8000_0001n]) setGicd(linux, at(48), route, 8);
    expect(routed(48)).toBe(0n);
    setGicd(linux, at(60), 1n, 8);
    setGicd(linux, at(60), 1n);
    expect(routed(60)).toBe(3n);
    setGicd(linux, at(5), 1n, 8);
    setGicd(linux, at(1023), 1n, 8);
  });
});

describe("accesses of any form", () => {
  test("unaligned ones, which Normal memory in a guest's stage 1 makes possible, do the hypervisor no harm", () => {
    for (const bytes of [1, 2, 4, 8]) {
      for (let offset = 0; offset < 0x1_0000; offset += offset < 0x1000 || offset > 0xff00 ? 1 : 61) {
        gicd(linux, offset, bytes);
        setGicd(linux, offset, ALL, bytes);
      }
      for (let offset = 0; offset < 2 * GICR_STRIDE; offset += offset % SGI_BASE < 0x1000 ? 1 : 61) {
        value(linux.load(GUEST_GICR + offset, bytes));
        value(linux.store(GUEST_GICR + offset, bytes, ALL));
      }
    }
    expect(plc.running).toBe(true);
  });

  test("an unaligned word is the one that it begins in", () => {
    for (let byte = 1; byte < 4; byte++) {
      setGicd(linux, IPRIORITYR + 48, 0n);
      setGicd(linux, IPRIORITYR + 48 + byte, 0x30_2010n);
      expect(gicd(linux, IPRIORITYR + 48)).toBe(0x30_2010n);
      expect(gicd(linux, IPRIORITYR + 48 + byte)).toBe(0x30_2010n);
      setGicd(linux, ISENABLER + WORD_1 + byte, bits(49));
      expect(gicd(linux, ISENABLER + WORD_1)).toBe(bits(49));
      setGicd(linux, ICENABLER + WORD_1, ALL);
    }
  });

  test("unaligned words at the end of IPRIORITYR reach nothing behind it", () => {
    bench.openInterrupts(3);
    const before = bench.vcpu(1, 0).exits;
    // Behind the 32 priorities of SGIs and PPIs stand a vCPU's counters; a word from the last byte
    // on would reach three of their bytes.
    value(plc.store(GUEST_GICR + SGI_BASE + IPRIORITYR + 31, 4, ALL));
    value(plc.store(GUEST_GICD + IPRIORITYR + 0x3ff, 4, ALL));
    expect(bench.vcpu(1, 0).exits[0]).toBe(before[0]);
    expect(value(plc.load(GUEST_GICR + SGI_BASE + IPRIORITYR + 28, 4))).toBe(0xf8f8_f8f8n);
  });

  test("a load goes into the register named, zero or sign extended; XZR takes none and gives 0", () => {
    setGicd(linux, IPRIORITYR + 48, 0xf0n, 1);
    linux.setX(7, ALL << 32n);
    expect(value(linux.load(GUEST_GICD + IPRIORITYR + 48, 1, { register: 7 }))).toBe(0xf0n);
    expect(value(linux.load(GUEST_GICD + IPRIORITYR + 48, 1, { register: 7, signExtend: true }))).toBe(0xffff_fff0n);
    linux.load(GUEST_GICD + IPRIORITYR + 48, 1, { register: 31 });
    expect(value(linux.store(GUEST_GICD + IPRIORITYR + 48, 1, 0x80n, { register: 31 }))).toBe(0n);
    expect(gicd(linux, IPRIORITYR + 48, 1)).toBe(0n);
  });

  test("behind a 16-bit instruction of an AArch32 program the guest goes on two bytes later (ESR_EL2.IL)", () => {
    const { pc } = linux.pcpu;
    linux.pcpu.pstate = 0x30n;
    expect(linux.load(GUEST_GICD + 4, 4, { short: true }).kind).toBe("done");
    expect(linux.pcpu.pc).toBe(pc + 2n);
  });
});

describe("accesses of other sizes (IHI 0069 §12.1.3)", () => {
  const open = (): void => {
    bench.openInterrupts(0);
    for (const [intid, priority] of [
      [48, 0x10],
      [49, 0x38],
      [50, 0xa8],
      [232, 0xf0],
      [233, 0x98],
    ] as const)
      bench.enable(0, intid, priority);
    bench.route(0, 48, 1);
    for (const n of [0, 5, 16, 27, 30, 31]) value(linux.store(GUEST_GICR + SGI_BASE + IPRIORITYR + n, 1, BigInt(0x18 + 8 * n)));
  };
  const FRAMES = [
    ["GICD", GUEST_GICD, [0, 0x100]],
    ["GICD, priorities", GUEST_GICD, [IPRIORITYR, IPRIORITYR + 0x400]],
    ["GICD, configuration", GUEST_GICD, [ICFGR, ICFGR + 0x100]],
    ["GICD, IDs", GUEST_GICD, [0xffd0, 0x1_0000]],
    ["GICR", GUEST_GICR, [0, 0x40]],
    ["GICR, SGIs and PPIs", GUEST_GICR, [SGI_BASE + IGROUPR, SGI_BASE + IPRIORITYR + 0x40]],
    ["GICR, configuration", GUEST_GICR, [SGI_BASE + ICFGR, SGI_BASE + ICFGR + 0x10]],
    ["the second GICR", GUEST_GICR + GICR_STRIDE, [0, 0x40]],
    ["GICR, IDs", GUEST_GICR, [0xffd0, 0x1_0000]],
  ] as const;

  test.each(FRAMES)(
    "%s: a byte and a halfword are their part of the word, a doubleword is not of a 32-bit register",
    (_, base, [from, end]) => {
      open();
      const load = (at: number, bytes: number): bigint => value(linux.load(base + at, bytes));
      for (let at = from; at < end; at += 8) {
        const words = [load(at, 4), load(at + 4, 4)] as const;
        const all = words[0] | (words[1] << 32n);
        const isTyper = base !== GUEST_GICD && at === GICR_TYPER; // which has 64 bits, as GICD_IROUTER
        expect(load(at, 8), `0x${at.toString(16)}`).toBe(isTyper ? all : 0n);
        for (let n = 0; n < 8; n++)
          expect(load(at + n, 1), `byte at 0x${(at + n).toString(16)}`).toBe((all >> BigInt(8 * n)) & 0xffn);
        for (let n = 0; n < 8; n += 2)
          expect(load(at + n, 2), `halfword at 0x${(at + n).toString(16)}`).toBe((all >> BigInt(8 * n)) & 0xffffn);
      }
    },
  );

  test("a byte of a priority changes that one, a word four of them, at each frame's ends, and nothing beside them", () => {
    open();
    const frame = (base: number, first: number, end: number): bigint[] =>
      Array.from({ length: (end - first) / 4 }, (_, n) => value(linux.load(base + first + 4 * n, 4)));
    const sgis = (): bigint[] => frame(GUEST_GICR, SGI_BASE + IPRIORITYR, SGI_BASE + IPRIORITYR + 32);
    for (const n of [0, 1, 15, 16, 30, 31]) {
      const wanted = sgis();
      const word = n >> 2;
      const shift = BigInt(8 * (n & 3));
      wanted[word] = ((wanted[word] ?? 0n) & ~(0xffn << shift)) | (0x48n << shift);
      value(linux.store(GUEST_GICR + SGI_BASE + IPRIORITYR + n, 1, 0x48n));
      expect(sgis(), `INTID ${n}`).toEqual(wanted);
    }
    for (const n of [0, 28]) {
      const wanted = sgis();
      wanted[n >> 2] = 0x5058_6068n;
      value(linux.store(GUEST_GICR + SGI_BASE + IPRIORITYR + n, 4, 0x5058_6068n));
      expect(sgis()).toEqual(wanted);
    }
    const before = sgis();
    for (const at of [SGI_BASE + IPRIORITYR - 1, SGI_BASE + IPRIORITYR + 32]) value(linux.store(GUEST_GICR + at, 1, 0x77n));
    for (const bytes of [2, 8]) value(linux.store(GUEST_GICR + SGI_BASE + IPRIORITYR + 8, bytes, 0x7878_7878_7878_7878n));
    expect(sgis(), "halfwords and doublewords do nothing").toEqual(before);
  });

  test("routes: by a word, by a doubleword; of others' INTIDs, of SGIs and PPIs, behind the last one there is none", () => {
    open();
    const route = (intid: number): bigint => gicd(linux, IROUTER + 8 * intid, 8);
    expect([48, 49, 61].map(route)).toEqual([1n, 0n, 0n]);
    setGicd(linux, IROUTER + 8 * 49, 1n);
    expect(route(49)).toBe(1n);
    setGicd(linux, IROUTER + 8 * 49 + 4, 0n);
    expect(route(49), "Aff3").toBe(1n);
    for (const [data, bytes] of [
      [2n, 8],
      [0x8000_0000n, 8],
      [0x8000_0001n, 4],
      [0x100n, 8],
      [0x1_0000_0000n, 8],
      [0xff_0000_0000n, 8],
    ] as const)
      setGicd(linux, IROUTER + 8 * 49, data, bytes);
    expect(route(49), "of no vCPU, or of any").toBe(1n);
    setGicd(linux, IROUTER + 8 * 49, 0n, 8);
    expect(route(49)).toBe(0n);
    expect(physical(IROUTER + 8 * 61)).toBe(BigInt(bench.machine.board.cpus[3]?.mpidr ?? 0n));
    setGicd(linux, IROUTER + 8 * 61, 1n, 8);
    expect(physical(IROUTER + 8 * 61)).toBe(BigInt(bench.machine.board.cpus[3]?.mpidr ?? 0n));
    for (const intid of [0, 27, 31, 1019, 1023]) expect(route(intid)).toBe(0n);
  });

  test("routes of the first and the last SPI that there may be", () => {
    const ends = [level(32), level(255)];
    const other = new Bench({ ...STANDARD, partitions: [{ ...LINUX, interrupts: [...LINUX.interrupts, ...ends] }, PLC] });
    for (const { intid } of ends) {
      setGicd(other.guest(0), IROUTER + 8 * intid, 1n, 8);
      expect([gicd(other.guest(0), IROUTER + 8 * intid, 8), gicd(other.guest(0), IROUTER + 8 * intid)], `${intid}`).toEqual([
        1n,
        1n,
      ]);
    }
  });
});

describe("redistributors", () => {
  const gicr = (offset: number, vcpu = 0): number => GUEST_GICR + vcpu * GICR_STRIDE + offset;

  test("GICR_TYPER: affinity, number, and Last in the last one", () => {
    expect(value(linux.load(gicr(8), 8))).toBe(0n);
    expect(value(linux.load(gicr(8, 1), 8))).toBe((1n << 32n) | (1n << 8n) | (1n << 4n));
    expect(value(linux.load(gicr(8, 1), 4))).toBe((1n << 8n) | (1n << 4n));
    expect(value(linux.load(gicr(12, 1), 4))).toBe(1n);
    expect(value(plc.load(gicr(8), 8))).toBe(1n << 4n);
  });

  test("GICR_WAKER: ChildrenAsleep follows ProcessorSleep; asleep at first", () => {
    expect(value(linux.load(gicr(0x14), 4))).toBe(6n);
    value(linux.store(gicr(0x14), 4, 0n));
    expect(value(linux.load(gicr(0x14), 4))).toBe(0n);
    value(linux.store(gicr(0x14), 4, 2n));
    expect(value(linux.load(gicr(0x14), 4))).toBe(6n);
  });

  test("IIDR, PIDR2", () => {
    expect(value(linux.load(gicr(4), 4))).toBe(0x43bn);
    expect(value(linux.load(gicr(0xffe8), 4))).toBe(0x3bn);
  });

  test("what is no register of SGI_base reads 0, whatever is pending, enabled, and has which priority", () => {
    const words = (from: number, count: number): number[] => Array.from({ length: count }, (_, n) => from + 4 * n);
    const priorities = words(IPRIORITYR, 8);
    const states = [IGROUPR, ISENABLER, ICENABLER, ISPENDR, ICPENDR, ISACTIVER, ICACTIVER];
    const registers = [...states, ...priorities, ICFGR, ICFGR + 4];
    for (const offset of [ISENABLER, ISPENDR, ...priorities]) value(linux.store(gicr(SGI_BASE + offset), 4, ALL));
    for (const offset of [...words(0, 0x400), 0xffe8, 0xfffc].filter((one) => !registers.includes(one)))
      expect(value(linux.load(gicr(SGI_BASE + offset), 4)), `0x${offset.toString(16)}`).toBe(0n);
  });

  test("CTLR (no LPIs), and what is reserved in RD_base, read 0", () => {
    const there = [4, 8, 0xc, 0x14, 0xffe8]; // IIDR, TYPER, WAKER, PIDR2
    const ends = [0, SGI_BASE - 0x100].flatMap((from) => Array.from({ length: 0x40 }, (_, n) => from + 4 * n));
    for (const offset of [...ends, 0x100, 0x1000, 0x8000].filter((one) => !there.includes(one)))
      expect(value(linux.load(gicr(offset), 4)), `0x${offset.toString(16)}`).toBe(0n);
  });

  test("is as it was when another partition begins anew", () => {
    const [priority, sgi] = [gicr(SGI_BASE + IPRIORITYR + 27), 9];
    value(linux.store(gicr(SGI_BASE + ISENABLER), 4, bits(27, sgi)));
    value(linux.store(priority, 1, 0x48n));
    value(linux.store(gicr(0x14), 4, 0n));
    value(linux.store(gicr(SGI_BASE + ISPENDR), 4, bits(4)));
    const state = (): bigint[] => [
      value(linux.load(gicr(SGI_BASE + ISENABLER), 4)),
      value(linux.load(gicr(SGI_BASE + ISPENDR), 4)),
      value(linux.load(priority, 1)),
      value(linux.load(gicr(0x14), 4)),
    ];
    const before = state();
    expect(before).toEqual([bits(27, sgi), bits(4), 0x48n, 0n]);
    expect(bench.command(1, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect([plc.running, state()]).toEqual([true, before]);
  });

  test("each SGI and PPI is enabled alone (GICR_ISENABLER0)", () => {
    value(linux.store(gicr(SGI_BASE + ICENABLER), 4, ALL));
    for (const intids of [[3], [27], [15, 30]]) {
      value(linux.store(gicr(SGI_BASE + ISENABLER), 4, bits(...intids)));
      expect(value(linux.load(gicr(SGI_BASE + ISENABLER), 4))).toBe(bits(...intids));
      value(linux.store(gicr(SGI_BASE + ICENABLER), 4, bits(...intids)));
      expect(value(linux.load(gicr(SGI_BASE + ISENABLER), 4))).toBe(0n);
    }
  });

  test("IGROUPR0: SGIs and its own PPIs are in group 1", () => {
    expect(value(linux.load(gicr(SGI_BASE + IGROUPR), 4))).toBe(bits(...Array.from({ length: 16 }, (_, n) => n), 27, 30));
  });

  test("ICFGR0 and ICFGR1: SGIs are edges, PPIs what the board's are; what is written is ignored", () => {
    const { bank } = bench.machine.pcpu(0).gic;
    bank.edge[0] = (bank.edge[0] ?? 0) | (1 << 27);
    for (const offset of [ICFGR, ICFGR + 4]) value(linux.store(gicr(SGI_BASE + offset), 4, 0n));
    expect([ICFGR, ICFGR + 4].map((offset) => value(linux.load(gicr(SGI_BASE + offset), 4)))).toEqual([0xaaaa_aaaan, 2n << 22n]);
  });

  test("behind the last one there is nothing: a fault", () => {
    expect(linux.load(gicr(0, 2), 4).kind).toBe("parked");
  });

  test("SGIs can be enabled and made pending, the timers' PPIs too, the hypervisor's PPIs not", () => {
    const enable = gicr(SGI_BASE + ISENABLER);
    value(linux.store(enable, 4, ALL));
    expect(value(linux.load(enable, 4))).toBe(0xffffn | bits(27, 30));
    value(linux.store(gicr(SGI_BASE + ICENABLER), 4, ALL));
    expect(value(linux.load(enable, 4))).toBe(0n);
    const own = bench.machine.pcpu(0).gic.bank;
    expect(own.has(own.enabled, 25)).toBe(true);
    expect(own.has(own.enabled, KICK_SGI)).toBe(true);
    expect(own.has(own.enabled, 26)).toBe(false);
  });

  test("each SGI is made pending, and taken back, alone", () => {
    for (let n = 0; n < 16; n++) {
      value(linux.store(gicr(SGI_BASE + ISPENDR), 4, bits(n)));
      expect(value(linux.load(gicr(SGI_BASE + ISPENDR), 4)), `SGI ${n}`).toBe(bits(n));
      value(linux.store(gicr(SGI_BASE + ICPENDR), 4, 0xffffn & ~bits(n)));
      expect(value(linux.load(gicr(SGI_BASE + ICPENDR), 4)), `SGI ${n}`).toBe(bits(n));
      value(linux.store(gicr(SGI_BASE + ICPENDR), 4, bits(n)));
      expect(value(linux.load(gicr(SGI_BASE + ISPENDR), 4)), `SGI ${n}`).toBe(0n);
    }
  });

  test("priorities of SGIs and PPIs, bytes and words", () => {
    value(linux.store(gicr(SGI_BASE + IPRIORITYR + 27), 1, 0x90n));
    value(linux.store(gicr(SGI_BASE + IPRIORITYR), 4, 0x4030_2010n));
    expect(value(linux.load(gicr(SGI_BASE + IPRIORITYR + 24), 4)) & 0xff00_0000n).toBe(0x9000_0000n);
    expect(value(linux.load(gicr(SGI_BASE + IPRIORITYR), 4))).toBe(0x4030_2010n);
    expect(value(linux.load(gicr(SGI_BASE + IPRIORITYR + 2), 1))).toBe(0x30n);
    expect(value(plc.load(gicr(SGI_BASE + IPRIORITYR), 4))).toBe(0n);
  });

  test("a vCPU's PPIs can be enabled by another vCPU of its partition", () => {
    linux.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    value(linux.store(gicr(SGI_BASE + ISENABLER, 1), 4, bits(27)));
    const bank = bench.machine.pcpu(1).gic.bank;
    expect(bank.has(bank.enabled, 27)).toBe(true);
    expect(bench.machine.pcpu(0).gic.bank.has(bench.machine.pcpu(0).gic.bank.enabled, 27)).toBe(false);
  });
});

describe.each(GICS)("%s: a new life", (_, board) => {
  const isV2 = board.gicVersion === 2;
  // Every register that keeps anything: distributor, and on a GICv3 routes and both redistributors' SGI frames.
  const words = (base: number, from: number, end: number): number[] =>
    Array.from({ length: (end - from) / 4 }, (_, n) => base + from + 4 * n);
  const frames = isV2
    ? []
    : [0, 1].flatMap((n) => [
        GUEST_GICR + n * GICR_STRIDE + 0x14,
        ...words(GUEST_GICR + n * GICR_STRIDE + SGI_BASE, 0x80, 0xc08),
      ]);
  const registers = [
    ...words(GUEST_GICD, 0, isV2 ? 0xf30 : 0xd00),
    ...(isV2 ? [] : words(GUEST_GICD, IROUTER + 8 * 32, IROUTER + 8 * 256)),
    ...frames,
  ];

  test("finds every register of the interrupt controller as the first one did, whatever has been written everywhere", () => {
    const own = new Bench({ ...STANDARD, board });
    const guest = own.guest(0);
    const seen = (): string[] => registers.map((at) => `${at.toString(16)}: ${value(guest.load(at, 4)).toString(16)}`);
    // A redistributor is as after a reset when its vCPU begins.
    const switchOn = (): void => {
      guest.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
      own.machine.settle();
    };
    const off = seen();
    switchOn();
    const first = seen();
    // Nothing is enabled (but a GICv2's SGIs), pending or active, and every priority is the highest.
    const isZero = (at: number): boolean =>
      (at & 0xffff) >= ISENABLER &&
      (at & 0xffff) < 0x800 &&
      !(isV2 && (at === GUEST_GICD + ISENABLER || at === GUEST_GICD + ICENABLER));
    expect(first.filter((line, n) => isZero(registers[n] ?? 0) && !line.endsWith(": 0"))).toEqual([]);
    for (const data of [ALL, 1n, 2n]) {
      for (const at of registers) {
        const offset = at & 0xffff;
        // Not what clears, and of active ones nobody would take any.
        const clears = (offset & 0x80) !== 0 && offset >= 0x100 && offset < 0x400;
        if (!clears && !(isV2 && offset >= 0xf00)) guest.store(at, 4, data);
      }
    }
    own.machine.settle();
    expect(seen().filter((line, n) => line !== first[n]).length).toBeGreaterThan(10);
    guest.hvc(SYSTEM_RESET);
    own.machine.settle();
    expect(guest.running).toBe(true);
    expect(seen(), "while the second vCPU is off").toEqual(off);
    switchOn();
    expect(seen()).toEqual(first);
  });
});
