// Memory, UART, timers, firmware and imports of the simulated machine.
import { describe, expect, test } from "vitest";
import { Clock } from "../../tools/machine/clock.ts";
import { Firmware } from "../../tools/machine/aarch64/firmware.ts";
import { bindImports } from "../../tools/machine/imports.ts";
import { PhysicalMemory } from "../../tools/machine/memory.ts";
import { FIFO_DEPTH, Pl011 } from "../../tools/machine/pl011.ts";
import { COUNTER_FREQUENCY, Timer } from "../../tools/machine/aarch64/timers.ts";

describe("physical memory", () => {
  const memory = new PhysicalMemory([{ pa: 0x4000_0000, size: 0x100_0000 }]);

  test("is zero until written, little endian, and larger than its pages", () => {
    expect(memory.read64(0x4000_0000)).toBe(0n);
    memory.write64(0x4000_0008, 0x1122_3344_5566_7788n);
    expect(memory.read(0x4000_0008, 2)).toBe(0x7788n);
    const bytes = Uint8Array.from({ length: 0x20000 }, (_, n) => n % 251);
    memory.writeBytes(0x4000_8000, bytes);
    memory.copy(0x4010_0040, 0x4000_8000, bytes.length);
    expect(memory.readBytes(0x4010_0040, bytes.length)).toEqual(bytes);
  });

  test("has nothing outside RAM", () => {
    expect(() => memory.read64(0x3fff_fff8)).toThrow("MACHINE_BUS");
    expect(() => memory.write64(0x4100_0000, 0n)).toThrow("MACHINE_BUS");
  });

  test("shows the linear memory at its physical address", () => {
    const linear = new ArrayBuffer(0x10000);
    memory.placeLinear(0x4020_0000, linear);
    new DataView(linear).setUint32(0x123 * 4, 0xcafe, true);
    expect(memory.read(0x4020_0000 + 0x123 * 4, 4)).toBe(0xcafen);
  });
});

describe("PL011", () => {
  const DR = 0;
  const FR = 0x18;

  test("sends one byte for each look at its flags; a stalled wire fills the FIFO, and writing more is an error", () => {
    const uart = new Pl011();
    uart.stalled = true;
    for (let n = 0; n < FIFO_DEPTH; n++) uart.write(DR, n);
    expect(uart.read(FR) & 0x20).toBe(0x20);
    expect(() => uart.write(DR, 1)).toThrow("full");
    uart.stalled = false;
    uart.read(FR);
    expect(uart.sent).toEqual([0]);
    uart.drain();
    expect(uart.sent.length).toBe(FIFO_DEPTH);
  });

  test("receives what is typed until its FIFO is full, and interrupts if asked to", () => {
    const uart = new Pl011();
    expect(uart.read(FR) & 0x10).toBe(0x10);
    expect(uart.type("x".repeat(20).split("").map((c) => c.charCodeAt(0)))).toBe(FIFO_DEPTH);
    expect(uart.interrupt).toBe(false);
    uart.write(0x38, 0x10);
    expect(uart.interrupt).toBe(true);
    expect(uart.read(DR)).toBe("x".charCodeAt(0));
    expect(() => uart.read(0x4)).toThrow("no readable register");
  });
});

describe("timers", () => {
  test("the output is high from CVAL on while enabled and not masked; the virtual one counts from its offset", () => {
    const clock = new Clock(COUNTER_FREQUENCY);
    const timer = new Timer(clock, () => 100n);
    clock.advance(1600); // 100 ticks
    timer.compare = 50n;
    timer.write(1n);
    expect(timer.output).toBe(false);
    clock.advance(800);
    expect(timer.output).toBe(true);
    expect(timer.read()).toBe(5n);
    timer.write(3n);
    expect(timer.output).toBe(false);
    timer.write(0n);
    expect(timer.read()).toBe(0n);
  });
});

describe("firmware", () => {
  test("CPU_ON starts a pCPU once; other functions are errors", () => {
    const firmware = new Firmware([{ mpidr: 0n }, { mpidr: 0x100n }], 0);
    expect(firmware.call(0xc400_0003, 0x100n, 0x1000n, 7n)).toBe(0n);
    expect(firmware.started).toEqual([{ pcpu: 1, entry: 0x1000, context: 7n }]);
    expect(firmware.call(0xc400_0003, 0x100n, 0x1000n, 7n)).toBe(-4n);
    expect(firmware.call(0xc400_0003, 0x200n, 0x1000n, 7n)).toBe(-2n);
    expect(() => firmware.call(0x8400_0009, 0n, 0n, 0n)).toThrow("MACHINE_FIRMWARE");
  });
});

describe("imports", () => {
  const table = [{ name: "f", params: { a: "u32", b: "u64" }, result: "u64", doc: "", c: "" }] as const;

  test("numbers arrive unsigned, as the table says", () => {
    let got: unknown[] = [];
    const { f } = bindImports("m", table, { f: (a: number, b: bigint) => { got = [a, b]; return 5n; } });
    expect(f?.(-1, -1n)).toBe(5n);
    expect(got).toEqual([0xffff_ffff, 0xffff_ffff_ffff_ffffn]);
  });

  test("an intrinsic without a hook, and a hook without an intrinsic, are errors that name it", () => {
    expect(() => bindImports("m", table, {})).toThrow("no hook for m.f");
    expect(() => bindImports("m", table, { f: () => 0n, g: () => 0 })).toThrow("a hook g");
  });

  test("bound: its hook hears, unsigned, of what is past the limit, and of nothing else", () => {
    const heard: number[][] = [];
    const table = [{ name: "bound", params: { iteration: "u32", limit: "u32" }, result: "void", doc: "", c: "" }] as const;
    const { bound } = bindImports("cpu", table, { bound: (...values: number[]) => void heard.push(values) });
    for (const values of [[0, 1], [7, 8], [8, 8], [9, 8], [-1, 8], [8, -1], [0, 0]]) bound?.(...values);
    expect(heard).toEqual([[8, 8], [9, 8], [0xffff_ffff, 8], [0, 0]]);
  });
});
