// axv-part modbus against our server: what it prints, and what it says when something is wrong.
import { type AddressInfo, createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ModbusError } from "../../industrial/modbus/errors.ts";
import { GATEWAY_TARGET_FAILED, ILLEGAL_DATA_ADDRESS } from "../../industrial/modbus/exceptions.ts";
import { ModbusTcpServer } from "../../industrial/modbus/tcp.ts";
import { connect } from "../../tools/modbus/client.ts";
import { type Options, parseServer, readRequest, type Table, writeRequest } from "../../tools/modbus/request.ts";
import { axvPartLater } from "../output/axvPart.ts";
import { MemoryTarget } from "./memory-target.ts";

const DEFAULTS: Options = { type: "u16", words: "high-first", unit: "1", timeout: "2s", baud: "19200", parity: "even" };

let target: MemoryTarget;
let server: ModbusTcpServer;
let address: string;
beforeEach(async () => {
  target = new MemoryTarget();
  server = await ModbusTcpServer.listen(target, { host: "127.0.0.1", port: 0, unit: 1 });
  address = `127.0.0.1:${server.port}`;
});
afterEach(() => server.close());

async function read(table: Table, from: string, count = "1", options: Partial<Options> = {}): Promise<unknown> {
  const request = readRequest(address, table, from, count, { ...DEFAULTS, ...options });
  const client = await connect(request);
  try {
    return await client.read(request);
  } finally {
    client.close();
  }
}
async function write(table: Table, from: string, values: readonly string[], options: Partial<Options> = {}): Promise<void> {
  const request = writeRequest(address, table, from, values, { ...DEFAULTS, ...options });
  const client = await connect(request);
  try {
    await client.write(request);
  } finally {
    client.close();
  }
}
const errorOf = async (work: Promise<unknown>): Promise<ModbusError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ModbusError)) throw new Error(`no error of ours: ${String(error)}`);
  return error;
};

describe("by modbus-serial", () => {
  test("every table is read", async () => {
    target.bits.coils.set([1, 0, 1], 7);
    target.bits["discrete inputs"].set([0, 1], 2);
    target.registers["holding registers"].writeUInt16BE(0xbeef, 6);
    target.registers["input registers"].writeUInt16BE(0x1234, 8);
    expect(await read("coils", "7", "3")).toEqual([true, false, true]);
    expect(await read("discrete", "2", "2")).toEqual([false, true]);
    expect(await read("holding", "3")).toEqual(Buffer.from("beef", "hex"));
    expect(await read("input", "0x4")).toEqual(Buffer.from("1234", "hex"));
  });
  test("one coil, several, one register, several: each by its function, as one write", async () => {
    await write("coils", "1", ["on"]);
    await write("coils", "2", ["1", "off", "true"]);
    await write("holding", "1", ["7"]);
    await write("holding", "2", ["-2.5", "1e9"], { type: "f32", words: "low-first" });
    expect([...target.bits.coils.subarray(0, 6)]).toEqual([0, 1, 1, 0, 1, 0]);
    expect(target.registers["holding registers"].toString("hex", 2, 12)).toBe("0007" + "0000c020" + "6b284e6e");
    expect(target.writes.map(({ change }) => change.kind)).toEqual(["bits", "bits", "registers", "registers"]);
  });
  test("as much as one request takes, and no more", async () => {
    expect(await read("holding", "0", "125")).toHaveLength(250);
    expect(await read("coils", "0", "2000")).toHaveLength(2000);
    for (const [table, from, count, type] of [
      ["holding", "0", "126", "u16"],
      ["holding", "0", "32", "f64"],
      ["coils", "0", "2001", "u16"],
      ["input", "65535", "2", "u16"],
    ] as const) {
      expect(() => readRequest(address, table, from, count, { ...DEFAULTS, type })).toThrow(ModbusError);
    }
  });
});

describe("what goes wrong is said", () => {
  test("exceptions, with what to do", async () => {
    target.end = 10;
    const missing = await errorOf(read("holding", "10"));
    expect(missing).toMatchObject({
      code: "AXV_MODBUS_EXCEPTION",
      message: expect.stringMatching(/exception 2, illegal data address: .*count from 0/) as string,
    });
    target.reads = () => GATEWAY_TARGET_FAILED;
    expect((await errorOf(read("holding", "0"))).message).toMatch(
      /exception 11, gateway target device failed to respond: .*--unit/,
    );
    target.decide = () => ILLEGAL_DATA_ADDRESS;
    expect((await errorOf(write("coils", "0", ["on"]))).message).toMatch(/exception 2/);
    expect((await errorOf(read("holding", "0", "1", { unit: "9" }))).message).toMatch(/exception 11/);
  });
  test("nobody listens; nobody answers; the connection is closed", async () => {
    const gone = address;
    await server.close();
    expect(await errorOf(read("holding", "0"))).toMatchObject({
      code: "AXV_MODBUS_UNREACHABLE",
      message: expect.stringContaining(gone) as string,
    });
    let closes = false;
    const silent = createServer((socket) => {
      socket.on("error", () => {});
      if (closes) socket.once("data", () => socket.destroy());
    });
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    expect(await errorOf(read("holding", "0", "1", { timeout: "100ms" }))).toMatchObject({ code: "AXV_MODBUS_SILENT" });
    closes = true;
    expect(await errorOf(read("holding", "0"))).toMatchObject({ code: "AXV_MODBUS_CUT" });
    silent.close();
  });
  test.each([
    ["AXV_MODBUS_SERVER", () => readRequest("", "coils", "0", "1", DEFAULTS)],
    ["AXV_MODBUS_SERVER", () => readRequest("host:0", "coils", "0", "1", DEFAULTS)],
    ["AXV_MODBUS_SERVER", () => readRequest("host:65536", "coils", "0", "1", DEFAULTS)],
    ["AXV_MODBUS_SERVER", () => readRequest("a b", "coils", "0", "1", DEFAULTS)],
    ["AXV_MODBUS_OPTION", () => readRequest("host", "flags", "0", "1", DEFAULTS)],
    ["AXV_MODBUS_OPTION", () => readRequest("host", "coils", "65536", "1", DEFAULTS)],
    ["AXV_MODBUS_OPTION", () => readRequest("host", "coils", "-1", "1", DEFAULTS)],
    ["AXV_MODBUS_OPTION", () => readRequest("host", "coils", "0", "0", DEFAULTS)],
    ["AXV_MODBUS_OPTION", () => readRequest("host", "holding", "0", "1", { ...DEFAULTS, type: "u8" })],
    ["AXV_MODBUS_OPTION", () => readRequest("host", "holding", "0", "1", { ...DEFAULTS, words: "big" })],
    ["AXV_MODBUS_OPTION", () => readRequest("/dev/ttyS0", "holding", "0", "1", { ...DEFAULTS, parity: "mark" })],
    ["AXV_MODBUS_UNIT", () => readRequest("host", "holding", "0", "1", { ...DEFAULTS, unit: "256" })],
    ["AXV_MODBUS_UNIT", () => readRequest("/dev/ttyS0", "holding", "0", "1", { ...DEFAULTS, unit: "248" })],
    ["AXV_MODBUS_VALUE", () => writeRequest("host", "holding", "0", ["70000"], DEFAULTS)],
    ["AXV_MODBUS_VALUE", () => writeRequest("host", "coils", "0", ["2"], DEFAULTS)],
    ["AXV_MODBUS_VALUE", () => writeRequest("host", "holding", "0", [""], { ...DEFAULTS, type: "string" })],
    ["AXV_MODBUS_TABLE", () => writeRequest("host", "input", "0", ["1"], DEFAULTS)],
    ["AXV_MODBUS_TABLE", () => writeRequest("host", "discrete", "0", ["1"], DEFAULTS)],
    ["AXV_MODBUS_TABLE", () => writeRequest("host", "holding", "0", new Array<string>(124).fill("1"), DEFAULTS)],
  ] as const)("%s, before anything is sent (%#)", (code, request) => {
    expect(request).toThrow(expect.objectContaining({ code }) as Error);
  });
  test("a serial port that is not there", async () => {
    address = "/dev/no-such-port";
    expect(await errorOf(read("holding", "0"))).toMatchObject({ code: "AXV_MODBUS_SERIAL" });
  });
});

test.each([
  ["plc", { host: "plc", port: 502 }],
  ["plc.example:1502", { host: "plc.example", port: 1502 }],
  ["[fe80::1%eth0]:1502", { host: "fe80::1%eth0", port: 1502 }],
  ["::1", { host: "::1", port: 502 }],
  ["/dev/ttyUSB0", { serial: "/dev/ttyUSB0", baud: 19200, parity: "even" }],
])("%s is a server", (text, expected) => {
  expect(parseServer(text, DEFAULTS)).toEqual(expected);
});

describe("from the command line", () => {
  const run = (...parameters: readonly string[]): ReturnType<typeof axvPartLater> => axvPartLater("/", "modbus", ...parameters);

  test("write, then read: for people and as JSON", async () => {
    expect(await run("write", address, "holding", "4", "--type", "i64", "--", "-9007199254740993")).toMatchObject({
      status: 0,
      stdout: "holding 4: written\n",
    });
    const { stdout } = await run("read", address, "holding", "4", "--type", "i64", "--count", "2", "--json");
    expect(JSON.parse(stdout)).toEqual({
      server: address,
      unit: 1,
      table: "holding",
      address: 4,
      type: "i64",
      values: ["-9007199254740993", "0"],
    });
    expect((await run("read", address, "coils", "8", "-c", "2")).stdout).toBe("coils 8: off\ncoils 9: off\n");
  });
  test("an error ends with 1 and its code", async () => {
    const { status, stdout, stderr } = await run("read", address, "holding", "0", "--unit", "7", "--json");
    expect([status, JSON.parse(stdout)]).toMatchObject([1, { error: { code: "AXV_MODBUS_EXCEPTION" } }]);
    expect(stderr).toMatch(/^axv-part: .* answers with exception 11/);
  });
});
