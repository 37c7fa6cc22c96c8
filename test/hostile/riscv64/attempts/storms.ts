// As much as it can, as often as it can: nobody else's cycle is to suffer.
import * as abi from "../../../../core/abi.ts";
import { CALL_EXTENSION } from "../../../../arch/riscv64/calls.ts";
import type { Attempt } from "../attempt.ts";
import { ALIVE, attempt, DONE, returns, step } from "../attempt.ts";
import { STORM } from "../layout.ts";
import { A0, A1, A2, A3, addi, bnez, csrrs, csrrw, ECALL, load, mv, S8, store, T0, T1, WFI, ZERO } from "../rv64.ts";

const [SSTATUS, SIE, SIP, STIMECMP, SISELECT, SIREG] = [0x100, 0x104, 0x144, 0x14d, 0x150, 0x151];
const SUPERVISOR_INTERRUPTS = 1 << 1; // sstatus.SIE
const [SSI, STI, SEI] = [1 << 1, 1 << 5, 1 << 9];
const [EIDELIVERY, EIE0] = [0x70, 0xc0];
const IDENTITY = 9;
const [IPI, RFENCE, HSM] = [0x73_5049, 0x5246_4e43, 0x48_534d];
const SETIPNUM = 0x1cdc;
const OFTEN = 2000;

const made = (name: string, does: string, steps: Attempt["steps"], when?: Attempt["when"]): Attempt =>
  attempt("storms", name, does, steps, when);
const called = (extension: number, fn: number, args: readonly (number | bigint)[]): (number | bigint)[] =>
  [...[0, 1, 2, 3, 4, 5].map((n) => args[n] ?? 0), fn, extension];
const OPEN = [csrrw(ZERO, SIE, T0), csrrs(ZERO, SSTATUS, T1)];

export const STORMS: readonly Attempt[] = [
  made("its timer, always in the past", "an interrupt as soon as the last one is over", () => [
    step([csrrw(ZERO, STIMECMP, ZERO), addi(T0, ZERO, STI), addi(T1, ZERO, SUPERVISOR_INTERRUPTS), ...OPEN, mv(A0, S8)],
      [], returns(STORM)),
  ]),
  made("its software interrupt, again and again", "sip, from within", () => [
    step([addi(T0, ZERO, SSI), addi(T1, ZERO, SUPERVISOR_INTERRUPTS), ...OPEN, csrrs(ZERO, SIP, T0), addi(A1, A1, -1),
      bnez(A1, -2), mv(A0, S8)], [0, STORM], returns(STORM)),
  ]),
  made("MSIs to its own file", "each of which is an interrupt", ({ files: [file = 0] }) => [
    step([csrrw(ZERO, SISELECT, A2), csrrw(ZERO, SIREG, A3)], [0, 0, EIDELIVERY, 1], DONE),
    step([csrrw(ZERO, SISELECT, A2), csrrw(ZERO, SIREG, A3)], [0, 0, EIE0, 1 << IDENTITY], DONE),
    step([addi(T0, ZERO, SEI), addi(T1, ZERO, SUPERVISOR_INTERRUPTS), ...OPEN, store(4, A3, A2), addi(A1, A1, -1), bnez(A1, -2),
      mv(A0, S8)], [0, STORM, file, IDENTITY], ALIVE),
  ], ({ direct }) => direct),
  made("its sources, pending again and again", "its neighbour has the same APLIC", ({ aplic, sources }) =>
    sources.map((source) => step([store(4, A0, A1)], [source, aplic + SETIPNUM], DONE, { times: OFTEN })),
    ({ direct }) => direct),
  made("doorbells at its neighbour", "as fast as it can", () => [
    step([ECALL], called(CALL_EXTENSION, abi.CALL_DOORBELL, [0]), returns(0), { times: OFTEN }),
    step([ECALL], called(CALL_EXTENSION, abi.CALL_DOORBELL, [1]), returns(0), { times: OFTEN }),
  ]),
  made("its channel, written all over", "without a pause", ({ channel }) => [
    step([store(8, A1, A2), addi(A2, A2, 8), addi(A3, A3, -1), bnez(A3, -3)], [0, -1n, channel, 512], DONE, { times: 100 }),
  ]),
  made("its mailbox, written all over", "counts, heads and tails that cannot be", ({ mailbox }) =>
    [-1n, 0x8000_0000_8000_0000n, 0n].map((word) =>
      step([store(8, A1, A2), addi(A2, A2, 8), addi(A3, A3, -1), bnez(A3, -3)], [0, word, mailbox, 512], DONE, { times: 20 }))),
  made("interrupts to itself by SBI", "as fast as it can", () => [
    step([ECALL], called(IPI, 0, [1, 0]), returns(0), { times: OFTEN }),
  ]),
  made("fences of all its harts", "firmware interrupts them for it: its own, and nobody else's", ({ vcpus }) => [
    step([ECALL], called(RFENCE, 1, [(1 << vcpus) - 1, 0, 0, -1n]), returns(0), { times: 200 }),
    step([ECALL], called(RFENCE, 0, [0, -1n]), returns(0), { times: 200 }),
  ]),
  made("its console, flooded", "what finds no room is dropped", () => [
    step([ECALL], called(CALL_EXTENSION, abi.CALL_CONSOLE_WRITE, [48, ...Array<bigint>(5).fill(0x2020_2020_2020_2020n)]),
      ALIVE, { times: OFTEN }),
  ]),
  made("calls that there are not", "as fast as it can", () => [
    step([ECALL], called(0x50_4d55, 0, []), returns(-2), { times: OFTEN }),
  ]),
  made("its APLIC, read", "each time the hypervisor is entered", ({ aplic }) => [
    step([load(4, A0, A1)], [0, aplic], ALIVE, { times: OFTEN }),
  ], ({ direct }) => direct),
  made("WFI that never sleeps", "its timer's interrupt is pending all the time", () => [
    step([csrrw(ZERO, STIMECMP, ZERO), csrrw(ZERO, SIE, A1), WFI, csrrw(ZERO, SIE, ZERO)], [0, STI], DONE, { times: OFTEN }),
  ]),
  made("its second hart, spinning", "it never calls, never sleeps, takes no interrupt", ({ vcpus }) =>
    (vcpus < 2 ? [] : [step([ECALL], called(HSM, 0, [1, 0x8020_0004, 1]), ALIVE)])),
];
