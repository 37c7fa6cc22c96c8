// Trapped system registers (arch/aarch64/sysregTrap.ts), and exceptions injected into a guest (inject.ts).
import { beforeEach, describe, expect, test } from "vitest";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import { ENCODINGS } from "../../tools/machine/aarch64/systemRegisters.ts";
import type { Encoding } from "../../tools/machine/aarch64/systemRegisters.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { EC_FP, EC_UNKNOWN, EC_WFX, PSTATE_DAIF, PSTATE_EL1H, syndrome } from "../../tools/machine/aarch64/registers.ts";
import { GUEST_GICD, GUEST_UART, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench, value } from "./bench.ts";
import { PSCI_VERSION } from "./functions.ts";

const UNDEFINED = syndrome(EC_UNKNOWN, 0);
const VBAR = 0x6001_0000n;
const nibble = (register: bigint, shift: number): number => Number((register >> BigInt(shift)) & 0xfn);
const id = (crm: number, op2: number): Encoding => ({ op0: 3, op1: 0, crn: 0, crm, op2 });

let bench: Bench;
let guest: Guest;
beforeEach(() => {
  bench = new Bench();
  guest = bench.guest(0);
  value(guest.msr("VBAR_EL1", VBAR));
});

describe("ID registers (HCR_EL2.TID3)", () => {
  test("ID_AA64PFR0_EL1: EL1 is AArch64 only, no EL2, no EL3; the GIC has system registers", () => {
    const pfr0 = value(guest.mrs("ID_AA64PFR0_EL1"));
    expect([0, 4, 8, 12, 16, 20, 24].map((shift) => nibble(pfr0, shift))).toEqual([2, 1, 0, 0, 0, 0, 1]);
  });

  test("ID_AA64DFR0_EL1: no PMU, no trace, no profiling", () => {
    const dfr0 = value(guest.mrs("ID_AA64DFR0_EL1"));
    expect([4, 8, 32, 40, 44].map((shift) => nibble(dfr0, shift))).toEqual([0, 0, 0, 0, 0]);
  });

  test("ID_AA64DFR0_EL1 shows the PMU to a partition that has it", () => {
    const other = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, pmu: true }] });
    expect(nibble(value(other.guest(3).mrs("ID_AA64DFR0_EL1")), 8)).toBe(1);
  });

  test("what is not hidden is the pCPU's: PARange, instructions, AArch32 for EL0", () => {
    expect(nibble(value(guest.mrs("ID_AA64MMFR0_EL1")), 0)).toBe(2);
    expect(value(guest.mrs("ID_AA64ISAR0_EL1"))).toBe(0x11120n);
    expect(value(guest.mrs("ID_PFR0_EL1"))).toBe(0x131n);
  });

  test("ID_PFR1_EL1: no Security Extensions, no Virtualization Extensions", () => {
    const pfr1 = value(guest.mrs(id(1, 1)));
    expect([4, 12].map((shift) => nibble(pfr1, shift))).toEqual([0, 0]);
  });

  test("a PARange above 40 bits is shown as 40: more, stage 2 does not reach", () => {
    for (const shown of [5n, 6n]) {
      bench.machine.pcpu(0).registers.ID_AA64MMFR0_EL1 = 0x1120n | shown;
      expect(nibble(value(guest.mrs("ID_AA64MMFR0_EL1")), 0)).toBe(2);
    }
  });

  test("features of a large core that are not handed on: SVE, SME, MTE, MPAM, AMU, RAS, TME, nested virtualization", () => {
    const { registers } = bench.machine.pcpu(0);
    const all = 0xffff_ffff_ffff_ffffn;
    Object.assign(registers, {
      ID_AA64PFR0_EL1: 0x1111_1111_1111_2222n,
      ID_AA64PFR1_EL1: all,
      ID_AA64ISAR0_EL1: all,
      ID_AA64MMFR1_EL1: all,
      ID_AA64MMFR2_EL1: all,
    });
    const [pfr0, pfr1] = [value(guest.mrs(id(4, 0))), value(guest.mrs(id(4, 1)))];
    const [isar0, mmfr1, mmfr2] = [value(guest.mrs(id(6, 0))), value(guest.mrs(id(7, 1))), value(guest.mrs(id(7, 2)))];
    expect([28, 32, 36, 40, 44].map((shift) => nibble(pfr0, shift)), "RAS, SVE, SEL2, MPAM, AMU").toEqual([0, 0, 0, 0, 0]);
    expect([8, 12, 16, 24].map((shift) => nibble(pfr1, shift)), "MTE, RAS_frac, MPAM_frac, SME").toEqual([0, 0, 0, 0]);
    expect(nibble(isar0, 24), "TME").toBe(0);
    expect([8, 16, 24].map((shift) => nibble(mmfr1, shift)), "VH, LO, SpecSEI").toEqual([0, 0, 0]);
    expect([12, 24].map((shift) => nibble(mmfr2, shift)), "IESB, NV").toEqual([0, 0]);
  });

  test("what needs HCRX_EL2, which is 0, or is not known is hidden: MOPS, LS64, TCR2, and every field that is new", () => {
    const { registers } = bench.machine.pcpu(0);
    const all = 0xffff_ffff_ffff_ffffn;
    Object.assign(registers, {
      ID_AA64ISAR1_EL1: all,
      ID_AA64ISAR2_EL1: all,
      ID_AA64MMFR0_EL1: all,
      ID_AA64MMFR1_EL1: all,
      ID_AA64MMFR2_EL1: all,
      ID_AA64PFR1_EL1: all,
      ID_PFR0_EL1: all,
    });
    const [isar1, isar2] = [value(guest.mrs(id(6, 1))), value(guest.mrs(id(6, 2)))];
    expect(nibble(isar1, 60), "LS64").toBe(0);
    expect(
      [16, 32, 36, 44, 60].map((shift) => nibble(isar2, shift)),
      "MOPS, SYSREG_128, SYSINSTR_128, PCDPHINT, ATS1A",
    ).toEqual([0, 0, 0, 0, 0]);
    expect(
      [4, 12, 20, 52, 28].map((shift) => nibble(isar2, shift)),
      "RPRES, APA3, BC, CSSC, CLRBHB",
    ).toEqual([15, 15, 15, 15, 15]);
    expect(
      [12, 48, 52, 56, 60].map((shift) => nibble(value(guest.mrs(id(7, 0))), shift)),
      "SNSMem, FGT, ECV",
    ).toEqual([0, 0, 0, 0, 0]);
    expect(
      [40, 44, 48, 52, 56, 60].map((shift) => nibble(value(guest.mrs(id(7, 1))), shift)),
      "HCX, AFP, nTLBPA, TIDCP1, CMOW, ECBHB",
    ).toEqual([0, 0, 0, 0, 0, 0]);
    for (const hidden of [id(4, 2), id(6, 3), id(7, 3), id(7, 4), id(4, 4), id(4, 5)]) expect(value(guest.mrs(hidden))).toBe(0n);
    expect([20, 28].map((shift) => nibble(value(guest.mrs("ID_PFR0_EL1")), shift)), "AMU, RAS").toEqual([0, 0]);
  });

  test.each([
    [0, 0],
    [1, 1],
    [2, 1],
    [3, 1],
  ])("CSV2 %i is shown as %i: SCXTNUM_EL1, which comes with 2, is trapped (HCR_EL2.EnSCXT), and UNDEFINED", (has, shown) => {
    Object.assign(bench.machine.pcpu(0).registers, {
      ID_AA64PFR0_EL1: (BigInt(has) << 56n) | 0x1000_0000_1100_2222n,
      ID_AA64PFR1_EL1: 0xfn << 32n,
    });
    expect(
      [56, 60].map((shift) => nibble(value(guest.mrs(id(4, 0))), shift)),
      "CSV2, CSV3",
    ).toEqual([shown, 1]);
    expect(nibble(value(guest.mrs(id(4, 1))), 32), "CSV2_frac").toBe(0);
    expect(bench.machine.pcpu(0).registers.HCR_EL2 & (1n << 53n)).toBe(0n);
    expect(guest.trapSystemRegister({ op0: 3, op1: 0, crn: 13, crm: 0, op2: 7 }, true, 0)).toMatchObject({
      kind: "exception",
      esr: UNDEFINED,
    });
  });

  test("every encoding of the ID space can be read: without a name it is 0", () => {
    for (let crm = 1; crm < 8; crm++)
      for (let op2 = 0; op2 < 8; op2++) expect(guest.mrs(id(crm, op2)).kind, `C0_C${crm}_${op2}`).toBe("done");
    expect(value(guest.mrs(id(7, 7)))).toBe(0n);
  });

  test("MRS XZR is done, and changes no register", () => {
    for (let n = 0; n < 31; n++) guest.setX(n, BigInt(n));
    value(guest.mrs("ID_AA64PFR0_EL1", 31));
    for (let n = 0; n < 31; n++) expect(guest.x(n)).toBe(BigInt(n));
  });
});

describe("other registers", () => {
  test("ACTLR_EL1 reads 0 and ignores writes", () => {
    value(guest.msr("ACTLR_EL1", 0xffn));
    expect(value(guest.mrs("ACTLR_EL1"))).toBe(0n);
  });

  test("cache maintenance by set/way is done, and the guest goes on", () => {
    for (const name of ["DC_ISW", "DC_CSW", "DC_CISW"] as const) expect(guest.msr(name, 0n).kind).toBe("done");
    guest.pcpu.flushed.length = 0;
    for (let level = 1n; level < 8n; level++)
      expect(guest.msr("DC_CISW", level << 1n).kind, "not done to what is shared").toBe("done");
    expect(guest.pcpu.flushed).toEqual([]);
  });

  test.each([
    [
      "4 ways of 128 sets, lines of 64 bytes",
      {},
      0xc000_1fc0,
      { way: 3, set: 127 },
      [0x0000_2000, 0x2000_0000, 0x0000_0001, 0xffff_ffff],
    ],
    ["a bit between set and way, which is nobody's", {}, 0xc000_3fc0, { way: 3, set: 127 }, []],
    ["one way", { caches: [0x3f_e002n] }, 0x0000_7fc0, { way: 0, set: 511 }, [0x8000_0000, 0xffff_ffff]],
    [
      "3 ways of 96 sets",
      { caches: [(95n << 13n) | (2n << 3n) | 2n] },
      0x8000_17c0,
      { way: 2, set: 95 },
      [0xc000_0000, 0x0000_1800],
    ],
    [
      "FEAT_CCIDX",
      { caches: [(255n << 32n) | (7n << 3n) | 2n], registers: { ID_AA64MMFR2_EL1: 1n << 20n } },
      0xe000_3fc0,
      { way: 7, set: 255 },
      [0x0000_4000],
    ],
  ] as const)(
    "…of lines that are there only, whatever the operand says: %s (CCSIDR_EL1)",
    (_, hardware, operand, line, others) => {
      const other = new Bench({ ...STANDARD, board: { ...qemuVirt, ...hardware } });
      expect(other.guest(0).msr("DC_CISW", BigInt(operand)).kind).toBe("done");
      expect(other.guest(0).pcpu.flushed).toEqual([line]);
      for (const wrong of others) expect(other.guest(0).msr("DC_CISW", BigInt(wrong) | (0xdeadn << 32n)).kind).toBe("done");
    },
  );

  test("the PMU is not there for a partition that does not have it", () => {
    for (const name of ["PMCR_EL0", "PMCCNTR_EL0"] as const)
      expect(guest.mrs(name)).toEqual({ kind: "exception", vector: 0x200, esr: UNDEFINED });
  });

  test("unknown registers are UNDEFINED: implementation defined ones, GIC registers not trapped by design, trace", () => {
    const unknown: Encoding[] = [
      ENCODINGS.CPUECTLR_EL1,
      { op0: 3, op1: 0, crn: 11, crm: 0, op2: 0 },
      { op0: 2, op1: 1, crn: 0, crm: 0, op2: 0 },
      { op0: 3, op1: 4, crn: 1, crm: 1, op2: 0 },
    ];
    for (const encoding of unknown) {
      expect(guest.trapSystemRegister(encoding, true, 0)).toMatchObject({ kind: "exception", esr: UNDEFINED });
      expect(guest.trapSystemRegister(encoding, false, 0)).toMatchObject({ kind: "exception", esr: UNDEFINED });
    }
    expect(guest.running).toBe(true);
  });

  test("LORegions (HCR_EL2.TLOR), whose numbers are near those of stage 1's registers, are UNDEFINED", () => {
    for (let written = 0; written < 2; written++) {
      // Trapped with them, its first write is sent back to be tried again.
      for (let n = 0; n < 2; n++)
        expect(guest.trapSystemRegister({ op0: 3, op1: 0, crn: 10, crm: 4, op2: n }, true, 0)).toMatchObject({
          kind: "exception",
          esr: UNDEFINED,
        });
      value(guest.msr("SCTLR_EL1", 0n));
      expect(guest.trapSystemRegister({ op0: 3, op1: 0, crn: 10, crm: 4, op2: 0 }, false, 0)).toMatchObject({
        kind: "exception",
        esr: UNDEFINED,
      });
    }
  });

  test("writing an ID register, or reading ICC_SGI1R_EL1, is UNDEFINED", () => {
    expect(guest.trapSystemRegister(ENCODINGS.ID_AA64PFR0_EL1, false, 0).kind).toBe("exception");
    expect(guest.trapSystemRegister(ENCODINGS.ICC_SGI1R_EL1, true, 0).kind).toBe("exception");
  });
});

describe("an injected undefined instruction exception", () => {
  const inject = () => guest.exception(syndrome(EC_UNKNOWN, 0));

  test("ELR_EL1 and SPSR_EL1 are where and as the guest was, ESR_EL1 says unknown reason; PSTATE is EL1h with DAIF", () => {
    guest.pcpu.pstate = 0x6000_0345n;
    const pc = guest.pcpu.pc;
    expect(inject()).toEqual({ kind: "exception", vector: 0x200, esr: UNDEFINED });
    const { registers } = guest.pcpu;
    expect(registers.ELR_EL1).toBe(pc);
    expect(registers.SPSR_EL1).toBe(0x6000_0345n);
    expect(guest.pcpu.pstate).toBe(0x6000_0000n | PSTATE_EL1H | PSTATE_DAIF);
    expect(guest.pcpu.pc).toBe(VBAR + 0x200n);
  });

  test.each([
    ["EL1t", 0x4n, 0x0n],
    ["EL1h", 0x5n, 0x200n],
    ["EL0 in AArch64", 0x0n, 0x400n],
    ["EL0 in AArch64 with flags", 0xf000_0000n, 0x400n],
    ["EL0 in AArch32", 0x10n, 0x600n],
  ])("from %s it goes to VBAR_EL1's vector for that", (_, pstate, offset) => {
    guest.pcpu.pstate = pstate;
    inject();
    expect(guest.pcpu.pc - VBAR).toBe(offset);
    expect(guest.pcpu.pstate & 0x1fn).toBe(PSTATE_EL1H);
  });

  test("PSTATE.SS, IL, SSBS and BTYPE do not survive it, NZCV does", () => {
    guest.pcpu.pstate = 0xf030_1c05n;
    inject();
    expect(guest.pcpu.pstate).toBe(0xf000_03c5n);
    expect(guest.pcpu.registers.SPSR_EL1).toBe(0xf030_1c05n);
  });

  test("PAN is set if the pCPU has it and SCTLR_EL1.SPAN is 0, kept otherwise", () => {
    const { registers } = guest.pcpu;
    registers.ID_AA64MMFR1_EL1 = 1n << 20n;
    registers.SCTLR_EL1 &= ~(1n << 23n);
    inject();
    expect((guest.pcpu.pstate >> 22n) & 1n).toBe(1n);
    registers.SCTLR_EL1 |= 1n << 23n;
    guest.pcpu.pstate = PSTATE_EL1H;
    inject();
    expect((guest.pcpu.pstate >> 22n) & 1n).toBe(0n);
    guest.pcpu.pstate = PSTATE_EL1H | (1n << 22n);
    inject();
    expect((guest.pcpu.pstate >> 22n) & 1n, "kept").toBe(1n);
    registers.ID_AA64MMFR1_EL1 = 0xffff_ffff_ff0f_ffffn; // no FEAT_PAN: the bit is RES0
    registers.SCTLR_EL1 &= ~(1n << 23n);
    guest.pcpu.pstate = PSTATE_EL1H;
    inject();
    expect((guest.pcpu.pstate >> 22n) & 1n).toBe(0n);
  });

  test("is what any trap gets that nobody expects: FP, WFI, AArch32 coprocessors", () => {
    for (const ec of [EC_FP, EC_WFX, 0x03, 0x04, 0x05, 0x06, 0x08, 0x0c, 0x11, 0x12, 0x13, 0x19, 0x3f]) {
      expect(guest.exception(syndrome(ec, 0x1fff)), `EC 0x${ec.toString(16)}`).toMatchObject({
        kind: "exception",
        esr: UNDEFINED,
      });
    }
  });
});

describe("a guest that steps itself (MDSCR_EL1.SS): an instruction that is carried out for it is its step", () => {
  const SS = 1n << 21n;
  const steps = (instruction: () => unknown): bigint => {
    guest.pcpu.pstate |= SS;
    instruction();
    return guest.pcpu.pstate & SS;
  };

  test("PSTATE.SS is 0 behind it, as behind one that was executed: system registers, devices, SMC", () => {
    expect(steps(() => value(guest.mrs("ID_AA64PFR0_EL1")))).toBe(0n);
    expect(steps(() => value(guest.msr("ACTLR_EL1", 1n)))).toBe(0n);
    expect(steps(() => value(guest.load(GUEST_GICD + 4, 4)))).toBe(0n);
    expect(steps(() => value(guest.store(GUEST_UART, 4, 0x41n)))).toBe(0n);
    expect(steps(() => value(guest.smc(PSCI_VERSION)))).toBe(0n);
  });

  test("one that is not carried out has not been stepped: SPSR_EL1.SS stays 1, and the handler does not step", () => {
    expect(steps(() => guest.trapSystemRegister(ENCODINGS.CPUECTLR_EL1, true, 0))).toBe(0n);
    expect(guest.pcpu.registers.SPSR_EL1 & SS).toBe(SS);
  });

  test("a WFI that a direct guest may not sleep in is stepped over", () => {
    const direct = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, direct: true }] }).guest(3);
    direct.pcpu.pstate |= SS;
    value(direct.wfi());
    expect(direct.pcpu.pstate & SS).toBe(0n);
  });
});
