// Registers of the hypervisor's, of machine mode, and of its own, with what they should not be.
import type { Attempt, Step, Subject } from "../attempt.ts";
import { ALIVE, attempt, DONE, ILLEGAL, returns, step } from "../attempt.ts";
import { A0, A1, csrrc, csrrs, csrrw, mv, T0, VSETVLI, ZERO } from "../rv64.ts";

const ONES = 0xffff_ffff_ffff_ffffn;

// Privileged architecture, AIA, Sstc, Smstateen: numbers of HS and VS.
const HYPERVISORS = {
  hstatus: 0x600, hedeleg: 0x602, hideleg: 0x603, hie: 0x604, htimedelta: 0x605, hcounteren: 0x606, hgeie: 0x607, hvien: 0x608,
  hvictl: 0x609, henvcfg: 0x60a, hstateen0: 0x60c, htval: 0x643, hip: 0x644, hvip: 0x645, hviprio1: 0x646, hviprio2: 0x647,
  htinst: 0x64a, hgatp: 0x680, hcontext: 0x6a8, hgeip: 0xe12,
  vsstatus: 0x200, vsie: 0x204, vstvec: 0x205, vsscratch: 0x240, vsepc: 0x241, vscause: 0x242, vstval: 0x243, vsip: 0x244,
  vstimecmp: 0x24d, vsiselect: 0x250, vsireg: 0x251, vstopei: 0x25c, vsatp: 0x280, vstopi: 0xeb0,
} as const;
const MACHINES = {
  mstatus: 0x300, misa: 0x301, medeleg: 0x302, mideleg: 0x303, mie: 0x304, mtvec: 0x305, mcounteren: 0x306, menvcfg: 0x30a,
  mstateen0: 0x30c, mscratch: 0x340, mepc: 0x341, mcause: 0x342, mip: 0x344, mtinst: 0x34a, miselect: 0x350, mtopei: 0x35c,
  pmpcfg0: 0x3a0, pmpaddr0: 0x3b0, mnstatus: 0x744, mseccfg: 0x747, tselect: 0x7a0, dcsr: 0x7b0, mcycle: 0xb00, mhartid: 0xf14,
} as const;

/** Read, written, and bits of it set and cleared. */
const tried = (subject: Subject) => ([name, csr]: [string, number]): Attempt =>
  attempt(subject, `${name} of a guest's`, "reads and changes it in each way there is", () => [
    step([csrrs(A0, csr, ZERO)], [], ILLEGAL),
    step([csrrw(A0, csr, A0)], [ONES], ILLEGAL),
    step([csrrs(ZERO, csr, A0)], [ONES], ILLEGAL),
    step([csrrc(ZERO, csr, A0)], [ONES], ILLEGAL),
  ]);

// Its own.
const [SSTATUS, SIE, SCOUNTEREN, SENVCFG, SATP, STIMECMP] = [0x100, 0x104, 0x106, 0x10a, 0x180, 0x14d];
const [SISELECT, SIREG, STOPEI, STOPI, SCONTEXT, SIP] = [0x150, 0x151, 0x15c, 0xdb0, 0x5a8, 0x144];
const [CYCLE, TIME, INSTRET, HPMCOUNTER3, SCOUNTOVF, SEED] = [0xc00, 0xc01, 0xc02, 0xc03, 0xda0, 0x015];
/** Of counters that overflow (Sscofpmf). */
const LCOFI = 1n << 13n;
/** What sstatus has of vectors, of which a guest has none. */
const STATUS_VS = 3n << 9n;

/** Register `select` of an interrupt file, by siselect, written and read. */
const indirect = (select: number | bigint, answer: Step["answer"]): Step[] => [
  step([csrrw(ZERO, SISELECT, A0), csrrw(A0, SIREG, ZERO)], [select], answer),
];
const swapped = (csr: number, value: bigint, answer: Step["answer"]): Step =>
  step([csrrw(T0, csr, A0), csrrs(A0, csr, ZERO), csrrw(ZERO, csr, T0)], [value], answer);
const reads = (csr: number, answer: Step["answer"]): Step => step([csrrs(A0, csr, ZERO)], [], answer);
const EIDELIVERY = 0x70;
const own = (name: string, does: string, steps: Attempt["steps"], when?: Attempt["when"]): Attempt =>
  attempt("own registers", name, does, steps, when);

export const REGISTERS: readonly Attempt[] = [
  ...Object.entries(HYPERVISORS).map(tried("hypervisor's registers")),
  ...Object.entries(MACHINES).map(tried("machine's registers")),
  own("counters that it was not given", "cycle, instret, hpmcounter3, scountovf", () =>
    [CYCLE, INSTRET, HPMCOUNTER3, SCOUNTOVF].map((csr) => reads(csr, ILLEGAL))),
  own("counters, after it has given them to itself", "scounteren all ones, then cycle", () => [
    step([csrrw(ZERO, SCOUNTEREN, A0)], [ONES], DONE), reads(CYCLE, ILLEGAL), reads(TIME, DONE),
  ]),
  own("time is written", "it can only be read", () => [step([csrrw(ZERO, TIME, A0)], [ONES], ILLEGAL)]),
  own("the seed register", "Zkr's, which is machine mode's to give", () => [step([csrrw(A0, SEED, ZERO)], [], ILLEGAL)]),
  own("priorities of major interrupts", "siselect 0x30 to 0x3f, which are the hypervisor's to emulate", () =>
    Array.from({ length: 16 }, (_, n) => 0x30 + n).flatMap((select) => indirect(select, ILLEGAL))),
  own("selects that there are not", "behind an interrupt file's registers, and far behind", () =>
    [0x00, 0x6f, 0x71, 0x100, 0x1ff, 0xfff].flatMap((select) => indirect(select, ILLEGAL))),
  own("an interrupt file that it has not", "sireg of 0x70, 0x80, 0xc0, and stopei, with no guest file", () => [
    ...[EIDELIVERY, 0x80, 0xc0].flatMap((select) => indirect(select, ILLEGAL)), reads(STOPEI, ILLEGAL), reads(STOPI, DONE),
  ], ({ direct }) => !direct),
  own("all of its own interrupt file", "siselect 0x70 to 0xff written with ones, then as at reset", () => [
    ...Array.from({ length: 0x90 }, (_, n) => 0x70 + n).map((select) =>
      step([csrrw(ZERO, SISELECT, A0), csrrw(T0, SIREG, A1), csrrw(ZERO, SIREG, ZERO)], [select, ONES], ALIVE)),
    step([csrrw(A0, STOPEI, ZERO)], [], DONE),
  ], ({ direct }) => direct),
  own("interrupts that are not a supervisor's", "sie, all ones; a timer's and an external one made pending by sip", () => [
    swapped(SIE, ONES, returns(0x222n, ~LCOFI & ONES)),
    step([csrrw(ZERO, SIP, A0), csrrs(A0, SIP, ZERO), csrrw(ZERO, SIP, ZERO)], [0x220], returns(0)),
  ]),
  own("vectors, switched on", "sstatus.VS set, then VSETVLI", () => [
    step([csrrs(ZERO, SSTATUS, A0), VSETVLI, csrrc(ZERO, SSTATUS, A0)], [STATUS_VS], ILLEGAL),
  ]),
  own("what user mode may do", "senvcfg, all ones", () => [
    step([csrrw(ZERO, SENVCFG, A0), csrrw(ZERO, SENVCFG, ZERO)], [ONES], DONE),
  ]),
  own("translation that there is not", "each MODE of satp that is reserved, one after the other, and off again", () =>
    [1n, 2n, 7n, 11n, 15n].map((mode) =>
      step([csrrw(ZERO, SATP, A0), csrrw(ZERO, SATP, ZERO), mv(A0, ZERO)], [mode << 60n], ALIVE))),
  own("a debugger's context", "scontext", () => [step([csrrw(ZERO, SCONTEXT, A0)], [ONES], ALIVE)]),
  own("its timer, at both ends", "stimecmp 0 and all ones, its interrupt off", () => [
    swapped(STIMECMP, 0n, returns(0)), swapped(STIMECMP, ONES, returns(ONES)),
  ]),
];
