// System registers of a pCPU: names and reset values (ARM ARM D17). Cortex-A53 as QEMU 7.2 models it, so that what is
// tested here and what boots there see the same machine. What the architecture calls UNKNOWN at reset is a pattern here,
// so that using it shows.
import { COUNTER_FREQUENCY } from "./timers.ts";

export const UNKNOWN = 0x5a5a_a5a5_5a5a_a5a5n;

/** Registers without behaviour of their own in this machine: they keep what is written. */
export const RESET = {
  // Identification (Cortex-A53 TRM, DDI 0500; PFR0 with the GIC's system registers). MPIDR_EL1 differs from pCPU to pCPU.
  MIDR_EL1: 0x410f_d034n, MPIDR_EL1: 0n,
  ID_AA64PFR0_EL1: 0x0100_2222n, ID_AA64PFR1_EL1: 0n, ID_AA64ZFR0_EL1: 0n,
  ID_AA64DFR0_EL1: 0x1030_5106n, ID_AA64DFR1_EL1: 0n,
  ID_AA64ISAR0_EL1: 0x0001_1120n, ID_AA64ISAR1_EL1: 0n, ID_AA64ISAR2_EL1: 0n,
  ID_AA64MMFR0_EL1: 0x0000_1122n, ID_AA64MMFR1_EL1: 0n, ID_AA64MMFR2_EL1: 0n,
  ID_PFR0_EL1: 0x131n, ID_PFR1_EL1: 0x1001_1011n,
  ID_MMFR0_EL1: 0x1010_1105n, ID_MMFR1_EL1: 0x4000_0000n, ID_MMFR2_EL1: 0x0126_0000n, ID_MMFR3_EL1: 0x0210_2211n,
  ID_MMFR4_EL1: 0n,
  ID_ISAR0_EL1: 0x0210_1110n, ID_ISAR1_EL1: 0x1311_2111n, ID_ISAR2_EL1: 0x2123_2042n, ID_ISAR3_EL1: 0x0111_2131n,
  ID_ISAR4_EL1: 0x0001_1142n, ID_ISAR5_EL1: 0x0001_1121n,
  MVFR0_EL1: 0x1011_0222n, MVFR1_EL1: 0x1211_1111n, MVFR2_EL1: 0x43n,

  // Caches: 64 bytes a line; L1 for data and instructions, a unified L2. CCSIDR_EL1 is CSSELR_EL1's choice of CACHES.
  CTR_EL0: 0x8444_8004n, CLIDR_EL1: 0x0a20_0023n,
  CNTFRQ_EL0: BigInt(COUNTER_FREQUENCY),

  // Exceptions taken to EL2
  ESR_EL2: UNKNOWN, FAR_EL2: UNKNOWN, HPFAR_EL2: UNKNOWN, ELR_EL2: UNKNOWN, SPSR_EL2: UNKNOWN, TPIDR_EL2: UNKNOWN,

  // What a guest may do
  HCR_EL2: 0n, VTCR_EL2: UNKNOWN, VTTBR_EL2: UNKNOWN, CPTR_EL2: UNKNOWN, MDCR_EL2: UNKNOWN, HSTR_EL2: UNKNOWN,
  VPIDR_EL2: UNKNOWN, VMPIDR_EL2: UNKNOWN, CNTHCTL_EL2: UNKNOWN, CNTVOFF_EL2: UNKNOWN,

  // EL1 and EL0
  SCTLR_EL1: UNKNOWN, VBAR_EL1: UNKNOWN, ESR_EL1: UNKNOWN, FAR_EL1: UNKNOWN, ELR_EL1: UNKNOWN, SPSR_EL1: UNKNOWN,
  CPACR_EL1: UNKNOWN, TTBR0_EL1: UNKNOWN, TTBR1_EL1: UNKNOWN, TCR_EL1: UNKNOWN, MAIR_EL1: UNKNOWN, CONTEXTIDR_EL1: UNKNOWN,
  TPIDR_EL0: UNKNOWN, TPIDRRO_EL0: UNKNOWN, TPIDR_EL1: UNKNOWN, SP_EL0: UNKNOWN, SP_EL1: UNKNOWN, PAR_EL1: UNKNOWN,
  CSSELR_EL1: UNKNOWN,
  CNTKCTL_EL1: UNKNOWN,
  PMUSERENR_EL0: UNKNOWN,
  AMAIR_EL1: UNKNOWN, AFSR0_EL1: UNKNOWN, AFSR1_EL1: UNKNOWN, FPCR: UNKNOWN, FPSR: UNKNOWN,
  APIAKEYLO_EL1: UNKNOWN, APIAKEYHI_EL1: UNKNOWN, APIBKEYLO_EL1: UNKNOWN, APIBKEYHI_EL1: UNKNOWN, APDAKEYLO_EL1: UNKNOWN,
  APDAKEYHI_EL1: UNKNOWN, APDBKEYLO_EL1: UNKNOWN, APDBKEYHI_EL1: UNKNOWN, APGAKEYLO_EL1: UNKNOWN, APGAKEYHI_EL1: UNKNOWN,

  // Controls newer than Armv8.0, as firmware may have left them: features.ts says when they are there
  ACTLR_EL2: UNKNOWN, HACR_EL2: UNKNOWN, HCRX_EL2: UNKNOWN, CNTPOFF_EL2: UNKNOWN, MPAM2_EL2: UNKNOWN, MPAMHCR_EL2: UNKNOWN,
  MPAMIDR_EL1: 0n,
  HFGRTR_EL2: UNKNOWN, HFGWTR_EL2: UNKNOWN, HFGITR_EL2: UNKNOWN, HDFGRTR_EL2: UNKNOWN, HDFGWTR_EL2: UNKNOWN, HAFGRTR_EL2: UNKNOWN,
  HFGRTR2_EL2: UNKNOWN, HFGWTR2_EL2: UNKNOWN, HFGITR2_EL2: UNKNOWN, HDFGRTR2_EL2: UNKNOWN, HDFGWTR2_EL2: UNKNOWN,

  // GIC, as far as only their value matters
  ICC_SRE_EL1: 7n, ICC_SRE_EL2: 0xfn, ICH_AP0R0_EL2: UNKNOWN, ICH_AP0R1_EL2: UNKNOWN, ICH_AP0R2_EL2: UNKNOWN,
  ICH_AP0R3_EL2: UNKNOWN,
  ICH_AP1R1_EL2: UNKNOWN, ICH_AP1R2_EL2: UNKNOWN, ICH_AP1R3_EL2: UNKNOWN, ICC_AP1R1_EL1: UNKNOWN, ICC_AP1R2_EL1: UNKNOWN,
  ICC_AP1R3_EL1: UNKNOWN,
};

/** CCSIDR_EL1 by CSSELR_EL1: L1 data 128 sets of 4 ways, L1 instructions, L2 1024 sets of 16 ways. */
export const CACHES: readonly bigint[] = [0x700f_e01an, 0x201f_e00an, 0x707f_e07an];

export type RegisterName = keyof typeof RESET;
export type Registers = Record<RegisterName, bigint>;

export const isRegister = (name: string): name is RegisterName => Object.hasOwn(RESET, name);

// Fields of HCR_EL2 (D17.2.48) that decide what traps.
export const HCR_VM = 1n << 0n;
export const HCR_FMO = 1n << 3n;
export const HCR_IMO = 1n << 4n;
/** Default cacheability: stage 1 of EL1&0 is off, and its data accesses are Normal write-back. */
export const HCR_DC = 1n << 12n;
export const HCR_TWI = 1n << 13n;
export const HCR_TWE = 1n << 14n;
export const HCR_TID3 = 1n << 18n;
export const HCR_TSC = 1n << 19n;
export const HCR_TIDCP = 1n << 20n;
export const HCR_TACR = 1n << 21n;
export const HCR_TSW = 1n << 22n;
/** A guest's writes to the registers of its own stage 1. */
export const HCR_TVM = 1n << 26n;
export const HCR_HCD = 1n << 29n;
export const HCR_RW = 1n << 31n;
/** Stage 2 data accesses are Non-cacheable. */
export const HCR_CD = 1n << 32n;

// SCTLR_EL1 (D17.2.118)
export const SCTLR_M = 1n << 0n;
export const SCTLR_C = 1n << 2n;

// CNTHCTL_EL2 (D17.11.2), HCR_EL2.E2H = 0.
export const CNTHCTL_EL1PCTEN = 1n << 0n;
export const CNTHCTL_EL1PCEN = 1n << 1n;
// MDCR_EL2 (D17.3.19)
export const MDCR_TPMCR = 1n << 5n;
export const MDCR_TPM = 1n << 6n;
export const MDCR_TDA = 1n << 9n;
export const MDCR_TDOSA = 1n << 10n;
export const MDCR_TDRA = 1n << 11n;

// Exception classes, ESR_ELx.EC (D17.2.37).
export const EC_UNKNOWN = 0x00;
export const EC_WFX = 0x01;
export const EC_FP = 0x07;
export const EC_HVC64 = 0x16;
export const EC_SMC64 = 0x17;
export const EC_SYSREG = 0x18;
export const EC_INSTRUCTION_ABORT = 0x20;
export const EC_INSTRUCTION_ABORT_SAME = 0x21;
export const EC_DATA_ABORT = 0x24;
export const EC_DATA_ABORT_SAME = 0x25;

export const ESR_IL = 1n << 25n;
/** ESR_ELx with IL = 1: a 32-bit instruction. */
export const syndrome = (ec: number, iss: number): bigint => (BigInt(ec) << 26n) | ESR_IL | BigInt(iss);

/** SPSR: EL1 with its own stack, DAIF masked (C5.2.18). */
export const PSTATE_EL1H = 0x5n;
export const PSTATE_DAIF = 0x3c0n;
export const PSTATE_I = 0x80n;

// Vectors for an exception to EL1 (D1.4.1): from the current EL with SP_ELx, from EL0 in AArch64.
export const VECTOR_CURRENT_SYNC = 0x200;
export const VECTOR_LOWER_SYNC = 0x400;
