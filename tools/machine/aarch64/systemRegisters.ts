// System registers as a guest's MSR and MRS name them: encodings, and which accesses the hypervisor gets to see (ARM ARM
// D17, D1.10; IHI 0069 §12). An access that no control traps reaches the register itself, or its virtual counterpart.
import { ICH_HCR_TALL0, ICH_HCR_TALL1, ICH_HCR_TC, ICH_HCR_TDIR } from "./gic/virtualInterface.ts";
import {
  CNTHCTL_EL1PCEN, CNTHCTL_EL1PCTEN, HCR_FMO, HCR_IMO, HCR_TACR, HCR_TID3, HCR_TIDCP, HCR_TSW, HCR_TVM, MDCR_TDA, MDCR_TDOSA,
  MDCR_TDRA, MDCR_TPM, MDCR_TPMCR,
} from "./registers.ts";
import type { Registers } from "./registers.ts";

export interface Encoding {
  readonly op0: number;
  readonly op1: number;
  readonly crn: number;
  readonly crm: number;
  readonly op2: number;
}

const encoding = (op0: number, op1: number, crn: number, crm: number, op2: number): Encoding => ({ op0, op1, crn, crm, op2 });

/** Those that tests use by name. */
export const ENCODINGS = {
  MIDR_EL1: encoding(3, 0, 0, 0, 0),
  MPIDR_EL1: encoding(3, 0, 0, 0, 5),
  ID_PFR0_EL1: encoding(3, 0, 0, 1, 0),
  ID_AA64PFR0_EL1: encoding(3, 0, 0, 4, 0),
  ID_AA64PFR1_EL1: encoding(3, 0, 0, 4, 1),
  ID_AA64DFR0_EL1: encoding(3, 0, 0, 5, 0),
  ID_AA64ISAR0_EL1: encoding(3, 0, 0, 6, 0),
  ID_AA64MMFR0_EL1: encoding(3, 0, 0, 7, 0),
  ID_AA64MMFR1_EL1: encoding(3, 0, 0, 7, 1),
  SCTLR_EL1: encoding(3, 0, 1, 0, 0),
  TTBR0_EL1: encoding(3, 0, 2, 0, 0),
  CONTEXTIDR_EL1: encoding(3, 0, 13, 0, 1),
  ACTLR_EL1: encoding(3, 0, 1, 0, 1),
  VBAR_EL1: encoding(3, 0, 12, 0, 0),
  ICC_PMR_EL1: encoding(3, 0, 4, 6, 0),
  ICC_IAR1_EL1: encoding(3, 0, 12, 12, 0),
  ICC_EOIR1_EL1: encoding(3, 0, 12, 12, 1),
  ICC_HPPIR1_EL1: encoding(3, 0, 12, 12, 2),
  ICC_BPR1_EL1: encoding(3, 0, 12, 12, 3),
  ICC_CTLR_EL1: encoding(3, 0, 12, 12, 4),
  TTBR1_EL1: encoding(3, 0, 2, 0, 1),
  TCR_EL1: encoding(3, 0, 2, 0, 2),
  AFSR0_EL1: encoding(3, 0, 5, 1, 0),
  AFSR1_EL1: encoding(3, 0, 5, 1, 1),
  ESR_EL1: encoding(3, 0, 5, 2, 0),
  FAR_EL1: encoding(3, 0, 6, 0, 0),
  MAIR_EL1: encoding(3, 0, 10, 2, 0),
  AMAIR_EL1: encoding(3, 0, 10, 3, 0),
  ICC_SRE_EL1: encoding(3, 0, 12, 12, 5),
  ICC_IGRPEN1_EL1: encoding(3, 0, 12, 12, 7),
  ICC_AP1R0_EL1: encoding(3, 0, 12, 9, 0),
  ICC_IAR0_EL1: encoding(3, 0, 12, 8, 0),
  ICC_EOIR0_EL1: encoding(3, 0, 12, 8, 1),
  ICC_HPPIR0_EL1: encoding(3, 0, 12, 8, 2),
  ICC_BPR0_EL1: encoding(3, 0, 12, 8, 3),
  ICC_AP0R0_EL1: encoding(3, 0, 12, 8, 4),
  ICC_IGRPEN0_EL1: encoding(3, 0, 12, 12, 6),
  ICC_DIR_EL1: encoding(3, 0, 12, 11, 1),
  ICC_RPR_EL1: encoding(3, 0, 12, 11, 3),
  ICC_SGI1R_EL1: encoding(3, 0, 12, 11, 5),
  ICC_ASGI1R_EL1: encoding(3, 0, 12, 11, 6),
  ICC_SGI0R_EL1: encoding(3, 0, 12, 11, 7),
  CNTV_CTL_EL0: encoding(3, 3, 14, 3, 1),
  CNTV_CVAL_EL0: encoding(3, 3, 14, 3, 2),
  CNTP_CTL_EL0: encoding(3, 3, 14, 2, 1),
  CNTP_CVAL_EL0: encoding(3, 3, 14, 2, 2),
  CNTPCT_EL0: encoding(3, 3, 14, 0, 1),
  CNTVCT_EL0: encoding(3, 3, 14, 0, 2),
  PMCR_EL0: encoding(3, 3, 9, 12, 0),
  PMCNTENSET_EL0: encoding(3, 3, 9, 12, 1),
  PMOVSCLR_EL0: encoding(3, 3, 9, 12, 3),
  PMSELR_EL0: encoding(3, 3, 9, 12, 5),
  PMCCNTR_EL0: encoding(3, 3, 9, 13, 0),
  PMXEVTYPER_EL0: encoding(3, 3, 9, 13, 1),
  PMXEVCNTR_EL0: encoding(3, 3, 9, 13, 2),
  PMEVCNTR5_EL0: encoding(3, 3, 14, 8, 5),
  PMEVTYPER5_EL0: encoding(3, 3, 14, 12, 5),
  MDSCR_EL1: encoding(2, 0, 0, 2, 2),
  OSLAR_EL1: encoding(2, 0, 1, 0, 4),
  OSLSR_EL1: encoding(2, 0, 1, 1, 4),
  OSDLR_EL1: encoding(2, 0, 1, 3, 4),
  DBGPRCR_EL1: encoding(2, 0, 1, 4, 4),
  OSECCR_EL1: encoding(2, 0, 0, 6, 2),
  MDRAR_EL1: encoding(2, 0, 1, 0, 0),
  DBGBVR0_EL1: encoding(2, 0, 0, 0, 4),
  DBGBCR0_EL1: encoding(2, 0, 0, 0, 5),
  DBGBCR5_EL1: encoding(2, 0, 0, 5, 5),
  DBGWVR3_EL1: encoding(2, 0, 0, 3, 6),
  DBGWCR3_EL1: encoding(2, 0, 0, 3, 7),
  DC_ISW: encoding(1, 0, 7, 6, 2),
  DC_CSW: encoding(1, 0, 7, 10, 2),
  DC_CISW: encoding(1, 0, 7, 14, 2),
  /** IMPLEMENTATION DEFINED space (D17.1.2): S3_1_C15_C2_1, CPUECTLR_EL1 of a Cortex-A53. */
  CPUECTLR_EL1: encoding(3, 1, 15, 2, 1),
} as const;

export type SystemRegister = keyof typeof ENCODINGS;

const key = ({ op0, op1, crn, crm, op2 }: Encoding): number => (op0 << 14) | (op1 << 11) | (crn << 7) | (crm << 3) | op2;
const NAMES = new Map(Object.entries(ENCODINGS).map(([name, known]) => [key(known), name]));

/** The name of a register, if it is one of the above. */
export const nameOf = (wanted: Encoding): string | undefined => NAMES.get(key(wanted));

export const describeRegister = (register: Encoding): string =>
  nameOf(register) ?? `S${register.op0}_${register.op1}_C${register.crn}_C${register.crm}_${register.op2}`;

/** ISS of a trapped MSR, MRS or system instruction (D17.2.37, EC 0x18). */
export const systemRegisterIss = ({ op0, op1, crn, crm, op2 }: Encoding, register: number, read: boolean): number =>
  (op0 << 20) | (op2 << 17) | (op1 << 14) | (crn << 10) | (register << 5) | (crm << 1) | (read ? 1 : 0);

/** SCTLR_EL1, TTBR0_EL1, TTBR1_EL1, TCR_EL1, AFSR0_EL1, AFSR1_EL1, ESR_EL1, FAR_EL1, MAIR_EL1, AMAIR_EL1, CONTEXTIDR_EL1. */
const isOfStage1 = (crn: number, crm: number, op2: number): boolean =>
  (crn === 1 && crm === 0 && op2 === 0) || (crn === 2 && crm === 0) || crn === 5 || (crn === 6 && crm === 0) || crn === 10
    || (crn === 13 && crm === 0 && op2 === 1);

/** Would this access at EL1 be taken to EL2? */
export function trapsToEl2({ op0, op1, crn, crm, op2 }: Encoding, read: boolean, registers: Registers, ichHcr: number): boolean {
  const hcr = registers.HCR_EL2;
  const on = (bit: bigint, value: bigint = hcr): boolean => (value & bit) !== 0n;
  const ich = (bit: number): boolean => (ichHcr & bit) !== 0;
  if (op0 === 1) return crn === 7 && op1 === 0 && op2 === 2 && on(HCR_TSW);
  if (op0 === 2) {
    // MDRAR_EL1 is TDRA's; OSLAR, OSLSR, OSDLR, DBGPRCR are TDOSA's.
    if (crn === 1 && op1 === 0 && crm === 0 && op2 === 0) return on(MDCR_TDRA, registers.MDCR_EL2);
    if (crn === 1 && op1 === 0) return on(MDCR_TDOSA, registers.MDCR_EL2);
    return on(MDCR_TDA, registers.MDCR_EL2);
  }
  if (crn === 0 && op1 === 0 && crm >= 1 && crm <= 7) return read && on(HCR_TID3);
  if (crn === 1 && crm === 0 && op1 === 0 && op2 === 1) return on(HCR_TACR);
  if (op1 === 0 && isOfStage1(crn, crm, op2)) return !read && on(HCR_TVM);
  if (crn === 11 || crn === 15) return on(HCR_TIDCP);
  if (crn === 9 && op1 === 3 && crm >= 12) {
    return on(MDCR_TPM, registers.MDCR_EL2) || (crm === 12 && op2 === 0 && on(MDCR_TPMCR, registers.MDCR_EL2));
  }
  if (crn === 14 && op1 === 3 && crm >= 8) return on(MDCR_TPM, registers.MDCR_EL2);
  if (crn === 14 && op1 === 3) {
    if (crm === 0) return op2 === 1 && !on(CNTHCTL_EL1PCTEN, registers.CNTHCTL_EL2);
    return crm === 2 && !on(CNTHCTL_EL1PCEN, registers.CNTHCTL_EL2);
  }
  if (op1 !== 0) return false;
  if (crn === 4 && crm === 6) return ich(ICH_HCR_TC);
  if (crn !== 12) return false;
  if (crm === 11) {
    if (op2 >= 5) return on(HCR_IMO) || on(HCR_FMO) || ich(ICH_HCR_TC);
    return ich(ICH_HCR_TC) || (op2 === 1 && ich(ICH_HCR_TDIR));
  }
  // ICC_SRE_EL1 is ICC_SRE_EL2.Enable's.
  if (crm === 12 && op2 === 5) return false;
  if (crm === 12 && op2 === 4) return ich(ICH_HCR_TC);
  if (crm === 8 || (crm === 12 && op2 === 6)) return ich(ICH_HCR_TALL0);
  return (crm === 9 || crm === 12) && ich(ICH_HCR_TALL1);
}
