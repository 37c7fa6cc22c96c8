// Intrinsics of AArch64: the machine as AssemblyScript sees it, one instruction each or a few. Names are the
// architecture's (Arm ARM DDI 0487, GICv3 IHI 0069). `mrs_X()` reads system register X, `msr_X(v)` writes it.
import type { Intrinsic } from "../../tools/build/intrinsic.ts";

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

/** ICH_LR<n>_EL2 have one encoding each: a switch over constants, gone where n is one. */
const listRegister = (n: number): string => `S3_4_C12_C${n < 8 ? 12 : 13}_${n & 7}`;
const LIST_REGISTERS = Array.from({ length: 16 }, (_, n) => n);

const VECTORS = 32;
/** Loads or stores all vector registers, two at a time, from the address in operand 0 on. */
const byPairs = (operation: string, type: "d" | "q", bytes: number): string =>
  Array.from({ length: VECTORS / 2 }, (_, n) => `${operation} ${type}${2 * n}, ${type}${2 * n + 1}, [%0, #${2 * n * bytes}]`).join("\\n\\t");

/** `read` and `write` of one width at a physical address. Device memory is mapped at its PA (Device-nGnRE). */
const mmio = (bits: 8 | 32 | 64): Intrinsic[] => {
  const type = bits === 64 ? "u64" : "u32";
  const value = bits === 64 ? "unsigned long" : "unsigned int";
  const access = bits === 8 ? "unsigned char" : value; // volatile: once, of this size, and in order with the others
  return [
    {
      name: `mmioRead${bits}`,
      params: { pa: "u64" },
      result: type,
      doc: `One ${bits}-bit load from a device register.`,
      c: `${value} value = *(volatile ${access} *)pa; __asm__ volatile("" : : : "memory"); return value;`,
    },
    {
      name: `mmioWrite${bits}`,
      params: { pa: "u64", value: type },
      result: "void",
      doc: `One ${bits}-bit store to a device register.`,
      c: `__asm__ volatile("" : : : "memory"); *(volatile ${access} *)pa = value; __asm__ volatile("" : : : "memory");`,
    },
  ];
};

const symbol = (name: string, linkerSymbol: string, doc: string): Intrinsic => ({
  name,
  params: {},
  result: "u64",
  doc,
  c: `extern char ${linkerSymbol}[]; return (unsigned long)${linkerSymbol};`,
});

const ID_REGISTERS = [
  "MIDR_EL1", "MPIDR_EL1",
  "ID_AA64PFR0_EL1", "ID_AA64PFR1_EL1",
  "ID_AA64DFR0_EL1",
  "ID_AA64ISAR0_EL1", "ID_AA64ISAR1_EL1", "ID_AA64ISAR2_EL1",
  "ID_AA64MMFR0_EL1", "ID_AA64MMFR1_EL1", "ID_AA64MMFR2_EL1",
  "ID_PFR0_EL1", "ID_PFR1_EL1", "ID_MMFR0_EL1", "ID_MMFR1_EL1", "ID_MMFR2_EL1", "ID_MMFR3_EL1", "ID_MMFR4_EL1",
  "ID_ISAR0_EL1", "ID_ISAR1_EL1", "ID_ISAR2_EL1", "ID_ISAR3_EL1", "ID_ISAR4_EL1", "ID_ISAR5_EL1",
  "MVFR0_EL1", "MVFR1_EL1", "MVFR2_EL1",
] as const;

/** EL1 registers that have an architectural reset value, and those that steer memory, exceptions and debugging. */
export const EL1_CLEARED = [
  "CPACR_EL1", "TTBR0_EL1", "TTBR1_EL1", "TCR_EL1", "MAIR_EL1", "CONTEXTIDR_EL1", "TPIDR_EL0", "TPIDRRO_EL0", "TPIDR_EL1", "SP_EL0", "SP_EL1",
  "ELR_EL1", "SPSR_EL1", "ESR_EL1", "FAR_EL1", "PAR_EL1", "VBAR_EL1", "CSSELR_EL1", "MDSCR_EL1", "CNTKCTL_EL1",
] as const;

/** What copyPhysical and cleanPhysical do at once, at most: a piece between two looks at what is pending. */
export const PIECE_BYTES = 32768;

export const aarch64: readonly Intrinsic[] = [
  // Identification
  ...ID_REGISTERS.map((name) => mrs(name)),
  mrs("CTR_EL0"), mrs("CLIDR_EL1"),
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
  msr("HCR_EL2"), msr("VTCR_EL2"), msr("VTTBR_EL2"), msr("CPTR_EL2"), msr("MDCR_EL2"), msr("HSTR_EL2"),
  msr("VPIDR_EL2"), msr("VMPIDR_EL2"), msr("CNTHCTL_EL2"), msr("CNTVOFF_EL2"),

  // EL1 state set at a vCPU's reset, and for an exception injected into the guest
  ...rw("SCTLR_EL1"), mrs("VBAR_EL1"), msr("ESR_EL1"), msr("FAR_EL1"), msr("ELR_EL1"), msr("SPSR_EL1"),
  {
    name: "clearEl1",
    params: {},
    result: "void",
    doc: `Writes 0 to ${EL1_CLEARED.join(", ")}.`,
    c: EL1_CLEARED.map((name) => `__asm__ volatile("msr ${name}, xzr" : : : "memory");`).join(" "),
  },
  ...rw("SP_EL0"), ...rw("SP_EL1"),
  {
    name: "translateStage1",
    params: { va: "u64" },
    result: "u64",
    doc: "PAR_EL1 for a load of the guest's at EL1 from that VA (AT S1E1R); what the guest has in PAR_EL1 stays.",
    c: `unsigned long own, par; __asm__ volatile("mrs %0, par_el1\\n\\tat s1e1r, %2\\n\\tisb\\n\\tmrs %1, par_el1\\n\\tmsr par_el1, %0" : "=&r"(own), "=&r"(par) : "r"(va) : "memory"); return par;`,
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
  msr("CNTV_CTL_EL0"), msr("CNTP_CTL_EL0"), msr("CNTV_CVAL_EL0"), msr("CNTP_CVAL_EL0"),
  msr("PMCR_EL0"), mrs("PMCR_EL0"), msr("PMUSERENR_EL0"), msr("PMCNTENCLR_EL0"), msr("PMINTENCLR_EL1"), msr("PMOVSCLR_EL0"),
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

  // Time
  mrs("CNTPCT_EL0"), mrs("CNTFRQ_EL0"), msr("CNTHP_CVAL_EL2"), msr("CNTHP_CTL_EL2"),

  // GICv3 CPU interface, physical
  mrs("ICC_IAR1_EL1"), msr("ICC_EOIR1_EL1"), msr("ICC_DIR_EL1"), msr("ICC_SGI1R_EL1"), ...rw("ICC_PMR_EL1"), ...rw("ICC_BPR1_EL1"),
  ...rw("ICC_CTLR_EL1"), ...rw("ICC_IGRPEN1_EL1"), mrs("ICC_RPR_EL1"), ...rw("ICC_AP1R0_EL1"), ...rw("ICC_SRE_EL2"), msr("ICC_SRE_EL1"),
  // GICv3 virtual interface control
  msr("ICH_HCR_EL2"), mrs("ICH_VTR_EL2"), mrs("ICH_ELRSR_EL2"), msr("ICH_VMCR_EL2"), msr("ICH_AP0R0_EL2"), msr("ICH_AP1R0_EL2"),
  msr("ICH_LR0_EL2", "Writes ICH_LR0_EL2: the register that is nearly always free."),
  {
    name: "mrs_ICH_LR",
    outOfLine: true,
    params: { n: "u32" },
    result: "u64",
    doc: "Reads ICH_LR<n>_EL2; 0 for n > 15.",
    c: `unsigned long value = 0; switch (n) {${LIST_REGISTERS.map((n) => `case ${n}: __asm__ volatile("mrs %0, ${listRegister(n)}" : "=r"(value) : : "memory"); break;`).join(" ")}} return value;`,
  },
  {
    name: "msr_ICH_LR",
    outOfLine: true,
    params: { n: "u32", value: "u64" },
    result: "void",
    doc: "Writes ICH_LR<n>_EL2; nothing for n > 15.",
    c: `switch (n) {${LIST_REGISTERS.map((n) => `case ${n}: __asm__ volatile("msr ${listRegister(n)}, %0" : : "r"(value) : "memory"); break;`).join(" ")}}`,
  },

  // Barriers, TLB and cache maintenance
  instruction("wfi", "wfi", "Sleeps until an interrupt is pending, masked or not."),
  instruction("relax", "yield", "Waits for another pCPU: lets that one run, where both share a core."),
  instruction("sev", "sev", "Wakes every pCPU that sleeps in WFE."),
  instruction("isb", "isb", "Instruction synchronisation barrier."),
  instruction("dsbSy", "dsb sy", "Waits until all accesses, device accesses too, have completed."),
  instruction("dsbIsh", "dsb ish", "Waits until all accesses are seen by the inner shareable domain."),
  instruction("tlbiVmalls12e1is", "tlbi vmalls12e1is", "Drops stage 1 and 2 translations of the current VMID, on every pCPU."),
  {
    name: "tlbiVmid",
    params: { vttbr: "u64" },
    result: "void",
    doc: "Drops stage 1 and 2 translations of that VTTBR_EL2's VMID, on every pCPU, once changes of its tables are seen; and waits for it.",
    c: `unsigned long own; __asm__ volatile("mrs %0, vttbr_el2\\n\\tmsr vttbr_el2, %1\\n\\tisb\\n\\tdsb ishst\\n\\ttlbi vmalls12e1is\\n\\tdsb ish\\n\\tmsr vttbr_el2, %0\\n\\tisb" : "=&r"(own) : "r"(vttbr) : "memory");`,
  },
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
    params: { id: "u64", x1: "u64", x2: "u64", x3: "u64" },
    result: "u64",
    doc: "SMCCC call to EL3; gives back x0.",
    c: `register unsigned long r0 __asm__("x0") = id, r1 __asm__("x1") = x1, r2 __asm__("x2") = x2, r3 __asm__("x3") = x3;
    __asm__ volatile("smc #0" : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3) : : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory"); return r0;`,
  },

  // Physical memory
  ...mmio(8), ...mmio(32), ...mmio(64),
  symbol("imageBase", "axv_image_start", "PA of the image's first byte."),
  {
    name: "imageSize",
    params: {},
    result: "u64",
    doc: "Bytes of the core itself: text, data, stacks, linear memory. The packer puts the blob behind it.",
    c: `extern char axv_image_start[], axv_image_end[]; return (unsigned long)(axv_image_end - axv_image_start);`,
  },
  symbol("secondaryEntry", "axv_secondary_entry", "PA where a secondary pCPU starts (PSCI CPU_ON entry point)."),
  symbol("stage1Root", "axv_stage1_root", "PA of the hypervisor's own level 1 table."),
  {
    name: "linearToPhysical",
    params: { pointer: "u32" },
    result: "u64",
    doc: "PA of a linear-memory offset.",
    c: `extern char axv_linear_start[]; return (unsigned long)axv_linear_start + pointer;`,
  },
  {
    name: "physicalRead32",
    params: { pa: "u64" },
    result: "u32",
    doc: "One 32-bit load from Normal memory that later accesses cannot pass. A multiple of 4.",
    c: `return __atomic_load_n((unsigned int *)pa, __ATOMIC_ACQUIRE);`,
  },
  {
    name: "physicalWrite32",
    params: { pa: "u64", value: "u32" },
    result: "void",
    doc: "One 32-bit store to Normal memory that earlier accesses cannot pass. A multiple of 4.",
    c: `__atomic_store_n((unsigned int *)pa, value, __ATOMIC_RELEASE);`,
  },
  {
    name: "guestInstruction",
    params: { pa: "u64" },
    result: "u32",
    doc: "The instruction at a PA of a guest's, who may have written it with its caches off: a line that a cache has from before is of no use.",
    c: `unsigned int word; __asm__ volatile("dc civac, %1\\n\\tdsb ish\\n\\tldr %w0, [%1]" : "=&r"(word) : "r"(pa) : "memory"); return word;`,
  },
  {
    name: "physicalRead64",
    params: { pa: "u64" },
    result: "u64",
    doc: "One 64-bit load from Normal memory.",
    c: `return *(volatile unsigned long *)pa;`,
  },
  {
    name: "physicalWrite64",
    params: { pa: "u64", value: "u64" },
    result: "void",
    doc: "One 64-bit store to Normal memory (page-table entries outside linear memory).",
    c: `*(volatile unsigned long *)pa = value;`,
  },
  {
    name: "copyFromPhysical",
    params: { pointer: "u32", pa: "u64", bytes: "u32" },
    result: "void",
    doc: "Copies into linear memory. All three are multiples of 8.",
    c: `unsigned long *to = (unsigned long *)LINEAR(pointer); const unsigned long *from = (const unsigned long *)pa;
    for (unsigned int i = 0; i < bytes / 8; i++) { BYTES_LOOP; to[i] = from[i]; }`,
  },
  {
    name: "copyPhysical",
    params: { to: "u64", from: "u64", bytes: "u64" },
    result: "void",
    doc: "Copies Normal memory, 32 KiB at most, and cleans and invalidates what it wrote to the point of coherency: a guest starts with its caches off. All three are multiples of 64.",
    c: `if (bytes > ${PIECE_BYTES}) bytes = ${PIECE_BYTES}; for (unsigned long i = 0; i < bytes; i += 64) { PIECE_LOOP(${PIECE_BYTES / 64});
      unsigned long a, b, c, d, e, f, g, h;
      __asm__ volatile("ldp %0, %1, [%8]\\n\\tldp %2, %3, [%8, #16]\\n\\tldp %4, %5, [%8, #32]\\n\\tldp %6, %7, [%8, #48]" : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d), "=&r"(e), "=&r"(f), "=&r"(g), "=&r"(h) : "r"(from + i) : "memory");
      __asm__ volatile("stp %0, %1, [%8]\\n\\tstp %2, %3, [%8, #16]\\n\\tstp %4, %5, [%8, #32]\\n\\tstp %6, %7, [%8, #48]\\n\\tdc civac, %8" : : "r"(a), "r"(b), "r"(c), "r"(d), "r"(e), "r"(f), "r"(g), "r"(h), "r"(to + i) : "memory"); }`,
  },
  {
    name: "cleanPhysical",
    params: { pa: "u64", bytes: "u64" },
    result: "void",
    doc: "Cleans and invalidates Normal memory, 32 KiB at most, to the point of coherency. Both are multiples of 4096.",
    c: `if (bytes > ${PIECE_BYTES}) bytes = ${PIECE_BYTES}; for (unsigned long end = pa + bytes; pa < end;) { PIECE_LOOP(${PIECE_BYTES / 1024});
      __asm__ volatile("${"dc civac, %0\\n\\tadd %0, %0, #64\\n\\t".repeat(16)}" : "+r"(pa) : : "memory"); }`,
  },
];
