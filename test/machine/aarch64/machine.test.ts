// The machine as a whole: that it has every intrinsic, that it is deterministic, and that it notices what it is there to notice.
import { describe, expect, test } from "vitest";
import { aarch64 } from "../../../arch/aarch64/aarch64.table.ts";
import { cpu } from "../../../core/cpu.table.ts";
import { SYSTEM_OFF } from "../../core/functions.ts";
import { booted } from "../../../tools/machine/aarch64/core.ts";
import { Guest } from "../../../tools/machine/aarch64/guest.ts";
import { aarch64Hooks, synchronised } from "../../../tools/machine/aarch64/hooks/index.ts";
import { cpuHooks } from "../../../tools/machine/atomics.ts";
import type { Hooks } from "../../../tools/machine/imports.ts";
import type { Aarch64Machine } from "../../../tools/machine/aarch64/machine.ts";
import { syndrome, UNKNOWN } from "../../../tools/machine/aarch64/registers.ts";
import { STANDARD } from "../../../tools/machine/aarch64/system.ts";

/** Calls a hook as the wasm does. */
function call(hooks: Hooks, name: string, ...values: (number | bigint)[]): unknown {
  const hook = hooks[name] as ((...values: (number | bigint)[]) => unknown) | undefined;
  if (hook === undefined) throw new Error(`no hook ${name}`);
  return hook(...values);
}

describe("intrinsics", () => {
  const machine = booted();

  test("every one of the tables has a hook, and there are no others", () => {
    expect(Object.keys(synchronised(machine, cpuHooks(machine))).sort()).toEqual(cpu.map(({ name }) => name).sort());
    expect(Object.keys(aarch64Hooks(machine)).sort()).toEqual(aarch64.map(({ name }) => name).sort());
  });

  test("a loop that passes its bound is an error", () => {
    expect(() => call(synchronised(machine, cpuHooks(machine)), "bound", 7, 8)).not.toThrow();
    expect(() => call(synchronised(machine, cpuHooks(machine)), "bound", 8, 8)).toThrow("MACHINE_LOOP");
  });

  test("atomics give back what was there before", () => {
    const hooks = synchronised(machine, cpuHooks(machine));
    const at = machine.linear.byteLength - 4;
    call(hooks, "storeRelease32", at, 0xf0);
    expect(call(hooks, "atomicOr32", at, 0x0f)).toBe(0xf0);
    expect(call(hooks, "atomicAnd32", at, 0xfffffff0)).toBe(0xff);
    expect(call(hooks, "atomicAdd32", at, 0xffffffff)).toBe(0xf0);
    expect(call(hooks, "atomicExchange32", at, 5)).toBe(0xef);
    expect(call(hooks, "compareExchange32", at, 4, 9)).toBe(5);
    expect(call(hooks, "compareExchange32", at, 5, 9)).toBe(5);
    expect(call(hooks, "loadAcquire32", at)).toBe(9);
  });
});

describe("the machine notices", () => {
  const machine = booted();
  const hooks = aarch64Hooks(machine);

  test.each([
    ["a device access where the hypervisor has no device", "mmioRead32", [0x0901_0000n], "MACHINE_STAGE1"],
    ["an unaligned one", "mmioRead32", [0x0800_0102n], "MACHINE_BUS"],
    ["a device access to memory", "mmioWrite32", [0x6000_0000n, 1], "MACHINE_STAGE1"],
    ["a load from a device as if it were memory", "physicalRead64", [0x0800_0000n], "MACHINE_STAGE1"],
    [
      "a store into the image behind the core", "physicalWrite64",
      [BigInt(machine.board.imageBase + machine.board.imageSize), 1n], "MACHINE_STAGE1",
    ],
    ["a copy to where no partition has memory", "copyPhysical", [0x7800_0000n, 0x4020_0000n, 64n], "MACHINE_STAGE1"],
    ["a copy that is not of whole cache lines", "copyPhysical", [0x6000_0020n, 0x4020_0000n, 64n], "MACHINE_BUS"],
    ["firmware asked for what a guest might have wanted", "smc", [0x8400_0008n, 0n, 0n, 0n], "MACHINE_FIRMWARE"],
  ] as const)("%s", (_, name, values, code) => {
    expect(() => call(hooks, name, ...values)).toThrow(code);
  });

  test("a list register that does not exist", () => {
    const two = booted({ ...STANDARD, board: { ...STANDARD.board, listRegisters: 2 } });
    expect(() => call(aarch64Hooks(two), "restoreListRegisters", 0, 4)).toThrow("MACHINE_GIC_PROTOCOL");
  });

  test("an instruction that leaves no address where it could go: a wasm trap of the core, with the pCPU", () => {
    const guest = new Guest(machine, 0);
    expect(() => machine.enter(guest.pcpu, () => machine.core.trapSync(0xffff_fff0))).toThrow(/MACHINE_CORE_TRAP.*pCPU 0/);
  });

  test("a guest entered before its TLB invalidation is complete", () => {
    const other = booted();
    call(aarch64Hooks(other), "tlbiAlle1is");
    const { current } = other;
    current.phase = "guest";
    expect(() => other.trap(current, syndrome(0x16, 0))).toThrow("MACHINE_TLB");
  });

  test("a TLB invalidation that walks with the old descriptor could come behind of", () => {
    const other = booted();
    const table = other.pcpu(3).registers.VTTBR_EL2 & 0xffff_ffff_f000n;
    const intrinsics = aarch64Hooks(other);
    const entry = other.memory.read64(Number(table) + 8);
    expect(entry & 1n).toBe(1n);
    call(intrinsics, "physicalWrite64", table + 8n, entry & ~1n);
    expect(() => call(intrinsics, "tlbiVmalls12e1is")).toThrow("without a barrier");
    call(intrinsics, "dsbIsh");
    call(intrinsics, "tlbiVmalls12e1is");
  });

  test("a guest asked for an instruction while its pCPU is parked", () => {
    expect(() => new Guest(machine, 1).hvc(0)).toThrow("MACHINE_STATE");
  });

  test("translations that are used after they should have been invalidated: the TLB keeps what it has seen", () => {
    const other = booted();
    const guest = new Guest(other, 3);
    guest.load(0x4000_0000, 8);
    const root = Number(guest.pcpu.registers.VTTBR_EL2 & 0xffff_ffff_f000n);
    for (let entry = 0; entry < 1024; entry++) other.memory.write64(root + 8 * entry, 0n);
    expect(guest.load(0x4000_0000, 8).kind).toBe("done");
    other.tlb.invalidate(0, 2);
    expect(guest.load(0x4000_0000, 8).kind, "before the DSB").toBe("done");
    other.tlb.complete(0);
    expect(guest.load(0x4000_0000, 8).kind).not.toBe("done");
  });

  test("registers that an interrupt's vector has not saved", () => {
    const other = booted();
    const guest = new Guest(other, 0);
    for (let n = 0; n < 31; n++) guest.setX(n, BigInt(n));
    let seen = 0n;
    other.intrude(0, () => {
      seen = guest.x(5);
    });
    const { bank } = other.pcpu(0).gic;
    // Of the SGIs only the hypervisor's own is enabled yet.
    for (let sgi = 0; sgi < 16; sgi++) if (bank.has(bank.enabled, sgi)) bank.latchPending(sgi);
    other.settle();
    expect(seen).toBe(UNKNOWN);
    expect(guest.x(5)).toBe(5n);
  });
});

describe("a guest", () => {
  const HCR_IMO = 1n << 4n;
  const root = (guest: Guest): number => Number(guest.pcpu.registers.VTTBR_EL2 & 0xffff_ffff_f000n);
  const unmap = (machine: Aarch64Machine, guest: Guest): void => {
    for (let entry = 0; entry < 1024; entry++) machine.memory.write64(root(guest) + 8 * entry, 0n);
  };

  test("that does nothing but run finds out that its code is gone, at its next fetch behind the TLB invalidation", () => {
    const machine = booted();
    const guest = new Guest(machine, 3);
    unmap(machine, guest);
    machine.settle();
    expect(guest.pcpu.registers.ESR_EL2).toBe(UNKNOWN);
    machine.tlb.invalidate(0, 2);
    machine.tlb.complete(0);
    expect(machine.step(guest.pcpu)).toBe(true);
    expect(guest.pcpu.registers.ESR_EL2 >> 26n).toBe(0x20n);
  });

  test("in WFI does not fetch, until an interrupt is signalled: masked by PSTATE or not, but not by PMR or an enable", () => {
    const machine = booted();
    const guest = new Guest(machine, 3);
    const { registers, gic } = guest.pcpu;
    registers.HCR_EL2 &= ~HCR_IMO;
    expect(guest.wfi().kind).toBe("done");
    expect(() => guest.mrs("CNTPCT_EL0")).toThrow("wfi");
    unmap(machine, guest);
    machine.tlb.invalidate(0, 2);
    machine.tlb.complete(0);
    gic.bank.enabled[0] = 1 << 27;
    gic.bank.priority[27] = 0x20;
    gic.bank.latchPending(27);
    gic.physical.priorityMask = 0x20;
    expect(machine.step(guest.pcpu)).toBe(false);
    gic.physical.priorityMask = 0xf0;
    gic.physical.enabled = false;
    expect(machine.step(guest.pcpu)).toBe(false);
    gic.physical.enabled = true;
    expect(machine.step(guest.pcpu)).toBe(true);
    expect(registers.ESR_EL2 >> 26n).toBe(0x20n);
  });

  test("in WFE wakes by SEV, and by an interrupt only if PSTATE lets it in", () => {
    const machine = booted();
    const guest = new Guest(machine, 3);
    const { registers, gic } = guest.pcpu;
    registers.HCR_EL2 &= ~HCR_IMO;
    guest.wfe();
    gic.bank.enabled[0] = 1 << 27;
    gic.bank.priority[27] = 0x20;
    gic.bank.latchPending(27);
    expect(machine.awake(guest.pcpu), "PSTATE.I").toBe(false);
    call(aarch64Hooks(machine), "sev");
    expect(machine.awake(guest.pcpu)).toBe(true);
    guest.wfe();
    guest.pcpu.pstate &= ~0x80n;
    expect(machine.awake(guest.pcpu)).toBe(true);
  });

  test("without HCR_EL2.IMO takes physical interrupts itself, and the hypervisor hears nothing of them", () => {
    const machine = booted();
    const guest = new Guest(machine, 3);
    const { registers, gic } = guest.pcpu;
    registers.HCR_EL2 &= ~HCR_IMO;
    gic.physical.eoiMode = false;
    gic.bank.enabled[0] = 1 << 27;
    gic.bank.priority[27] = 0x20;
    gic.bank.latchPending(27);
    machine.settle();
    expect(guest.interruptPending).toBe(true);
    expect(guest.acknowledge()).toBe(27);
    expect([gic.physical.runningPriority, gic.physical.undropped]).toEqual([0x20, []]);
    guest.endOfInterrupt(27);
    expect([gic.physical.runningPriority, gic.bank.has(gic.bank.active, 27), guest.running]).toEqual([0xff, false, true]);
  });

  test("is trapped by ICH_HCR_EL2.TC, TALL0 and HCR_EL2.TWI, whose interrupts soever", () => {
    const machine = booted();
    const guest = new Guest(machine, 3);
    const { registers, gic } = guest.pcpu;
    registers.HCR_EL2 = (registers.HCR_EL2 & ~HCR_IMO) | (1n << 13n);
    const trapped = (act: () => void): boolean => {
      gic.virtual.hypervisorControl = (1 << 10) | (1 << 11);
      registers.ESR_EL2 = UNKNOWN;
      act();
      return registers.ESR_EL2 !== UNKNOWN;
    };
    for (
      const name of [
        "ICC_PMR_EL1", "ICC_CTLR_EL1", "ICC_RPR_EL1", "ICC_IAR0_EL1", "ICC_BPR0_EL1", "ICC_IGRPEN0_EL1", "ICC_AP0R0_EL1",
      ] as const
    ) expect(trapped(() => guest.mrs(name)), name).toBe(true);
    for (const name of ["ICC_SGI1R_EL1", "ICC_DIR_EL1"] as const) expect(trapped(() => guest.msr(name, 0n)), name).toBe(true);
    for (const name of ["ICC_IAR1_EL1", "ICC_HPPIR1_EL1", "ICC_BPR1_EL1", "ICC_IGRPEN1_EL1", "ICC_AP1R0_EL1"] as const) {
      expect(trapped(() => guest.mrs(name)), name).toBe(false);
    }
    expect(trapped(() => guest.wfi())).toBe(true);
  });
});

describe("the machine is deterministic", () => {
  const run = (): { machine: Aarch64Machine; memory: Uint8Array } => {
    const machine = booted();
    const guest = new Guest(machine, 3);
    for (let n = 0; n < 200; n++) {
      guest.hvc(0xc600_0003, n % 32, n);
      machine.clock.advance(1e6);
      machine.settle();
      machine.uart.drain();
    }
    return { machine, memory: new Uint8Array(machine.linear.buffer) };
  };

  test("the same actions lead to the same bytes, in memory and on the UART", () => {
    const [first, second] = [run(), run()];
    expect(first.machine.uart.sent.length).toBeGreaterThan(500);
    expect(first.machine.uart.sent).toEqual(second.machine.uart.sent);
    expect(Buffer.compare(first.memory, second.memory)).toBe(0);
  });

  test("another pCPU can act between two intrinsics of the first, and both end as they should", () => {
    const machine = booted();
    const [linux, plc] = [new Guest(machine, 0), new Guest(machine, 3)];
    const order: string[] = [];
    machine.intrude(0, () => order.push(`plc ${plc.hvc(0xc600_0000).kind}`));
    order.push(`linux ${linux.hvc(0xc600_0001, 0).kind}`);
    expect(machine.endIntrusion()).toBe(true);
    expect(order).toEqual(["plc done", "linux done"]);
    expect([linux.x(0), plc.x(0)]).toEqual([0n, 0x10001n]);
  });

  test("another pCPU can act again and again, every so many intrinsics, and as often as it was to", () => {
    const act = (
      after: number, again?: { readonly every: number; readonly times: number },
    ): { readonly at: number[]; readonly all: boolean } => {
      const machine = booted();
      const at: number[] = [];
      let intrinsics = 0;
      machine.onIntrinsic = () => intrinsics++;
      machine.intrude(after, () => at.push(intrinsics - 1), again);
      new Guest(machine, 0).hvc(SYSTEM_OFF);
      return { at, all: machine.endIntrusion() };
    };
    expect(act(1)).toEqual({ at: [1], all: true });
    expect(act(1, { every: 0, times: 3 })).toEqual({ at: [1, 2, 3], all: true });
    expect(act(0, { every: 2, times: 2 })).toEqual({ at: [0, 3], all: true });
    const { at, all } = act(0, { every: 0, times: 1000 });
    expect(at).toEqual(at.map((_, n) => n));
    expect(all).toBe(false);
  });
});
