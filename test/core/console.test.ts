// The emulated PL011 (Arm DDI 0183; core/devices/vpl011.ts) and its way through the one UART of the board.
import { beforeEach, describe, expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import { cobsEncode } from "../../industrial/link/cobs.ts";
import { numbered } from "../../industrial/link/commands.ts";
import { crc32 } from "../../industrial/link/crc32.ts";
import { encodeFrame } from "../../industrial/link/frame.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { GUEST_UART, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench, value } from "./bench.ts";
import { CPU_ON_64, SYSTEM_OFF, SYSTEM_RESET } from "./functions.ts";

const DR = 0x00;
const FR = 0x18;
const LCR_H = 0x2c;
const CR = 0x30;
const IFLS = 0x34;
const IMSC = 0x38;
const RIS = 0x3c;
const MIS = 0x40;
const ICR = 0x44;
const FR_RXFE = 0x10n;
const FR_TXFF = 0x20n;
const FR_TXFE = 0x80n;
const RX = 0x10n;
const TX = 0x20n;
const RT = 0x40n;
const CONSOLE_SPI = 232;

let bench: Bench;
let guest: Guest;
beforeEach(() => {
  bench = new Bench();
  guest = bench.openInterrupts(0);
  bench.enable(0, CONSOLE_SPI);
});

const read = (offset: number, bytes = 4, from = guest): bigint => value(from.load(GUEST_UART + offset, bytes));
const write = (offset: number, data: bigint, bytes = 4, from = guest): bigint =>
  value(from.store(GUEST_UART + offset, bytes, data));
const print = (text: string, from = guest): void => {
  for (const byte of new TextEncoder().encode(text)) write(DR, BigInt(byte), 1, from);
};

describe("transmitting", () => {
  test("of two vCPUs that look at the ring at the same time both may write, though there is room for one", () => {
    const WRITE = 48;
    bench.guest(0).hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    bench.machine.uart.stalled = true;
    const other = bench.guest(1);
    const full = (from: Guest): number => {
      let written = 0;
      for (let n = 0; n < 300; n++) written += Number(value(from.hvc(calls.HYPERCALL_CONSOLE_WRITE, WRITE, 0x20n)));
      return written;
    };
    let last = "";
    let others = 0;
    bench.machine.onIntrinsic = (name, { index }) => {
      // It has seen an empty ring, and has nothing in it yet.
      if (index !== 0 || name !== "atomicAdd32" || others > 0) return;
      last = name;
      others = full(other);
    };
    expect([Number(value(guest.hvc(calls.HYPERCALL_CONSOLE_WRITE, WRITE, 0x20n))), last]).toEqual([WRITE, "atomicAdd32"]);
    expect([full(guest), full(other)]).toEqual([0, 0]);
  });

  test("bytes come out as console frames of the partition, in order, by accesses of any width", () => {
    print("hello ");
    write(DR, 0x77n, 2);
    write(DR, 0xffff_ff00n | 0x21n, 4);
    print("other", bench.guest(3));
    expect(bench.console(0)).toBe("hello w!");
    expect(bench.console(1)).toBe("other");
  });

  test("one byte is a frame, too", () => {
    for (const text of ["a", "b"]) {
      print(text);
      bench.pass(10);
    }
    expect(bench.console(0)).toBe("ab");
  });

  test("UARTFR: empty and ready, both ways, at first", () => expect(read(FR)).toBe(FR_TXFE | FR_RXFE));

  test("a full ring shows in UARTFR.TXFF, bytes written all the same are counted, and TX rings when there is room", () => {
    bench.machine.uart.stalled = true;
    write(IMSC, TX);
    let printed = 0;
    while ((read(FR) & FR_TXFF) === 0n) {
      write(DR, 0x61n + BigInt(printed % 26));
      printed++;
    }
    write(DR, 0x21n);
    write(ICR, TX);
    bench.machine.settle();
    while (guest.interruptPending) guest.endOfInterrupt(guest.acknowledge());
    bench.machine.settle();
    expect(guest.interruptPending).toBe(false);
    expect(read(FR) & FR_TXFF).toBe(FR_TXFF);
    bench.machine.uart.stalled = false;
    bench.pass(50);
    expect(guest.interruptPending).toBe(true);
    expect(read(RIS) & TX).toBe(TX);
    expect(read(FR)).toBe(FR_TXFE | FR_RXFE);
    bench.pass(800);
    expect(bench.console(0).length).toBe(printed);
    expect(bench.partition(0).consoleDropped).toBe(1);
  });

  // As Linux' amba-pl011 does: TX says that at least half of the FIFO has room (DDI 0183 §2.8.2, UARTIFLS at its reset value).
  test.each([0, 3, 15, 16, 100])(
    "a driver that writes half a FIFO for each TX interrupt, and does not look at UARTFR, loses nothing: " +
      "the ring has room for %i bytes when it begins",
    (room) => {
      const HALF_FIFO = 16;
      const RING = 7680;
      const text = Array.from({ length: 12_000 }, (_, n) => String.fromCharCode(33 + (n % 90))).join("");
      let printed = 0;
      const next = (): boolean => {
        if (printed === text.length) return false;
        write(DR, BigInt(text.charCodeAt(printed++)));
        return true;
      };
      bench.machine.uart.stalled = true;
      for (let n = 0; n < RING - room; n++) next();
      if (room === 0) expect(read(FR) & FR_TXFF).toBe(FR_TXFF);
      write(IMSC, TX);
      for (let tick = 0; printed < text.length && tick < 4000; tick++) {
        bench.machine.uart.stalled = tick % 20 !== 0;
        bench.pass(1);
        for (let pass = 0; guest.interruptPending && pass < 100; pass++) {
          const intid = guest.acknowledge();
          for (let loop = 0; (read(MIS) & TX) !== 0n && loop < 256; loop++) {
            for (let n = 0; n < HALF_FIFO; n++) if (!next()) write(IMSC, 0n);
          }
          guest.endOfInterrupt(intid);
          bench.machine.settle();
        }
      }
      bench.machine.uart.stalled = false;
      bench.pass(1000);
      expect(bench.console(0)).toBe(text);
      expect(bench.partition(0).consoleDropped).toBe(0);
    },
  );

  test("a chatty partition does not keep the other's output, telemetry or events from leaving", () => {
    for (let n = 0; n < 60; n++) {
      print("spam ".repeat(10));
      bench.pass(1);
    }
    print("I am here", bench.guest(3));
    expect(bench.console(1)).toBe("I am here");
    expect(bench.partition(1).state).toBe("running");
  });
});

describe("receiving", () => {
  test("typed bytes arrive in order; UARTFR.RXFE says when there are no more; reading then gives 0", () => {
    bench.type(0, "ls -l\n");
    expect(read(FR) & FR_RXFE).toBe(0n);
    let line = "";
    while ((read(FR) & FR_RXFE) === 0n) line += String.fromCharCode(Number(read(DR)));
    expect(line).toBe("ls -l\n");
    expect(read(DR)).toBe(0n);
    expect(read(FR, 4, bench.guest(3)) & FR_RXFE).toBe(FR_RXFE);
  });

  test("each partition reads what was typed for it, in order, however often its ring has gone round", () => {
    const guests = [guest, bench.guest(3)];
    const typed = (partition: number, round: number): string =>
      Array.from({ length: 100 }, (_, n) => String.fromCharCode(33 + ((7 * n + 11 * round + 50 * partition) % 90))).join("");
    for (let round = 0; round < 6; round++) {
      for (const partition of guests.keys()) bench.type(partition, typed(partition, round));
      for (const [partition, from] of guests.entries()) {
        let got = "";
        while ((read(FR, 4, from) & FR_RXFE) === 0n) got += String.fromCharCode(Number(read(DR, 4, from)));
        expect(got).toBe(typed(partition, round));
      }
    }
  });

  test("RX and RT that the guest has cleared are not raised by a write of UARTCR, nor by a frame of another kind", () => {
    bench.type(0, "ab");
    write(ICR, RX | RT);
    for (const cr of [0x300n, 0x301n, 0x701n, 0x301n]) write(CR, cr);
    for (const partition of [0, 1, 2, 0xff]) {
      bench.send(encodeFrame({ kind: abi.FRAME_EVENT, partition, payload: Uint8Array.of(1, 2) }));
      bench.send(encodeFrame({ kind: abi.FRAME_COMMAND, partition, payload: Uint8Array.of(1) }));
    }
    bench.command(0xff, abi.COMMAND_STOP);
    expect(read(RIS) & (RX | RT)).toBe(0n);
    expect(read(RIS, 4, bench.guest(3)) & (RX | RT)).toBe(0n);
  });

  test("RX and RT are raised, ring if unmasked, and go away when all is read", () => {
    write(IMSC, RX | RT);
    bench.type(0, "ab");
    expect(guest.acknowledge()).toBe(CONSOLE_SPI);
    expect(read(MIS)).toBe(RX | RT);
    read(DR);
    expect(read(RIS) & (RX | RT)).toBe(RX | RT);
    read(DR);
    expect(read(RIS) & (RX | RT)).toBe(0n);
    guest.endOfInterrupt(CONSOLE_SPI);
    bench.machine.settle();
    expect(guest.interruptPending).toBe(false);
  });

  test("masked they do not ring; unmasked later they do", () => {
    bench.type(0, "x");
    expect(guest.interruptPending).toBe(false);
    expect([read(RIS) & RX, read(MIS)]).toEqual([RX, 0n]);
    write(IMSC, RX);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(CONSOLE_SPI);
  });

  test("unmasking one condition rings for that one only: not while another one is, nor for a mask as it was", () => {
    bench.type(0, "x");
    write(IMSC, TX);
    bench.machine.settle();
    expect([read(RIS) & (RX | TX), guest.interruptPending]).toEqual([RX, false]);
    write(IMSC, 0n);
    bench.machine.settle();
    expect(guest.interruptPending).toBe(false);
  });

  test("bytes typed after UARTICR was written ring again, though the earlier ones have not been read", () => {
    write(IMSC, RX);
    bench.type(0, "x");
    guest.acknowledge();
    write(ICR, RX | RT);
    guest.endOfInterrupt(CONSOLE_SPI);
    bench.machine.settle();
    expect(guest.interruptPending).toBe(false);
    bench.type(0, "y");
    expect(guest.acknowledge()).toBe(CONSOLE_SPI);
  });

  test("more than the input ring holds is dropped, not wrapped", () => {
    const text = Array.from({ length: 400 }, (_, n) => String.fromCharCode(33 + (n % 90))).join("");
    bench.type(0, text);
    let got = "";
    while ((read(FR) & FR_RXFE) === 0n) got += String.fromCharCode(Number(read(DR)));
    expect(got).toBe(text.slice(0, 256));
  });

  test("for a partition that is off: it is gone when the partition starts", () => {
    guest.hvc(SYSTEM_OFF);
    bench.type(0, "old");
    bench.command(0, abi.COMMAND_START);
    expect(read(FR) & FR_RXFE).toBe(FR_RXFE);
  });

  test("for a partition that does not exist, or has no console: nothing happens", () => {
    const one = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, consoleInterrupt: 0 }] });
    one.type(1, "x");
    one.type(5, "x");
    one.type(0xff, "x");
    expect(one.guest(3).load(GUEST_UART + FR, 4).kind).not.toBe("done");
    expect(one.partition(0).state).toBe("running");
  });
});

describe("registers", () => {
  test("keep what is written, and have the PL011's reset values", () => {
    expect([CR, IFLS, LCR_H, IMSC, 0x24, 0x28].map((offset) => read(offset))).toEqual([0x300n, 0x12n, 0n, 0n, 0n, 0n]);
    for (const [offset, data] of [
      [CR, 0xb01n],
      [IFLS, 0x24n],
      [LCR_H, 0x70n],
      [IMSC, 0x7ffn],
      [0x24, 0xd00n],
      [0x28, 0x3fn],
    ] as const) {
      write(offset, data);
      expect(read(offset), `offset ${offset}`).toBe(data);
    }
  });

  test("PrimeCell identification is that of a PL011 (UARTPeriphID0…3, UARTPCellID0…3), also in halfwords and bytes", () => {
    const ids = Array.from({ length: 8 }, (_, n) => read(0xfe0 + 4 * n, n % 2 === 0 ? 4 : 2));
    expect(ids).toEqual([0x11n, 0x10n, 0x34n, 0x00n, 0x0dn, 0xf0n, 0x05n, 0xb1n]);
  });

  test("no offset, width or value does any harm", () => {
    for (const bytes of [1, 2, 4, 8]) {
      for (let offset = 0; offset < 0x1000; offset += 1) {
        if (offset === DR) continue;
        write(offset, 0xffff_ffff_ffff_ffffn, bytes);
        read(offset, bytes);
      }
    }
    expect(bench.guest(3).running).toBe(true);
  });

  test("are as after a reset when the partition starts anew", () => {
    write(IMSC, RX);
    write(CR, 1n);
    guest.hvc(SYSTEM_RESET);
    bench.machine.settle();
    expect([read(IMSC), read(CR), read(RIS)]).toEqual([0n, 0x300n, 0n]);
  });
});

describe("the frame decoder of the board", () => {
  const command = encodeFrame({ kind: abi.FRAME_COMMAND, partition: 1, payload: numbered(abi.COMMAND_STOP, 7) });

  test("takes nothing that is damaged: any byte altered", () => {
    for (let at = 1; at < command.length - 1; at++) {
      const damaged = command.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      bench.send(damaged);
      expect(bench.guest(3).running, `byte ${at}`).toBe(true);
    }
    bench.send(command);
    expect(bench.guest(3).running).toBe(false);
  });

  test("takes no frame without a payload: nothing rings for it", () => {
    write(IMSC, RX);
    bench.type(0, "");
    bench.pass(2);
    expect([read(RIS) & RX, guest.interruptPending]).toEqual([0n, false]);
    bench.type(0, "x");
    expect(guest.interruptPending).toBe(true);
  });

  test("survives noise, text, and frames that never end; the next whole frame is taken", () => {
    bench.send(Uint8Array.from({ length: 2000 }, (_, n) => (n * 31 + 7) & 0xff));
    bench.send(new Uint8Array(1000).fill(0xff));
    bench.send(new TextEncoder().encode("plain text\r\n"));
    expect(bench.command(1, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    expect(bench.guest(3).running).toBe(false);
  });

  test("takes frames with the longest payload, and none that is longer by a byte, right as its checksum is", () => {
    const text = "m".repeat(abi.FRAME_PAYLOAD_MAX);
    const frame = [abi.FRAME_CONSOLE, 0, 0, ...Buffer.from(`${text}m`)];
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(crc32(Uint8Array.from(frame)));
    bench.send(Uint8Array.from([0, ...cobsEncode(Uint8Array.from([...frame, ...sum])), 0]));
    bench.pass(5);
    expect(read(FR) & FR_RXFE).toBe(FR_RXFE);
    bench.type(0, text);
    let got = "";
    while ((read(FR) & FR_RXFE) === 0n) got += String.fromCharCode(Number(read(DR)));
    expect(got).toBe(text.slice(0, 256));
  });
});

test("all ones written everywhere: each register keeps the bits that it has (DDI 0183 §3.3), the rest reads 0", () => {
  const WIDTHS: Readonly<Record<number, bigint>> = {
    0x24: 0xffffn,
    0x28: 0x3fn,
    [LCR_H]: 0xffn,
    [CR]: 0xff7fn,
    [IFLS]: 0x3fn,
    [IMSC]: 0x7ffn,
  };
  const IDS = [0x11n, 0x10n, 0x34n, 0n, 0x0dn, 0xf0n, 0x05n, 0xb1n];
  const FIRST_ID = 0xfe0;
  // But for bytes to send, loopback (which changes what FR and RIS say), and clearing interrupts.
  const offsets = Array.from({ length: 0x1000 / 4 }, (_, n) => 4 * n);
  for (const offset of offsets) if (offset !== DR && offset !== ICR) write(offset, offset === CR ? 0xffff_ff7fn : 0xffff_ffffn);
  const wanted = (offset: number): bigint =>
    WIDTHS[offset] ?? (offset >= FIRST_ID ? (IDS[(offset - FIRST_ID) / 4] ?? 0n) : offset === FR ? FR_RXFE | FR_TXFE : 0n);
  expect(offsets.map((offset) => [offset, read(offset)])).toEqual(offsets.map((offset) => [offset, wanted(offset)]));
  bench.type(0, "x");
  expect([read(RIS), read(MIS)], "RX and RT, and both are unmasked").toEqual([RX | RT, RX | RT]);
  write(IMSC, RT);
  expect([read(RIS), read(MIS)]).toEqual([RX | RT, RT]);
  write(ICR, RX);
  expect(read(RIS)).toBe(RT);
  for (const offset of [FR, RIS, MIS]) write(offset, 0n);
  expect([read(RIS), read(MIS)]).toEqual([RT, RT]);
});

describe("loopback (UARTCR.LBE)", () => {
  const ON = 0x381n; // UARTEN, LBE, TXE, RXE
  const FEN = 0x10n;
  const OE = 0x400n;
  const FIFO = 32;

  test("what is written comes back in UARTDR, in order, and goes out too", () => {
    write(LCR_H, FEN);
    write(CR, ON);
    expect(read(FR)).toBe(FR_TXFE | FR_RXFE);
    print("echo");
    expect(read(FR)).toBe(FR_TXFE);
    expect([0, 1, 2, 3].map(() => String.fromCharCode(Number(read(DR)))).join("")).toBe("echo");
    expect(read(FR)).toBe(FR_TXFE | FR_RXFE);
    expect(read(DR)).toBe(0n);
    expect(bench.console(0)).toBe("echo");
  });

  test("rings, if RX is unmasked, and UARTRIS has RX and RT until it is read", () => {
    write(CR, ON);
    write(IMSC, RX);
    print("x");
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(CONSOLE_SPI);
    expect(read(MIS)).toBe(RX);
    expect(read(RIS)).toBe(RX | RT | TX);
    expect(read(DR)).toBe(0x78n);
    expect(read(RIS)).toBe(TX);
  });

  test.each([
    ["off", 0n, 1],
    ["on", FEN, FIFO],
  ] as const)("FIFO %s: what does not fit is lost, and said (OE)", (_, lcrh, room) => {
    write(LCR_H, lcrh);
    write(CR, ON);
    for (let n = 0; n < room; n++) write(DR, BigInt(n));
    expect(read(RIS) & OE).toBe(0n);
    write(DR, 0xffn);
    expect(read(RIS) & OE).toBe(OE);
    write(ICR, OE);
    expect(read(RIS) & OE).toBe(0n);
    expect(Array.from({ length: room }, () => Number(read(DR)))).toEqual(Array.from({ length: room }, (_value, n) => n));
    expect(read(FR) & FR_RXFE).toBe(FR_RXFE);
  });

  test.each([["UARTEN", 0x380n], ["TXE", 0x281n], ["RXE", 0x181n], ["LBE", 0x301n]])("needs %s", (_, cr) => {
    write(CR, cr);
    print("x");
    expect(read(FR) & FR_RXFE).toBe(FR_RXFE);
    expect(read(RIS)).toBe(TX);
  });

  test("what is typed meanwhile comes afterwards, behind what came back; and rings then", () => {
    write(CR, ON);
    write(IMSC, RX);
    bench.type(0, "t");
    bench.pass(2);
    expect(read(FR) & FR_RXFE).toBe(FR_RXFE);
    expect(read(RIS)).toBe(0n);
    print("x");
    write(ICR, 0x7ffn);
    write(CR, 0x301n);
    bench.machine.settle();
    expect(guest.acknowledge()).toBe(CONSOLE_SPI);
    expect([read(DR), read(DR)]).toEqual([0x78n, 0x74n]);
    expect(read(FR) & FR_RXFE).toBe(FR_RXFE);
  });

  test("what is typed rings when it ends, and not when UARTCR changes otherwise", () => {
    write(CR, ON);
    bench.type(0, "t");
    bench.pass(2);
    write(CR, 0x181n); // no RXE, and loopback still
    expect(read(RIS)).toBe(0n);
    write(CR, 0x301n);
    expect(read(RIS)).toBe(RX | RT);
    write(ICR, 0x7ffn);
    write(CR, 0x300n); // no UARTEN
    expect(read(RIS)).toBe(0n);
  });

  test("modem outputs are the inputs: RTS is CTS, DTR DSR, Out1 DCD, Out2 RI, and each change is a condition", () => {
    const lines: [control: bigint, flag: bigint, condition: bigint][] = [
      [0x800n, 0x1n, 0x2n],
      [0x400n, 0x2n, 0x8n],
      [0x1000n, 0x4n, 0x4n],
      [0x2000n, 0x100n, 0x1n],
    ];
    for (const [control, flag, condition] of lines) {
      write(CR, 0x301n | control);
      expect([read(FR), read(RIS)]).toEqual([FR_TXFE | FR_RXFE, 0n]);
      write(CR, ON | control);
      expect([read(FR), read(RIS)]).toEqual([FR_TXFE | FR_RXFE | flag, condition]);
      write(ICR, 0x7ffn);
      write(CR, ON);
      expect([read(FR), read(RIS)]).toEqual([FR_TXFE | FR_RXFE, condition]);
      write(ICR, 0x7ffn);
    }
  });

  test("does not survive a reset of the partition", () => {
    write(CR, ON);
    print("x");
    guest.hvc(SYSTEM_RESET);
    bench.machine.settle();
    expect(read(FR) & FR_RXFE).toBe(FR_RXFE);
    expect(read(CR)).toBe(0x300n);
  });
});

describe("frames of the uplink", () => {
  const consoleFrames = () => bench.frames.filter(({ kind }) => kind === abi.FRAME_CONSOLE);
  const FRAME_BYTES = 128;
  const text = "0123456789abcdef".repeat(3 * FRAME_BYTES / 16);

  test("are as long as they may be while there is that much to send, and partitions take turns", () => {
    bench.machine.uart.stalled = true;
    print(text);
    print(text, bench.guest(3));
    bench.machine.uart.stalled = false;
    expect([bench.console(0), bench.console(1)]).toEqual([text, text]);
    const frames = consoleFrames();
    expect(frames.map(({ payload }) => payload.length)).toEqual(new Array<number>(6).fill(FRAME_BYTES));
    for (const [n, { partition }] of frames.entries()) expect(partition).toBe((frames[0]?.partition ?? 0) === n % 2 ? 0 : 1);
  });

  test("events, telemetry and consoles take turns as long as all three have something to send", () => {
    bench.machine.uart.stalled = true;
    for (let n = 0; n < 4; n++) {
      print(text);
      bench.guest(3).hvc(SYSTEM_RESET);
      bench.pass(2000);
    }
    bench.machine.uart.stalled = false;
    const from = bench.frames.length;
    bench.pass(10);
    const KINDS = [abi.FRAME_EVENT, abi.FRAME_PARTITION, abi.FRAME_CONSOLE] as const;
    const turns = bench.frames.slice(from + 1).map(({ kind }) => (kind === abi.FRAME_VCPU ? abi.FRAME_PARTITION : kind));
    // As long as there is telemetry: two partitions and four pCPUs, one of which has no frame.
    const first = KINDS.findIndex((kind) => kind === turns[0]);
    const wanted = turns.slice(0, 9).map((_, n) => KINDS[(first + n) % KINDS.length]);
    expect(turns.slice(0, 9)).toEqual(wanted);
  });
});

describe("where a guest runs, a tick comes in pieces", () => {
  /** How often the housekeeper has set its timer again within a tick. */
  const piecesOf = (one: Bench): number => {
    let pieces = 0;
    one.machine.onIntrinsic = (name) => {
      if (name === "msr_CNTHP_CVAL_EL2") pieces++;
    };
    one.machine.elapse(1e6);
    one.machine.onIntrinsic = undefined;
    return pieces;
  };

  test("one to look, one for each partition, one to receive, and as many to send as there is something, 24 at most", () => {
    const one = new Bench({ ...STANDARD, housekeeper: 0 });
    one.pass(250);
    expect(piecesOf(one), "nothing to send: that is found out").toBe(1 + 2 + 1 + 1);
    print("x".repeat(4000), one.openInterrupts(0));
    one.pass(2);
    expect(piecesOf(one)).toBe(1 + 2 + 1 + 24);
    one.machine.uart.type(encodeFrame({ kind: abi.FRAME_COMMAND, partition: 1, payload: numbered(abi.COMMAND_PAUSE, 1) }));
    expect(piecesOf(one), "and one to act on what has come").toBe(1 + 2 + 1 + 1 + 24);
    expect(one.guest(3).running).toBe(false);
  });

  test("one piece each 32nd of a tick, and the next tick when the last one is done", () => {
    const one = new Bench({ ...STANDARD, housekeeper: 0 });
    print("x".repeat(5000), one.openInterrupts(0));
    one.pass(2);
    const times: number[] = [];
    const timer = one.machine.pcpu(0).hypervisorTimer;
    one.machine.onIntrinsic = (name) => {
      if (name === "msr_CNTHP_CVAL_EL2") times.push(one.machine.clock.now);
    };
    one.machine.elapse(3e6);
    one.machine.onIntrinsic = undefined;
    const period = one.machine.clock.ticksOf(1e6);
    const apart = times.slice(1).map((time, n) => time - (times[n] ?? 0));
    for (const ticks of apart) expect(ticks).toBeGreaterThanOrEqual(Math.floor(period / 32));
    expect(apart.filter((ticks) => ticks < period / 32 + 100).length).toBeGreaterThan(50);
    expect(timer.deadline).toBeLessThanOrEqual(one.machine.clock.now + period);
  });
});
