// What becomes of a guest's addresses, and that the TLB keeps what nobody has fenced.
import { beforeEach, describe, expect, test } from "vitest";
import { Clock } from "../../../tools/machine/clock.ts";
import { QEMU_10 } from "../../../tools/machine/riscv64/csrs.ts";
import { Fences } from "../../../tools/machine/riscv64/fences.ts";
import { Hart } from "../../../tools/machine/riscv64/hart.ts";
import { Imsic } from "../../../tools/machine/riscv64/imsic.ts";
import type { Mapping } from "../../../tools/machine/riscv64/sv39.ts";
import { translate, translateVirtual } from "../../../tools/machine/riscv64/translation.ts";
import { TableWrites } from "../../../tools/machine/tableWrites.ts";
import { Tlb } from "../../../tools/machine/tlb.ts";
import { A, D, GUEST_RWX, R, Tables, V, W } from "./tables.ts";

const MEGAHERTZ_10 = 10_000_000;
const HARTS = 2;
const VMID = 3;
const GPA = 0x8000_0000;
const PA = 0x8200_0000;
const VA = 0x12_3000;
const SV39 = 8n << 60n;
const PAGE = 0x1000;

let tables: Tables;
let tlb: Tlb<Mapping>;
let tableWrites: TableWrites;
let fences: Fences;
let harts: Hart[];
/** Where GPA's entry is. */
let slot: number;

beforeEach(() => {
  tables = new Tables();
  tlb = new Tlb(HARTS);
  tableWrites = new TableWrites();
  fences = new Fences(tlb, tableWrites);
  slot = tables.map(GPA, tables.entry(PA, GUEST_RWX), 0, tables.root, true);
  harts = Array.from({ length: HARTS }, (_, n) => {
    const hart = new Hart(n, QEMU_10, new Imsic(1), new Clock(MEGAHERTZ_10));
    hart.csrs.write("hgatp", SV39 | (BigInt(VMID) << 44n) | BigInt(tables.root / PAGE));
    return hart;
  });
});
const hart = (n: number): Hart => harts[n] ?? expect.unreachable();
const on = (n: number, gpa = GPA, access: "read" | "write" | "execute" = "read") =>
  translate({ memory: tables.memory, tlb, tableWrites }, hart(n), gpa, access);

test("a guest-physical address leads where the tables say, or is a guest page fault that names it", () => {
  expect(on(0)).toMatchObject({ mapping: { pa: PA } });
  const gpa = GPA + PAGE + 4;
  expect(on(0, gpa)).toEqual({ trap: { cause: 21, tval: BigInt(gpa), gpa: BigInt(gpa) >> 2n, htinst: 0n } });
  expect(on(0, gpa, "write")).toMatchObject({ trap: { cause: 23 } });
  expect(on(0, gpa, "execute")).toMatchObject({ trap: { cause: 20 } });
});

test("a guest without Sv39x4 is an error, whatever QEMU reads back", () => {
  hart(0).csrs.write("hgatp", 9n << 60n);
  expect(() => on(0)).toThrow("MACHINE_STAGE2");
});

describe("a translation that was taken away", () => {
  const take = (): void => {
    expect([on(0), on(1)]).toMatchObject([{ mapping: { pa: PA } }, { mapping: { pa: PA } }]);
    tables.memory.write64(slot, 0n);
    tableWrites.write(0, slot);
    tlb.descriptorTaken(0);
  };

  test("stays until it is fenced", () => {
    take();
    expect(on(0)).toMatchObject({ mapping: { pa: PA } });
  });

  test("HFENCE.GVMA is of its own hart alone", () => {
    take();
    fences.hfenceGvma(0, VMID);
    expect(on(0)).toMatchObject({ trap: { cause: 21 } });
    expect(on(1)).toMatchObject({ mapping: { pa: PA } });
    fences.remote(0, [1], VMID);
    expect(on(1)).toMatchObject({ trap: { cause: 21 } });
  });

  test("of another VMID it is not; of all it is", () => {
    take();
    fences.hfenceGvma(0, VMID + 1);
    expect(on(0)).toMatchObject({ mapping: { pa: PA } });
    fences.hfenceGvma(0);
    expect(on(0)).toMatchObject({ trap: { cause: 21 } });
  });
});

test("an entry that was stored is seen by walks behind a fence alone", () => {
  const added = tables.map(GPA + PAGE, tables.entry(PA + PAGE, GUEST_RWX), 0, tables.root, true);
  tableWrites.write(0, added);
  expect(() => on(0, GPA + PAGE)).toThrow("MACHINE_STAGE1");
  fences.sfenceVma(0);
  expect(on(0, GPA + PAGE)).toMatchObject({ mapping: { pa: PA + PAGE } });
});

test("what an earlier life has left, or firmware, is an error", () => {
  on(0);
  hart(0).lives++;
  expect(() => on(0)).toThrow("an earlier life");
  fences.hfenceVvma(0, VMID + 1);
  expect(() => on(0)).toThrow("an earlier life");
  fences.hfenceVvma(0, VMID);
  expect(on(0)).toMatchObject({ mapping: { pa: PA } });
  hart(0).lives++;
  expect(() => on(0)).toThrow("an earlier life");
  tlb.start(1);
  expect(() => on(1)).toThrow("firmware");
});

describe("a guest's own tables", () => {
  /** At a guest-physical address: the guest's root. */
  const GUEST_ROOT = GPA + 0x10_0000;
  const ROOT_PA = PA + 0x10_0000;
  const virtual = (va: bigint, access: "read" | "write" | "execute" = "read") =>
    translateVirtual({ memory: tables.memory, tlb, tableWrites }, hart(0), va, access);
  beforeEach(() => {
    for (let n = 0; n < 3; n++) {
      tables.map(GUEST_ROOT + n * PAGE, tables.entry(ROOT_PA + n * PAGE, GUEST_RWX), 0, tables.root, true);
    }
    tables.memory.write64(ROOT_PA, tables.entry(GUEST_ROOT + PAGE, V));
    tables.memory.write64(ROOT_PA + PAGE, tables.entry(GUEST_ROOT + 2 * PAGE, V));
    tables.memory.write64(ROOT_PA + 2 * PAGE + 8 * 0x123, tables.entry(GPA, V | R | W | A | D));
    hart(0).csrs.write("vsatp", SV39 | BigInt(GUEST_ROOT / PAGE));
  });

  test("lead through the hypervisor's", () => {
    expect(virtual(BigInt(VA + 8))).toMatchObject({ mapping: { pa: PA } });
  });

  test("what they do not permit is the guest's own page fault", () => {
    expect(virtual(BigInt(VA + PAGE))).toEqual({ trap: { cause: 13, tval: BigInt(VA + PAGE), gpa: 0n, htinst: 0n } });
    expect(virtual(BigInt(VA), "execute")).toMatchObject({ trap: { cause: 12 } });
    expect(virtual(1n << 40n)).toMatchObject({ trap: { cause: 13 } });
  });

  test("a table that is nowhere is the hypervisor's fault to answer, and htinst says that it was a walk", () => {
    tables.memory.write64(ROOT_PA + PAGE, tables.entry(GPA + 0x20_0000, V));
    const at = BigInt(GPA + 0x20_0000 + 8 * 0x123);
    expect(virtual(BigInt(VA), "write")).toEqual({ trap: { cause: 23, tval: BigInt(VA), gpa: at >> 2n, htinst: 0x3000n } });
  });

  test("with vsatp off an address is what it is", () => {
    hart(0).csrs.write("vsatp", 0n);
    expect(virtual(BigInt(GPA))).toMatchObject({ mapping: { pa: PA } });
  });
});
