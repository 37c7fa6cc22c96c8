// Direct interrupts: a partition that owns the physical CPU interface (HCR_EL2.IMO = FMO = 0; arch/aarch64/directSysregs.ts,
// cpuInterface.ts). It is entered once, and left alone.
import { beforeEach, describe, expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import { INTID_SPURIOUS } from "../../tools/machine/aarch64/gic/registers.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { GUEST_GICD, GUEST_GICR } from "../../tools/machine/aarch64/system.ts";
import { ALL_GICS, Bench, GICR_STRIDE, KICK_SGI, SGI_BASE, value } from "./bench.ts";
import { DIRECT, sgi, startTwo } from "./directBench.ts";

const HCR_IMO = 1n << 4n;
const HCR_FMO = 1n << 3n;
const HCR_TWI = 1n << 13n;
const VIRTUAL_TIMER = 27;
const PHYSICAL_TIMER = 30;
const word = (intid: number): number => 4 * Math.floor(intid / 32);
const bit = (intid: number): bigint => 1n << BigInt(intid % 32);

let bench: Bench;
let guest: Guest;
let other: Guest;

const exits = (vcpu = 0): number => bench.vcpu(1, vcpu).exits.reduce((sum, n) => sum + n, 0);
const gicr = (offset: number, vcpu = 0): number => GUEST_GICR + vcpu * GICR_STRIDE + SGI_BASE + offset;

function startOne(): void {
  bench = new Bench(DIRECT);
  guest = bench.openInterrupts(3);
}

function useTwo(): void {
  bench = startTwo();
  guest = bench.guest(3);
  other = bench.guest(2);
}

describe("the pCPU of a direct guest", () => {
  beforeEach(startOne);

  test("has HCR_EL2.IMO and FMO off while the guest runs, and on while it is parked", () => {
    const { registers } = guest.pcpu;
    expect(registers.HCR_EL2 & (HCR_IMO | HCR_FMO)).toBe(0n);
    bench.command(1, abi.COMMAND_STOP);
    expect(guest.running).toBe(false);
    expect(registers.HCR_EL2 & (HCR_IMO | HCR_FMO)).toBe(HCR_IMO | HCR_FMO);
    bench.command(1, abi.COMMAND_START);
    expect(registers.HCR_EL2 & (HCR_IMO | HCR_FMO)).toBe(0n);
  });

  test("has SErrors, ID registers, SMC, set/way, debug and the PMU trapped as any other", () => {
    const injected = new Bench().machine.pcpu(3).registers;
    const { registers } = guest.pcpu;
    expect(registers.HCR_EL2 | HCR_IMO | HCR_FMO | HCR_TWI).toBe(injected.HCR_EL2 | HCR_TWI);
    for (const name of ["VTCR_EL2", "CPTR_EL2", "MDCR_EL2", "HSTR_EL2", "CNTHCTL_EL2"] as const)
      expect(registers[name], name).toBe(injected[name]);
  });
});

describe("interrupts of a direct guest", () => {
  beforeEach(startOne);

  test.each([
    ["virtual", VIRTUAL_TIMER, "CNTV_CVAL_EL0", "CNTV_CTL_EL0"],
    ["physical", PHYSICAL_TIMER, "CNTP_CVAL_EL0", "CNTP_CTL_EL0"],
  ] as const)("the %s timer's come and end without any exit", (_, intid, compare, control) => {
    value(guest.store(gicr(0x100), 4, bit(intid)));
    const before = exits();
    for (let n = 0; n < 1000; n++) {
      value(guest.msr(compare, BigInt(bench.machine.clock.now) + 1000n));
      value(guest.msr(control, 1n));
      bench.machine.settle();
      expect(guest.interruptPending).toBe(false);
      bench.machine.clock.advance(20_000);
      bench.machine.settle();
      expect(guest.acknowledge()).toBe(intid);
      value(guest.msr(control, 3n));
      guest.endOfInterrupt(intid);
      expect(guest.acknowledge()).toBe(INTID_SPURIOUS);
    }
    expect(exits()).toBe(before);
  });

  test("a device's, level and edge, too", () => {
    for (const intid of [60, 61]) bench.enable(3, intid);
    const before = exits();
    bench.machine.setLine(60, true);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(60);
    guest.endOfInterrupt(60);
    expect(guest.acknowledge(), "the wire is still high").toBe(60);
    bench.machine.setLine(60, false);
    guest.endOfInterrupt(60);
    bench.machine.setLine(61, true);
    bench.machine.setLine(61, false);
    expect(guest.acknowledge()).toBe(61);
    guest.endOfInterrupt(61);
    expect(guest.acknowledge()).toBe(INTID_SPURIOUS);
    expect(exits()).toBe(before);
  });

  test("a doorbell rung by its peer, and its console's", () => {
    for (const intid of [234, 235]) bench.enable(3, intid);
    expect(value(bench.guest(0).hvc(calls.HYPERCALL_DOORBELL, 0))).toBe(0n);
    expect(guest.acknowledge()).toBe(235);
    guest.endOfInterrupt(235);
    value(guest.store(0x0900_0038, 4, 0x10n));
    bench.type(1, "x");
    expect(guest.acknowledge()).toBe(234);
  });

  test("preempt by their priority; a running handler holds off what is not more urgent", () => {
    bench.enable(3, 60, 0x80);
    bench.enable(3, 61, 0x40);
    bench.machine.setLine(60, true);
    expect(guest.acknowledge()).toBe(60);
    bench.machine.setLine(61, true);
    expect(guest.acknowledge()).toBe(61);
    guest.endOfInterrupt(61);
    expect(guest.acknowledge()).toBe(INTID_SPURIOUS);
    guest.endOfInterrupt(60);
  });

  test("that another partition owns never come", () => {
    bench.machine.gic.distributor.bank.enabled[1] = 0xffff_ffff;
    bench.machine.setLine(48, true);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(INTID_SPURIOUS);
  });
});

describe("the CPU interface of a direct guest", () => {
  beforeEach(startOne);

  test("priorities above 0x10 are the hypervisor's: a more urgent one has 0x10, and reads as written", () => {
    const { bank } = bench.machine.gic.distributor;
    value(guest.store(GUEST_GICD + 0x400 + 60, 1, 0n));
    value(guest.store(GUEST_GICD + 0x400 + 61, 1, 0x30n));
    expect([bank.priorityAt(60), bank.priorityAt(61)]).toEqual([0x10, 0x30]);
    expect(value(guest.load(GUEST_GICD + 0x400 + 60, 2))).toBe(0x3000n);
    value(guest.store(gicr(0x400 + VIRTUAL_TIMER), 1, 0x08n));
    value(guest.store(gicr(0x400), 4, 0x2010_0800n));
    const own = guest.pcpu.gic.bank;
    expect([VIRTUAL_TIMER, 0, 1, 2, 3].map((intid) => own.priorityAt(intid))).toEqual([0x10, 0x10, 0x10, 0x10, 0x20]);
    value(guest.store(gicr(0x404), 4, 0xf0f0_f0f0n));
    expect(own.priorityAt(KICK_SGI), "the kick's own").toBe(0);
    expect(value(guest.load(gicr(0x404), 4))).toBe(0xf0f0_f0f0n);
  });

  test("ICC_PMR_EL1 is trapped: what it masks is masked, and the kick never is", () => {
    bench.enable(3, 60, 0x40);
    value(guest.msr("ICC_PMR_EL1", 0n));
    expect(value(guest.mrs("ICC_PMR_EL1"))).toBe(0n);
    expect(guest.pcpu.gic.physical.priorityMask).toBeGreaterThan(0);
    bench.machine.setLine(60, true);
    expect(guest.acknowledge()).toBe(INTID_SPURIOUS);
    value(guest.msr("ICC_PMR_EL1", 0x40n));
    expect(guest.acknowledge()).toBe(INTID_SPURIOUS);
    value(guest.msr("ICC_PMR_EL1", 0x48n));
    expect(guest.acknowledge()).toBe(60);
  });

  test.each(ALL_GICS.filter(([, board]) => board.gicVersion === 3))(
    "%s: each priority comes where ICC_PMR_EL1 is less urgent, and not where it is as urgent",
    (_, board) => {
      const one = new Bench({ ...DIRECT, board });
      const owner = one.openInterrupts(3);
      one.enable(3, 60);
      for (const priority of [0x20, 0x40, 0x80, 0xa0, 0xc0, 0xe0]) {
        value(owner.store(GUEST_GICD + 0x400 + 60, 1, BigInt(priority)));
        one.machine.setLine(60, true);
        for (const mask of [0, 0x10, priority - 0x10, priority]) {
          value(owner.msr("ICC_PMR_EL1", BigInt(mask)));
          expect(owner.acknowledge(), `priority ${priority}, mask ${mask}`).toBe(INTID_SPURIOUS);
        }
        value(owner.msr("ICC_PMR_EL1", BigInt(priority + 0x10)));
        expect(owner.acknowledge(), `priority ${priority}`).toBe(60);
        one.machine.setLine(60, false);
        owner.endOfInterrupt(60);
      }
    },
  );

  test("ICC_CTLR_EL1: EOImode and CBPR are the guest's, to set and to clear", () => {
    const before = value(guest.mrs("ICC_CTLR_EL1"));
    for (const bits of [3n, 1n, 2n, 0n]) {
      value(guest.msr("ICC_CTLR_EL1", bits));
      expect(value(guest.mrs("ICC_CTLR_EL1"))).toBe((before & ~3n) | bits);
    }
  });

  test("ICC_CTLR_EL1: EOImode is the guest's; what is read-only stays so", () => {
    bench.enable(3, 60);
    const before = value(guest.mrs("ICC_CTLR_EL1"));
    expect(before & 3n).toBe(0n);
    value(guest.msr("ICC_CTLR_EL1", 2n));
    expect(value(guest.mrs("ICC_CTLR_EL1"))).toBe(before | 2n);
    bench.machine.setLine(60, true);
    expect(guest.acknowledge()).toBe(60);
    guest.endOfInterrupt(60);
    expect(value(guest.mrs("ICC_RPR_EL1"))).toBe(0xffn);
    expect(guest.acknowledge()).toBe(INTID_SPURIOUS);
    guest.deactivate(60);
    expect(guest.acknowledge()).toBe(60);
  });

  test("ICC_RPR_EL1 is its running priority", () => {
    bench.enable(3, 60, 0x60);
    bench.machine.setLine(60, true);
    guest.acknowledge();
    expect(value(guest.mrs("ICC_RPR_EL1"))).toBe(0x60n);
  });

  test("ICC_DIR_EL1 ends no interrupt of another partition, nor of the hypervisor, nor one that does not exist", () => {
    const { bank } = bench.machine.gic.distributor;
    value(guest.msr("ICC_CTLR_EL1", 2n));
    bank.active[1] = 1 << (48 - 32);
    guest.pcpu.gic.bank.active[0] = (1 << 16) | (1 << 25) | (1 << 26);
    for (const intid of [48, 16, 25, 26, 288, 1019, 1020, 1023, 0xff_ffff]) value(guest.msr("ICC_DIR_EL1", BigInt(intid)));
    expect(bank.active[1]).toBe(1 << (48 - 32));
    expect(guest.pcpu.gic.bank.active[0]).toBe((1 << 16) | (1 << 25) | (1 << 26));
  });

  test("ICC_DIR_EL1 ends the guest's own, whatever stands in its RES0 bits", () => {
    const { bank } = bench.machine.gic.distributor;
    value(guest.msr("ICC_CTLR_EL1", 2n));
    for (const above of [0n, 1n << 24n, 0xffff_ffff_ff00_0000n]) {
      bank.active[1] = 1 << (60 - 32);
      value(guest.msr("ICC_DIR_EL1", above | 60n));
      expect(bank.active[1], above.toString(16)).toBe(0);
    }
  });

  test("of group 0 there is nothing: RAZ/WI, and IAR0 finds no interrupt", () => {
    for (const name of ["ICC_IAR0_EL1", "ICC_HPPIR0_EL1"] as const) expect(value(guest.mrs(name)), name).toBe(1023n);
    for (const name of ["ICC_BPR0_EL1", "ICC_AP0R0_EL1", "ICC_IGRPEN0_EL1"] as const) {
      value(guest.msr(name, 0xffn));
      expect(value(guest.mrs(name)), name).toBe(0n);
    }
    value(guest.msr("ICC_EOIR0_EL1", 1n));
  });

  test("is as after a reset when it begins anew: nothing enabled, nothing active, nothing masked for good", () => {
    bench.enable(3, 60, 0x20);
    value(guest.store(gicr(0x100), 4, 0xffff_ffffn));
    value(guest.msr("ICC_CTLR_EL1", 2n));
    value(guest.msr("ICC_BPR1_EL1", 6n));
    bench.machine.setLine(60, true);
    guest.acknowledge();
    bench.command(1, abi.COMMAND_RESTART);
    const { physical, bank } = guest.pcpu.gic;
    expect(guest.running).toBe(true);
    expect([physical.enabled, physical.eoiMode, physical.binaryPoint, physical.activePriorities]).toEqual([false, false, 3, 0]);
    expect(value(guest.mrs("ICC_PMR_EL1"))).toBe(0n);
    expect(bank.enabled[0], "the kick, and maintenance").toBe((1 << KICK_SGI) | (1 << 25));
    expect(bank.active[0]).toBe(0);
    expect(bench.machine.gic.distributor.bank.has(bench.machine.gic.distributor.bank.active, 60)).toBe(false);
    expect(bench.machine.gic.distributor.bank.has(bench.machine.gic.distributor.bank.enabled, 60)).toBe(false);
    bench.openInterrupts(3);
    bench.enable(3, 60);
    expect(guest.acknowledge(), "the wire is still high").toBe(60);
  });
});

describe("the emulated GIC of a direct guest", () => {
  beforeEach(useTwo);

  test("priorities that the other vCPU writes come without a kick", () => {
    value(other.store(gicr(0x41b), 1, 0x80n));
    bench.machine.settle();
    expect(guest.interruptPending).toBe(false);
    expect(value(guest.load(gicr(0x41b), 1))).toBe(0x80n);
  });

  test("enable, pending and active of own SPIs are the physical ones; foreign ones RAZ/WI", () => {
    const { bank } = bench.machine.gic.distributor;
    for (const [set, clear, state] of [[0x100, 0x180, bank.enabled], [0x200, 0x280, bank.latch]] as const) {
      value(guest.store(GUEST_GICD + set + word(60), 4, 0xffff_ffffn));
      expect(state[1]).toBe((bit(60) | bit(61)) === 0n ? 0 : Number(bit(60) | bit(61)));
      expect(value(guest.load(GUEST_GICD + set + word(60), 4))).toBe(bit(60) | bit(61));
      value(guest.store(GUEST_GICD + clear + word(60), 4, 0xffff_ffffn));
      expect(state[1]).toBe(0);
    }
    bench.enable(3, 60);
    bench.machine.setLine(60, true);
    expect(guest.acknowledge()).toBe(60);
    expect(value(guest.load(GUEST_GICD + 0x300 + word(60), 4))).toBe(bit(60));
    value(guest.store(GUEST_GICD + 0x380 + word(60), 4, 0xffff_ffffn));
    expect(value(guest.load(GUEST_GICD + 0x300 + word(60), 4))).toBe(0n);
  });

  test("an SPI goes to the vCPU that IROUTER names", () => {
    bench.enable(3, 61);
    value(guest.store(GUEST_GICD + 0x6000 + 8 * 61, 8, 1n));
    bench.machine.setLine(61, true);
    expect([guest.acknowledge(), other.acknowledge()]).toEqual([INTID_SPURIOUS, 61]);
  });

  test("a PPI can be enabled by another vCPU of its partition; the hypervisor's PPIs and its kick are out of reach", () => {
    value(guest.store(gicr(0x100, 1), 4, 0xffff_ffffn));
    const { bank } = other.pcpu.gic;
    expect((bank.enabled[0] ?? 0) >>> 16).toBe((1 << (VIRTUAL_TIMER - 16)) | (1 << (PHYSICAL_TIMER - 16)) | (1 << (25 - 16)));
    value(guest.store(gicr(0x180, 1), 4, 0xffff_ffffn));
    expect(bank.enabled[0]).toBe((1 << KICK_SGI) | (1 << 25));
    value(guest.store(gicr(0x200, 1), 4, 0xffff_ffffn));
    bench.machine.settle();
    expect(bank.latch[0], "pending").toBe((0xffff & ~(1 << KICK_SGI)) | (1 << VIRTUAL_TIMER) | (1 << PHYSICAL_TIMER) | 0);
    value(guest.store(gicr(0x280, 1), 4, 0xffff_ffffn));
    expect(bank.latch[0]).toBe(0);
  });
});

describe("SGIs of a direct partition", () => {
  beforeEach(useTwo);

  test("go to its own vCPUs: to another, to itself, to all others (IRM)", () => {
    value(guest.msr("ICC_SGI1R_EL1", sgi(5, 0b10)));
    expect([guest.acknowledge(), other.acknowledge()]).toEqual([INTID_SPURIOUS, 5]);
    value(guest.msr("ICC_SGI1R_EL1", sgi(6, 0b01)));
    expect(guest.acknowledge()).toBe(6);
    value(other.msr("ICC_SGI1R_EL1", sgi(2, 0, 1n << 40n)));
    bench.machine.settle();
    expect(guest.acknowledge(), "more urgent than what is running").toBe(INTID_SPURIOUS);
    guest.endOfInterrupt(6);
    expect(guest.acknowledge()).toBe(2);
  });

  test("to other partitions' pCPUs, other clusters or ranges go nowhere", () => {
    const latches = (): number[] => [0, 1].map((n) => bench.machine.pcpu(n).gic.bank.latch[0] ?? 0);
    const before = latches();
    for (const value of [sgi(1, 0xfffc), sgi(1, 3, 1n << 16n), sgi(1, 3, 1n << 32n), sgi(1, 3, 1n << 48n), sgi(1, 3, 1n << 44n)])
      guest.msr("ICC_SGI1R_EL1", value);
    expect(latches()).toEqual(before);
    expect([guest.acknowledge(), other.acknowledge()]).toEqual([INTID_SPURIOUS, INTID_SPURIOUS]);
  });

  test("of the hypervisor's number, which the guest has not ended: it is kicked all the same", () => {
    value(other.store(gicr(0x100, 1), 4, bit(KICK_SGI)));
    guest.msr("ICC_SGI1R_EL1", sgi(KICK_SGI, 2));
    expect(other.acknowledge()).toBe(KICK_SGI);
    for (const command of [abi.COMMAND_PAUSE, abi.COMMAND_RESUME, abi.COMMAND_PAUSE, abi.COMMAND_RESUME])
      expect(bench.command(1, command)).toBe(abi.REPLY_OK);
    expect([guest.running, other.running]).toEqual([true, true]);
    expect(bench.command(1, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect(guest.running).toBe(true);
  });

  test("of group 0 or Secure group 1 go nowhere", () => {
    value(guest.msr("ICC_SGI0R_EL1", sgi(1, 0b11)));
    value(guest.msr("ICC_ASGI1R_EL1", sgi(1, 0b11)));
    expect([guest.acknowledge(), other.acknowledge()]).toEqual([INTID_SPURIOUS, INTID_SPURIOUS]);
  });

  test("that are not enabled wait, the hypervisor's number like the others", () => {
    for (const intid of [4, KICK_SGI]) {
      value(other.store(gicr(0x180, 1), 4, bit(intid)));
      value(guest.msr("ICC_SGI1R_EL1", sgi(intid, 0b10)));
      expect(other.acknowledge(), `SGI ${intid}`).toBe(INTID_SPURIOUS);
      expect(value(other.load(gicr(0x200, 1), 4)) & 0xffffn).toBe(bit(intid));
      value(other.store(gicr(0x100, 1), 4, bit(intid)));
      expect(other.acknowledge(), `SGI ${intid}`).toBe(intid);
      expect(value(other.load(gicr(0x200, 1), 4)) & 0xffffn, `SGI ${intid} is not pending any more`).toBe(0n);
      other.endOfInterrupt(intid);
    }
  });
});

describe("WFI of a direct guest", () => {
  beforeEach(() => {
    bench = new Bench(DIRECT);
    guest = bench.guest(3);
  });

  test("is trapped until it has enabled its interrupts, and then never again", () => {
    expect(guest.wfi()).toMatchObject({ kind: "done" });
    expect(guest.pcpu.asleep).toBeUndefined();
    bench.openInterrupts(3);
    guest.driver.enable(false);
    expect(guest.wfi()).toMatchObject({ kind: "done" });
    expect(guest.pcpu.asleep).toBeUndefined();
    bench.openInterrupts(3);
    const counted = exits();
    guest.wfi();
    expect(exits() - counted, "the last one that is an exit").toBe(1);
    expect(guest.pcpu.asleep).toBe("wfi");
    expect(guest.pcpu.registers.HCR_EL2 & HCR_TWI).toBe(0n);
    bench.machine.gic.distributor.bank.enabled[1] = Number(bit(60));
    bench.machine.setLine(60, true);
    bench.machine.settle();
    expect(takeAllOnce(guest)).toBe(60);
    const before = exits();
    guest.wfi();
    expect(exits()).toBe(before);
  });
});

/** Takes one interrupt, whose device is content with that. */
function takeAllOnce(from: Guest): number {
  const intid = from.acknowledge();
  bench.machine.setLine(intid, false);
  from.endOfInterrupt(intid);
  return intid;
}
