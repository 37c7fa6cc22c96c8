// Calls of SBI and of the hypervisor's own: harts, masks, addresses and channels that are not its, and calls that there are not.
import * as abi from "../../../../core/abi.ts";
import { CALL_EXTENSION } from "../../../../arch/riscv64/calls.ts";
import type { Attempt, Step } from "../attempt.ts";
import { attempt, returns, step } from "../attempt.ts";
import { A0, A1, ECALL, mv } from "../rv64.ts";
import type { Target } from "../target.ts";

// RISC-V SBI 2.0, and what came after it.
const [BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN] = [
  0x10, 0x5449_4d45, 0x73_5049, 0x5246_4e43, 0x48_534d, 0x5352_5354, 0x4442_434e,
];
const NEVER = {
  PMU: 0x50_4d55, SUSP: 0x5355_5350, CPPC: 0x4350_5043, NACL: 0x4e41_434c, STA: 0x53_5441, SSE: 0x53_5345, FWFT: 0x4657_4654,
  DBTR: 0x4442_5452, MPXY: 0x4d50_5859, "an experiment": 0x0800_0000, "a vendor's": 0x0900_0000, "firmware's own": 0x0a00_0000,
} as const;
const LEGACY_END = 9;
const [NOT_SUPPORTED, INVALID_PARAM, INVALID_ADDRESS, ALREADY_AVAILABLE] = [-2, -3, -5, -6];
const ONES = 0xffff_ffff_ffff_ffffn;

const call = (extension: number | bigint, fn: number | bigint, args: readonly (number | bigint)[], error: number): Step => {
  const a = [0, 1, 2, 3, 4, 5].map((n) => args[n] ?? 0);
  return step([ECALL], [...a, fn, extension], returns(error));
};
/** No hart of its: its vCPUs are numbered from 0 on. */
const foreignHarts = ({ vcpus }: Target): (number | bigint)[] => [vcpus, vcpus + 1, 3, 64, 0x8000_0000n, 0x1_0000_0000n, ONES];
/** hart_mask, hart_mask_base. */
const foreignMasks = ({ vcpus }: Target): (number | bigint)[][] => [
  [1 << vcpus, 0], [ONES, 0], [1, vcpus], [1n << 63n, 1], [3, vcpus - 1], [1, 64], [1, ONES - 1n], [1, 0x1_0000_0000n],
];
const foreignPlaces = ({ foreign, aplic, plic, console, rtc, files }: Target): number[] =>
  [...foreign.map(({ at }) => at), aplic, plic, console, rtc, ...files];

const made = (name: string, does: string, steps: Attempt["steps"]): Attempt => attempt("calls", name, does, steps);

export const CALLS: readonly Attempt[] = [
  made("firmware's old calls", "each legacy extension", () =>
    Array.from({ length: LEGACY_END }, (_, extension) => call(extension, 0, [ONES, ONES], NOT_SUPPORTED))),
  ...Object.entries(NEVER).map(([name, extension]) =>
    made(`calls of ${name}`, "its first functions, and a far one", () =>
      [0, 1, 2, 3, 4, 5, 6, 7, 255].map((fn) => call(extension, fn, [ONES, ONES, ONES], NOT_SUPPORTED)))),
  made("extensions of 64 bits", "whose lower half is one that there is", () =>
    [BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN, CALL_EXTENSION].map((extension) =>
      call(BigInt(extension) | (1n << 32n), 0, [], NOT_SUPPORTED))),
  made("functions that there are not", "of each extension that there is", () => [
    ...[BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN].flatMap((extension) =>
      [99, 0xffff_ffff, 1n << 32n, ONES].map((fn) => call(extension, fn, [], NOT_SUPPORTED))),
    call(HSM, 3, [0], NOT_SUPPORTED), // to suspend
  ]),
  made("harts that are not its, started", "and such that there are not", (target) =>
    foreignHarts(target).map((hart) => call(HSM, 0, [hart, 0x8020_0000, 0], INVALID_PARAM))),
  made("harts that are not its, looked at", "their state", (target) =>
    foreignHarts(target).map((hart) => call(HSM, 2, [hart], INVALID_PARAM))),
  made("its hart started once more", "it runs already", () => [call(HSM, 0, [0, 0x8020_0000, 0], ALREADY_AVAILABLE)]),
  made("its hart started where others are", "at each address that is not its, and in no instruction", (target) =>
    [...foreignPlaces(target), 0x8020_0001, ONES].map((entry) =>
      call(HSM, 0, [target.vcpus - 1, entry, 0], INVALID_ADDRESS))),
  made("its second hart", "started at its own entry, and looked at", ({ vcpus }) =>
    (vcpus < 2 ? [] : [call(HSM, 0, [1, 0x8020_0004, 0], 0), call(HSM, 0, [1, 0x8020_0004, 0], ALREADY_AVAILABLE)])),
  made("interrupts to harts that are not its", "by masks and bases", (target) =>
    foreignMasks(target).map((args) => call(IPI, 0, args, INVALID_PARAM))),
  ...(["fence.i", "sfence.vma", "sfence.vma, by ASID"] as const).map((name, fn) =>
    made(`${name} on harts that are not its`, "by masks and bases", (target) =>
      foreignMasks(target).map((args) => call(RFENCE, fn, [...args, 0, ONES, ONES], INVALID_PARAM)))),
  made("fences of guests of its own", "hfence.gvma and hfence.vvma, on its own hart", () =>
    [3, 4, 5, 6].map((fn) => call(RFENCE, fn, [1, 0, 0, ONES, 3], NOT_SUPPORTED))),
  made("reset in a way that there is not", "types that are reserved, and a vendor's", () =>
    [3, 0xf000_0000, 0xffff_ffff, 1n << 32n, ONES].map((type) => call(SRST, 0, [type, 0], INVALID_PARAM))),
  made("others' memory printed", "by DBCN: at each address that is not its memory; and above 64 bits", (target) => [
    ...foreignPlaces(target).map((at) => call(DBCN, 0, [8, at, 0], INVALID_PARAM)),
    call(DBCN, 0, [8, 0x8020_0000, 1], INVALID_PARAM), call(DBCN, 0, [8, ONES, ONES], INVALID_PARAM),
  ]),
  made("others' memory typed into", "by DBCN: at each address that is not its memory; and above 64 bits", (target) => [
    ...foreignPlaces(target).map((at) => call(DBCN, 1, [8, at, 0], INVALID_PARAM)),
    call(DBCN, 1, [8, 0x8020_0000, 1], INVALID_PARAM), call(DBCN, 1, [8, ONES, ONES], INVALID_PARAM),
  ]),
  made("memory behind its own printed", "by DBCN, from its last bytes on: no more than those", ({ ram }) => [
    step([ECALL, mv(A0, A1)], [4096, ram.at + ram.size - 1, 0, 0, 0, 0, 0, DBCN], returns(1)),
  ]),
  made("its timer, in the past and never", "set_timer", () => [call(TIME, 0, [0], 0), call(TIME, 0, [ONES], 0)]),
  made("channels that are not its", "their doorbells", () =>
    [2, 3, 31, 255, 0x8000_0000n, 1n << 32n, ONES].map((channel) =>
      call(CALL_EXTENSION, abi.CALL_DOORBELL, [channel], abi.CALL_INVALID_PARAMETER))),
  made("tags that there are not", "published", () =>
    [abi.TAG_MAX, 255, 1n << 32n, ONES].map((tag) =>
      call(CALL_EXTENSION, abi.CALL_TAG_PUBLISH, [tag, 1], abi.CALL_INVALID_PARAMETER))),
  made("more printed than fits in registers", "49 bytes and more", () =>
    [abi.CONSOLE_WRITE_MAX + 1, 1n << 32n, ONES].map((count) =>
      call(CALL_EXTENSION, abi.CALL_CONSOLE_WRITE, [count, ONES], abi.CALL_INVALID_PARAMETER))),
  made("hypercalls that there are not", "behind the last one, and far behind", () =>
    [abi.CALLS, 255, 0xffff_ffff, 1n << 32n, ONES].map((fn) =>
      call(CALL_EXTENSION, fn, [ONES, ONES], abi.CALL_NOT_SUPPORTED))),
];
