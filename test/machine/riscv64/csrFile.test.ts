// CSRs of a hart: what may be written, and what they show (privileged architecture; AIA). Masks are those that QEMU 7.2 and 10.0
// read back.
import { beforeEach, describe, expect, test } from "vitest";
import { Clock } from "../../../tools/machine/clock.ts";
import { CsrFile } from "../../../tools/machine/riscv64/csrFile.ts";
import { QEMU_10, QEMU_7 } from "../../../tools/machine/riscv64/csrs.ts";
import type { Csr } from "../../../tools/machine/riscv64/csrs.ts";
import { EIDELIVERY, EIE, EIP, Imsic } from "../../../tools/machine/riscv64/imsic.ts";

const ALL = 0xffff_ffff_ffff_ffffn;
const MEGAHERTZ_10 = 10_000_000;
const GUEST_FILES = 1;
const [SSI, VSSI, STI, VSTI, SEI, VSEI, SGEI] = [1n << 1n, 1n << 2n, 1n << 5n, 1n << 6n, 1n << 9n, 1n << 10n, 1n << 12n];
const STCE = 1n << 63n;
const VGEIN_1 = 1n << 12n;

let clock: Clock;
let imsic: Imsic;
let csrs: CsrFile;
beforeEach(() => {
  clock = new Clock(MEGAHERTZ_10);
  imsic = new Imsic(GUEST_FILES);
  csrs = new CsrFile(QEMU_10, imsic, clock);
  for (const name of ["hvip", "hie", "hideleg", "henvcfg", "hstatus", "htimedelta", "hgeie", "vstimecmp"] as const) {
    csrs.write(name, 0n);
  }
});
const kept = (file: CsrFile, csr: Csr, value = ALL): bigint => {
  file.write(csr, value);
  return file.read(csr);
};

describe("what is written is kept as far as it may be", () => {
  test.each<[Csr, bigint, bigint]>([
    ["hedeleg", 0xb1ffn, 0x4_b1ffn], ["hideleg", 0x444n, 0xffff_ffff_ffff_0444n], ["hie", 0x1444n, 0x1444n],
    ["hvip", 0x444n, 0x444n],
    ["hcounteren", 0xffff_ffffn, 0x7_ffffn], ["henvcfg", 0xc000_0000_0000_00f1n, 0xa000_0000_0000_00f1n], ["hgeie", 2n, 2n],
  ])("%s", (csr, seven, ten) => {
    expect(kept(new CsrFile(QEMU_7, imsic, clock), csr)).toBe(seven);
    expect(kept(csrs, csr)).toBe(ten);
  });

  test("hgatp: VMID of 14 bits, a root of four pages; a mode that is not there leaves all as it was", () => {
    const sv39x4 = (8n << 60n) | (0xffffn << 44n) | 0xfffn;
    expect(kept(csrs, "hgatp", sv39x4)).toBe((8n << 60n) | (0x3fffn << 44n) | 0xffcn);
    expect(kept(csrs, "hgatp", 5n << 60n)).toBe((8n << 60n) | (0x3fffn << 44n) | 0xffcn);
    expect(kept(csrs, "hgatp", 0n)).toBe(0n);
    expect(kept(new CsrFile(QEMU_7, imsic, clock), "hgatp", 5n << 60n)).toBe(5n << 60n);
  });

  test("sstatus.UXL and hstatus.VSXL are 2 whatever is written; sepc is even", () => {
    expect(
      [(kept(csrs, "sstatus", 0n) >> 32n) & 3n, (kept(csrs, "hstatus", 0n) >> 32n) & 3n, kept(csrs, "sepc", 5n)]
    ).toEqual([2n, 2n, 4n]);
  });

  test("at reset what nobody has written is a pattern, not zero: of hvip, hideleg and their like, too", () => {
    const fresh = new CsrFile(QEMU_10, new Imsic(GUEST_FILES), clock);
    expect(
      [fresh.read("hideleg"), fresh.read("stvec"), fresh.read("hgatp")].map((value) => value !== 0n)
    ).toEqual([true, true, false]);
  });

  test("what only shows something cannot be written", () => {
    for (const csr of ["hgeip", "time", "stopi", "vstopi"] as const) {
      expect(() => csrs.write(csr, 0n), csr).toThrow("MACHINE_UNDEFINED");
    }
  });
});

describe("sip: the hypervisor's", () => {
  test("SSIP is written, STIP and SEIP are not", () => {
    expect(kept(csrs, "sip")).toBe(SSI);
    expect(kept(csrs, "sip", 0n)).toBe(0n);
  });

  test("STIP is time having reached stimecmp", () => {
    csrs.write("stimecmp", 10n);
    expect(csrs.read("sip") & STI).toBe(0n);
    clock.forward(10);
    expect(csrs.read("sip") & STI).toBe(STI);
    csrs.write("stimecmp", ALL);
    expect(csrs.read("sip") & STI).toBe(0n);
  });

  test("SEIP is the supervisor's file with something enabled pending, and delivering; stopei says what, and takes it", () => {
    csrs.write("siselect", BigInt(EIE));
    csrs.write("sireg", 1n << 5n);
    imsic.supervisor.receive(5);
    expect(csrs.read("sip") & SEI).toBe(0n);
    csrs.write("siselect", BigInt(EIDELIVERY));
    csrs.write("sireg", 1n);
    expect([csrs.read("sip") & SEI, csrs.read("stopei")]).toEqual([SEI, 0x5_0005n]);
    csrs.write("sie", ALL);
    expect(csrs.read("stopi")).toBe(0x9_0001n);
    csrs.write("stopei", 0n);
    expect([csrs.read("sip") & SEI, csrs.read("stopei"), csrs.read("stopi")]).toEqual([0n, 0n, 0n]);
  });

  test("siselect has the registers of an IMSIC alone, of eip and eie those of even numbers", () => {
    for (const select of [0x30n, 0x81n, 0xc1n, 0x100n]) {
      csrs.write("siselect", select);
      expect(() => csrs.read("sireg"), String(select)).toThrow("MACHINE_UNDEFINED");
    }
    csrs.write("siselect", BigInt(EIP));
    csrs.write("sireg", ALL);
    expect(csrs.read("sireg")).toBe(ALL & ~1n); // there is no identity 0
  });
});

describe("hip and hvip: the guest's", () => {
  test("hvip is what is made up: VSSIP, VSTIP, VSEIP; by hip VSSIP alone is written", () => {
    csrs.write("hvip", VSTI);
    csrs.write("hip", ALL);
    expect(csrs.read("hip")).toBe(VSTI | VSSI);
    csrs.write("hip", 0n);
    expect(csrs.read("hvip")).toBe(VSTI);
  });

  test("VSTIP is the guest's time having reached vstimecmp, if henvcfg.STCE", () => {
    csrs.write("htimedelta", 100n);
    csrs.write("vstimecmp", 105n);
    clock.forward(5);
    expect(csrs.read("hip") & VSTI).toBe(0n);
    csrs.write("henvcfg", STCE);
    expect(csrs.read("hip") & VSTI).toBe(VSTI);
    csrs.write("htimedelta", 0n);
    expect(csrs.read("hip") & VSTI).toBe(0n);
  });

  test("VSEIP is the file that VGEIN names; SGEIP any that hgeie names", () => {
    const file = imsic.guest(1) ?? expect.unreachable();
    file.write(EIE, 2n);
    file.write(EIDELIVERY, 1n);
    file.receive(1);
    expect([csrs.read("hgeip"), csrs.read("hip")]).toEqual([2n, 0n]);
    csrs.write("hgeie", ALL);
    expect(csrs.read("hip")).toBe(SGEI);
    csrs.write("hgeie", 0n);
    csrs.write("hstatus", VGEIN_1);
    expect([csrs.read("hip"), csrs.read("vstopei")]).toEqual([VSEI, 0x1_0001n]);
  });

  test("without a file vstopei and vsireg are not there", () => {
    for (const vgein of [0n, 2n]) {
      csrs.write("hstatus", vgein << 12n);
      for (const csr of ["vstopei", "vsireg"] as const) expect(() => csrs.read(csr), csr).toThrow("MACHINE_UNDEFINED");
    }
  });
});

describe("vsip and vsie are hip and hie, one bit lower, as far as hideleg says", () => {
  test("vsie", () => {
    csrs.write("hie", SGEI | VSSI);
    csrs.write("hideleg", VSSI | VSTI);
    csrs.write("vsie", STI | SEI);
    expect([csrs.read("hie"), csrs.read("vsie")]).toEqual([SGEI | VSTI, STI]);
  });

  test("vsip: SSIP alone is written", () => {
    csrs.write("hideleg", VSSI | VSEI);
    csrs.write("hvip", VSEI | VSTI);
    csrs.write("vsip", ALL);
    expect([csrs.read("hvip"), csrs.read("vsip")]).toEqual([VSEI | VSTI | VSSI, SEI | SSI]);
    csrs.write("hideleg", VSEI);
    csrs.write("vsip", 0n);
    expect(csrs.read("hvip")).toBe(VSEI | VSTI | VSSI);
  });

  test("vstopi is the most urgent one that is enabled", () => {
    csrs.write("hideleg", VSSI | VSTI | VSEI);
    csrs.write("hvip", VSSI | VSTI);
    expect(csrs.read("vstopi")).toBe(0n);
    csrs.write("hie", VSSI | VSTI);
    expect(csrs.read("vstopi")).toBe(0x1_0001n);
    csrs.write("hvip", VSTI);
    expect(csrs.read("vstopi")).toBe(0x5_0001n);
  });
});
