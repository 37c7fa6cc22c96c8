// Intrinsics of AArch64: the machine as AssemblyScript sees it, one instruction each or a few. Names are the
// architecture's (Arm ARM DDI 0487, GICv3 IHI 0069). `mrs_X()` reads system register X, `msr_X(v)` writes it.
import { mmio, physical, symbol } from "../../core/physical.table.ts";
import type { Intrinsic } from "../../tools/build/intrinsic.ts";
import { sha256Rounds } from "./sha256.table.ts";

/** Encodings for names that clang does not know without an extension: S<op0>_<op1>_C<n>_C<m>_<op2>. */
const ENCODING: Readonly<Record<string, string>> = {
  ICC_IAR1_EL1: "S3_0_C12_C12_0",
  ICC_EOIR1_EL1: "S3_0_C12_C12_1",
  ICC_DIR_EL1: "S3_0_C12_C11_1",
  ICC_SGI1R_EL1: "S3_0_C12_C11_5",
  ICC_PMR_EL1: "S3_0_C4_C6_0",
  ICC_BPR1_EL1: "S3_0_C12_C12_3",
  ICC_CTLR_EL1: "S3_0_C12_C12_4",
  ICC_IGRPEN1_EL1: "S3_0_C12_C12_7",
  ICC_RPR_EL1: "S3_0_C12_C11_3",
  ICC_AP1R0_EL1: "S3_0_C12_C9_0",
  ICC_SRE_EL1: "S3_0_C12_C12_5",
  ICC_SRE_EL2: "S3_4_C12_C9_5",
  ICH_HCR_EL2: "S3_4_C12_C11_0",
  ICH_VTR_EL2: "S3_4_C12_C11_1",
  ICH_ELRSR_EL2: "S3_4_C12_C11_5",
  ICH_VMCR_EL2: "S3_4_C12_C11_7",
  ICH_LR0_EL2: "S3_4_C12_C12_0",
  ICH_AP0R0_EL2: "S3_4_C12_C8_0",
  ICH_AP1R0_EL2: "S3_4_C12_C9_0",
  CLUSTERTHREADSID_EL1: "S3_0_C15_C4_0",
  CLUSTERPARTCR_EL1: "S3_0_C15_C4_3",
  ID_AA64ISAR2_EL1: "S3_0_C0_C6_2",
  APIAKEYLO_EL1: "S3_0_C2_C1_0", APIAKEYHI_EL1: "S3_0_C2_C1_1", APIBKEYLO_EL1: "S3_0_C2_C1_2", APIBKEYHI_EL1: "S3_0_C2_C1_3",
  APDAKEYLO_EL1: "S3_0_C2_C2_0", APDAKEYHI_EL1: "S3_0_C2_C2_1", APDBKEYLO_EL1: "S3_0_C2_C2_2", APDBKEYHI_EL1: "S3_0_C2_C2_3",
  APGAKEYLO_EL1: "S3_0_C2_C3_0", APGAKEYHI_EL1: "S3_0_C2_C3_1",
  ICH_AP0R1_EL2: "S3_4_C12_C8_1", ICH_AP0R2_EL2: "S3_4_C12_C8_2", ICH_AP0R3_EL2: "S3_4_C12_C8_3",
  ICH_AP1R1_EL2: "S3_4_C12_C9_1", ICH_AP1R2_EL2: "S3_4_C12_C9_2", ICH_AP1R3_EL2: "S3_4_C12_C9_3",
  ICC_AP1R1_EL1: "S3_0_C12_C9_1", ICC_AP1R2_EL1: "S3_0_C12_C9_2", ICC_AP1R3_EL1: "S3_0_C12_C9_3",
  HCRX_EL2: "S3_4_C1_C2_2", HFGRTR_EL2: "S3_4_C1_C1_4", HFGWTR_EL2: "S3_4_C1_C1_5", HFGITR_EL2: "S3_4_C1_C1_6",
  HDFGRTR_EL2: "S3_4_C3_C1_4", HDFGWTR_EL2: "S3_4_C3_C1_5", HAFGRTR_EL2: "S3_4_C3_C1_6",
  HDFGRTR2_EL2: "S3_4_C3_C1_0", HDFGWTR2_EL2: "S3_4_C3_C1_1", HFGRTR2_EL2: "S3_4_C3_C1_2", HFGWTR2_EL2: "S3_4_C3_C1_3", HFGITR2_EL2: "S3_4_C3_C1_7",
  CNTPOFF_EL2: "S3_4_C14_C0_6", MPAM2_EL2: "S3_4_C10_C5_0", MPAMHCR_EL2: "S3_4_C10_C4_0", MPAMIDR_EL1: "S3_0_C10_C4_4",
  ID_AA64MMFR2_EL1: "S3_0_C0_C7_2",
};

const encoded = (name: string): string => ENCODING[name] ?? name;

const mrs = (name: string, doc = ""): Intrinsic => ({
  name: `mrs_${name}`,
  params: {},
  result: "u64",
  doc: doc === "" ? `Reads ${name}.` : doc,
  c: `unsigned long value; __asm__ volatile("mrs %0, ${encoded(name)}" : "=r"(value) : : "memory"); return value;`,
});

const msr = (name: string, doc = ""): Intrinsic => ({
  name: `msr_${name}`,
  params: { value: "u64" },
  result: "void",
  doc: doc === "" ? `Writes ${name}.` : doc,
  c: `__asm__ volatile("msr ${encoded(name)}, %0" : : "r"(value) : "memory");`,
});

const rw = (name: string): Intrinsic[] => [mrs(name), msr(name)];

const instruction = (name: string, asm: string, doc: string): Intrinsic => ({
  name,
  params: {},
  result: "void",
  doc,
  c: `__asm__ volatile("${asm}" : : : "memory");`,
});

const listRegister = (n: number): string => `S3_4_C12_C12_${n}`;
/** Those that are used (cpuInterface.ts). */
const LIST_REGISTERS = [0, 1, 2, 3];

/** Writes 0 to as many control and value registers as there are: an encoding each, and UNDEFINED where there is none. */
const comparators = (kind: "b" | "w"): string => {
  const count = kind === "b" ? "breakpoints" : "watchpoints";
  return Array.from({ length: 16 }, (_, n) => `if (${count} > ${n}) __asm__ volatile("msr dbg${kind}cr${n}_el1, xzr\\n\\tmsr dbg${kind}vr${n}_el1, xzr" : : : "memory");`).join(" ");
};

const VECTORS = 32;
/** Loads or stores all vector registers, two at a time, from the address in operand 0 on. */
const byPairs = (operation: string, type: "d" | "q", bytes: number): string =>
  Array.from({ length: VECTORS / 2 }, (_, n) => `${operation} ${type}${2 * n}, ${type}${2 * n + 1}, [%0, #${2 * n * bytes}]`).join("\\n\\t");

const ID_REGISTERS = [
  "MIDR_EL1", "MPIDR_EL1",
  "ID_AA64PFR0_EL1", "ID_AA64PFR1_EL1",
  "ID_AA64DFR0_EL1",
  "ID_AA64ISAR0_EL1", "ID_AA64ISAR1_EL1", "ID_AA64ISAR2_EL1",
  "ID_AA64MMFR0_EL1", "ID_AA64MMFR1_EL1", "ID_AA64MMFR2_EL1",
] as const;

/** Any of these bits of a register is set. */
type Bits = readonly [register: string, bits: bigint];

/** Registers that are written `value` (0), where all of `when` hold: each is one of several. */
export interface ResetRow {
  readonly registers: readonly string[];
  readonly value?: bigint;
  readonly when?: readonly (readonly Bits[])[];
}

const MPAM: readonly Bits[] = [["ID_AA64PFR0_EL1", 0xfn << 40n], ["ID_AA64PFR1_EL1", 0xfn << 16n]];
const FGT: readonly Bits[] = [["ID_AA64MMFR0_EL1", 0xfn << 56n]];

/** What a new life finds in its registers, and what firmware may have left: one intrinsic each. Which registers are there is the ID registers' to say. */
export const RESETS: Readonly<Record<string, readonly ResetRow[]>> = {
  /** A guest's own at EL1 and EL0, but for those that are written in a certain order (reset.ts). */
  clearEl1: [
    { registers: [
      "CPACR_EL1", "TTBR0_EL1", "TTBR1_EL1", "MAIR_EL1", "AMAIR_EL1", "AFSR0_EL1", "AFSR1_EL1", "CONTEXTIDR_EL1", "TPIDR_EL0", "TPIDRRO_EL0", "TPIDR_EL1", "SP_EL0", "SP_EL1",
      "ELR_EL1", "SPSR_EL1", "ESR_EL1", "FAR_EL1", "PAR_EL1", "VBAR_EL1", "CSSELR_EL1", "CNTKCTL_EL1",
    ] },
    // Pointer authentication: APA, API, GPA, GPI; GPA3, APA3.
    { registers: ["APIAKEYLO_EL1", "APIAKEYHI_EL1", "APIBKEYLO_EL1", "APIBKEYHI_EL1", "APDAKEYLO_EL1", "APDAKEYHI_EL1", "APDBKEYLO_EL1", "APDBKEYHI_EL1", "APGAKEYLO_EL1", "APGAKEYHI_EL1"],
      when: [[["ID_AA64ISAR1_EL1", 0xff000ff0n], ["ID_AA64ISAR2_EL1", 0xff00n]]] },
  ],
  clearTimers: [{ registers: ["CNTV_CTL_EL0", "CNTP_CTL_EL0", "CNTV_CVAL_EL0", "CNTP_CVAL_EL0"] }],
  /** Off, counters and cycle counter to 0, of 32 bits and 64 (PMCR_EL0.LC, C, P). */
  clearPmu: [
    { registers: ["PMCR_EL0"], value: 0x46n },
    { registers: ["PMCNTENCLR_EL0", "PMINTENCLR_EL1", "PMOVSCLR_EL0"], value: 0xffff_ffffn },
    { registers: ["PMUSERENR_EL0", "PMSELR_EL0"] },
  ],
  /** Active priorities, virtual and physical: with 5 bits of preemption one register each, with 6 two, with 7 four (PREbits, PRIbits). */
  clearVirtual: [
    { registers: ["ICH_AP0R0_EL2", "ICH_AP1R0_EL2"] },
    { registers: ["ICH_AP0R1_EL2", "ICH_AP1R1_EL2"], when: [[["ICH_VTR_EL2", 3n << 26n]]] },
    { registers: ["ICH_AP0R2_EL2", "ICH_AP1R2_EL2", "ICH_AP0R3_EL2", "ICH_AP1R3_EL2"], when: [[["ICH_VTR_EL2", 2n << 26n]]] },
  ],
  clearPhysical: [
    { registers: ["ICC_AP1R1_EL1"], when: [[["ICC_CTLR_EL1", 3n << 8n]]] },
    { registers: ["ICC_AP1R2_EL1", "ICC_AP1R3_EL1"], when: [[["ICC_CTLR_EL1", 2n << 8n]]] },
  ],
  /** EL2's controls that are IMPLEMENTATION DEFINED, or newer than Armv8.0: HCX, FGT (2), with AMU, ECV (2), MPAM (EL1 gets none of it). */
  clearControls: [
    { registers: ["ACTLR_EL2", "HACR_EL2"] },
    { registers: ["HCRX_EL2"], when: [[["ID_AA64MMFR1_EL1", 0xfn << 40n]]] },
    { registers: ["HFGRTR_EL2", "HFGWTR_EL2", "HFGITR_EL2", "HDFGRTR_EL2", "HDFGWTR_EL2"], when: [FGT] },
    { registers: ["HFGRTR2_EL2", "HFGWTR2_EL2", "HFGITR2_EL2", "HDFGRTR2_EL2", "HDFGWTR2_EL2"], when: [[["ID_AA64MMFR0_EL1", 0xen << 56n]]] },
    { registers: ["HAFGRTR_EL2"], when: [FGT, [["ID_AA64PFR0_EL1", 0xfn << 44n]]] },
    { registers: ["CNTPOFF_EL2"], when: [[["ID_AA64MMFR0_EL1", 0xen << 60n]]] },
    { registers: ["MPAM2_EL2"], value: 3n << 48n, when: [MPAM] },
    { registers: ["MPAMHCR_EL2"], value: 1n << 31n, when: [MPAM, [["MPAMIDR_EL1", 1n << 17n]]] },
  ],
};

const resetRow = ({ registers, value = 0n, when = [] }: ResetRow): string => {
  const test = ([register, bits]: Bits): string => `({ unsigned long id; __asm__ volatile("mrs %0, ${encoded(register)}" : "=r"(id)); id & 0x${bits.toString(16)}ul; })`;
  const condition = when.map((any) => `(${any.map(test).join(" || ")})`).join(" && ");
  const writes = registers.map((register) => `__asm__ volatile("msr ${encoded(register)}, %x0" : : "rZ"(0x${value.toString(16)}ul) : "memory");`).join(" ");
  return condition === "" ? writes : `if (${condition}) { ${writes} }`;
};

/**
 * What guests see of the ID registers, by name: every hexadecimal digit is a field, and one that is not named here is hidden, a new one
 * too. HCRX_EL2 is 0, so whatever needs it is not there (MOPS, LS64, TCR2); nor is what is trapped: SVE, SME, MTE, MPAM, AMU, RAS, LORegions,
 * nested virtualization. What sysregTrap.ts adds is not in the mask.
 */
export const ID_KEPT: Readonly<Record<string, bigint>> = {
  ID_AA64PFR0_EL1: 0xff0f_0000_00ff_000fn, // CSV3, CSV2; DIT; AdvSIMD, FP; EL0
  ID_AA64PFR1_EL1: 0xffn, // SSBS, BT
  ID_AA64DFR0_EL1: 0xf0f0_ff00n, // CTX_CMPs, WRPs, BRPs, PMUVer
  ID_AA64ISAR0_EL1: 0xffff_ffff_f0ff_fff0n, // all but TME
  ID_AA64ISAR1_EL1: 0x0fff_ffff_ffff_ffffn, // all but LS64
  ID_AA64ISAR2_EL1: 0x0fff_0f00_fff0_ffffn, // LUT, CSSC, RPRFM; PRFMSLC; CLRBHB, PAC_frac, BC; APA3, GPA3, RPRES, WFxT
  ID_AA64MMFR0_EL1: 0x0000_ffff_ffff_0fffn, // no ECV, FGT; SNSMem
  ID_AA64MMFR1_EL1: 0x0000_00f0_00f0_f003n, // ETS; PAN; HPDS, HAFDBS without what is TCR2's
  ID_AA64MMFR2_EL1: 0xf0ff_00ff_f0ff_0fffn, // no IESB, NV, FWB, EVT
  ID_PFR0_EL1: 0x0f0f_ffffn, // no RAS, AMU
  ID_PFR1_EL1: 0xffff_0f0fn, // no Virtualization, Security
  ID_MMFR0_EL1: 0xffff_ffffn, ID_MMFR1_EL1: 0xffff_ffffn, ID_MMFR2_EL1: 0xffff_ffffn, ID_MMFR3_EL1: 0xffff_ffffn, ID_MMFR4_EL1: 0xffff_ffffn,
  ID_ISAR0_EL1: 0xffff_ffffn, ID_ISAR1_EL1: 0xffff_ffffn, ID_ISAR2_EL1: 0xffff_ffffn, ID_ISAR3_EL1: 0xffff_ffffn, ID_ISAR4_EL1: 0xffff_ffffn, ID_ISAR5_EL1: 0xffff_ffffn,
  MVFR0_EL1: 0xffff_ffffn, MVFR1_EL1: 0xffff_ffffn, MVFR2_EL1: 0xffff_ffffn,
};

/** Place of each in the space S3_0_C0_C<n / 8>_<n % 8>. */
export const ID_PLACE: Readonly<Record<string, number>> = {
  ID_PFR0_EL1: 0o10, ID_PFR1_EL1: 0o11, ID_MMFR0_EL1: 0o14, ID_MMFR1_EL1: 0o15, ID_MMFR2_EL1: 0o16, ID_MMFR3_EL1: 0o17,
  ID_ISAR0_EL1: 0o20, ID_ISAR1_EL1: 0o21, ID_ISAR2_EL1: 0o22, ID_ISAR3_EL1: 0o23, ID_ISAR4_EL1: 0o24, ID_ISAR5_EL1: 0o25, ID_MMFR4_EL1: 0o26,
  MVFR0_EL1: 0o30, MVFR1_EL1: 0o31, MVFR2_EL1: 0o32,
  ID_AA64PFR0_EL1: 0o40, ID_AA64PFR1_EL1: 0o41, ID_AA64DFR0_EL1: 0o50, ID_AA64ISAR0_EL1: 0o60, ID_AA64ISAR1_EL1: 0o61, ID_AA64ISAR2_EL1: 0o62,
  ID_AA64MMFR0_EL1: 0o70, ID_AA64MMFR1_EL1: 0o71, ID_AA64MMFR2_EL1: 0o72,
};

/** What copyPhysical and cleanPhysical do at once, at most. */
export const PIECE_BYTES = 65536;

export const aarch64: readonly Intrinsic[] = [
  // Identification
  ...ID_REGISTERS.map((name) => mrs(name)),
  mrs("CTR_EL0"), mrs("CLIDR_EL1"),
  {
    name: "readIdKept",
    params: { n: "u32" },
    result: "u64",
    doc: "What guests see of S3_0_C0_C<n / 8>_<n % 8> (ID_KEPT); 0 where they see nothing.",
    c: `unsigned long value = 0; switch (n) {${Object.entries(ID_KEPT).map(([name, kept]) => `case ${ID_PLACE[name] ?? 0}: __asm__ volatile("mrs %0, ${encoded(name)}" : "=r"(value) : : "memory"); value &= 0x${kept.toString(16)}ul; break;`).join(" ")}} return value;`,
  },
  {
    name: "cacheGeometry",
    outOfLine: true,
    params: { level: "u32" },
    result: "u64",
    doc: "CCSIDR_EL1 of the data or unified cache of a level, L1 being 0. CSSELR_EL1, which says of which, is the guest's: it gets it back.",
    c: `unsigned long own, value; __asm__ volatile("mrs %0, csselr_el1\\n\\tmsr csselr_el1, %2\\n\\tisb\\n\\tmrs %1, ccsidr_el1\\n\\tmsr csselr_el1, %0" : "=&r"(own), "=&r"(value) : "r"((unsigned long)level << 1) : "memory"); return value;`,
  },

  // Traps and return
  mrs("ESR_EL2"), mrs("FAR_EL2"), mrs("HPFAR_EL2"),
  ...rw("ELR_EL2"), ...rw("SPSR_EL2"),

  // What a guest may do
  ...rw("HCR_EL2"), msr("VTCR_EL2"), ...rw("VTTBR_EL2"), msr("CPTR_EL2"), ...rw("MDCR_EL2"), msr("HSTR_EL2"),
  msr("VPIDR_EL2"), msr("VMPIDR_EL2"), msr("CNTHCTL_EL2"), msr("CNTVOFF_EL2"),

  // EL1 state set at a vCPU's reset, and for an exception injected into the guest
  ...rw("SCTLR_EL1"), mrs("VBAR_EL1"), msr("ESR_EL1"), msr("FAR_EL1"), msr("ELR_EL1"), msr("SPSR_EL1"),
  ...rw("TCR_EL1"),
  ...Object.entries(RESETS).map(([name, rows]): Intrinsic => ({
    name,
    params: {},
    result: "void",
    doc: `Resets ${rows.flatMap(({ registers }) => registers).join(", ")}, where they are there.`,
    c: rows.map(resetRow).join(" "),
  })),
  {
    name: "clearVectors",
    outOfLine: true,
    params: {},
    result: "void",
    doc: "Writes 0 to V0…V31, FPCR and FPSR.",
    // MOVI V<n>.2D, #0
    c: `__asm__ volatile("msr S3_3_C4_C4_0, xzr\\n\\tmsr S3_3_C4_C4_1, xzr" : : : "memory"); ${Array.from({ length: VECTORS }, (_, n) => `__asm__ volatile(".inst 0x${(0x6f00e400 + n).toString(16)}");`).join(" ")}`,
  },
  {
    name: "dropSerror",
    params: {},
    result: "void",
    doc: "Takes a physical SError that is pending, and forgets it, once all accesses made before have completed (entry.S).",
    c: "extern void axv_drop_serror(void); axv_drop_serror();",
  },
  ...rw("SP_EL0"), ...rw("SP_EL1"),
  {
    name: "translateGuest",
    params: { va: "u64" },
    result: "u64",
    doc: "PAR_EL1 for a load of the guest's at EL1 from that VA, by both stages (AT S12E1R); what the guest has in PAR_EL1 stays.",
    c: `unsigned long own, par; __asm__ volatile("mrs %0, par_el1\\n\\tat s12e1r, %2\\n\\tisb\\n\\tmrs %1, par_el1\\n\\tmsr par_el1, %0" : "=&r"(own), "=&r"(par) : "r"(va) : "memory"); return par;`,
  },
  // The guest's SIMD&FP registers, which are the pCPU's: all of them by way of memory, for an instruction names one only.
  {
    name: "readVector",
    outOfLine: true,
    params: { n: "u32" },
    result: "u64",
    doc: "The lower 64 bits of V<n>, n < 32.",
    c: `unsigned long room[${VECTORS}]; __asm__ volatile(".arch_extension fp\\n\\t${byPairs("stp", "d", 8)}" : : "r"(room) : "memory"); return room[n & ${VECTORS - 1}];`,
  },
  {
    name: "writeVector",
    outOfLine: true,
    params: { n: "u32", value: "u64" },
    result: "void",
    doc: "Writes the lower 64 bits of V<n>, n < 32; the upper ones become 0.",
    c: `unsigned long room[${2 * VECTORS}] __attribute__((aligned(16))); __asm__ volatile(".arch_extension fp\\n\\t${byPairs("stp", "q", 16)}" : : "r"(room) : "memory");
    room[2 * (n & ${VECTORS - 1})] = value; room[2 * (n & ${VECTORS - 1}) + 1] = 0; __asm__ volatile(".arch_extension fp\\n\\t${byPairs("ldp", "q", 16)}" : : "r"(room) : "memory");`,
  },
  msr("PMCR_EL0"), mrs("PMCR_EL0"), msr("PMINTENCLR_EL1"), msr("PMOVSCLR_EL0"),
  // PMU, for bandwidth regulation
  mrs("PMCEID0_EL0"), mrs("PMCEID1_EL0"), mrs("PMOVSSET_EL0"), msr("PMCNTENSET_EL0"), msr("PMINTENSET_EL1"), msr("PMSELR_EL0"),
  msr("PMXEVTYPER_EL0"), msr("PMXEVCNTR_EL0"),
  // The cluster's shared unit
  msr("CLUSTERPARTCR_EL1"), msr("CLUSTERTHREADSID_EL1"),
  {
    name: "probeCluster",
    params: {},
    result: "u32",
    doc: "1: CLUSTERPARTCR_EL1 can be read and written; 0: it is UNDEFINED here (entry.S).",
    c: "extern unsigned int axv_probe_cluster(void); return axv_probe_cluster();",
  },

  // Debug
  ...rw("MDSCR_EL1"), msr("OSLAR_EL1"),
  {
    name: "clearDebug",
    outOfLine: true,
    params: { breakpoints: "u32", watchpoints: "u32" },
    result: "void",
    doc: "Writes 0 to MDSCR_EL1 and MDCCINT_EL1, and to so many breakpoints and watchpoints.",
    c: `__asm__ volatile("msr mdscr_el1, xzr\\n\\tmsr mdccint_el1, xzr" : : : "memory"); ${comparators("b")} ${comparators("w")}`,
  },

  // Time
  mrs("CNTPCT_EL0"), mrs("CNTFRQ_EL0"), msr("CNTHP_CVAL_EL2"), msr("CNTHP_CTL_EL2"),

  // GICv3 CPU interface, physical
  mrs("ICC_IAR1_EL1"), msr("ICC_EOIR1_EL1"), msr("ICC_DIR_EL1"), msr("ICC_SGI1R_EL1"), ...rw("ICC_PMR_EL1"), ...rw("ICC_BPR1_EL1"),
  ...rw("ICC_CTLR_EL1"), ...rw("ICC_IGRPEN1_EL1"), mrs("ICC_RPR_EL1"), ...rw("ICC_AP1R0_EL1"), ...rw("ICC_SRE_EL2"), msr("ICC_SRE_EL1"),
  // GICv3 virtual interface control
  ...rw("ICH_HCR_EL2"), mrs("ICH_VTR_EL2"), mrs("ICH_ELRSR_EL2"), msr("ICH_VMCR_EL2"),
  msr("ICH_LR0_EL2", "Writes ICH_LR0_EL2: the register that is nearly always free."),
  {
    name: "saveListRegisters",
    params: { pointer: "u32", mask: "u32" },
    result: "void",
    doc: "Moves those of ICH_LR0_EL2 to ICH_LR3_EL2 that are in the mask into four u64 of linear memory, and leaves 0 behind.",
    c: `unsigned long *to = (unsigned long *)LINEAR(pointer); ${LIST_REGISTERS.map((n) => `if (mask & ${1 << n}) __asm__ volatile("mrs %0, ${listRegister(n)}\\n\\tmsr ${listRegister(n)}, xzr" : "=r"(to[${n}]) : : "memory");`).join(" ")}`,
  },
  {
    name: "restoreListRegisters",
    params: { pointer: "u32", mask: "u32" },
    result: "void",
    doc: "Writes them.",
    c: `const unsigned long *from = (const unsigned long *)LINEAR(pointer); ${LIST_REGISTERS.map((n) => `if (mask & ${1 << n}) __asm__ volatile("msr ${listRegister(n)}, %0" : : "r"(from[${n}]) : "memory");`).join(" ")}`,
  },

  // Checksums (FEAT_CRC32): no side effects, so nothing of them is volatile
  {
    name: "crc32Byte",
    params: { crc: "u32", byte: "u32" },
    result: "u32",
    doc: "CRC32B: one more byte of a CRC-32.",
    c: `__asm__(".arch_extension crc\\n\\tcrc32b %w0, %w0, %w1" : "+r"(crc) : "r"(byte)); return crc;`,
  },
  {
    name: "crc32Double",
    params: { crc: "u32", value: "u64" },
    result: "u32",
    doc: "CRC32X: eight more bytes.",
    c: `__asm__(".arch_extension crc\\n\\tcrc32x %w0, %w0, %1" : "+r"(crc) : "r"(value)); return crc;`,
  },
  sha256Rounds,

  // Barriers, TLB and cache maintenance
  instruction("wfi", "wfi", "Sleeps until an interrupt is pending, masked or not."),
  instruction("relax", "yield", "Waits for another pCPU: lets that one run, where both share a core."),
  instruction("sev", "sev", "Wakes every pCPU that sleeps in WFE."),
  instruction("isb", "isb", "Instruction synchronisation barrier."),
  instruction("dsbSy", "dsb sy", "Waits until all accesses, device accesses too, have completed."),
  instruction("dsbIsh", "dsb ish", "Waits until all accesses are seen by the inner shareable domain."),
  instruction("tlbiVmalle1", "tlbi vmalle1", "Drops stage 1 translations of the current VMID, on this pCPU."),
  instruction("icIallu", "ic iallu", "Drops this pCPU's instruction cache."),
  instruction("tlbiVmalls12e1is", "tlbi vmalls12e1is", "Drops stage 1 and 2 translations of the current VMID, on every pCPU."),
  instruction("tlbiAlle1is", "tlbi alle1is", "Drops every EL1&0 translation of every VMID, on every pCPU."),
  instruction("icIalluis", "ic ialluis", "Drops instruction caches, on every pCPU."),
  {
    name: "dcCisw",
    params: { setWay: "u64" },
    result: "void",
    doc: "Clean and invalidate one line by set/way (DC CISW).",
    c: `__asm__ volatile("dc cisw, %0" : : "r"(setWay) : "memory");`,
  },

  // Firmware
  {
    name: "smc",
    outOfLine: true,
    params: { id: "u64", x1: "u64", x2: "u64", x3: "u64" },
    result: "u64",
    doc: "SMCCC call to EL3; gives back x0.",
    c: `register unsigned long r0 __asm__("x0") = id, r1 __asm__("x1") = x1, r2 __asm__("x2") = x2, r3 __asm__("x3") = x3;
    __asm__ volatile("smc #0" : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3) : : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory"); return r0;`,
  },

  {
    name: "smcEntropy",
    outOfLine: true,
    params: {},
    result: "u64",
    doc: "64 bits from TRNG_RND64 (DEN 0098 §2.5); 0: it has none at the moment.",
    c: `register unsigned long r0 __asm__("x0") = 0xc4000053, r1 __asm__("x1") = 64, r2 __asm__("x2") = 0, r3 __asm__("x3") = 0;
    __asm__ volatile("smc #0" : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3) : : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory"); return r0 == 0 ? r3 : 0;`,
  },
  {
    name: "rndr",
    outOfLine: true,
    params: {},
    result: "u64",
    doc: "Reads RNDR (FEAT_RNG); 0: it has none at the moment.",
    c: `unsigned long value; __asm__ volatile("mrs %0, S3_3_C2_C4_0" : "=r"(value) : : "cc", "memory"); return value;`,
  },

  // Physical memory
  ...mmio(8), ...mmio(16), ...mmio(32), ...mmio(64), ...physical,
  symbol("secondaryEntry", "axv_secondary_entry", "PA where a secondary pCPU starts (PSCI CPU_ON entry point)."),
  symbol("stage1Root", "axv_stage1_root", "PA of the hypervisor's own level 1 table."),
  {
    name: "guestInstruction",
    params: { pa: "u64" },
    result: "u32",
    doc: "The instruction at a PA of a guest's, who may have written it with its caches off: a line that a cache has from before is of no use. 0 where EL2 has no Normal memory (AT S1E2R; PAR_EL1 stays the guest's).",
    c: `unsigned long own, par; __asm__ volatile("mrs %0, par_el1\\n\\tat s1e2r, %2\\n\\tisb\\n\\tmrs %1, par_el1\\n\\tmsr par_el1, %0" : "=&r"(own), "=&r"(par) : "r"(pa) : "memory");
    if ((par & 1) != 0 || par >> 56 != 0xff) return 0;
    unsigned int word; __asm__ volatile("dc civac, %1\\n\\tdsb ish\\n\\tldr %w0, [%1]" : "=&r"(word) : "r"(pa) : "memory"); return word;`,
  },
  {
    name: "copyPhysical",
    params: { to: "u64", from: "u64", bytes: "u64" },
    result: "void",
    doc: "Copies Normal memory, 64 KiB at most, and cleans and invalidates what it wrote to the point of coherency: a guest starts with its caches off. All three are multiples of 64.",
    c: `if (bytes > ${PIECE_BYTES}) bytes = ${PIECE_BYTES}; for (unsigned long i = 0; i < bytes; i += 64) { PIECE_LOOP(${PIECE_BYTES / 64});
      unsigned long a, b, c, d, e, f, g, h;
      __asm__ volatile("ldp %0, %1, [%8]\\n\\tldp %2, %3, [%8, #16]\\n\\tldp %4, %5, [%8, #32]\\n\\tldp %6, %7, [%8, #48]" : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d), "=&r"(e), "=&r"(f), "=&r"(g), "=&r"(h) : "r"(from + i) : "memory");
      __asm__ volatile("stp %0, %1, [%8]\\n\\tstp %2, %3, [%8, #16]\\n\\tstp %4, %5, [%8, #32]\\n\\tstp %6, %7, [%8, #48]\\n\\tdc civac, %8" : : "r"(a), "r"(b), "r"(c), "r"(d), "r"(e), "r"(f), "r"(g), "r"(h), "r"(to + i) : "memory"); }`,
  },
  {
    name: "cleanPhysical",
    params: { pa: "u64", bytes: "u64" },
    result: "void",
    doc: "Cleans and invalidates Normal memory, 64 KiB at most, to the point of coherency. Both are multiples of 4096, and it is some.",
    c: `if (bytes > ${PIECE_BYTES}) bytes = ${PIECE_BYTES}; unsigned long end = pa + bytes; do { PIECE_LOOP(${PIECE_BYTES / 1024});
      __asm__ volatile("${"dc civac, %0\\n\\tadd %0, %0, #64\\n\\t".repeat(16)}" : "+r"(pa) : : "memory"); } while (pa < end);`,
  },
];
