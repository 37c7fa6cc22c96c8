// How a hart comes into the hypervisor, and goes to a guest.
import { beforeEach, describe, expect, test } from "vitest";
import { Clock } from "../../../tools/machine/clock.ts";
import { QEMU_10 } from "../../../tools/machine/riscv64/csrs.ts";
import { Hart } from "../../../tools/machine/riscv64/hart.ts";
import { EIDELIVERY, EIE, Imsic } from "../../../tools/machine/riscv64/imsic.ts";

const MEGAHERTZ_10 = 10_000_000;
const ALL = 0xffff_ffff_ffff_ffffn;
const [SIE, SPIE, SPP] = [1n << 1n, 1n << 5n, 1n << 8n];
const [GVA, SPV, SPVP] = [1n << 6n, 1n << 7n, 1n << 8n];
const INTERRUPT = 1n << 63n;
const [VSSI, VSTI, SGEI] = [1n << 2n, 1n << 6n, 1n << 12n];
const HEDELEG = 0xb1ffn;
const HIDELEG = 0x444n;
const HANDLER = 0x8020_0000n;
const VS_HANDLER = 0x8030_0000n;
const PC = 0x8040_0000n;

let clock: Clock;
let imsic: Imsic;
let hart: Hart;
const get = (csr: Parameters<Hart["csrs"]["read"]>[0]): bigint => hart.csrs.read(csr);
const set = (csr: Parameters<Hart["csrs"]["write"]>[0], value: bigint): void => hart.csrs.write(csr, value);

/** A guest runs at PC, with interrupts delegated, and its own ones let in. */
beforeEach(() => {
  clock = new Clock(MEGAHERTZ_10);
  imsic = new Imsic(1);
  hart = new Hart(0, QEMU_10, imsic, clock);
  for (const name of ["hvip", "hie", "henvcfg", "hgeie", "sie", "vsstatus", "stimecmp", "htimedelta"] as const) {
    set(name, name === "stimecmp" ? ALL : 0n);
  }
  set("hedeleg", HEDELEG);
  set("hideleg", HIDELEG);
  set("stvec", HANDLER);
  set("vstvec", VS_HANDLER);
  set("sstatus", SPP);
  set("hstatus", SPV);
  set("sepc", PC);
  hart.sret();
});

test("SRET with hstatus.SPV goes to the guest, and takes SPV away", () => {
  expect([hart.isVirtual, hart.isUser, hart.pc, get("hstatus") & SPV, get("sstatus") & SPP]).toEqual([true, false, PC, 0n, 0n]);
});

describe("a synchronous trap of a guest", () => {
  test("is its own where hedeleg says so: the hypervisor hears nothing", () => {
    set("vsstatus", SIE);
    expect(hart.trap(13, { tval: 0x1234n, gpa: 0n, htinst: 0n })).toBe("guest");
    expect([get("vscause"), get("vsepc"), get("vstval"), hart.pc, hart.isVirtual]).toEqual([13n, PC, 0x1234n, VS_HANDLER, true]);
    expect(get("vsstatus") & (SIE | SPIE | SPP)).toBe(SPIE | SPP);
  });

  test("a guest page fault: address, guest-physical one, GVA, whence", () => {
    expect(hart.trap(21, { tval: 0x1004n, gpa: 0x401n, htinst: 0x3000n })).toBe("hypervisor");
    expect([get("scause"), get("sepc"), get("stval"), get("htval"), get("htinst")]).toEqual([21n, PC, 0x1004n, 0x401n, 0x3000n]);
    expect(get("hstatus") & (GVA | SPV | SPVP)).toBe(GVA | SPV | SPVP);
    expect([hart.isVirtual, hart.pc, get("sstatus") & SPP]).toEqual([false, HANDLER, SPP]);
  });

  test("an ECALL, and a virtual instruction: no address, GVA clear", () => {
    for (const cause of [10, 22]) {
      hart.isVirtual = true;
      expect(hart.trap(cause, { tval: 0x1050_0073n, gpa: 5n, htinst: 0n })).toBe("hypervisor");
      expect([get("scause"), get("htval"), get("hstatus") & GVA]).toEqual([BigInt(cause), 0n, 0n]);
    }
  });

  test("out of its user mode: SPVP and SPP say so", () => {
    hart.isUser = true;
    hart.trap(22);
    expect([get("hstatus") & SPVP, get("sstatus") & SPP]).toEqual([0n, 0n]);
    set("sstatus", get("sstatus"));
    hart.sret();
    expect([hart.isVirtual, hart.isUser]).toEqual([true, true]);
  });
});

describe("the hypervisor's interrupts", () => {
  const kick = (): void => {
    imsic.supervisor.write(EIDELIVERY, 1n);
    imsic.supervisor.write(EIE, 2n);
    imsic.supervisor.receive(1);
  };

  test("an MSI to its file enters out of a guest, whatever the guest masks, if sie says so", () => {
    kick();
    expect(hart.interruptsHypervisor).toBe(false);
    set("sie", 1n << 9n);
    set("sstatus", 0n);
    expect(hart.interruptsHypervisor).toBe(true);
    hart.takeInterrupt();
    expect([get("scause"), hart.pc, hart.isVirtual]).toEqual([INTERRUPT | 9n, HANDLER, false]);
    expect([hart.interruptsHypervisor, hart.wakes]).toEqual([false, true]); // SIE is off now; WFI would go on
  });

  test("its timer", () => {
    set("sie", 1n << 5n);
    set("stimecmp", 100n);
    expect([hart.interruptsHypervisor, hart.deadline]).toEqual([false, 100]);
    clock.forward(100);
    hart.takeInterrupt();
    expect(get("scause")).toBe(INTERRUPT | 5n);
    set("stimecmp", ALL);
    expect(hart.deadline).toBe(Infinity);
  });

  test("another guest's file: SGEI, by hie and hgeie, and not by sie", () => {
    imsic.guest(1)?.write(EIDELIVERY, 1n);
    imsic.guest(1)?.write(EIE, 2n);
    imsic.guest(1)?.receive(1);
    set("hgeie", ALL);
    expect(hart.interruptsHypervisor).toBe(false);
    set("hie", SGEI);
    hart.takeInterrupt();
    expect(get("scause")).toBe(INTERRUPT | 12n);
  });

  test("vectored: each has an entry", () => {
    kick();
    set("sie", 1n << 9n);
    set("stvec", HANDLER | 1n);
    hart.takeInterrupt();
    expect(hart.pc).toBe(HANDLER + 36n);
  });

  test("of what is not delegated, the guest's are the hypervisor's", () => {
    set("hie", VSSI);
    set("hvip", VSSI);
    expect([hart.interruptsHypervisor, hart.forGuest]).toEqual([false, VSSI]);
    set("hideleg", 0n);
    expect([hart.interruptsHypervisor, hart.forGuest]).toEqual([true, 0n]);
  });
});

describe("a guest's interrupts", () => {
  test("it takes them itself when vsstatus.SIE lets it, under a supervisor's numbers", () => {
    set("hie", VSTI | VSSI);
    set("hvip", VSTI);
    expect([hart.interruptsGuest, hart.wakes]).toEqual([false, true]);
    set("vsstatus", SIE);
    expect(hart.interruptsGuest).toBe(true);
    hart.takeGuestInterrupt();
    expect(
      [get("vscause"), get("vsepc"), hart.pc, hart.isVirtual, hart.interruptsGuest]
    ).toEqual([INTERRUPT | 5n, PC, VS_HANDLER, true, false]);
  });

  test("VSEI before VSSI before VSTI", () => {
    set("hie", HIDELEG);
    set("vsstatus", SIE);
    const taken: bigint[] = [];
    for (const left of [HIDELEG, VSSI | VSTI, VSTI]) {
      set("hvip", left);
      set("vsstatus", SIE);
      hart.takeGuestInterrupt();
      taken.push(get("vscause") & ~INTERRUPT);
    }
    expect(taken).toEqual([9n, 1n, 5n]);
  });

  test("while the hypervisor runs they wait", () => {
    set("hie", HIDELEG);
    set("hvip", HIDELEG);
    set("vsstatus", SIE);
    hart.trap(10);
    expect([hart.interruptsGuest, hart.interruptsHypervisor]).toEqual([false, false]);
    expect(() => hart.takeGuestInterrupt()).toThrow("MACHINE_STATE");
  });
});

test("taking what is not there is an error", () => {
  expect(() => hart.takeInterrupt()).toThrow("MACHINE_STATE");
  expect(() => hart.sret()).toThrow("MACHINE_STATE");
});
