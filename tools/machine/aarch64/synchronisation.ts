// Context synchronisation (ARM ARM D1.2.5, "synchronization requirements for System registers" K1.2): what is written to one system
// register is seen by an instruction that uses it indirectly, through another register or at all, only behind an ISB, an exception or
// an exception return. This machine has the registers at once; here it finds out who has not waited for it.
import { MachineError } from "../errors.ts";

interface Rule {
  /** Intrinsics that use the register indirectly … */
  readonly uses: RegExp;
  /** … and those that write it. */
  readonly written: RegExp;
  readonly why: string;
  /** An ISB is not enough: stores have to be complete. */
  readonly barrier?: true;
}

const RULES: readonly Rule[] = [
  { uses: /^mrs_ICH_(ELRSR|EISR|MISR)_EL2$/, written: /^(msr_ICH_LR0_EL2|restoreListRegisters)$/, why: "the summary of list registers is of before they were written (IHI 0069 §12.4)" },
  { uses: /^m(rs|sr)_ICC_BPR1_EL1$/, written: /^msr_ICC_CTLR_EL1$/, why: "ICC_CTLR_EL1.CBPR decides what ICC_BPR1_EL1 is (IHI 0069 §12.2.5)" },
  { uses: /^m(rs|sr)_IC[CH]_(?!SRE_EL2)/, written: /^msr_ICC_SRE_EL2$/, why: "ICC_SRE_EL2.SRE says whether these registers are there (IHI 0069 §12.2.21)" },
  { uses: /^tlbiVmalls12e1/, written: /^msr_VTTBR_EL2$/, why: "the VMID of the invalidation is VTTBR_EL2's (C5.5)" },
  { uses: /^(msr_VTTBR_EL2|clearEl1)$/, written: /^msr_(TCR|SCTLR)_EL1$/, why: "until TCR_EL1.EPD0 and EPD1 are there, stage 1 may be walked with another VMID, or registers of two lives (Cortex-A55 erratum 1530923)" },
  { uses: /^msr_SCTLR_EL1$/, written: /^msr_(TCR_EL1|VTTBR_EL2)$/, why: "walks of stage 1 stay off as long as what they use changes (Cortex-A55 erratum 1530923)" },
  { uses: /^msr_TCR_EL1$/, written: /^(msr_SCTLR_EL1|msr_VTTBR_EL2|clearEl1)$/, why: "walks of stage 1 stay off as long as what they use changes (Cortex-A55 erratum 1530923)" },
  { uses: /^wfi$/, written: /^msr_(HCR_EL2|ICC_IGRPEN1_EL1)$/, why: "HCR_EL2.IMO says whose interrupts are that a pCPU waits for (D1.3.6), ICC_IGRPEN1_EL1 whether there are any" },
  { uses: /^m(rs|sr)_PMXEV/, written: /^msr_PMSELR_EL0$/, why: "PMSELR_EL0 selects the counter (D13.3)" },
  {
    uses: /^msr_ICC_SGI1R_EL1$/, written: /^(atomic|compareExchange32|storeRelease32|physicalWrite32)/, barrier: true,
    why: "whoever gets the SGI need not see what was stored before it (IHI 0069 §12.2.20, B2.3.12): DSB",
  },
  { uses: /^mrs_CCSIDR_EL1$/, written: /^msr_CSSELR_EL1$/, why: "CSSELR_EL1 selects the cache (D17.2.25)" },
];

/** By an intrinsic's name: the rules that it may break, and those that begin with it. */
interface Concern {
  readonly uses: readonly Rule[];
  readonly writes: readonly Rule[];
}

const concerns = new Map<string, Concern>();

function concernOf(name: string): Concern {
  let concern = concerns.get(name);
  if (concern === undefined) {
    concern = { uses: RULES.filter(({ uses }) => uses.test(name)), writes: RULES.filter(({ written }) => written.test(name)) };
    concerns.set(name, concern);
  }
  return concern;
}

export class Synchronisation {
  /** Rules whose register each pCPU has written since its last synchronisation. */
  private readonly waiting = new Map<number, Set<Rule>>();

  /** A pCPU executes an intrinsic. */
  execute(pcpu: number, name: string): void {
    const { uses, writes } = concernOf(name);
    const waiting = this.waiting.get(pcpu);
    for (const rule of uses) {
      if (waiting?.has(rule) === true) throw new MachineError("MACHINE_SYNCHRONISATION", `pCPU ${pcpu} executes ${name} without ${rule.barrier === true ? "a DSB" : "an ISB"}: ${rule.why}`);
    }
    if (waiting === undefined) this.waiting.set(pcpu, new Set(writes));
    else for (const rule of writes) waiting.add(rule);
  }

  /** True: an intrinsic of that name matters here. */
  static concerns(name: string): boolean {
    const { uses, writes } = concernOf(name);
    return uses.length + writes.length > 0;
  }

  /** ISB, exception entry, exception return. */
  synchronise(pcpu: number): void {
    const waiting = this.waiting.get(pcpu);
    if (waiting !== undefined && waiting.size > 0) for (const rule of waiting) if (rule.barrier !== true) waiting.delete(rule);
  }

  /** DSB, with an ISB behind it or not: of an SGI that is sent nothing else is asked. */
  complete(pcpu: number): void {
    const waiting = this.waiting.get(pcpu);
    if (waiting !== undefined && waiting.size > 0) for (const rule of waiting) if (rule.barrier === true) waiting.delete(rule);
  }
}
