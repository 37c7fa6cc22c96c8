// Instructions that are HS mode's, M mode's, a debugger's, or nobody's.
import type { Attempt, Step } from "../attempt.ts";
import { ALIVE, attempt, DONE, ILLEGAL, step, USER_CALLS } from "../attempt.ts";
import {
  A0, A1, A2, addi, auipc, block, BLOCK_KINDS, csrrc, csrrs, csrrw, DRET, ECALL, fence, FENCE_I, FENCE_KINDS, MNRET, MRET,
  NOTHINGS, SFENCE_W_INVAL, SRET, T0, virtualLoad, VIRTUAL_LOADS, virtualStore, WFI, ZERO,
} from "../rv64.ts";
import type { Fence, Width } from "../rv64.ts";

const [SSTATUS, SIE, SEPC, STIMECMP, HSTATUS] = [0x100, 0x104, 0x141, 0x14d, 0x600];
const STATUS_SPP = 1 << 8;
const WIDTHS: readonly Width[] = [1, 2, 4, 8];
/** With all, an address, an ASID or VMID, and both. */
const fenced = (kind: Fence, answer: Step["answer"]): Step[] =>
  [[ZERO, ZERO], [A0, ZERO], [ZERO, A1], [A0, A1]].map(([rs1 = 0, rs2 = 0]) =>
    step([fence(kind, rs1, rs2)], [0x8020_0000, 1], answer));
/** From a guest's user mode; the handler goes on behind it as supervisor. */
const asUser = (instruction: number, answer: Step["answer"]): Step =>
  step(
    [auipc(T0), addi(T0, T0, 5 * 4), csrrw(ZERO, SEPC, T0), csrrc(ZERO, SSTATUS, A1), SRET, instruction],
    [0, STATUS_SPP], answer,
  );
const made = (name: string, does: string, steps: Attempt["steps"]): Attempt => attempt("instructions", name, does, steps);

export const INSTRUCTIONS: readonly Attempt[] = [
  made("a guest's memory read as the hypervisor reads it", "every HLV and HLVX", ({ ram, neighbour }) =>
    VIRTUAL_LOADS.flatMap((kind) => [ram.at, neighbour].map((at) => step([virtualLoad(kind, A0, A1)], [0, at], ILLEGAL)))),
  made("and written", "every HSV", ({ ram, neighbour }) =>
    WIDTHS.flatMap((bytes) => [ram.at, neighbour].map((at) => step([virtualStore(bytes, A0, A1)], [0, at], ILLEGAL)))),
  ...FENCE_KINDS.filter((kind) => kind.startsWith("h")).map((kind) =>
    made(kind, "of all, by address, by identifier", () => fenced(kind, ILLEGAL))),
  made("sfence.vma, as often as it likes", "of its own translations", () =>
    fenced("sfence.vma", DONE).map((one) => ({ ...one, times: 100 }))),
  made("sinval.vma", "there on some harts: then of its own translations", () => fenced("sinval.vma", ALIVE)),
  made("sfence.w.inval", "likewise", () => [step([SFENCE_W_INVAL], [], ALIVE)]),
  ...([["mret", MRET], ["mnret", MNRET], ["dret", DRET]] as const).map(([name, instruction]) =>
    made(name, "back to where it never was", () => [step([instruction], [], ILLEGAL)])),
  ...BLOCK_KINDS.map((kind) =>
    made(kind, "of its own memory: there on some harts", ({ ram }) => [step([block(kind, A0)], [ram.at + ram.size / 2], ALIVE)])),
  made("no instructions", "all zeros, all ones", () => NOTHINGS.map((word) => step([word], [], ILLEGAL))),
  made("fence.i, as often as it likes", "of its own instructions", () => [step([FENCE_I], [], DONE, { times: 100 })]),
  made("wfi, and nothing is enabled", "its hart sleeps until its timer's interrupt is pending", () => [
    step([csrrw(ZERO, STIMECMP, A0), csrrw(ZERO, SIE, A1), WFI, csrrw(ZERO, STIMECMP, A2), csrrw(ZERO, SIE, ZERO)],
      [0, 1 << 5, -1n], DONE, { times: 1000 }),
  ]),
  made("from user mode", "SRET there, then WFI, SFENCE.VMA, HFENCE.GVMA, SRET, HLV, and a register of HS's", () =>
    [WFI, fence("sfence.vma", ZERO, ZERO), fence("hfence.gvma", ZERO, ZERO), SRET, virtualLoad("hlv.d", A0, A0),
      csrrs(A0, HSTATUS, ZERO)].map((instruction) => asUser(instruction, ILLEGAL))),
  made("a call from user mode", "ECALL, which is its own supervisor's to answer", () => [asUser(ECALL, USER_CALLS)]),
];
