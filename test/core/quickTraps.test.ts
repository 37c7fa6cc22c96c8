// What guests do often is answered by few registers (arch/aarch64/quickTraps.ts, sysregTrap.ts): without it everything
// would be as it is, but three times as slow. And what looks like it and is something else is none of it.
import { beforeEach, describe, expect, test } from "vitest";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { GUEST_GICD, GUEST_GICR, level, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench, GICR_STRIDE, GICS, KICK_SGI, SGI_BASE, value } from "./bench.ts";

const [TYPER, ISENABLER, ICENABLER, ISPENDR, IPRIORITYR, SGIR] = [0x4, 0x100, 0x180, 0x200, 0x400, 0xf00] as const;
const WORD_1 = 4;
const TO_SELF = 2 << 24;

describe.each([
  ...GICS.map(([name, board]) => [name, board, false] as const),
  ...GICS.map(([name, board]) => [`${name}, direct`, board, true] as const),
])("%s", (_, board, direct) => {
  const isV2 = board.gicVersion === 2;
  let bench: Bench;
  let guest: Guest;
  beforeEach(() => {
    bench = new Bench({
      ...STANDARD,
      board,
      partitions: [{ ...LINUX, direct, interrupts: [...LINUX.interrupts, level(63)] }, PLC],
    });
    guest = bench.openInterrupts(0);
  });

  const isQuick = (run: () => unknown): boolean => {
    const before = guest.pcpu.fullTraps;
    run();
    return guest.pcpu.fullTraps === before;
  };
  const load = (offset: number, bytes = 4): boolean => isQuick(() => value(guest.load(GUEST_GICD + offset, bytes)));
  const store = (offset: number, data: number, bytes = 4, base = GUEST_GICD): boolean =>
    isQuick(() => value(guest.store(base + offset, bytes, BigInt(data))));
  const own = isV2 ? GUEST_GICD : GUEST_GICR + SGI_BASE;

  test("loads of GICD_TYPER, GICD_ISENABLER<n> and ICENABLER<n>, of 32 bits, are quick", () => {
    expect(
      [TYPER, ISENABLER + WORD_1, ISENABLER + 31 * WORD_1, ICENABLER + WORD_1, ICENABLER + 31 * WORD_1].map((offset) =>
        load(offset),
      ),
    ).toEqual([true, true, true, true, true]);
    expect([ISENABLER, ICENABLER, ISPENDR, ISPENDR + WORD_1].map((offset) => load(offset))).toEqual([false, false, false, false]);
    expect([load(TYPER, 2), load(ISENABLER + WORD_1, 1), load(ISENABLER + WORD_1 + 1, 2)]).toEqual([false, false, false]);
  });

  test("a load that extends the sign is none, and extends it: to 64 bits (LDRSW)", () => {
    value(guest.store(GUEST_GICD + ISENABLER + WORD_1, 4, 1n << 31n));
    expect(value(guest.load(GUEST_GICD + ISENABLER + WORD_1, 4))).toBe(0x8000_0000n);
    expect(value(guest.load(GUEST_GICD + ISENABLER + WORD_1, 4, { signExtend: true, wide: true }))).toBe(0xffff_ffff_8000_0000n);
  });

  test("stores of an SPI's priority, and of its own ISENABLER0, are quick", () => {
    expect([store(IPRIORITYR + 48, 0x50, 1), store(IPRIORITYR + 1019, 0x50, 1), store(IPRIORITYR + 32, 0x50, 1)]).toEqual([
      true,
      true,
      true,
    ]);
    expect([store(ISENABLER, 1 << 27, 4, own), store(ISENABLER, 1 << 3, 4, own)]).toEqual([true, true]);
    expect([
      store(IPRIORITYR + 31, 0x50, 1),
      store(IPRIORITYR + 48, 0x50),
      store(ISENABLER + WORD_1, 1),
      store(ISENABLER, 1 << 27, 2, own),
    ]).toEqual([false, false, false, false]);
    if (!isV2) expect(store(ISENABLER, 1 << 27, 4, own + GICR_STRIDE)).toBe(false);
    if (isV2 || direct) return;
    value(guest.store(own + ICENABLER, 4, 0xffffn));
    value(guest.store(own + ISPENDR, 4, 1n << 3n));
    expect([store(ISENABLER, 1 << 5, 4, own), store(ISENABLER, 1 << 3, 4, own)], "also while another SGI waits").toEqual([
      true,
      false,
    ]);
  });

  test("an SGI to itself is quick, and comes; to others, or of the hypervisor's number, it is not", () => {
    const send = (sgi: number, targets: number): boolean =>
      isQuick(() =>
        value(
          isV2
            ? guest.store(GUEST_GICD + SGIR, 4, BigInt((targets << 16) | sgi))
            : guest.msr("ICC_SGI1R_EL1", BigInt(sgi * 2 ** 24 + targets)),
        ),
      );
    for (const sgi of [0, 5, 15]) {
      expect(send(sgi, 1), `${sgi}`).toBe(true);
      const taken = guest.acknowledge();
      expect(taken & 0x3ff).toBe(sgi);
      guest.endOfInterrupt(taken);
    }
    if (isV2) {
      expect(store(SGIR, TO_SELF | 9)).toBe(true);
      expect(guest.acknowledge() & 0x3ff).toBe(9);
      guest.endOfInterrupt(9);
      expect(send(1, 0b1_0000_0001), "bits above TargetList say where the list stands").toBe(false);
    } else {
      expect(
        isQuick(() => value(guest.msr("ICC_SGI1R_EL1", (1n << 40n) | 1n))),
        "IRM: to all others",
      ).toBe(false);
    }
    expect([send(1, 0), send(1, 2), send(1, 3)]).toEqual([false, false, false]);
    if (direct) expect(send(KICK_SGI, 1)).toBe(false);
  });

  if (direct && !isV2)
    test("ICC_PMR_EL1 of a direct guest is written by the vectors themselves, from any register", () => {
      const written = (): bigint =>
        bench.machine.linear.getBigUint64(guest.pcpu.vcpu + bench.machine.core.VCPU_EXITS_REGISTER.value, true);
      for (const register of [0, 1, 30, 31]) {
        const before = written();
        guest.msr("ICC_PMR_EL1", 0xf0n, register);
        expect(written(), `x${register}`).toBe(before + 1n);
      }
    });

  test("ID registers, and what reads 0, are quick", () => {
    for (const register of ["ID_AA64PFR0_EL1", "ID_AA64ISAR0_EL1", "ACTLR_EL1"] as const)
      expect(
        isQuick(() => guest.mrs(register)),
        register,
      ).toBe(true);
    expect(isQuick(() => guest.msr("ACTLR_EL1", 0n))).toBe(true);
  });
});
