// What a guest reaches: 22, a virtual instruction, where HS mode could do it; 2, an illegal one, where nobody can.
import { beforeEach, describe, expect, test } from "vitest";
import { Clock } from "../../../tools/machine/clock.ts";
import { CsrFile } from "../../../tools/machine/riscv64/csrFile.ts";
import { NUMBERS, QEMU_10, QEMU_7 } from "../../../tools/machine/riscv64/csrs.ts";
import type { Csr } from "../../../tools/machine/riscv64/csrs.ts";
import { readAsGuest, writeAsGuest } from "../../../tools/machine/riscv64/guestCsrs.ts";
import { Imsic } from "../../../tools/machine/riscv64/imsic.ts";

const MEGAHERTZ_10 = 10_000_000;
const [ILLEGAL, VIRTUAL] = [{ cause: 2 }, { cause: 22 }];
const TM = 2n;
const STCE = 1n << 63n;
const VGEIN_1 = 1n << 12n;
const VTVM = 1n << 20n;

let clock: Clock;
let csrs: CsrFile;
beforeEach(() => {
  clock = new Clock(MEGAHERTZ_10);
  csrs = new CsrFile(QEMU_10, new Imsic(1), clock);
  for (const name of ["hstatus", "hcounteren", "henvcfg", "hideleg", "hie", "hvip", "htimedelta"] as const) csrs.write(name, 0n);
});
const read = (csr: Csr) => readAsGuest(csrs, NUMBERS[csr]);
const write = (csr: Csr, value: bigint) => writeAsGuest(csrs, NUMBERS[csr], value);

test.each(
  ["sstatus", "stvec", "sscratch", "sepc", "scause", "stval", "satp"] as const
)("%s is its own, and not the hypervisor's", (csr) => {
  const own = csrs.read(csr);
  expect(write(csr, 0x40n)).toEqual({ value: 0n });
  const seen = read(csr);
  expect("value" in seen && (seen.value & 0xffn)).toBe(csr === "sstatus" ? 0n : 0x40n);
  expect(csrs.read(csr)).toBe(own);
});

test.each(
  ["hstatus", "hgatp", "hvip", "hgeip", "vsstatus", "vstimecmp", "vstopei"] as const
)("%s is a virtual instruction", (csr) => {
  expect(read(csr)).toEqual(VIRTUAL);
});

test("writing what can only be read, M mode's registers, and those that there are not: illegal", () => {
  const MSTATUS = 0x300;
  const NOTHING = 0x5c0;
  expect(
    [write("time", 0n), write("hgeip", 0n), readAsGuest(csrs, MSTATUS), readAsGuest(csrs, NOTHING)]
  ).toEqual([ILLEGAL, ILLEGAL, ILLEGAL, ILLEGAL]);
});

describe("time and its timer", () => {
  test("hcounteren.TM: rdtime; with henvcfg.STCE stimecmp too", () => {
    expect([read("time"), read("stimecmp")]).toEqual([VIRTUAL, VIRTUAL]);
    csrs.write("hcounteren", TM);
    csrs.write("htimedelta", 1000n);
    expect([read("time"), write("stimecmp", 5n)]).toEqual([{ value: 1001n }, VIRTUAL]);
    csrs.write("henvcfg", STCE);
    expect([write("stimecmp", 5n), csrs.read("vstimecmp")]).toEqual([{ value: 0n }, 5n]);
    csrs.write("hcounteren", 0n);
    expect(write("stimecmp", 6n)).toEqual(VIRTUAL);
  });
});

describe("its interrupt file", () => {
  test("VGEIN names none: stopei and sireg are virtual instructions, stopi and siselect are not", () => {
    for (const vgein of [0n, 2n]) {
      csrs.write("hstatus", vgein << 12n);
      expect(write("siselect", 0x70n)).toEqual({ value: 0n });
      expect([read("stopei"), read("sireg")]).toEqual([VIRTUAL, VIRTUAL]);
      expect("value" in read("stopi")).toBe(true);
    }
  });

  test("VGEIN names one: all of it, but for priorities of major interrupts", () => {
    csrs.write("hstatus", VGEIN_1);
    write("siselect", 0x70n);
    expect([write("sireg", 1n), read("sireg"), read("stopei")]).toEqual([{ value: 0n }, { value: 1n }, { value: 0n }]);
    write("siselect", 0x30n);
    expect(read("sireg")).toEqual(VIRTUAL);
    write("siselect", 0x81n);
    expect(read("sireg")).toEqual(ILLEGAL);
    write("siselect", 0x100n);
    expect(read("sireg")).toEqual(VIRTUAL);
  });
});

test("hstatus.VTVM: satp is a virtual instruction", () => {
  csrs.write("hstatus", VTVM);
  expect([read("satp"), write("satp", 0n)]).toEqual([VIRTUAL, VIRTUAL]);
});

test("sip shows what is delegated; on QEMU 7.2 SSIP alone", () => {
  const all = 0x444n;
  for (const [model, seen] of [[QEMU_10, 0x222n], [QEMU_7, 2n]] as const) {
    csrs = new CsrFile(model, new Imsic(1), clock);
    for (const name of ["hstatus", "henvcfg"] as const) csrs.write(name, 0n);
    for (const name of ["hvip", "hideleg"] as const) csrs.write(name, all);
    expect(read("sip")).toEqual({ value: seen });
  }
});
