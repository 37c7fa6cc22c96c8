// Our server, asked by parties not written here: libmodbus (3.1), pymodbus (3) and mbpoll, which Debian has.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ModbusTcpServer } from "../../industrial/modbus/tcp.ts";
import { MemoryTarget } from "./memory-target.ts";

const run = promisify(execFile);
const PEERS = join(import.meta.dirname, "peers");
/** Debian's own, which finds Debian's packages. */
const PYTHON = "/usr/bin/python3";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axv-modbus-"));
  await run("clang-19", ["-o", join(folder, "client"), join(PEERS, "libmodbus_client.c"), "-lmodbus"]);
});
afterAll(() => rm(folder, { recursive: true }));

let target: MemoryTarget;
let server: ModbusTcpServer;
beforeEach(async () => {
  target = new MemoryTarget();
  target.end = 1000;
  target.bits["discrete inputs"].set([1, 0, 1], 2);
  target.registers["input registers"].writeUInt32BE(0xcafe_0042, 2 * 5);
  server = await ModbusTcpServer.listen(target, { host: "127.0.0.1", port: 0, unit: 1 });
});
afterEach(() => server.close());

test("libmodbus", async () => {
  const { stdout } = await run(join(folder, "client"), [String(server.port)]);
  expect(stdout.trim().split("\n")).toEqual([
    "write coils: 4",
    "write coil: 1",
    "read coils: 10",
    "1011000001",
    "read 1000 discrete inputs: 1000",
    "write registers: 3",
    "write register: 1",
    "mask: 1",
    "write and read: 4",
    "c 7 3 beef ",
    "read 125 registers: 125",
    "read input registers: 2",
    "cafe 42",
    "beyond the end: exception 2",
    "another unit: exception 11",
  ]);
});

test("pymodbus", async () => {
  const { stdout } = await run(PYTHON, [join(PEERS, "pymodbus_client.py"), String(server.port)]);
  expect(stdout.trim().split("\n").map((line) => JSON.parse(line) as unknown)).toEqual([
    { name: "write coils", done: true },
    { name: "read coils", bits: [1, 0, 1, 1, 0, 0, 0, 0, 0, 0] },
    { name: "read discrete inputs", bits: [1, 0, 1] },
    { name: "write coil", done: true },
    { name: "write registers", done: true },
    { name: "write register", done: true },
    { name: "read holding registers", registers: [1, 2, 3, 0xbeef] },
    { name: "read input registers", registers: [0xcafe, 0x42] },
    { name: "mask", done: true },
    { name: "beyond the end", exception: 2 },
  ]);
  expect(target.bits.coils[9]).toBe(1);
  expect(target.registers["holding registers"].readUInt16BE(20)).toBe(0x0c);
});

describe("mbpoll", () => {
  const poll = (...words: readonly string[]): Promise<string> =>
    run("mbpoll", ["-m", "tcp", "-p", String(server.port), "-a", "1", "-0", "-1", "-q", ...words]).then(({ stdout }) => stdout);

  test("reads registers, and numbers of two registers in either order", async () => {
    target.registers["holding registers"].writeUInt16BE(4711, 2 * 20);
    target.registers["holding registers"].writeFloatBE(1.5, 2 * 30);
    expect(await poll("-r", "20", "127.0.0.1")).toMatch(/\[20\]:\s+4711/);
    expect(await poll("-r", "30", "-t", "4:float", "-B", "127.0.0.1")).toMatch(/\[30\]:\s+1.5/);
    expect(await poll("-r", "5", "-t", "3:hex", "-c", "2", "127.0.0.1")).toMatch(/\[5\]:\s+0xCAFE\n\[6\]:\s+0x0042/);
  });
  test("writes, and is refused", async () => {
    await poll("-r", "40", "-t", "4", "127.0.0.1", "7", "8");
    expect(target.registers["holding registers"].readUInt32BE(80)).toBe(0x0007_0008);
    await expect(poll("-r", "999", "-c", "2", "127.0.0.1")).rejects.toThrow(/Illegal data address/);
  });
});
