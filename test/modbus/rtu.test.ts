// The server on a serial line: gaps, checksums, broadcasts. MODBUS over Serial Line V1.02.
import { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { crc16 } from "../../industrial/modbus/crc16.ts";
import { ModbusError } from "../../industrial/modbus/errors.ts";
import { SUCCESS } from "../../industrial/modbus/exceptions.ts";
import { gapMilliseconds, ModbusRtuServer } from "../../industrial/modbus/rtu.ts";
import { ModbusSerialServer, type SerialOptions } from "../../industrial/modbus/serial.ts";
import { MemoryTarget } from "./memory-target.ts";

const UNIT = 17;
const GAP_9600 = 5; // 3.5 characters of 11 bits are 4.01 ms

/** The server's end of a line; what it says is in `said`. */
class Line extends Duplex {
  readonly said: string[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.said.push(chunk.toString("hex"));
    done();
  }
}

/** A frame with its checksum. */
function framed(hex: string): Buffer {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
  const crc = crc16(bytes, 0, bytes.length);
  return Buffer.concat([bytes, Buffer.of(crc & 0xff, crc >> 8)]);
}
const said = (hex: string): string => framed(hex).toString("hex");
const READ = framed("11 03 00 01 00 02");
const READ_ANSWER = said("11 03 04 00 01 00 02");

let target: MemoryTarget;
let line: Line;
let server: ModbusRtuServer;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate"] });
  target = new MemoryTarget();
  for (let i = 0; i < 100; i++) target.registers["holding registers"].writeUInt16BE(i, 2 * i);
  line = new Line();
  server = new ModbusRtuServer(line, target, { unit: UNIT, baud: 9600, port: "/dev/ttyS1" });
});
afterEach(() => vi.useRealTimers());

/** The line brings bytes, and then is silent for so long. */
async function receive(bytes: Buffer, silence: number): Promise<void> {
  line.emit("data", bytes);
  await vi.advanceTimersByTimeAsync(silence);
}

describe("a frame ends where the line is silent for 3.5 characters", () => {
  test.each([
    [1200, 32.08],
    [9600, 4.01],
    [19200, 2.005],
    [38400, 1.75],
    [115200, 1.75],
  ])("at %d baud for %d ms", (baud, milliseconds) => {
    expect(gapMilliseconds(baud)).toBeCloseTo(milliseconds, 2);
  });
  test("not before", async () => {
    await receive(READ, GAP_9600 - 1);
    expect(line.said).toEqual([]);
    await vi.advanceTimersByTimeAsync(2);
    expect(line.said).toEqual([READ_ANSWER]);
  });
  test("pieces with shorter silences are one frame", async () => {
    for (const byte of READ) await receive(Buffer.of(byte), GAP_9600 - 2);
    await vi.advanceTimersByTimeAsync(GAP_9600);
    expect(line.said).toEqual([READ_ANSWER]);
  });
  test("pieces with a longer silence between them are none, and the next frame is answered", async () => {
    await receive(READ.subarray(0, 4), GAP_9600 + 1);
    await receive(READ.subarray(4), GAP_9600 + 1);
    expect(line.said).toEqual([]);
    expect(server.counters.dropped).toBe(2);
    await receive(READ, GAP_9600 + 1);
    expect(line.said).toEqual([READ_ANSWER]);
  });
  test("bytes that came in time, but are read after a timer that was late, belong to the frame", async () => {
    line.emit("data", READ.subarray(0, 5));
    vi.advanceTimersByTime(GAP_9600); // the timer runs; the event loop has not been around yet
    await receive(READ.subarray(5), GAP_9600 + 1);
    expect(line.said).toEqual([READ_ANSWER]);
  });
});

describe("no frame", () => {
  test.each(["11", "11 03", "11 03 00"])("%s is too short, and silence is the answer", async (hex) => {
    await receive(Buffer.from(hex.replaceAll(" ", ""), "hex"), 100);
    expect([line.said, server.counters.dropped]).toEqual([[], 1]);
  });
  test("a wrong checksum", async () => {
    await receive(Buffer.concat([READ.subarray(0, -1), Buffer.of((READ.at(-1) ?? 0) ^ 1)]), 100);
    expect([line.said, server.counters.dropped]).toEqual([[], 1]);
  });
  test("longer than 256 bytes, in however many pieces; then life goes on", async () => {
    for (let i = 0; i < 50; i++) line.emit("data", Buffer.alloc(60, 0x11));
    await vi.advanceTimersByTimeAsync(100);
    expect([line.said, server.counters.dropped]).toEqual([[], 1]);
    await receive(READ, 100);
    expect(line.said).toEqual([READ_ANSWER]);
  });
});

describe("units", () => {
  test("frames for others, and their answers, pass by", async () => {
    await receive(framed("12 06 00 01 12 34"), 100);
    await receive(framed("12 03 02 00 00"), 100);
    expect([line.said, target.writes, server.counters.requests, server.counters.dropped]).toEqual([[], [], 0, 0]);
  });
  test("an exception is answered", async () => {
    await receive(framed("11 03 00 01 00 7e"), 100);
    await receive(framed("11 07"), 100);
    expect(line.said).toEqual([said("11 83 03"), said("11 87 01")]);
    expect(server.counters.exceptions).toEqual(new Map([[3, 1], [1, 1]]));
  });
  test("a broadcast is done and not answered, also one that is refused; one that reads is nothing", async () => {
    await receive(framed("00 06 00 01 12 34"), 100);
    expect(target.writes).toMatchObject([{ client: { via: "rtu", address: "/dev/ttyS1", unit: 0 }, change: { first: 1 } }]);
    await receive(framed("00 05 00 01 12 34"), 100);
    await receive(framed("00 03 00 01 00 01"), 100);
    await receive(framed("00 17 00 00 00 01 00 00 00 01 02 12 34"), 100);
    expect(line.said).toEqual([]);
    expect(target.writes).toHaveLength(1);
    expect(server.counters).toMatchObject({ requests: 2, exceptions: new Map([[3, 1]]) });
  });
  test.each([0, 248, 255, 1.5])("%d is no unit of a device on a line", (unit) => {
    expect(() => new ModbusRtuServer(new Line(), target, { unit, baud: 9600, port: "" })).toThrow(ModbusError);
  });
});

describe("writes", () => {
  test("are answered when they are done, and say who writes", async () => {
    target.decide = () => new Promise((resolve) => setTimeout(() => resolve(SUCCESS), 50));
    await receive(framed("11 06 00 01 12 34"), 20);
    expect(line.said).toEqual([]);
    await vi.advanceTimersByTimeAsync(50);
    expect(line.said).toEqual([said("11 06 00 01 12 34")]);
    expect(target.writes[0]?.client).toEqual({ via: "rtu", address: "/dev/ttyS1", unit: UNIT });
  });
  test("an answer that others have not waited for is not sent into their words", async () => {
    target.decide = () => new Promise((resolve) => setTimeout(() => resolve(SUCCESS), 50));
    await receive(framed("11 06 00 01 12 34"), 20);
    await receive(framed("12 03 00 00 00 01"), 100);
    expect([line.said, server.counters.late]).toEqual([[], 1]);
    expect(target.writes).toHaveLength(1);
    await receive(READ, 100);
    expect(line.said).toHaveLength(1);
  });
  test("a request during a write is not answered", async () => {
    target.decide = () => new Promise((resolve) => setTimeout(() => resolve(SUCCESS), 50));
    await receive(framed("11 06 00 01 12 34"), 20);
    await receive(READ, 100);
    expect([line.said, server.counters.late]).toEqual([[], 2]);
  });
});

describe("the port", () => {
  const OPTIONS: SerialOptions = { port: "/dev/ttyUSB0", baud: 9600, parity: "even", unit: UNIT };

  test("is opened again after it was pulled out, once a second, and counters go on", async () => {
    const lines: Line[] = [];
    let isThere = true;
    const serial = await ModbusSerialServer.open(target, OPTIONS, () => {
      if (!isThere) return Promise.reject(new Error("no such device"));
      lines.push(new Line());
      return Promise.resolve(lines.at(-1) as Line);
    });
    lines[0]?.emit("data", READ);
    await vi.advanceTimersByTimeAsync(100);
    isThere = false;
    lines[0]?.destroy(new Error("pulled out"));
    await vi.advanceTimersByTimeAsync(3500);
    expect([lines.length, serial.isOpen]).toEqual([1, false]);
    isThere = true;
    await vi.advanceTimersByTimeAsync(1000);
    expect([lines.length, serial.isOpen]).toEqual([2, true]);
    lines[1]?.emit("data", READ);
    await vi.advanceTimersByTimeAsync(100);
    expect(lines.map((each) => each.said)).toEqual([[READ_ANSWER], [READ_ANSWER]]);
    expect(serial.counters).toMatchObject({ requests: 2, connections: 1, accepted: 2 });
    serial.close();
    await vi.advanceTimersByTimeAsync(5000);
    expect(lines).toHaveLength(2);
  });
  test("that is not there is said, by the package serialport itself", async () => {
    vi.useRealTimers();
    await expect(ModbusSerialServer.open(target, { ...OPTIONS, port: "/dev/no-such-port" })).rejects.toMatchObject({
      code: "AXV_MODBUS_SERIAL",
      message: expect.stringContaining("/dev/no-such-port") as string,
    });
  });
});
