// What hardware keeps, and the machine with it: TLBs, caches, descriptors under way, registers not synchronised, interrupts that
// are disabled and still come. Each is harmless to who does what the architecture asks for, and an error to who does not.
import { describe, expect, test } from "vitest";
import { qemuVirt, qemuVirtGicv2 } from "../../../tools/machine/aarch64/board.ts";
import { booted } from "../../../tools/machine/aarch64/core.ts";
import { DataCache } from "../../../tools/machine/dataCache.ts";
import { INTID_SPURIOUS } from "../../../tools/machine/aarch64/gic/registers.ts";
import { Guest } from "../../../tools/machine/aarch64/guest.ts";
import { aarch64Hooks, synchronised } from "../../../tools/machine/aarch64/hooks/index.ts";
import { cpuHooks } from "../../../tools/machine/atomics.ts";
import { InstructionCaches } from "../../../tools/machine/instructionCache.ts";
import type { Aarch64Machine } from "../../../tools/machine/aarch64/machine.ts";
import { HCR_DC, SCTLR_C, SCTLR_M } from "../../../tools/machine/aarch64/registers.ts";
import { STANDARD } from "../../../tools/machine/aarch64/system.ts";
import { TableWrites } from "../../../tools/machine/tableWrites.ts";
import { Tlb } from "../../../tools/machine/tlb.ts";

const intrinsics = (machine: Aarch64Machine): ((name: string, ...values: (number | bigint)[]) => unknown) => {
  const hooks = aarch64Hooks(machine);
  return (name, ...values) => (hooks[name] as ((...values: (number | bigint)[]) => unknown) | undefined)?.(...values);
};

describe("TLB", () => {
  const MAPPING = { ipa: 0, pa: 0, size: 4096, read: true, write: true, execute: true, memory: 15, shareability: 3 };
  const VMID = 2;
  const filled = (): Tlb => {
    const tlb = new Tlb(2);
    for (const pcpu of [0, 1]) tlb.fill(pcpu, VMID, 0x1000, 1, MAPPING);
    return tlb;
  };
  const found = (tlb: Tlb): boolean[] => [0, 1].map((pcpu) => tlb.find(pcpu, VMID, 0x1fff, 1) !== undefined);

  test("each pCPU has its own; TLBI …IS reaches all of them, TLBI without IS its own alone, with the DSB behind them", () => {
    const tlb = filled();
    tlb.invalidate(0, VMID, [0]);
    expect(found(tlb)).toEqual([true, true]);
    tlb.complete(1);
    expect(found(tlb), "another pCPU's DSB").toEqual([true, true]);
    tlb.complete(0);
    expect(found(tlb)).toEqual([false, true]);
    tlb.invalidate(0, VMID);
    tlb.complete(0);
    expect(found(tlb)).toEqual([false, false]);
  });

  test("of another VMID nothing goes", () => {
    const tlb = filled();
    tlb.invalidate(0, VMID + 1);
    tlb.complete(0);
    expect(found(tlb)).toEqual([true, true]);
  });

  test("what firmware has left is of every VMID, and goes by VMID, by pCPU, or all at once", () => {
    const tlb = new Tlb(2);
    for (const pcpu of [0, 1]) tlb.start(pcpu);
    const stale = (pcpu: number, vmid: number) => (): unknown => tlb.find(pcpu, vmid, 0, 1);
    expect(stale(0, 1)).toThrow("firmware");
    tlb.invalidate(0, 1, [0]);
    tlb.complete(0);
    expect(stale(0, 1)()).toBeUndefined();
    expect(stale(0, 2)).toThrow("firmware");
    expect(stale(1, 1)).toThrow("firmware");
    tlb.invalidateAll(1);
    tlb.complete(1);
    for (const pcpu of [0, 1]) expect(stale(pcpu, 2)()).toBeUndefined();
  });

  test("an entry of an earlier life is an error, not a miss", () => {
    expect(() => filled().find(0, VMID, 0x1000, 2)).toThrow("earlier life");
  });
});

describe("instruction caches", () => {
  test("show what was there before the hypervisor wrote, until an invalidation that is waited for", () => {
    const caches = new InstructionCaches(2);
    caches.write(0x1000, 64);
    expect(() => caches.fetch(1, 0x1800, 1)).toThrow("MACHINE_CACHE");
    caches.fetch(1, 0x2000, 1);
    caches.invalidate(0);
    expect(() => caches.fetch(1, 0x1800, 1)).toThrow("MACHINE_CACHE");
    caches.complete(0);
    caches.fetch(1, 0x1800, 1);
    caches.write(0x1000, 64);
    caches.invalidate(0, [0]);
    caches.complete(0);
    caches.fetch(0, 0x1800, 1);
    expect(() => caches.fetch(1, 0x1800, 1), "IC IALLU of another pCPU").toThrow("MACHINE_CACHE");
  });

  test("show what an earlier life has fetched", () => {
    const caches = new InstructionCaches(1);
    caches.fetch(0, 0x1000, 1);
    caches.fetch(0, 0x1000, 1);
    expect(() => caches.fetch(0, 0x1000, 2)).toThrow("earlier life");
  });
});

describe("data caches", () => {
  const dirty = (): DataCache => {
    const cache = new DataCache([{ pa: 0x1000, size: 0x1000 }]);
    cache.access(0x1040, 8, true, true, 1);
    return cache;
  };

  test("a line that was written is in nobody's way who uses the caches, nor in its own writer's", () => {
    dirty().access(0x1040, 8, false, true, 2);
    dirty().access(0x1040, 8, true, false, 1);
    dirty().access(0x1080, 8, true, false, 2);
  });

  test.each([["reads", false], ["writes", true]] as const)("another life that %s past them", (_, write) => {
    expect(() => dirty().access(0x1078, 8, write, false, 2)).toThrow("MACHINE_CACHE");
  });

  test("cleaning is done with the DSB behind it, and covers what it says", () => {
    const cache = dirty();
    cache.clean(0, 0x1000, 0x40);
    cache.complete(0);
    expect(() => cache.access(0x1040, 8, false, false, 2)).toThrow("MACHINE_CACHE");
    cache.clean(0, 0x1040, 0x40);
    expect(() => cache.access(0x1040, 8, false, false, 2)).toThrow("MACHINE_CACHE");
    cache.complete(0);
    cache.access(0x1040, 8, false, false, 2);
  });

  test("a guest uses them with its MMU and caches on, or with HCR_EL2.DC", () => {
    const machine = booted({ ...STANDARD, partitions: [...STANDARD.partitions] });
    const guest = new Guest(machine, 3);
    const { registers } = guest.pcpu;
    const after = (change: () => void): boolean => {
      change();
      guest.store(0x4000_0000, 8, 1n);
      try {
        machine.dataCache.access(0x4800_0000, 8, false, false, -1);
        return false;
      } catch {
        machine.dataCache.clean(0, 0x4800_0000, 64);
        machine.dataCache.complete(0);
        return true;
      }
    };
    expect(after(() => undefined)).toBe(false);
    expect(after(() => guest.msr("SCTLR_EL1", SCTLR_M | SCTLR_C))).toBe(true);
    expect(after(() => guest.msr("SCTLR_EL1", SCTLR_C))).toBe(false);
    expect(after(() => void (registers.HCR_EL2 |= HCR_DC))).toBe(true);
  });
});

describe("descriptors under way", () => {
  test("are no good for any walk ahead of the DSB, and for the storing pCPU's own instructions ahead of its ISB", () => {
    const writes = new TableWrites();
    writes.write(0, 0x1000);
    writes.walk(1, 0x1008, false);
    expect(() => writes.walk(1, 0x1000, false)).toThrow("without a barrier");
    writes.complete(1);
    expect(() => writes.walk(1, 0x1000, false)).toThrow("without a barrier");
    writes.complete(0);
    writes.walk(1, 0x1000, false);
    writes.walk(0, 0x1000, false);
    expect(() => writes.walk(0, 0x1000, true)).toThrow("unsynchronised");
    writes.synchronise(0);
    writes.walk(0, 0x1000, true);
  });

  test("of stage 1: the hypervisor must publish what it has mapped before it uses it", () => {
    const machine = booted();
    const call = intrinsics(machine);
    const level1 = BigInt(machine.board.imageBase + machine.board.stage1RootOffset);
    const GIB = 2n ** 30n;
    // One block more, of Device memory, at 4 GiB.
    call("physicalWrite64", level1 + 8n * 4n, (4n * GIB) | (1n << 54n) | (1n << 10n) | (1n << 6n) | (1n << 2n) | 1n);
    expect(() => call("mmioRead32", 4n * GIB)).toThrow("without a barrier");
    call("dsbSy");
    expect(() => call("mmioRead32", 4n * GIB)).toThrow("unsynchronised");
    call("isb");
    expect(() => call("mmioRead32", 4n * GIB), "nothing is there, but it is mapped").toThrow("MACHINE_BUS");
  });
});

describe("system registers that others depend on", () => {
  test.each([
    ["ICH_ELRSR_EL2 behind a list register", ["restoreListRegisters", 0, 1], ["mrs_ICH_ELRSR_EL2"]],
    ["ICC_BPR1_EL1 behind ICC_CTLR_EL1.CBPR", ["msr_ICC_CTLR_EL1", 2n], ["msr_ICC_BPR1_EL1", 0n]],
    ["the GIC's registers behind ICC_SRE_EL2", ["msr_ICC_SRE_EL2", 0xfn], ["mrs_ICC_IAR1_EL1"]],
    ["TLBI VMALLS12E1IS behind VTTBR_EL2", ["msr_VTTBR_EL2", 0n], ["tlbiVmalls12e1is"]],
    ["VTTBR_EL2 behind TCR_EL1.EPD0", ["msr_TCR_EL1", 0n], ["msr_VTTBR_EL2", 0n]],
    ["SCTLR_EL1.M behind VTTBR_EL2", ["msr_VTTBR_EL2", 0n], ["msr_SCTLR_EL1", 0n]],
    ["TCR_EL1.EPD0 behind SCTLR_EL1.M", ["msr_SCTLR_EL1", 0n], ["msr_TCR_EL1", 0n]],
    ["WFI behind HCR_EL2.IMO", ["msr_HCR_EL2", 0n], ["wfi"]],
    ["PMXEVCNTR_EL0 behind PMSELR_EL0", ["msr_PMSELR_EL0", 0n], ["msr_PMXEVCNTR_EL0", 0n]],
  ] as const)("%s: an ISB is between them", (_, write, use) => {
    const machine = booted();
    const call = intrinsics(machine);
    const [written, ...values] = write;
    const [used, ...others] = use;
    call(written, ...values);
    expect(() => call(used, ...others)).toThrow("MACHINE_SYNCHRONISATION");
    call("isb");
    call(used, ...others);
  });
});

test("an SGI is sent behind a DSB, if something was stored that its receiver is to see", () => {
  const machine = booted();
  machine.current = machine.pcpu(0);
  const call = intrinsics(machine);
  const atomics = synchronised(machine, cpuHooks(machine)) as Readonly<Record<string, (...values: number[]) => unknown>>;
  const at = machine.linear.byteLength - 4;
  atomics["atomicOr32"]?.(at, 1);
  call("isb");
  const allOthers = 1n << 40n;
  expect(() => call("msr_ICC_SGI1R_EL1", allOthers)).toThrow("DSB");
  expect(() => call("msr_ICC_SGI1R_EL1", 3n), "itself and another").toThrow("DSB");
  call("msr_ICC_SGI1R_EL1", 1n); // itself: it sees its own stores
  call("dsbSy");
  call("msr_ICC_SGI1R_EL1", allOthers);
});

describe("an interrupt that is disabled", () => {
  const ISENABLER = 0x100;
  const ICENABLER = 0x180;
  const SPI = 40;
  const setUp = (board: typeof qemuVirt): { machine: Aarch64Machine; call: ReturnType<typeof intrinsics> } => {
    const machine = booted({ ...STANDARD, board });
    const call = intrinsics(machine);
    machine.current = machine.pcpu(2);
    call("mmioWrite8", BigInt(board.gicd + 0x400 + SPI), 0x08);
    if (board.gicVersion === 2) call("mmioWrite8", BigInt(board.gicd + 0x800 + SPI), 1 << 2);
    else call("mmioWrite64", BigInt(board.gicd + 0x6000 + 8 * SPI), 2n);
    call("mmioWrite32", BigInt(board.gicd + ISENABLER + 4), 1 << (SPI - 32));
    machine.setLine(SPI, true);
    expect(machine.pcpu(2).gic.physical.highestPending()).toBe(SPI);
    call("mmioWrite32", BigInt(board.gicd + ICENABLER + 4), 1 << (SPI - 32));
    return { machine, call };
  };

  test("may still come, once, to who does not wait for RWP", () => {
    const { machine } = setUp(qemuVirt);
    const { physical, bank } = machine.pcpu(2).gic;
    expect(physical.acknowledge("hypervisor")).toBe(SPI);
    physical.endOfInterrupt(SPI, "hypervisor");
    physical.deactivate(SPI, "hypervisor");
    expect([physical.highestPending(), bank.has(bank.active, SPI)]).toEqual([INTID_SPURIOUS, false]);
  });

  test("does not come to who waits", () => {
    const { machine, call } = setUp(qemuVirt);
    while (((call("mmioRead32", BigInt(qemuVirt.gicd)) as number) & 0x8000_0000) !== 0) {
      expect(machine.pcpu(2).gic.physical.highestPending()).toBe(SPI);
    }
    expect(machine.pcpu(2).gic.physical.highestPending()).toBe(INTID_SPURIOUS);
  });

  test("does not come from a GICv2, which follows at once", () => {
    expect(setUp(qemuVirtGicv2).machine.pcpu(2).gic.physical.highestPending()).toBe(INTID_SPURIOUS);
  });
});
