// Context synchronisation of AArch64 (ARM ARM D1.2.5, "synchronization requirements for System registers" K1.2).
import { Rules } from "../synchronisation.ts";

/** What an ISB, an exception or an exception return does. */
const synchronised = { behind: "an ISB" } as const;

export const RULES = new Rules([
  {
    ...synchronised, uses: /^mrs_ICH_(ELRSR|EISR|MISR)_EL2$/, written: /^(msr_ICH_LR0_EL2|restoreListRegisters)$/,
    why: "the summary of list registers is of before they were written (IHI 0069 §12.4)",
  },
  {
    ...synchronised, uses: /^m(rs|sr)_ICC_BPR1_EL1$/, written: /^msr_ICC_CTLR_EL1$/,
    why: "ICC_CTLR_EL1.CBPR decides what ICC_BPR1_EL1 is (IHI 0069 §12.2.5)",
  },
  {
    ...synchronised, uses: /^m(rs|sr)_IC[CH]_(?!SRE_EL2)/, written: /^msr_ICC_SRE_EL2$/,
    why: "ICC_SRE_EL2.SRE says whether these registers are there (IHI 0069 §12.2.21)",
  },
  {
    ...synchronised, uses: /^tlbiVmalls12e1/, written: /^msr_VTTBR_EL2$/,
    why: "the VMID of the invalidation is VTTBR_EL2's (C5.5)",
  },
  {
    ...synchronised, uses: /^(msr_VTTBR_EL2|clearEl1)$/, written: /^msr_(TCR|SCTLR)_EL1$/,
    why: "until TCR_EL1.EPD0, EPD1 are there, walks may use another VMID, or registers of two lives (Cortex-A55 erratum 1530923)",
  },
  {
    ...synchronised, uses: /^msr_SCTLR_EL1$/, written: /^msr_(TCR_EL1|VTTBR_EL2)$/,
    why: "walks of stage 1 stay off as long as what they use changes (Cortex-A55 erratum 1530923)",
  },
  {
    ...synchronised, uses: /^msr_TCR_EL1$/, written: /^(msr_SCTLR_EL1|msr_VTTBR_EL2|clearEl1)$/,
    why: "walks of stage 1 stay off as long as what they use changes (Cortex-A55 erratum 1530923)",
  },
  {
    ...synchronised, uses: /^wfi$/, written: /^msr_(HCR_EL2|ICC_IGRPEN1_EL1)$/,
    why: "HCR_EL2.IMO says whose interrupts are that a pCPU waits for (D1.3.6), ICC_IGRPEN1_EL1 whether there are any",
  },
  {
    ...synchronised, uses: /^m(rs|sr)_PMXEV/, written: /^msr_PMSELR_EL0$/,
    why: "PMSELR_EL0 selects the counter (D13.3)",
  },
  {
    uses: /^msr_ICC_SGI1R_EL1$/, written: /^(atomic|compareExchange32|storeRelease32|physicalWrite32)/, barrier: true,
    behind: "a DSB",
    why: "whoever gets the SGI need not see what was stored before it (IHI 0069 §12.2.20, B2.3.12): DSB",
  },
  {
    ...synchronised, uses: /^mrs_CCSIDR_EL1$/, written: /^msr_CSSELR_EL1$/,
    why: "CSSELR_EL1 selects the cache (D17.2.25)",
  },
]);
