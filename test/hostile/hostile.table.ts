// Intrinsics of the hostile guest: the steps that it was given, one of them carried out, and what it needs to talk about it.
// Imported from "hostile". Names are the architecture's (Arm ARM DDI 0487, GICv3 IHI 0069).
import type { Intrinsic } from "../../tools/build/intrinsic.ts";
import * as layout from "./layout.ts";

/** Encodings for names that clang does not know without an extension: S<op0>_<op1>_C<n>_C<m>_<op2>. */
const ENCODING: Readonly<Record<string, string>> = {
  ICC_IAR1_EL1: "S3_0_C12_C12_0",
  ICC_EOIR1_EL1: "S3_0_C12_C12_1",
  ICC_PMR_EL1: "S3_0_C4_C6_0",
  ICC_IGRPEN1_EL1: "S3_0_C12_C12_7",
};

const mrs = (name: string): Intrinsic => ({
  name: `mrs_${name}`,
  params: {},
  result: "u64",
  doc: `Reads ${name}.`,
  c:
    `unsigned long value; __asm__ volatile("isb\\n\\tmrs %0, ${ENCODING[name] ?? name}" : "=r"(value) : : "memory"); ` +
    "return value;",
});

const msr = (name: string): Intrinsic => ({
  name: `msr_${name}`,
  params: { value: "u64" },
  result: "void",
  doc: `Writes ${name}.`,
  c: `__asm__ volatile("msr ${ENCODING[name] ?? name}, %0\\n\\tisb" : : "r"(value) : "memory");`,
});

const constant = (name: string, value: number, doc: string): Intrinsic =>
  ({ name, params: {}, result: "u64", doc, c: `return ${value}UL;` });

/** What vectors.S and start.S keep, by the name of its 64-bit variable there. */
const variable = (name: string, symbol: string, doc: string): Intrinsic => ({
  name, params: {}, result: "u64", doc, c: `extern volatile unsigned long ${symbol}; return ${symbol};`,
});

export const hostile: readonly Intrinsic[] = [
  constant("stepsAddress", layout.STEPS_IPA, "Where the header of the steps is."),
  constant("stepsOffset", layout.HEADER.bytes, "From there to the first step."),
  constant("stepBytes", layout.STEP.bytes, ""),
  constant("countOffset", layout.HEADER.count, "Of fields of the header, from its start."),
  constant("gicOffset", layout.HEADER.gic, ""),
  constant("giccOffset", layout.HEADER.gicc, ""),
  constant("consoleOffset", layout.HEADER.console, ""),
  constant("kindOffset", layout.STEP.kind, "Of fields of a step, from its start."),
  constant("timesOffset", layout.STEP.times, ""),
  constant("maskOffset", layout.STEP.mask, ""),
  constant("valueOffset", layout.STEP.value, ""),
  constant("answerDone", layout.ANSWER_DONE, "What a step's kind can be."),
  constant("answerException", layout.ANSWER_EXCEPTION, ""),
  constant("answerAny", layout.ANSWER_ANY, ""),
  {
    name: "execute",
    params: { step: "u64" },
    result: "u64",
    doc: "Carries out a step once; gives back x0 as it was after it.",
    c: `extern unsigned long execute_step(unsigned long); return execute_step(step);`,
  },
  {
    name: "useGicc",
    params: { gicc: "u64" },
    result: "void",
    doc: "The interrupt handler acknowledges by the memory-mapped CPU interface there; 0: by system registers.",
    c: `extern volatile unsigned long step_gicc; step_gicc = gicc == 0 ? 0 : gicc + ${layout.DEVICE_ALIAS}UL;`,
  },
  variable("exceptions", "step_exceptions", "How many exceptions steps have taken so far."),
  variable("syndrome", "step_syndrome", "ESR_EL1 of the last one."),
  variable("fault", "step_fault", "FAR_EL1 of the last one."),

  {
    name: "memoryRead32",
    params: { address: "u64" },
    result: "u32",
    doc: "One 32-bit load.",
    c: `unsigned int value; __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory"); return value;`,
  },
  {
    name: "memoryRead64",
    params: { address: "u64" },
    result: "u64",
    doc: "One 64-bit load.",
    c: `unsigned long value; __asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory"); return value;`,
  },
  {
    name: "deviceRead32",
    params: { address: "u64" },
    result: "u32",
    doc: "One 32-bit load from a device, by its IPA.",
    c:
      `unsigned int value; __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address + ${layout.DEVICE_ALIAS}UL) : ` +
      `"memory"); return value;`,
  },
  {
    name: "deviceWrite32",
    params: { address: "u64", value: "u32" },
    result: "void",
    doc: "One 32-bit store to a device, by its IPA.",
    c: `__asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address + ${layout.DEVICE_ALIAS}UL) : "memory");`,
  },
  {
    name: "wfi",
    params: {},
    result: "void",
    doc: "Sleeps until an interrupt is pending, masked or not.",
    c: `__asm__ volatile("dsb sy\\n\\twfi" : : : "memory");`,
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
  mrs("CNTFRQ_EL0"),
  mrs("CNTVCT_EL0"),
  msr("CNTV_CTL_EL0"),
  msr("CNTV_CVAL_EL0"),
  mrs("ICC_IAR1_EL1"),
  msr("ICC_EOIR1_EL1"),
  msr("ICC_PMR_EL1"),
  msr("ICC_IGRPEN1_EL1"),
];
