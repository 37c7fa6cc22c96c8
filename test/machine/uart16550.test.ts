// The 16550 of the simulated machine.
import { expect, test } from "vitest";
import { FIFO_BYTES, Uart16550 } from "../../tools/machine/uart16550.ts";

const [DATA, IER, IIR, LCR, LSR] = [0, 1, 2, 3, 5];
const READY = 1;
const EMPTY = 0x20;

test("sends what is written, a byte for each look at LSR", () => {
  const uart = new Uart16550();
  for (const byte of [0x41, 0x42]) uart.write(DATA, byte);
  expect(uart.sent).toEqual([]);
  expect(uart.read(LSR) & EMPTY).toBe(0);
  expect(uart.read(LSR) & EMPTY).toBe(0);
  expect(uart.read(LSR) & EMPTY).toBe(EMPTY);
  expect(uart.sent).toEqual([0x41, 0x42]);
});

test("a wire that takes nothing fills the FIFO, and a byte too many is an error", () => {
  const uart = new Uart16550();
  uart.stalled = true;
  for (let n = 0; n < FIFO_BYTES; n++) uart.write(DATA, n);
  expect(uart.read(LSR) & EMPTY).toBe(0);
  expect(() => uart.write(DATA, 0)).toThrow("MACHINE_BUS");
  uart.drain();
  expect(uart.sent).toEqual([]);
  uart.stalled = false;
  uart.drain();
  expect(uart.sent.length).toBe(FIFO_BYTES);
});

test("what is typed waits, as far as there is room, and interrupts while IER says so", () => {
  const uart = new Uart16550();
  expect(uart.type(new Uint8Array(FIFO_BYTES + 3).fill(7))).toBe(FIFO_BYTES);
  expect([uart.interrupt, uart.read(LSR) & READY]).toEqual([false, READY]);
  uart.write(IER, 1);
  expect([uart.interrupt, uart.read(IIR) & 0xf]).toEqual([true, 4]);
  for (let n = 0; n < FIFO_BYTES; n++) expect(uart.read(DATA)).toBe(7);
  expect([uart.interrupt, uart.unread, uart.read(LSR) & READY]).toEqual([false, 0, 0]);
});

test("with DLAB the divisor is where the data is, and nothing is sent", () => {
  const uart = new Uart16550();
  uart.write(LCR, 0x80);
  uart.write(DATA, 0x34);
  uart.write(IER, 0x12);
  expect([uart.read(DATA), uart.read(IER)]).toEqual([0x34, 0x12]);
  uart.write(LCR, 3);
  uart.drain();
  expect([uart.sent, uart.read(IER)]).toEqual([[], 0]);
});

test("there is nothing behind its eight registers", () => {
  expect(() => new Uart16550().read(8)).toThrow("MACHINE_BUS");
  expect(() => new Uart16550().write(8, 0)).toThrow("MACHINE_BUS");
});
