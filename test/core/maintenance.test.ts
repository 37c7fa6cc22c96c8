// What the core must invalidate, clean and wait for when a partition starts anew: the machine keeps in TLBs and caches whatever
// nobody has (tools/machine/tlb.ts, dataCache.ts, instructionCache.ts).
import { describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { SCTLR_C, SCTLR_M } from "../../tools/machine/aarch64/registers.ts";
import { COLOURS, LINUX, PLC, ram, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { PartitionSpec, SystemSpec } from "../../tools/machine/aarch64/system.ts";
import { ALL_GICS, Bench, GICS, value } from "./bench.ts";
import { CPU_OFF, CPU_ON_64 } from "./functions.ts";

const RAM = 0x6000_0000;
const MIB = 0x10_0000;
/** First and last line of its RAM, and some between: one in its image. */
const PLACES = [0, 0x8_0000, 0x8_0fc0, 16 * MIB, 32 * MIB - 64];
const CACHES_ON = SCTLR_M | SCTLR_C;

const COLOURED: PartitionSpec = {
  ...LINUX,
  regions: LINUX.regions.map((region, n) => (n === 0 ? { ...ram(RAM, 0x6000_0000, 4 * MIB), colours: [1, 3] } : region)),
};
const systems: readonly (readonly [string, SystemSpec, readonly number[]])[] = [
  ...GICS.flatMap(([name, board]) =>
    [false, true].map(
      (direct) =>
        [
          `${name}, ${direct ? "direct" : "injected"}`,
          { ...STANDARD, board, partitions: [{ ...LINUX, direct }, PLC] },
          PLACES,
        ] as const,
    ),
  ),
  [`memory of 2 colours of ${COLOURS}`, { ...STANDARD, partitions: [COLOURED, PLC] }, [0, 0x1000, 0x8_0000, 4 * MIB - 64]],
];

describe.each(systems)("a partition that is started again (%s)", (_, spec, places) => {
  const restarted = (): Bench => {
    const bench = new Bench(spec);
    const first = bench.guest(0);
    value(first.msr("SCTLR_EL1", CACHES_ON));
    for (const place of places) value(first.store(RAM + place, 8, 1n));
    value(first.hvc(CPU_ON_64, 1, RAM, 0));
    bench.machine.settle();
    expect(bench.guest(1).running).toBe(true);
    value(bench.guest(1).load(RAM, 8));
    expect(bench.command(0, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    bench.pass(10);
    return bench;
  };

  test("finds nothing in the data caches that could come over what it writes with its own off", () => {
    const bench = restarted();
    for (const place of places) value(bench.guest(0).store(RAM + place, 8, 2n));
  });

  test("nor anything that it does not see: all of its RAM is in memory", () => {
    const bench = restarted();
    for (const place of places) value(bench.guest(0).load(RAM + place, 8));
  });

  test("finds no translation of the last life, on none of its pCPUs, and fetches what is there now", () => {
    const bench = restarted();
    const [first, second] = [bench.guest(0), bench.guest(1)];
    value(first.hvc(CPU_ON_64, 1, RAM + 0x8_0000, 0));
    bench.machine.settle();
    for (const guest of [first, second]) {
      expect(guest.running).toBe(true);
      value(guest.load(RAM, 8));
      value(guest.load(RAM + 0x8_0000, 8));
      expect(guest.fetch(RAM + 0x8_0000).kind).toBe("done");
    }
  });
});

describe.each(ALL_GICS)("%s: interrupts of an earlier life", (_, board) => {
  const SPI = 48;
  const TIMER = 27;

  test.each([
    ["injected", false],
    ["direct", true],
  ])("do not come once they are disabled, though their wires are high (%s)", (_mode, direct) => {
    const bench = new Bench({ ...STANDARD, board, partitions: [{ ...LINUX, direct }, PLC] });
    bench.openInterrupts(0);
    bench.enable(0, SPI);
    bench.enablePrivate(0, TIMER);
    expect(bench.command(0, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    bench.pass(10);
    bench.machine.setLine(SPI, true);
    expect(bench.command(0, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    const guest = bench.openInterrupts(0);
    bench.pass(10);
    expect(guest.running).toBe(true);
    expect(guest.interruptPending).toBe(false);
  });

  test("do not come to a vCPU that is on again", () => {
    const bench = new Bench({ ...STANDARD, board });
    const guest = bench.openInterrupts(0);
    value(guest.hvc(CPU_ON_64, 1, RAM, 0));
    bench.machine.settle();
    const other = bench.openInterrupts(1);
    bench.enablePrivate(1, TIMER);
    value(other.msr("CNTV_CVAL_EL0", 0n));
    other.pcpu.virtualTimer.write(1n);
    other.hvc(CPU_OFF);
    value(guest.hvc(CPU_ON_64, 1, RAM, 0));
    bench.machine.settle();
    bench.openInterrupts(1);
    other.pcpu.virtualTimer.write(1n);
    bench.machine.settle();
    expect([other.running, other.interruptPending]).toEqual([true, false]);
  });
});

describe.each(GICS)("%s: a restart of a partition cleans its RAM", (_, board) => {
  const cleaned = (bench: Bench): number => {
    let bytes = 0;
    const { dataCache } = bench.machine;
    const { clean } = dataCache;
    dataCache.clean = (pcpu, pa, size) => {
      bytes += size;
      clean.call(dataCache, pcpu, pa, size);
    };
    expect(bench.command(0, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    bench.pass(10);
    expect(bench.guest(0).running).toBe(true);
    dataCache.clean = clean;
    return bytes;
  };

  test.each([[false], [true]])("if a life had its caches on, on any of its vCPUs, and only then (direct: %s)", (direct) => {
    const bench = new Bench({ ...STANDARD, board, partitions: [{ ...LINUX, direct }, PLC] });
    const image = cleaned(bench);
    expect(image).toBeLessThan(MIB);
    value(bench.guest(0).hvc(CPU_ON_64, 1, RAM, 0));
    bench.machine.settle();
    value(bench.guest(1).msr("TTBR0_EL1", 0x4000n));
    expect(bench.guest(1).pcpu.registers.TTBR0_EL1).toBe(0x4000n);
    expect(cleaned(bench)).toBe(image + 32 * MIB);
    expect(cleaned(bench)).toBe(image);
  });

  const STAGE1 = [
    "SCTLR_EL1",
    "TTBR0_EL1",
    "TTBR1_EL1",
    "TCR_EL1",
    "AFSR0_EL1",
    "AFSR1_EL1",
    "ESR_EL1",
    "FAR_EL1",
    "MAIR_EL1",
    "AMAIR_EL1",
    "CONTEXTIDR_EL1",
  ] as const;
  test.each(STAGE1)(
    "%s may be the first of those that it writes (HCR_EL2.TVM): it has what is written, with one exit",
    (register) => {
      const bench = new Bench({ ...STANDARD, board });
      const guest = bench.guest(0);
      const before = bench.vcpu(0, 0).exits;
      value(guest.msr(register, CACHES_ON));
      expect(guest.pcpu.registers[register]).toBe(CACHES_ON);
      value(guest.msr("TTBR0_EL1", 0x4000n));
      const after = bench.vcpu(0, 0).exits;
      expect(after.map((count, cause) => count - (before[cause] ?? 0))).toEqual(
        before.map((_, cause) => (cause === abi.EXIT_REGISTER ? 1 : 0)),
      );
    },
  );

  test("a register that steers stage 1 traps once a life", () => {
    const bench = new Bench({ ...STANDARD, board });
    const guest = bench.guest(0);
    const exits = (): number => bench.vcpu(0, 0).exits[abi.EXIT_REGISTER] ?? 0;
    const before = exits();
    for (const register of ["TTBR0_EL1", "SCTLR_EL1", "CONTEXTIDR_EL1"] as const) value(guest.msr(register, CACHES_ON));
    expect(exits()).toBe(before + 1);
  });
});
