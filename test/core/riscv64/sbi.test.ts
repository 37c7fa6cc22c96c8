// SBI towards guests (RISC-V SBI 2.0; arch/riscv64/sbi*.ts), on the simulated machine: each call acts on the caller's partition,
// and on nothing else.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../../core/abi.ts";
import { Demultiplexer } from "../../../industrial/link/demultiplexer.ts";
import { encodeFrame } from "../../../industrial/link/frame.ts";
import { qemuVirt } from "../../../tools/machine/riscv64/board.ts";
import { machineFor } from "../../../tools/machine/riscv64/core.ts";
import { NEVER_CALLED } from "./sbiCalls.ts";
import { SSI, VSSI, VSTI } from "../../../tools/machine/riscv64/csrs.ts";
import { Guest } from "../../../tools/machine/riscv64/guest.ts";
import type { Riscv64Machine } from "../../../tools/machine/riscv64/machine.ts";
import { BASE, BASE_PROBE, HSM, IPI, RFENCE, RFENCE_I, RFENCE_VVMA, SRST } from "../../../tools/machine/riscv64/sbi.ts";
import { FIRST, IPA, makeSystem, SECOND, STANDARD } from "../../../tools/machine/riscv64/system.ts";
import { result, value } from "../value.ts";

const [TIME, DBCN] = [0x5449_4d45, 0x4442_434e];
const [WRITE, READ, WRITE_BYTE] = [0, 1, 2];
const [SFENCE_VMA, SFENCE_VMA_ASID, HFENCE_GVMA] = [1, 2, 4];
const [INVALID_PARAM, NOT_SUPPORTED] = [-3, -2];
const ALL = 0xffff_ffff_ffff_ffffn;
const NEIGHBOUR = 3;
const MEMORY = FIRST.regions[0]?.pa ?? 0;
const MEMORY_BYTES = FIRST.regions[0]?.size ?? 0;
const MILLISECOND = 1_000_000;
const PAGE = 0x1000;

let machine: Riscv64Machine;
let guests: Guest[];
const guest = (n: number): Guest => guests[n] ?? expect.unreachable();
const pendingSoftware = (n: number): boolean => (guest(n).pcpu.csrs.read("hvip") & VSSI) !== 0n;
/** What firmware was asked for since. */
const firmware = (from: number): unknown[] => machine.sbi.calls.slice(from);

describe.each([["its own timer alone", false], ["direct", true]] as const)("a partition with %s", (_, direct) => {
  beforeEach(() => {
    const partitions = [FIRST, SECOND].map((one) => ({ ...one, direct }));
    machine = machineFor(qemuVirt, makeSystem({ ...STANDARD, partitions }));
    machine.boot();
    guests = machine.pcpus.map(({ index }) => new Guest(machine, index));
    value(guest(0).turnOn(1, IPA + 0x100, 0n));
    machine.settle();
  });

  test("finds the extensions that there are, and no others: PMU is not", () => {
    const probe = (extension: number): bigint => value(guest(0).ecall(BASE, BASE_PROBE, BigInt(extension)));
    expect([BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN].map(probe)).toEqual([1n, 1n, 1n, 1n, 1n, 1n, 1n]);
    expect(NEVER_CALLED.map(([extension]) => probe(extension))).toEqual(NEVER_CALLED.map(() => 0n));
  });

  test("sets its timer, and has it no sooner", () => {
    const { csrs } = guest(0).pcpu;
    value(guest(0).ecall(TIME, 0, csrs.guestTime + 1000n));
    expect(csrs.read("hip") & VSTI).toBe(0n);
    machine.elapse(MILLISECOND);
    expect(csrs.read("hip") & VSTI).toBe(VSTI);
    value(guest(0).ecall(TIME, 0, ALL));
    expect(csrs.read("hip") & VSTI).toBe(0n);
    expect(result(guest(0).ecall(TIME, 1, 0n))).toBe(NOT_SUPPORTED);
  });

  test.each<[string, bigint, bigint, readonly boolean[]]>([
    ["itself", 1n, 0n, [true, false]],
    ["the other one", 2n, 0n, [false, true]],
    ["the other one, by its base", 1n, 1n, [false, true]],
    ["all, whatever the mask", 0n, ALL, [true, true]],
    ["nobody", 0n, 0n, [false, false]],
  ])("interrupts %s of its vCPUs", (__, mask, base, expected) => {
    const calls = machine.sbi.calls.length;
    value(guest(0).ecall(IPI, 0, mask, base));
    machine.settle();
    expect([pendingSoftware(0), pendingSoftware(1), pendingSoftware(NEIGHBOUR)]).toEqual([...expected, false]);
    expect(firmware(calls)).toEqual([]);
    expect(guest(0).csrr("sip")).toMatchObject({ value: expected[0] === true ? SSI : 0n });
  });

  test("one that sleeps is woken by it", () => {
    value(guest(1).csrw("sie", SSI));
    guest(1).sleep();
    value(guest(0).ecall(IPI, 0, 2n, 0n));
    machine.settle();
    expect([pendingSoftware(1), machine.awake(guest(1).pcpu)]).toEqual([true, true]);
  });

  test.each([
    ["a hart behind its last", 4n, 0n], ["its own and another one", 7n, 0n], ["a base behind its last", 1n, 2n],
    ["a base far behind", 1n, 64n], ["a base that wraps", 2n, ALL - 1n], ["every bit", ALL, 0n], ["shifted out", 1n << 63n, 1n],
  ])("names %s, and nothing is done", (__, mask, base) => {
    const calls = machine.sbi.calls.length;
    for (const [extension, fn] of [[IPI, 0], [RFENCE, 0], [RFENCE, SFENCE_VMA], [RFENCE, SFENCE_VMA_ASID]] as const) {
      expect(result(guest(0).ecall(extension, fn, mask, base, 0n, ALL, 0n))).toBe(INVALID_PARAM);
    }
    machine.settle();
    expect([0, 1, NEIGHBOUR].map(pendingSoftware)).toEqual([false, false, false]);
    expect(firmware(calls)).toEqual([]);
  });

  test("fences on its own harts, and firmware is asked for no other one", () => {
    const calls = machine.sbi.calls.length;
    value(guest(0).ecall(RFENCE, 0, 3n, 0n));
    for (const fn of [SFENCE_VMA, SFENCE_VMA_ASID]) value(guest(0).ecall(RFENCE, fn, 0n, ALL, 0x1000n, 0x1000n, 5n));
    const asked = (fn: number) => ({ extension: RFENCE, fn, harts: [1] });
    expect(firmware(calls)).toEqual([asked(RFENCE_I), asked(RFENCE_VVMA), asked(RFENCE_VVMA)]);
    value(guest(0).ecall(RFENCE, SFENCE_VMA, 1n, 0n, 0n, 0n));
    expect(firmware(calls)).toHaveLength(3);
    expect(result(guest(0).ecall(RFENCE, HFENCE_GVMA, 1n, 0n))).toBe(NOT_SUPPORTED);
  });

  test("no other call is answered, and none gets to the firmware", () => {
    const calls = machine.sbi.calls.length;
    for (const [extension, fn] of NEVER_CALLED) expect(result(guest(0).ecall(extension, fn, 1n, 1n, 1n))).toBe(NOT_SUPPORTED);
    for (const extension of [IPI, RFENCE, DBCN]) expect(result(guest(0).ecall(extension, 9, 1n))).toBe(NOT_SUPPORTED);
    expect(firmware(calls)).toEqual([]);
  });

  describe("writes to the debug console", () => {
    const TEXT = "hello, sixty-four bits and more than one call can take of them";
    beforeEach(() => machine.memory.writeBytes(MEMORY + 0x2001, new TextEncoder().encode(TEXT)));
    const write = (count: bigint, address: bigint, high = 0n) => guest(0).ecall(DBCN, WRITE, count, address, high);
    function printed(): string {
      for (let n = 0; n < 20; n++) machine.elapse(MILLISECOND);
      let text = "";
      new Demultiplexer((item) => {
        if ("frame" in item && item.frame.kind === abi.FRAME_CONSOLE && item.frame.partition === 0) {
          text += new TextDecoder().decode(item.frame.payload);
        }
      }).push(Uint8Array.from(machine.uart.sent));
      return text;
    }

    test("as many bytes at a time as a call may, none of the next page, and says how many", () => {
      expect(value(write(5n, BigInt(IPA + 0x2001)))).toBe(5n);
      expect(value(write(1000n, BigInt(IPA + 0x2006)))).toBe(BigInt(abi.CONSOLE_WRITE_MAX));
      expect(value(write(100n, BigInt(IPA + 0x2ffe)))).toBe(2n);
      expect(value(write(0n, BigInt(IPA)))).toBe(0n);
      value(guest(0).ecall(DBCN, WRITE_BYTE, 0x21n));
      expect(printed()).toBe(`${TEXT.slice(0, 5 + abi.CONSOLE_WRITE_MAX)}\0\0!`);
    });

    test.each<[string, bigint, bigint]>([
      ["behind its memory", BigInt(IPA + MEMORY_BYTES), 0n], ["before it", BigInt(IPA - 1), 0n],
      ["at the hypervisor's", 0n, 0n], ["at an address of more than 64 bits", BigInt(IPA), 1n], ["at the last one", ALL, 0n],
    ])("nothing that lies %s", (__, address, high) => {
      expect(result(write(8n, address, high))).toBe(INVALID_PARAM);
      expect(printed()).toBe("");
    });
  });

  describe("reads from the debug console", () => {
    const TYPED = "typed by somebody, more of it than one call gives: the rest";
    beforeEach(() => {
      machine.memory.writeBytes(MEMORY + 0x2000, new Uint8Array(PAGE).fill(0x23));
      for (const [partition, text] of [TYPED, "theirs"].entries()) {
        let frame = encodeFrame({ kind: abi.FRAME_CONSOLE, partition, payload: new TextEncoder().encode(text) });
        while (frame.length > 0) { // as many as the UART's FIFO takes
          frame = frame.subarray(machine.uart.type(frame));
          machine.elapse(MILLISECOND);
        }
      }
      for (let n = 0; n < 2; n++) machine.elapse(MILLISECOND);
    });
    const read = (count: bigint, address: bigint, high = 0n) => guest(0).ecall(DBCN, READ, count, address, high);
    const memory = (from: number, bytes: number): string =>
      new TextDecoder().decode(machine.memory.readBytes(MEMORY + from, bytes));

    test("what was typed, once, as many bytes as were asked for, as a call gives, and as the page has", () => {
      expect(value(read(5n, BigInt(IPA + 0x2001)))).toBe(5n);
      expect(memory(0x2000, 7)).toBe("#typed#");
      expect(value(read(3n, BigInt(IPA + 0x2ffe)))).toBe(2n);
      expect(memory(0x2ffd, 4)).toBe("# b\0");
      expect(value(read(1000n, BigInt(IPA + 0x2100)))).toBe(BigInt(abi.CONSOLE_WRITE_MAX));
      expect(memory(0x2100, abi.CONSOLE_WRITE_MAX)).toBe(TYPED.slice(7, 7 + abi.CONSOLE_WRITE_MAX));
      expect(value(read(1000n, BigInt(IPA + 0x2200)))).toBe(BigInt(TYPED.length - 7 - abi.CONSOLE_WRITE_MAX));
      expect([value(read(8n, BigInt(IPA + 0x2300))), value(read(0n, BigInt(IPA)))]).toEqual([0n, 0n]);
      expect(memory(0x2300, 1)).toBe("#");
    });

    test.each<[string, bigint, bigint]>([
      ["behind its memory", BigInt(IPA + MEMORY_BYTES), 0n], ["before it", BigInt(IPA - 1), 0n],
      ["at the hypervisor's", 0n, 0n], ["at an address of more than 64 bits", BigInt(IPA), 1n], ["at the last one", ALL, 0n],
    ])("are stored nowhere %s", (__, address, high) => {
      expect(result(read(8n, address, high))).toBe(INVALID_PARAM);
      expect(value(read(5n, BigInt(IPA + 0x2000)))).toBe(5n); // nothing of it is lost
    });
  });
});
