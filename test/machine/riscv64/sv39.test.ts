// Walks of Sv39 and Sv39x4, and what hardware makes of entries that are not as they should be.
import { describe, expect, test } from "vitest";
import { Sv39 } from "../../../tools/machine/riscv64/sv39.ts";
import { A, D, G, GUEST_RWX, R, Tables, U, V, W, X } from "./tables.ts";

const PA = 0x8100_0000;
const MIB_2 = 2 ** 21;
const GIB = 2 ** 30;

const walker = (tables: Tables, guests = true): Sv39 =>
  new Sv39(BigInt(tables.root / 0x1000), guests, (pa) => tables.memory.read64(pa));
const mapped = (address: number, bits: number, level = 0, pa = PA, high = 0n) => {
  const tables = new Tables();
  tables.map(address, tables.entry(pa, bits, high), level, tables.root, true);
  return walker(tables).translate(address);
};

test("pages, 2 MiB and 1 GiB", () => {
  for (const [level, size] of [[0, 0x1000], [1, MIB_2], [2, GIB]] as const) {
    const pa = level === 2 ? 0x8000_0000 : PA;
    expect(
      mapped(3 * GIB + 5 * size % GIB, GUEST_RWX, level, pa)
    ).toMatchObject({ pa, size, read: true, write: true, execute: true });
  }
});

test("Sv39x4 takes 41 bits, Sv39 39", () => {
  const last = 2 ** 41 - 0x1000;
  expect(mapped(last, GUEST_RWX)).toMatchObject({ ipa: last });
  expect([walker(new Tables()).inputBits, walker(new Tables(), false).inputBits]).toEqual([41, 39]);
  expect(walker(new Tables()).translate(2 ** 41)).toBe(undefined);
});

describe("faults", () => {
  test.each<[string, number, number?, bigint?]>([
    ["V = 0", GUEST_RWX & ~V],
    ["written and not read", GUEST_RWX & ~R],
    ["A = 0: who does not set it has to have set it", GUEST_RWX & ~A],
    ["U = 0: a guest's access is one of user mode", GUEST_RWX & ~U],
    ["a table where there are only pages", V],
    ["PBMT without Svpbmt", GUEST_RWX, 0, 1n << 61n],
    ["N without Svnapot", GUEST_RWX, 0, 1n << 63n],
    ["reserved bits", GUEST_RWX, 0, 1n << 54n],
  ])("%s", (_, bits, level = 0, high = 0n) => {
    expect(mapped(GIB, bits, level, PA, high)).toBe(undefined);
  });

  test("a block that is not aligned", () => {
    expect(mapped(GIB, GUEST_RWX, 1, PA + 0x1000)).toBe(undefined);
  });

  test("D, A or U where it leads to a table", () => {
    for (const bit of [D, A, U]) {
      const tables = new Tables();
      const below = tables.another();
      tables.map(GIB, tables.entry(below, V | bit), 1, tables.root, true);
      expect(walker(tables).translate(GIB)).toBe(undefined);
    }
  });
});

test("D = 0: it may be read, and not written", () => {
  expect(mapped(GIB, GUEST_RWX & ~D)).toMatchObject({ read: true, write: false, execute: true });
  expect(mapped(GIB, V | R | U | A)).toMatchObject({ read: true, write: false, execute: false });
  expect(mapped(GIB, V | X | U | A | G)).toMatchObject({ read: false, execute: true, global: true });
});

test("a supervisor's own tables have U = 0 where it is at home", () => {
  const tables = new Tables();
  tables.map(GIB, tables.entry(PA, V | R | W | A | D), 0);
  expect(walker(tables, false).translate(GIB + 8)).toMatchObject({ pa: PA, user: false });
});

describe("the list of all that is mapped", () => {
  test("in order, and the tables that say so, the root's four pages first", () => {
    const tables = new Tables();
    for (const [address, level] of [[5 * GIB, 2], [GIB, 0], [GIB + MIB_2, 1]] as const) {
      tables.map(address, tables.entry(level === 2 ? 0x8000_0000 : PA, GUEST_RWX), level, tables.root, true);
    }
    const seen: number[] = [];
    expect(
      walker(tables).list((_, bytes) => seen.push(bytes)).map(({ ipa, size }) => [ipa, size])
    ).toEqual([[GIB, 0x1000], [GIB + MIB_2, MIB_2], [5 * GIB, GIB]]);
    expect(seen).toEqual([0x4000, 0x1000, 0x1000]);
  });

  test("says what no hardware could use", () => {
    for (
      const [bits, high] of [[GUEST_RWX & ~A, 0n], [GUEST_RWX & ~U, 0n], [GUEST_RWX & ~R, 0n], [GUEST_RWX, 1n << 61n]] as const
    ) {
      const tables = new Tables();
      tables.map(GIB, tables.entry(PA, bits, high), 0, tables.root, true);
      expect(() => walker(tables).list()).toThrow("MACHINE_STAGE2");
    }
  });
});

test("a root that is not aligned to all of its pages", () => {
  expect(() => new Sv39(0x8_0001n, true, () => 0n)).toThrow("not aligned");
  expect(() => new Sv39(0x8_0001n, false, () => 0n)).not.toThrow();
});
