// The firmware that the hypervisor calls.
import { beforeEach, expect, test } from "vitest";
import {
  ALREADY_AVAILABLE, BASE, BASE_PROBE, HSM, HSM_START, HSM_STATUS, HSM_STOP, INVALID_PARAM, IPI, IPI_SEND, RFENCE, RFENCE_GVMA,
  RFENCE_GVMA_VMID, RFENCE_I, Sbi, SRST, SRST_RESET, STARTED, STOPPED, SUCCESS,
} from "../../../tools/machine/riscv64/sbi.ts";

const HARTS = 4;
const ALL = 0xffff_ffff_ffff_ffffn;

let sbi: Sbi;
let interrupted: number[];
let fenced: unknown[];
beforeEach(() => {
  interrupted = [];
  fenced = [];
  sbi = new Sbi(HARTS, 1, { interrupt: (hart) => interrupted.push(hart), fence: (...what) => fenced.push(what) });
});
const call = (extension: number, fn: number, ...args: bigint[]) => sbi.call(1, extension, fn, args);
const error = (code: number) => ({ error: code, value: 0n });

test("BASE: what there is, and that nothing else is", () => {
  expect(
    [HSM, IPI, RFENCE, SRST, 0x4442_434e].map((extension) => call(BASE, BASE_PROBE, BigInt(extension)).value)
  ).toEqual([1n, 1n, 1n, 1n, 0n]);
});

test("HSM: a hart is started once, at an address, with a value in a1", () => {
  expect(call(HSM, HSM_START, 2n, 0x8020_1000n, 7n)).toEqual(error(SUCCESS));
  expect(sbi.started).toEqual([{ pcpu: 2, entry: 0x8020_1000, context: 7n }]);
  expect([call(HSM, HSM_START, 2n, 0n, 0n), call(HSM, HSM_START, 1n, 0n, 0n), call(HSM, HSM_START, 4n, 0n, 0n)])
    .toEqual([error(ALREADY_AVAILABLE), error(ALREADY_AVAILABLE), error(INVALID_PARAM)]);
  expect(
    [0n, 1n, 2n].map((hart) => call(HSM, HSM_STATUS, hart).value)
  ).toEqual([BigInt(STOPPED), BigInt(STARTED), BigInt(STARTED)]);
  sbi.call(2, HSM, HSM_STOP, []);
  expect(call(HSM, HSM_STATUS, 2n).value).toBe(BigInt(STOPPED));
});

test("IPI: by mask and base, to harts that are on; one that there is not is refused", () => {
  call(HSM, HSM_START, 2n, 0n, 0n);
  call(IPI, IPI_SEND, 0b11n, 1n);
  expect(interrupted).toEqual([1, 2]);
  call(IPI, IPI_SEND, 0n, ALL);
  expect(interrupted).toEqual([1, 2, 1, 2]);
  expect(call(IPI, IPI_SEND, 1n, 4n)).toEqual(error(INVALID_PARAM));
  expect(interrupted.length).toBe(4);
});

test("RFENCE: of instructions, of a VMID, of all guests", () => {
  call(RFENCE, RFENCE_I, 0b10n, 0n);
  call(RFENCE, RFENCE_GVMA_VMID, 0b10n, 0n, 0n, 0n, 5n);
  call(RFENCE, RFENCE_GVMA, 0n, ALL, 0n, 0n);
  expect(fenced).toEqual([[1, [1], "instructions", undefined], [1, [1], "guests", 5], [1, [1], "guests", undefined]]);
});

test("SRST says how the machine ended", () => {
  call(SRST, SRST_RESET, 0n, 1n);
  expect(sbi.reset).toEqual({ type: 0, reason: 1 });
});

test("anything else is no call of a hypervisor's", () => {
  for (const [extension, fn] of [[0x4442_434e, 0], [HSM, 3], [IPI, 1], [RFENCE, 5], [BASE, 9], [SRST, 1], [1, 0]] as const) {
    expect(() => call(extension, fn, 0n), `${extension} ${fn}`).toThrow("MACHINE_FIRMWARE");
  }
  expect(sbi.calls.length).toBe(7);
});
