// The table walker against tables made by hand (ARM ARM D8.3).
import { describe, expect, test } from "vitest";
import { merge, Stage2, vmidOf } from "../../../tools/machine/aarch64/stage2.ts";

const NORMAL_RWX = 0x7ffn & ~3n; // AF, SH inner, S2AP read/write, MemAttr write-back
const ROOT = 0x10000;
const TABLE_2 = 0x12000;
const TABLE_3 = 0x13000;
const VTCR_40 = (1n << 31n) | (2n << 16n) | (3n << 12n) | (1n << 6n) | 24n;

function tables(entries: readonly (readonly [number, bigint])[]): Stage2 {
  const memory = new Map(entries);
  return new Stage2(BigInt(ROOT) | (5n << 48n), VTCR_40, (pa) => memory.get(pa) ?? 0n);
}

const GIB = 2 ** 30;
const MIB = 2 ** 20;

describe("stage 2", () => {
  const stage2 = tables([
    [ROOT + 8 * 2, (3n << 30n) | NORMAL_RWX | 1n], // 1 GiB at 2 GiB → 3 GiB
    [ROOT + 8, BigInt(TABLE_2) | 3n],
    [TABLE_2 + 8 * 3, 0x8060_0000n | (1n << 54n) | NORMAL_RWX | 1n], // 2 MiB at 1 GiB + 6 MiB, no execution
    [TABLE_2 + 8 * 4, BigInt(TABLE_3) | 3n],
    [TABLE_3 + 8 * 7, 0x900_0000n | 0x407n | (1n << 6n)], // a page: device, read only
    [ROOT + 8 * 600, BigInt(2 ** 33) | NORMAL_RWX | 1n], // in the second of the concatenated root tables
  ]);

  test("blocks and pages of every level are found, with their attributes", () => {
    expect(vmidOf((5n << 48n) | BigInt(ROOT))).toBe(5);
    expect(stage2.translate(2 * GIB + 12345)).toMatchObject(
      { ipa: 2 * GIB, pa: 3 * GIB, size: GIB, read: true, write: true, execute: true, memory: 15, shareability: 3 }
    );
    expect(stage2.translate(GIB + 6 * MIB + 5)).toMatchObject({ pa: 0x8060_0000, size: 2 * MIB, execute: false });
    expect(stage2.translate(GIB + 8 * MIB + 7 * 4096)).toMatchObject({ pa: 0x900_0000, size: 4096, memory: 1, write: false });
    expect(stage2.translate(600 * GIB)).toMatchObject({ pa: 2 ** 33 });
  });

  test("what is not mapped faults, at the level where the walk ends", () => {
    expect(stage2.translate(0)).toEqual({ level: 1 });
    expect(stage2.translate(GIB)).toEqual({ level: 2 });
    expect(stage2.translate(GIB + 8 * MIB)).toEqual({ level: 3 });
    expect(stage2.translate(2 ** 40)).toEqual({ level: 0 });
  });

  test("the list has everything once, in order", () => {
    expect(stage2.list().map(({ ipa, size }) => [ipa, size])).toEqual(
      [[GIB + 6 * MIB, 2 * MIB], [GIB + 8 * MIB + 7 * 4096, 4096], [2 * GIB, GIB], [600 * GIB, GIB]]
    );
  });

  test("neighbours with the same attributes merge, others do not", () => {
    const page = (n: number, write: boolean) =>
      ({ ipa: n * 4096, pa: 0x1000_0000 + n * 4096, size: 4096, read: true, write, execute: false, memory: 15, shareability: 3 });
    expect(merge([page(0, true), page(1, true), page(2, false)])).toEqual([{ ...page(0, true), size: 8192 }, page(2, false)]);
  });

  test("tables that hardware would not take are errors", () => {
    const leaf = (descriptor: bigint) => () => tables([[ROOT, descriptor]]).translate(0);
    expect(leaf((NORMAL_RWX & ~(1n << 10n)) | 1n)).toThrow("access flag");
    expect(leaf(0x20_0000n | NORMAL_RWX | 1n)).toThrow("not aligned to the block");
    expect(() => new Stage2(0n, VTCR_40 & ~(1n << 31n), () => 0n)).toThrow("RES1");
    expect(() => new Stage2(0x1000n, VTCR_40, () => 0n)).toThrow("BADDR");
    expect(() => new Stage2(0n, (VTCR_40 & ~0x3fn) | 16n, () => 0n)).toThrow("SL0");
  });
});
