// Intrinsics of a bare-metal AArch64 guest at EL1: its timers, its GICv3 CPU interface, device registers, hypercalls.
// Imported from "guest". Names are the architecture's (Arm ARM DDI 0487, GICv3 IHI 0069). Nothing here reaches EL2
// state, so a guest written with it runs the same under the hypervisor and bare.
import type { Intrinsic } from "../../../tools/build/intrinsic.ts";

/** Encodings for names that clang does not know without an extension: S<op0>_<op1>_C<n>_C<m>_<op2>. */
const ENCODING: Readonly<Record<string, string>> = {
  ICC_IAR1_EL1: "S3_0_C12_C12_0",
  ICC_EOIR1_EL1: "S3_0_C12_C12_1",
  ICC_PMR_EL1: "S3_0_C4_C6_0",
  ICC_BPR1_EL1: "S3_0_C12_C12_3",
  ICC_CTLR_EL1: "S3_0_C12_C12_4",
  ICC_SRE_EL1: "S3_0_C12_C12_5",
  ICC_IGRPEN1_EL1: "S3_0_C12_C12_7",
};

const encoded = (name: string): string => ENCODING[name] ?? name;

const mrs = (name: string): Intrinsic => ({
  name: `mrs_${name}`,
  params: {},
  result: "u64",
  doc: `Reads ${name}.`,
  c: `unsigned long value; __asm__ volatile("mrs %0, ${encoded(name)}" : "=r"(value) : : "memory"); return value;`,
});

const msr = (name: string): Intrinsic => ({
  name: `msr_${name}`,
  params: { value: "u64" },
  result: "void",
  doc: `Writes ${name}.`,
  c: `__asm__ volatile("msr ${encoded(name)}, %0" : : "r"(value) : "memory");`,
});

export const guest: readonly Intrinsic[] = [
  // EL1 timers, virtual and physical (DDI 0487, D11.2)
  mrs("CNTFRQ_EL0"), mrs("CNTVCT_EL0"), msr("CNTV_CTL_EL0"), msr("CNTV_CVAL_EL0"),
  mrs("CNTPCT_EL0"), msr("CNTP_CTL_EL0"), msr("CNTP_CVAL_EL0"),

  mrs("ID_AA64PFR0_EL1"),

  // GICv3 CPU interface
  mrs("ICC_IAR1_EL1"), msr("ICC_EOIR1_EL1"), msr("ICC_PMR_EL1"), msr("ICC_BPR1_EL1"), msr("ICC_CTLR_EL1"),
  msr("ICC_SRE_EL1"), msr("ICC_IGRPEN1_EL1"),

  {
    name: "isb",
    params: {},
    result: "void",
    doc: "Instruction synchronisation barrier; before a CNTVCT_EL0 read it keeps the read from being made early.",
    c: `__asm__ volatile("isb" : : : "memory");`,
  },
  {
    name: "mmioRead32",
    params: { address: "u64" },
    result: "u32",
    doc: "One 32-bit load from a device register.",
    c: `unsigned int value; __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory"); return value;`,
  },
  {
    name: "mmioWrite32",
    params: { address: "u64", value: "u32" },
    result: "void",
    doc: "One 32-bit store to a device register.",
    c: `__asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");`,
  },
  {
    name: "hvc",
    params: { functionId: "u64", x1: "u64", x2: "u64", x3: "u64", x4: "u64", x5: "u64", x6: "u64", x7: "u64" },
    result: "u64",
    doc: "Hypercall by the SMC calling convention (Arm DEN 0028); gives back x0.",
    c: `register unsigned long r0 __asm__("x0") = functionId, r1 __asm__("x1") = x1, r2 __asm__("x2") = x2, r3 __asm__("x3") = x3,
      r4 __asm__("x4") = x4, r5 __asm__("x5") = x5, r6 __asm__("x6") = x6, r7 __asm__("x7") = x7;
    __asm__ volatile("hvc #0" : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7) : :
      "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory"); return r0;`,
  },
];
