// What a new life finds (arch/aarch64/reset.ts): nothing that an earlier one, or firmware, has left in a register that is there.
import { describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import { exists } from "../../tools/machine/aarch64/features.ts";
import { isRegister, UNKNOWN } from "../../tools/machine/aarch64/registers.ts";
import type { Registers } from "../../tools/machine/aarch64/registers.ts";
import { COUNTERS } from "../../tools/machine/aarch64/pmu.ts";
import { LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench } from "./bench.ts";
import { CPU_OFF, CPU_ON, SMC64 } from "./functions.ts";

/** Everything that a guest can write at EL1 and EL0, where it is there. */
const GUESTS_OWN = /^(?!ID_|MVFR|MIDR|MPIDR|CTR|CLIDR|CNTFRQ|MPAM|.*_EL2$|ICC_SRE).*$/;
const SPOILED = 0xdead_beefn;
/** Registers whose reset value is not 0, and SP_EL1, which the machine's guests set first of all. */
const NOT_ZERO: Partial<Record<string, bigint>> = { SCTLR_EL1: 0x30d0_0800n, SP_EL1: 0x5ac0n };

/** Boards by what their pCPUs have. */
const NEWER: Partial<Registers> = {
  ID_AA64ISAR1_EL1: 0x10n,
  ID_AA64PFR0_EL1: 0x0000_1100_0100_2222n | (1n << 44n),
  ID_AA64MMFR0_EL1: 0x2200_0000_0000_1122n,
  ID_AA64MMFR1_EL1: 1n << 40n,
  MPAMIDR_EL1: 1n << 17n,
};
const BOARDS = [
  ["Armv8.0", {}],
  ["all that is newer", { registers: NEWER }],
  ["pointer authentication by ISAR2", { registers: { ID_AA64ISAR2_EL1: 0x1000n } }],
  ["MPAM 0.1, without MPAMHCR_EL2", { registers: { ID_AA64PFR1_EL1: 0x1_0000n } }],
  ["fine-grained traps, no AMU", { registers: { ID_AA64MMFR0_EL1: 0x0100_0000_0000_1122n } }],
  ["6 bits of preemption", { preemptionBits: 6 }],
  ["7 bits of preemption", { preemptionBits: 7 }],
] as const;

describe.each(BOARDS)("%s", (_, hardware) => {
  const board = { ...qemuVirt, ...hardware };
  const bits = board.preemptionBits;

  test("whatever there is of what firmware may have left on is put in order, and nothing else is touched", () => {
    const { machine } = new Bench({ ...STANDARD, board });
    for (const pcpu of [0, 3]) {
      const { registers } = machine.pcpu(pcpu);
      const left = Object.entries(registers).filter(
        ([name, value]) =>
          value === UNKNOWN &&
          !/^(ESR|FAR|HPFAR)_EL2$/.test(name) &&
          isRegister(name) &&
          exists(name, registers, bits) &&
          !/^ICC_AP1R/.test(name),
      );
      expect(left.map(([name]) => name)).toEqual([]);
    }
  });

  test.each([false, true])("a restart leaves nothing of the old life (direct: %s)", (direct) => {
    const bench = new Bench({ ...STANDARD, board, partitions: [LINUX, { ...PLC, direct }] });
    const { pcpu } = bench.guest(3);
    const { registers } = pcpu;
    const own = Object.keys(registers).filter(
      (name) =>
        (GUESTS_OWN.test(name) || /^ICH_AP/.test(name) || name === "SP_EL1") &&
        isRegister(name) &&
        exists(name, registers, bits) &&
        (direct || !name.startsWith("ICC_")),
    );
    for (const name of own) if (isRegister(name)) registers[name] = SPOILED;
    for (let at = 0; at < pcpu.vectors.byteLength; at++) pcpu.vectors.setUint8(at, at);
    bench.command(1, abi.COMMAND_RESTART);
    expect(bench.guest(3).running).toBe(true);
    for (const name of own) if (isRegister(name)) expect([name, registers[name]]).toEqual([name, NOT_ZERO[name] ?? 0n]);
    for (let at = 0; at < pcpu.vectors.byteLength; at++) expect(pcpu.vectors.getUint8(at)).toBe(0);
  });
});

describe("performance monitors", () => {
  test("a new life finds them off, their events, filters and counts 0 (PMEVTYPER<n>, PMCCFILTR, PMSELR)", () => {
    const bench = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, pmu: true }] });
    const { pmu } = bench.guest(3).pcpu;
    const names = [
      ...Array.from({ length: COUNTERS }, (_, n) => [`PMEVTYPER${n}_EL0`, `PMEVCNTR${n}_EL0`]).flat(),
      "PMCCFILTR_EL0",
      "PMSELR_EL0",
      "PMCCNTR_EL0",
    ];
    for (const name of names) pmu.write(name, 0x1fn);
    pmu.write("PMSELR_EL0", 3n);
    for (const name of ["PMCNTENSET_EL0", "PMINTENSET_EL1", "PMOVSSET_EL0"]) pmu.write(name, 0x8000_003fn);
    bench.command(1, abi.COMMAND_RESTART);
    expect(bench.guest(3).running).toBe(true);
    for (const name of names) expect([name, pmu.read(name)]).toEqual([name, 0n]);
    expect(pmu.inUse).toBe(0n);
  });
});

describe("an SError of the old life", () => {
  test.each([false, true])("is not the next one's fault (direct: %s)", (direct) => {
    const bench = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, direct }] });
    const { pcpu } = bench.guest(3);
    bench.command(1, abi.COMMAND_STOP);
    pcpu.serrorPending = true;
    bench.command(1, abi.COMMAND_START);
    expect(bench.guest(3).running).toBe(true);
    expect(bench.events(1).map(({ code }) => code)).not.toContain(abi.EVENT_FAULT);
  });

  test("keeps no parked pCPU from sleeping: it is dropped when the vCPU leaves", () => {
    const bench = new Bench();
    bench.guest(3).pcpu.serrorPending = true;
    bench.command(1, abi.COMMAND_STOP);
    expect(bench.guest(3).pcpu.serrorPending).toBe(false);
  });

  test("of the life that runs is its own", () => {
    const bench = new Bench();
    bench.machine.serror(bench.guest(3).pcpu, 0xbe00_0000n);
    expect(bench.events(1).map(({ code }) => code)).toContain(abi.EVENT_FAULT);
  });
});

describe("TLB and instruction cache", () => {
  test("CPU_ON: the vCPU finds none of what its pCPU had of its last life", () => {
    const bench = new Bench();
    const on = (): void => {
      bench.guest(0).hvc(CPU_ON + SMC64, 1, 0x6000_0000, 0);
      bench.machine.settle();
      bench.guest(1).fetch(0x6000_0000);
      bench.guest(1).load(0x6000_4000, 8);
    };
    on();
    bench.guest(1).hvc(CPU_OFF);
    on();
    expect(bench.guest(1).running).toBe(true);
  });

  test("where an invalidation has to be made twice (Cortex-A55 erratum 2441007): boot, restart, CPU_ON, stop", () => {
    const bench = new Bench({
      ...STANDARD,
      board: { ...qemuVirt, repeatsTlbi: true },
      partitions: [LINUX, { ...PLC, direct: true }],
    });
    const use = (): void => {
      bench.guest(0).load(0x6000_4000, 8);
      bench.guest(3).load(0x4000_4000, 8);
    };
    use();
    for (const partition of [0, 1]) expect(bench.command(partition, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    use();
    bench.guest(0).hvc(CPU_ON + SMC64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    bench.guest(1).load(0x6000_4000, 8);
    bench.guest(1).hvc(CPU_OFF);
    bench.guest(0).hvc(CPU_ON + SMC64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    bench.guest(1).load(0x6000_4000, 8);
    expect(bench.guests.map(({ running }) => running)).toEqual([true, true, false, true]);
  });
});
