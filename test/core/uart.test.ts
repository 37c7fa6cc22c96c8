// The hypervisor's UART (core/devices), of whichever kind the board has one: text, frames and commands go through it alike.
import { describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { numbered } from "../../industrial/link/commands.ts";
import { encodeFrame } from "../../industrial/link/frame.ts";
import { planUart } from "../../partitions/plan/uart.ts";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import { machineFor } from "../../tools/machine/aarch64/core.ts";
import { makeSystem, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Cadence } from "../../tools/machine/cadence.ts";
import { Imx } from "../../tools/machine/imx.ts";
import type { UartFacts } from "../../tools/machine/uart.ts";
import { Uart16550 } from "../../tools/machine/uart16550.ts";
import { Bench } from "./bench.ts";

const [IER, LCR, IBRD, FBRD, LCR_H, CR] = [1, 3, 0x24, 0x28, 0x2c, 0x30];
const [UCR1, UCR2, UCR3, UCR4, UFCR, UBIR, UBMR] = [0x80, 0x84, 0x88, 0x8c, 0x90, 0xa4, 0xa8];
const LEFT: UartFacts = { kind: "pl011", shift: 0, wide: false, divisor: 0 };
const KINDS: readonly (readonly [string, UartFacts])[] = [
  ["PL011", LEFT],
  ["16550, registers of 8 bits", { ...LEFT, kind: "ns16550" }],
  ["16550, registers of 8 bits, 4 bytes apart", { ...LEFT, kind: "ns16550", shift: 2 }],
  ["DW_apb_uart, registers of 32 bits", { ...LEFT, kind: "ns16550", shift: 2, wide: true }],
  ["Cadence", { ...LEFT, kind: "cadence" }],
  ["i.MX", { ...LEFT, kind: "imx" }],
];
const ZEROS = "0x0000000000000000";
const PANIC = [
  `axv: PANIC in the hypervisor on pCPU ${ZEROS}`, `axv:   ESR_EL2 ${ZEROS} ELR_EL2 ${ZEROS} FAR_EL2 ${ZEROS}`,
  "axv:   its partition stops; the others go on", "",
].join("\r\n");
/** Ticks after which the FIFO of a 16550 is not known to be full: a frame has ended in the middle of it. */
const WITH_ROOM_LEFT = [1, 147, 148, 149, 150, 151, 152, 153];
const on = (uartFacts: UartFacts): Bench => new Bench({ ...STANDARD, board: { ...qemuVirt, uartFacts } });

describe.each(KINDS)("%s", (_, uart) => {
  test("says where the image is, and what is wrong with a blob", () => {
    const bench = on(uart);
    bench.pass(1);
    expect(bench.text).toBe("axv: image at 0x0000000040200000\r\n");
    const machine = machineFor({ ...bench.system, blob: new Uint8Array() });
    machine.boot();
    machine.uart.drain();
    expect(Buffer.from(machine.uart.sent).toString()).toContain("axv: no system blob behind the core");
  });

  test("frames leave, and commands come", () => {
    const bench = on(uart);
    bench.pass(200);
    expect(bench.partition(1).state).toBe("running");
    expect(bench.command(1, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
    expect(bench.guest(3).running).toBe(false);
    expect(bench.command(1, abi.COMMAND_RESUME)).toBe(abi.REPLY_OK);
  });

  test("a command that comes a byte at a time is heard: what has not come is not read", () => {
    const bench = on(uart);
    const command = encodeFrame({ kind: abi.FRAME_COMMAND, partition: 1, payload: numbered(abi.COMMAND_PAUSE, 1) });
    for (const byte of command) {
      expect(bench.guest(3).running).toBe(true);
      bench.send(Uint8Array.of(byte));
      bench.pass(2);
    }
    expect(bench.guest(3).running).toBe(false);
  });

  test("waits for a wire that takes nothing, and goes on where it was", () => {
    const bench = on(uart);
    bench.machine.uart.stalled = true;
    bench.pass(50);
    bench.machine.uart.stalled = false;
    bench.pass(200);
    expect(bench.partition(1).state).toBe("running");
  });

  test("a panic's text comes whole behind whatever has been sent, and never faster than the FIFO has room", () => {
    for (const ticks of WITH_ROOM_LEFT) {
      const bench = on(uart);
      bench.pass(ticks);
      bench.machine.panic(bench.machine.pcpu(0));
      bench.machine.uart.drain();
      expect(Buffer.from(bench.machine.uart.sent).toString("latin1")).toContain(PANIC);
    }
  });

  test("a blob that says another one is refused", () => {
    const system = makeSystem({ ...STANDARD, board: { ...qemuVirt, uartFacts: uart } });
    const [at, setup] = system.uart;
    const machine = machineFor({ ...system, uart: [at, setup + (1n << 32n)] });
    machine.boot();
    expect(machine.pcpu(0).phase).toBe("halted");
  });
});

describe("a baud rate", () => {
  const RATE = 115_200;
  const facts = (kind: UartFacts["kind"], clock: number, baud?: number): UartFacts =>
    planUart({ kind, reg: 0x0900_0000, clock_hz: clock, baud, reg_shift: kind === "ns16550" ? 2 : 0, reg_width: 4 });

  test("PL011, 24 MHz: 13 + 1/64 (DDI 0183, 3.3.6), 8N1 with FIFOs, on", () => {
    const { uart } = on({ ...facts("pl011", 24_000_000, RATE), wide: false }).machine;
    expect([IBRD, FBRD, LCR_H, CR].map((at) => uart.read(at))).toEqual([13, 1, 0x70, 0x301]);
  });

  test("16550, 24 MHz: 13, 8N1, no interrupt", () => {
    const { uart } = on(facts("ns16550", 24_000_000, RATE)).machine;
    if (!(uart instanceof Uart16550)) throw new TypeError("another UART");
    expect([uart.divisor, uart.read(LCR << 2), uart.read(IER << 2)]).toEqual([13, 3, 0]);
  });

  test("Cadence, 100 MHz: the nearest pair; no interrupt", () => {
    const { uart } = on({ ...facts("cadence", 100_000_000, RATE), wide: false }).machine;
    if (!(uart instanceof Cadence)) throw new TypeError("another UART");
    const [bdiv, brgr] = uart.divisor;
    expect(Math.abs(100_000_000 / (brgr * (bdiv + 1)) / RATE - 1)).toBeLessThan(0.001);
    expect(uart.mask).toBe(0);
  });

  test("i.MX, 24 MHz: 208.3, 8N1, on; no interrupt", () => {
    const { uart } = on({ ...facts("imx", 24_000_000, RATE), wide: false }).machine;
    if (!(uart instanceof Imx)) throw new TypeError("another UART");
    const registers = [UCR1, UCR2, UCR3, UCR4, UFCR, UBIR, UBMR].map((at) => uart.settings.get(at));
    expect(registers).toEqual([1, 0x4027, 4, 0x8000, 0xa81, 15, 207]);
  });

  test("of a 16550 whose latch firmware has left open stays: the latch is closed", () => {
    const machine = machineFor(makeSystem({ ...STANDARD, board: { ...qemuVirt, uartFacts: { ...LEFT, kind: "ns16550" } } }));
    machine.uart.write(LCR, 0x83);
    machine.uart.write(0, 26);
    machine.boot();
    machine.uart.drain();
    expect(machine.uart).toMatchObject({ divisor: 26 });
    expect([machine.uart.read(LCR), Buffer.from(machine.uart.sent).subarray(0, 4).toString()]).toEqual([3, "axv:"]);
  });

  test("that nobody asks for is firmware's", () => {
    expect(facts("cadence", 100_000_000).divisor).toBe(0);
    const { uart } = on({ ...facts("cadence", 100_000_000), wide: false }).machine;
    expect(uart).toMatchObject({ divisor: [0xf, 0x28b] });
  });
});
