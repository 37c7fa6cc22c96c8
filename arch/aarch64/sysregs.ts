// Fields of the AArch64 system registers that the hypervisor writes or reads (Arm ARM DDI 0487, chapter D). Names are the
// architecture's.

// HCR_EL2 — Hypervisor Configuration Register.
const HCR_VM: u64 = 1 << 0; // stage 2 on
const HCR_SWIO: u64 = 1 << 1; // DC ISW acts as DC CISW
const HCR_PTW: u64 = 1 << 2; // a stage-1 walk that hits stage-2 Device memory faults
const HCR_FMO: u64 = 1 << 3; // physical FIQ, IRQ, SError to EL2
const HCR_IMO: u64 = 1 << 4;
const HCR_AMO: u64 = 1 << 5;
export const HCR_TWI: u64 = 1 << 13; // traps WFI that would sleep
const HCR_TID3: u64 = 1 << 18; // traps ID_* reads
const HCR_TSC: u64 = 1 << 19; // traps SMC
const HCR_TIDCP: u64 = 1 << 20; // traps implementation-defined registers
const HCR_TACR: u64 = 1 << 21; // traps ACTLR_EL1
const HCR_TSW: u64 = 1 << 22; // traps DC by set/way
export const HCR_TVM: u64 = 1 << 26; // traps writes of the registers that steer stage 1
const HCR_RW: u64 = 1 << 31; // EL1 is AArch64
export const HCR_E2H_SHIFT: u32 = 34; // E2H: EL2 has another translation regime, and its control registers another layout
const HCR_TLOR: u64 = 1 << 35; // traps LORegions
const HCR_TERR: u64 = (<u64>1) << 36; // traps RAS error records: a cluster's are shared
const HCR_APK: u64 = 1 << 40; // pointer authentication is the guest's own
const HCR_API: u64 = 1 << 41;

/** A guest with injected interrupts. WFI and WFE are not trapped: the pCPU is the guest's, its sleep too. */
export const HCR_GUEST: u64 = HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_TID3 | HCR_TSC | HCR_TIDCP |
  HCR_TACR | HCR_TSW | HCR_RW | HCR_TLOR | HCR_TERR | HCR_APK | HCR_API;

/** A guest with direct interrupts, physical IRQ and FIQ its own (SErrors are not), before it has enabled them: nothing could wake
 *  it. */
export const HCR_DIRECT_CLOSED: u64 = HCR_GUEST & ~(HCR_IMO | HCR_FMO) | HCR_TWI;

// VTCR_EL2 — Virtualization Translation Control Register.
//
//   31  21 19 18  16 15 14 13 12 11 10 9  8 7   6 5    0
//  ┌───┬──┬──┬──────┬─────┬─────┬─────┬────┬─────┬─────┐
//  │RES│VS│  │  PS  │ TG0 │ SH0 │ORGN0│IRGN│ SL0 │T0SZ │
//  └───┴──┴──┴──────┴─────┴─────┴─────┴────┴─────┴─────┘
const VTCR_RES1: u64 = <u64>1 << 31;
const VTCR_SL0_LEVEL1: u64 = 1 << 6;
const VTCR_IRGN0_WBWA: u64 = 1 << 8;
const VTCR_ORGN0_WBWA: u64 = 1 << 10;
const VTCR_SH0_INNER: u64 = 3 << 12;
const VTCR_PS_SHIFT: u32 = 16;
/** Start at level 1, 4 KiB granule, walks write-back inner shareable; T0SZ and PS are added. */
const VTCR_BASE: u64 = VTCR_RES1 | VTCR_SL0_LEVEL1 | VTCR_IRGN0_WBWA | VTCR_ORGN0_WBWA | VTCR_SH0_INNER;

/** ID_AA64MMFR0_EL1.PARange: 1 is 36 bits, 2 is 40 bits. */
export const PARANGE_MASK: u64 = 0xf;
export const PARANGE_36_BITS: u64 = 1;
export const PARANGE_40_BITS: u64 = 2;
const PARANGE_48_BITS: u64 = 5;

/** Guests get 40 bits of IPA (two concatenated level 1 tables), or as many as the pCPU has. */
@inline export function ipaBits(paRange: u64): u32 {
  return paRange >= PARANGE_40_BITS ? 40 : paRange == PARANGE_36_BITS ? 36 : 32;
}

export function vtcr(paRange: u64): u64 {
  return VTCR_BASE | (64 - ipaBits(paRange)) | (min<u64>(paRange, PARANGE_48_BITS) << VTCR_PS_SHIFT);
}

// CPTR_EL2: nothing of FP and SIMD is trapped (the hypervisor has no FP state), trace registers are.
const CPTR_RES1: u64 = 0x32ff;
const CPTR_TTA: u64 = 1 << 20;
const CPTR_TZ: u64 = 1 << 8; // part of RES1 where there is no SVE; traps SVE where there is
const CPTR_TAM: u64 = 1 << 30; // activity monitors
export const CPTR_GUEST: u64 = CPTR_RES1 | CPTR_TTA | CPTR_TZ | CPTR_TAM;

// MDCR_EL2: debug and PMU.
const MDCR_TPMCR: u64 = 1 << 5;
const MDCR_TPM: u64 = 1 << 6;
export const MDCR_TDA: u64 = 1 << 9;
const MDCR_TDOSA: u64 = 1 << 10;
const MDCR_TDRA: u64 = 1 << 11;
const MDCR_TPMS: u64 = 1 << 14; // statistical profiling
const MDCR_TTRF: u64 = 1 << 19; // trace filter
const MDCR_TDCC: u64 = 1 << 27; // the channel to an external debugger; RES0, and of this pCPU alone, without FEAT_FGT
/** Neither events nor, from PMUv3p5 on, cycles are counted at EL2. */
const MDCR_HPMD: u64 = 1 << 17;
const MDCR_HCCD: u64 = 1 << 23;
const PMU_V3P1: u64 = 4;
export const PMU_V3P5: u64 = 6;
/** PMCR_EL0.E: counters run. */
export const PMCR_E: u64 = 1 << 0;
export const PMCR_N_SHIFT: u32 = 11;
export const PMCR_N_MASK: u64 = 0x1f;

export const DFR0_PMUVER: u64 = 0xf << 8; // ID_AA64DFR0_EL1.PMUVer: 0 none, 0xf one of another kind

/** 0: there is none. */
@inline export function pmuVersion(dfr0: u64): u64 { return (dfr0 & DFR0_PMUVER) != DFR0_PMUVER ? (dfr0 & DFR0_PMUVER) >> 8 : 0; }
@inline export function hasPmu(dfr0: u64): bool { return pmuVersion(dfr0) != 0; }

/** Debug registers are trapped until the guest unlocks them (debug.ts); the PMU too unless it is given to the guest. HPMN =
 *  PMCR_EL0.N: all counters are the guest's. */
export function mdcr(pmu: bool, countsEl2: bool, dfr0: u64, pmcr: u64): u64 {
  const hpmn = (pmcr >> PMCR_N_SHIFT) & PMCR_N_MASK;
  const version = countsEl2 ? 0 : pmuVersion(dfr0);
  const guestOnly = (version >= PMU_V3P1 ? MDCR_HPMD : 0) | (version >= PMU_V3P5 ? MDCR_HCCD : 0);
  return guestOnly | MDCR_TDA | MDCR_TDOSA | MDCR_TDRA | MDCR_TDCC | MDCR_TPMS | MDCR_TTRF | hpmn |
    (pmu ? 0 : MDCR_TPM | MDCR_TPMCR);
}

// CNTHCTL_EL2 (HCR_EL2.E2H = 0): physical counter and timer are not trapped: they are the vCPU's own as long as it lives.
const CNTHCTL_EL1PCTEN: u64 = 1 << 0;
const CNTHCTL_EL1PCEN: u64 = 1 << 1;
export const CNTHCTL_GUEST: u64 = CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN;

// CNTx_CTL.
export const CNT_CTL_ENABLE: u64 = 1;

// SCTLR_EL1 at reset: RES1 bits, MMU and caches off, little endian.
export const SCTLR_EL1_RESET: u64 = 0x30d00800;
export const SCTLR_M: u64 = 1;
/** TCR_EL1.EPD0, EPD1: no walks of stage 1, while SCTLR_EL1.M is 1. */
export const TCR_EPD: u64 = (1 << 7) | (1 << 23);
export const SCTLR_SPAN: u64 = 1 << 23;

// SPSR_EL2 / PSTATE.
export const PSTATE_EL1H: u64 = 5;
export const PSTATE_DAIF: u64 = 0xf << 6;
export const PSTATE_M_MASK: u64 = 0xf;
export const PSTATE_EL0T: u64 = 0;
export const PSTATE_EL1T: u64 = 4;
export const PSTATE_AARCH32: u64 = 1 << 4;
/** Software step: the next instruction may still be executed. */
export const PSTATE_SS: u64 = 1 << 21;
export const PSTATE_PAN: u64 = 1 << 22;
const PSTATE_DIT: u64 = 1 << 24;
const PSTATE_NZCV: u64 = 0xf << 28;
/** What an exception to EL1 takes over from the PSTATE before it. */
export const PSTATE_KEPT: u64 = PSTATE_NZCV | PSTATE_DIT | PSTATE_PAN;

// MPIDR_EL1: bit 31 is RES1; the vCPU's index is Aff0.
export const MPIDR_RES1: u64 = <u64>1 << 31;
export const AFFINITY_MASK: u64 = 0xff00ffffff; // Aff3…Aff0 of MPIDR_EL1, and of GICD_IROUTER

// VTTBR_EL2.
export const VTTBR_VMID_SHIFT: u32 = 48;
