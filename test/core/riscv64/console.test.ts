// The emulated 16550 (PC16550D data sheet; core/devices/vns16550.ts), as a guest of RISC-V sees it, and its way through the one
// UART of the board.
import { beforeEach, expect, test } from "vitest";
import * as abi from "../../../core/abi.ts";
import { Demultiplexer } from "../../../industrial/link/demultiplexer.ts";
import { encodeFrame } from "../../../industrial/link/frame.ts";
import { qemuVirt } from "../../../tools/machine/riscv64/board.ts";
import { machineFor } from "../../../tools/machine/riscv64/core.ts";
import { Guest } from "../../../tools/machine/riscv64/guest.ts";
import type { Riscv64Machine } from "../../../tools/machine/riscv64/machine.ts";
import { FIRST, GUEST_APLIC, GUEST_UART, makeSystem, SECOND, STANDARD } from "../../../tools/machine/riscv64/system.ts";
import { edge } from "../../../tools/machine/system.ts";
import { value } from "../value.ts";

const [DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR] = [0, 1, 2, 3, 4, 5, 6, 7];
const [RECEIVED, EMPTIED] = [1n, 2n];
const [IIR_NONE, IIR_EMPTIED, IIR_RECEIVED, FIFOS] = [1n, 2n, 4n, 0xc0n];
const [READY, EMPTY] = [1n, 0x60n];
const DLAB = 0x80n;
const LOOP = 0x10n;
const LINE = 64;
const MILLISECOND = 1_000_000;

let machine: Riscv64Machine;
let guest: Guest;
beforeEach(() => {
  const first = { ...FIRST, direct: true, interrupts: [edge(LINE)], consoleInterrupt: LINE };
  machine = machineFor(qemuVirt, makeSystem({ ...STANDARD, partitions: [first, SECOND] }));
  machine.boot();
  guest = new Guest(machine, 0);
  guest.openInterrupts();
  const aplic = (offset: number, data: bigint) => value(guest.store(GUEST_APLIC + offset, 4, data));
  aplic(4 * LINE, 4n);
  aplic(0x3000 + 4 * LINE, BigInt(LINE));
  aplic(0x1edc, BigInt(LINE));
  aplic(0, 0x100n);
});
const read = (offset: number, bytes = 1): bigint => value(guest.load(GUEST_UART + offset, bytes));
const write = (offset: number, data: bigint, bytes = 1): bigint => value(guest.store(GUEST_UART + offset, bytes, data));
const pass = (milliseconds: number): void => {
  for (let n = 0; n < milliseconds; n++) machine.elapse(MILLISECOND);
};
const type = (text: string): void => {
  machine.uart.type(encodeFrame({ kind: abi.FRAME_CONSOLE, partition: 0, payload: new TextEncoder().encode(text) }));
  while (machine.uart.unread > 0) pass(1);
  pass(2);
};
function printed(): string {
  let text = "";
  const demultiplexer = new Demultiplexer((item) => {
    if ("frame" in item && item.frame.kind === abi.FRAME_CONSOLE) text += new TextDecoder().decode(item.frame.payload);
  });
  demultiplexer.push(Uint8Array.from(machine.uart.sent));
  return text;
}

test("at reset nothing is enabled, THR is empty, somebody is there", () => {
  expect([IER, IIR, LCR, MCR, LSR, MSR, SCR].map((offset) => read(offset))).toEqual([0n, IIR_NONE, 0n, 0n, EMPTY, 0xb0n, 0n]);
});

test("registers hold what was written, as far as there are bits; the divisor stands behind DLAB", () => {
  write(IER, 0xffn);
  write(MCR, 0xffn);
  write(SCR, 0x5an);
  write(LCR, DLAB | 3n);
  write(DATA, 0x34n);
  write(IER, 0x12n);
  expect([DATA, IER].map((offset) => read(offset))).toEqual([0x34n, 0x12n]);
  write(LCR, 3n);
  expect([IER, LCR, MCR, SCR].map((offset) => read(offset))).toEqual([0xfn, 3n, 0x1fn, 0x5an]);
  expect(read(8)).toBe(0n);
});

test("with FIFOs on IIR says so", () => {
  write(IIR, 1n);
  expect(read(IIR)).toBe(FIFOS | IIR_NONE);
});

test("what is sent is printed; nothing of the divisor is, nor with loopback", () => {
  for (const byte of new TextEncoder().encode("hi")) write(DATA, BigInt(byte));
  write(LCR, DLAB);
  write(DATA, 0x58n);
  write(LCR, 0n);
  write(MCR, LOOP);
  write(DATA, 0x59n);
  pass(5);
  expect(printed()).toBe("hi");
});

test("with loopback the modem's lines are what MCR says", () => {
  for (const [mcr, msr] of [[1n, 0x20n], [2n, 0x10n], [4n, 0x40n], [8n, 0x80n], [0xfn, 0xf0n]] as const) {
    write(MCR, LOOP | mcr);
    expect(read(MSR)).toBe(msr);
  }
});

test("who waits for an empty THR is told at once, once, and after each byte", () => {
  write(IER, EMPTIED);
  expect([guest.take(), guest.take()]).toEqual([LINE, undefined]);
  expect([read(IIR), read(IIR)]).toEqual([IIR_EMPTIED, IIR_NONE]);
  write(DATA, 0x41n);
  expect([guest.take(), read(IIR), read(IIR)]).toEqual([LINE, IIR_EMPTIED, IIR_NONE]);
});

test("what is typed comes by its interrupt, and in order", () => {
  write(IER, RECEIVED);
  type("ab");
  expect(guest.take()).toBe(LINE);
  expect([read(IIR), read(LSR)]).toEqual([IIR_RECEIVED, EMPTY | READY]);
  expect([read(DATA), read(DATA)]).toEqual([0x61n, 0x62n]);
  expect([read(IIR), read(LSR), read(DATA)]).toEqual([IIR_NONE, EMPTY, 0n]);
});

test("a full ring holds the guest off, and it is told when there is room", () => {
  machine.uart.stalled = true;
  write(IER, EMPTIED);
  for (let n = 0; (read(LSR) & EMPTY) !== 0n; n++) {
    expect(n).toBeLessThan(10_000);
    write(DATA, 0x2en);
  }
  while (guest.take() !== undefined);
  read(IIR);
  expect(read(IIR)).toBe(IIR_NONE);
  machine.uart.stalled = false;
  for (let n = 0; n < 200 && !guest.interruptPending; n++) pass(1);
  expect([guest.take(), read(IIR)]).toEqual([LINE, IIR_EMPTIED]);
  expect(read(LSR)).toBe(EMPTY);
});

test("wider loads see no more than a register, and what is misaligned is an access fault", () => {
  write(SCR, 0x77n);
  write(4, 0xffff_ff03n, 4);
  expect([read(MCR, 4), read(SCR)]).toEqual([3n, 0x77n]);
  expect(guest.load(GUEST_UART + 1, 4)).toMatchObject({ kind: "exception", esr: 5n });
});
