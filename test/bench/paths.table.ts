// Intrinsics of the benchmark guest: one for each measured path, and the PMU. Imported from "paths".
//
// PMCCNTR_EL0 counts cycles, EL2's too; with QEMU's -icount shift=0 a cycle is one instruction. A path begins with the
// MRS that reads the start and ends before the MRS that reads the end, so that the first of the two is counted.
import type { Intrinsic, IntrinsicType } from "../../tools/build/intrinsic.ts";

// For clang, which knows the names only with an extension.
const ICC_SGI1R_EL1 = "S3_0_C12_C11_5";
const ICC_PMR_EL1 = "S3_0_C4_C6_0";

const lines = (instructions: readonly string[]): string => instructions.join("\\n\\t");

/** Time of one instruction until it has completed. */
const timed = (
  name: string,
  instruction: string,
  params: Record<string, IntrinsicType>,
  inputs: string,
  doc: string,
): Intrinsic => ({
  name,
  params,
  result: "u64",
  doc,
  c: `unsigned long elapsed; __asm__ volatile("${lines([
    "isb",
    "mrs x9, pmccntr_el0",
    instruction,
    "dsb sy",
    "isb",
    "mrs x10, pmccntr_el0",
    "sub %0, x10, x9",
  ])}" : "=r"(elapsed) : ${inputs} : "x9", "x10", "x11", "memory"); return elapsed;`,
});

/** What a call by the SMC calling convention may change, from x<first> on. */
const clobbered = (first: number): string => Array.from({ length: 18 - first }, (_, n) => `"x${first + n}"`).join(", ");

/** Round trip of a call by the SMC calling convention (Arm DEN 0028), which may change x0…x17. */
const call = (name: string, instruction: string, doc: string): Intrinsic => ({
  name,
  params: { id: "u64" },
  result: "u64",
  doc,
  c: `unsigned long elapsed; register unsigned long r0 __asm__("x0") = id; __asm__ volatile("${lines([
    "isb",
    "mrs x19, pmccntr_el0",
    instruction,
    "dsb sy",
    "isb",
    "mrs x20, pmccntr_el0",
    "sub %0, x20, x19",
  ])}" : "=&r"(elapsed), "+r"(r0) : : ${clobbered(1)}, "x19", "x20", "memory"); return elapsed;`,
});

/**
 * Time until the interrupt handler (start.S), whose first instruction reads the end; it leaves the difference to x9 in x10
 * and goes back with IRQs masked. What raises the interrupt stands before the loop that waits for it, or is a clock.
 */
const interrupt = (
  name: string,
  before: readonly string[],
  loop: readonly string[],
  params: Record<string, IntrinsicType>,
  inputs: string,
  doc: string,
): Intrinsic => ({
  name,
  params,
  result: "u64",
  doc,
  c: `unsigned long elapsed; __asm__ volatile("${lines([
    "mov x10, xzr",
    "isb",
    "msr daifclr, #2",
    ...before,
    "1:",
    ...loop,
    "cbz x10, 1b",
    "mov %0, x10",
  ])}" : "=r"(elapsed) : ${inputs} : "x9", "x10", "x11", "memory"); return elapsed;`,
});

const TIMER_ON = `"r"(1ul)`; // CNTx_CTL_EL0.ENABLE
const START = "mrs x9, pmccntr_el0";
const address = { address: "u64" } as const;
const store = { address: "u64", value: "u32" } as const;
const ADDRESS = `"r"(address)`;
const STORE = `"r"(address), "r"(value)`;

const msr = (name: string): Intrinsic => ({
  name: `msr_${name}`,
  params: { value: "u64" },
  result: "void",
  doc: `Writes ${name}.`,
  c: `__asm__ volatile("msr ${name}, %0" : : "r"(value) : "memory");`,
});

export const paths: readonly Intrinsic[] = [
  {
    name: "mrs_PMCCNTR_EL0",
    params: {},
    result: "u64",
    doc: "Reads PMCCNTR_EL0.",
    c: `unsigned long value; __asm__ volatile("mrs %0, pmccntr_el0" : "=r"(value) : : "memory"); return value;`,
  },
  {
    name: "leastDifference",
    params: {},
    result: "u64",
    doc: "PMCCNTR_EL0 − 16 × CNTPCT_EL0, read in turn at each of the 16 moments of a tick: the least.",
    c: `unsigned long least = -1ul; __asm__ volatile("${lines([
      "isb",
      "mrs x9, cntpct_el0",
      "mrs x10, pmccntr_el0",
      "sub %0, x10, x9, lsl #4",
      ".rept 16", // five instructions: after 16 rounds they have begun at each moment
      "mrs x9, cntpct_el0",
      "mrs x10, pmccntr_el0",
      "sub x10, x10, x9, lsl #4",
      "cmp x10, %0",
      "csel %0, x10, %0, lt",
      ".endr",
    ])}" : "=&r"(least) : : "x9", "x10", "cc"); return least;`,
  },
  msr("PMCR_EL0"),
  msr("PMCNTENSET_EL0"),
  msr("PMCCFILTR_EL0"),
  {
    name: "waitForInterrupt",
    params: {},
    result: "void",
    doc: "Sleeps until an interrupt is pending, masked or not.",
    c: `__asm__ volatile("wfi" : : : "memory");`,
  },
  {
    name: "cachesOn",
    params: {},
    result: "void",
    doc: "SCTLR_EL1.C and I: what the guest stores from here on may be in the caches only.",
    c:
      `unsigned long value; __asm__ volatile("mrs %0, sctlr_el1\\n\\torr %0, %0, #(1 << 2)\\n\\torr %0, %0, ` +
      `#(1 << 12)\\n\\tmsr sctlr_el1, %0\\n\\tisb" : "=&r"(value) : : "memory");`,
  },
  call("timeHvc", "hvc #0", "A hypercall, to the instruction behind it."),
  call("timeSmc", "smc #0", "An SMC, to the instruction behind it."),
  timed("timeRead32", "ldr w11, [%1]", address, ADDRESS, "A 32-bit load from a device register."),
  timed("timeWrite32", "str %w2, [%1]", store, STORE, "A 32-bit store to a device register."),
  timed("timeWrite8", "strb %w2, [%1]", store, STORE, "A byte store to a device register."),
  timed("timeMask", `msr ${ICC_PMR_EL1}, %1`, { value: "u64" }, `"r"(value)`, "A write of ICC_PMR_EL1."),
  {
    name: "ringAt",
    params: { started: "u64", id: "u64", channel: "u64" },
    result: "u64",
    doc: "Rings a doorbell by hypercall, after leaving PMCCNTR_EL0 in memory at `started`; what the hypercall says.",
    c: `register unsigned long r0 __asm__("x0") = id, r1 __asm__("x1") = channel; __asm__ volatile("${lines([
      "isb",
      "mrs x9, pmccntr_el0",
      "str x9, [%2]",
      "hvc #0",
    ])}" : "+r"(r0), "+r"(r1) : "r"(started) : ${clobbered(2)}, "memory"); return r0;`,
  },
  interrupt("timeDoorbell", ["mov x9, xzr"], ["wfi"], {}, "", "Sleeps until an interrupt: PMCCNTR_EL0 in its handler."),
  interrupt(
    "timeTimer",
    [START, "msr cntv_ctl_el0, %1", "isb"],
    [],
    {},
    TIMER_ON,
    "From the instruction that makes the virtual timer, whose time has come, raise its interrupt to the handler.",
  ),
  interrupt("timePhysicalTimer", [START, "msr cntp_ctl_el0, %1", "isb"], [], {}, TIMER_ON, "The same of the physical timer."),
  interrupt(
    "timeDevice",
    [START, "str %w2, [%1]"],
    [],
    store,
    STORE,
    "From the store that makes a device raise its interrupt to its handler.",
  ),
  interrupt(
    "timeSgi",
    [START, `msr ${ICC_SGI1R_EL1}, %1`, "isb"],
    [],
    { value: "u64" },
    `"r"(value)`,
    "From ICC_SGI1R_EL1 to the handler.",
  ),
];
