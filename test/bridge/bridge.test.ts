// The whole bridge, on this machine: a guest of axv.h with a file in the place of its channel, tag-reader under QEMU's user mode emulation,
// and clients that were not written here.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import modbusSerial from "modbus-serial";
import type { ModbusRTU } from "modbus-serial/ModbusRTU.js";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { verify } from "../../industrial/bridge/audit.ts";
import { Bridge } from "../../industrial/bridge/bridge.ts";
import { checkAgainst, readBridge } from "../../industrial/bridge/settings.ts";
import type { BridgeSettings } from "../../industrial/bridge/schema.ts";
import type { PlannedSystem } from "../../partitions/index.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { CLANG, runTool } from "../../tools/build/native.ts";
import { TAG_READER } from "../../tools/build/programs.ts";
import { planFile } from "../../tools/plan/file.ts";
import { cHeader } from "../../tools/tags/c-header.ts";

const SYSTEM = `
board: qemu-aarch64
partitions:
  plc:
    guest: plc
    cpus: [3]
    memory: 16M
    tags:
      - { name: Scans, type: u32, register: 0 }
      - { name: Level, type: f32, register: 2 }
      - { name: Setpoint, type: i16, range: [0, 100], access: rw, register: 4 }
      - { name: Mode, type: u16, access: rw, register: 5, clients: [192.0.2.1] }
      - { name: Pumps, type: "bool[2]", access: rw, register: 0 }
  linux: { guest: linux, cpus: [0, 1], memory: 256M }
channels:
  values: { between: [plc, linux], carries: tags }
`;
const WAIT_MS = 20_000;

let folder: string;
let system: PlannedSystem;
const path = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "axv-bridge-"));
  writeFileSync(path("system.yaml"), SYSTEM);
  const outcome = planFile(path("system.yaml"));
  if (outcome.system === undefined) throw new Error(outcome.diagnostics.map(({ message }) => message).join("\n"));
  system = outcome.system;
  const [table] = system.tags.table;
  if (table === undefined) throw new Error("no tags");
  writeFileSync(path("tags.h"), cHeader(table, "system.yaml"));
  runTool(CLANG, ["-std=gnu11", "-O2", "-Wall", "-Werror", "-Wno-unused-function", `-I${folder}`, "-Irtos-guests/library", "test/bridge/guest.c", "-o", path("guest")]);
  // tag-reader is a program for arm64: where the bridge looks for it stands a word of this machine that runs it.
  copyFileSync((await buildProgram(TAG_READER)).elf, path("tag-reader.elf"));
  chmodSync(path("tag-reader.elf"), 0o755);
  writeFileSync(path("tag-reader"), `#!/bin/sh\nexec qemu-aarch64 ${path("tag-reader.elf")} "$@"\n`);
  chmodSync(path("tag-reader"), 0o755);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

const PATH = process.env["PATH"];
let guest: ChildProcess | undefined;
let bridge: Bridge | undefined;
let client: ModbusRTU;
let logged: string[];
function startGuest(): void {
  guest = spawn(path("guest"), [path("channel")], { stdio: "inherit" });
}
beforeEach(async () => {
  process.env["PATH"] = `${folder}${delimiter}${PATH}`;
  writeFileSync(path("channel"), Buffer.alloc(8192));
  rmSync(path("audit"), { recursive: true, force: true });
  logged = [];
  client = new modbusSerial.default();
  startGuest();
});
afterEach(async () => {
  client.close(() => {});
  await bridge?.close();
  bridge = undefined;
  guest?.kill("SIGKILL");
  process.env["PATH"] = PATH;
});

const FILE = `
system: system.yaml
values: { plc: { device: ${"CHANNEL"} } }
stale_after: 500ms
modbus: { listen: "127.0.0.1:1" }
metrics: { listen: "127.0.0.1:1" }
audit: { folder: audit }
`;
function settings(): BridgeSettings {
  writeFileSync(path("bridge.yaml"), FILE.replace("CHANNEL", path("channel")));
  const read = readBridge(path("bridge.yaml"));
  if (read.settings === undefined) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  expect(checkAgainst(read, system)).toEqual([]);
  const any = { host: "127.0.0.1", port: 0 };
  return { ...read.settings, modbus: read.settings.modbus && { ...read.settings.modbus, listen: any }, metrics: { listen: any } };
}
const log = () => pino({ base: null }, { write: (line) => void logged.push(line) });
async function start(): Promise<void> {
  bridge = await Bridge.start(system, settings(), log());
  await client.connectTCP("127.0.0.1", { port: bridge.ports["modbus"] ?? 0 });
  client.setTimeout(5000);
  client.setID(1);
}
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + WAIT_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}\n${logged.slice(-20).join("")}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
const isGood = (): boolean => bridge?.plant.qualityOf(0) === "good";
/** modbus-serial's errors have the exception's code. */
const exception = async (asked: Promise<unknown>): Promise<number | undefined> =>
  asked.then(() => undefined, (error: { modbusCode?: number }) => error.modbusCode);
/** Of a process that may be gone by now. */
function commandOf(id: string): string {
  try {
    return readFileSync(`/proc/${id}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
const metric = async (name: string): Promise<string | undefined> => {
  const text = await (await fetch(`http://127.0.0.1:${bridge?.ports["metrics"]}/metrics`)).text();
  return text.split("\n").find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
};

describe("a plant", () => {
  test("is read, and written where system.yaml allows it; each attempt is on record, and the record holds", async () => {
    await start();
    await until("values", isGood);
    const { buffer } = await client.readHoldingRegisters(0, 6);
    expect([buffer.readUInt32BE(0) > 0, buffer.readFloatBE(4), buffer.readInt16BE(8)]).toEqual([true, 1.5, 20]);
    await client.writeRegister(4, 77);
    expect((await client.readHoldingRegisters(4, 1)).data, "as soon as it is answered").toEqual([77]);
    await client.writeCoils(0, [true, false]);
    expect((await client.readCoils(0, 2)).data.slice(0, 2)).toEqual([true, false]);
    const refused = [client.writeRegister(4, 101), client.writeRegister(0, 1), client.writeRegister(5, 1), client.writeRegister(9, 1), client.writeRegisters(4, [5, 6])];
    const codes: (number | undefined)[] = [];
    for (const each of refused) codes.push(await exception(each));
    expect(codes).toEqual([3, 2, 2, 2, 2]);
    expect((await client.readHoldingRegisters(4, 2)).data, "nothing of it").toEqual([77, 0]);
    expect(await metric('axv_tag{partition="plc",tag="Setpoint"}')).toBe("77");
    expect(await metric('axv_modbus_exceptions_total{via="tcp",code="2"}')).toBe("4");

    const entries = readFileSync(path("audit/audit-00000001.jsonl"), "utf8").trimEnd().split("\n").map((line) => (JSON.parse(line) as { entry: Record<string, unknown> }).entry);
    expect(entries.map(({ what, values, outcome }) => [what, values, outcome])).toEqual([
      ["start", undefined, undefined],
      ["write", { Setpoint: 77 }, 0],
      ["write", { Pumps: [true, false] }, 0],
      ["write", { Setpoint: 101 }, 3],
      ["write", {}, 2], // half of a value
      ["write", { Mode: 1 }, 2],
      ["write", {}, 2],
      ["write", { Setpoint: 5, Mode: 6 }, 2],
    ]);
    expect(entries[1]).toMatchObject({ via: "modbus tcp", from: "127.0.0.1", unit: 1, partition: "plc" });
    expect(verify(path("audit")).entries).toBe(8);
  });

  test("whose guest dies is stale, and good again when it comes back; what was written is told to the new life, not by the old one", async () => {
    await start();
    await until("values", isGood);
    await client.writeRegister(4, 50);
    guest?.kill("SIGKILL");
    await until("the end of news", () => bridge?.plant.qualityOf(0) === "stale");
    expect(await exception(client.readHoldingRegisters(4, 1))).toBe(0x0b);
    expect(await exception(client.writeRegister(4, 51))).toBe(0x0b);
    startGuest();
    await until("news", isGood);
    expect((await client.readHoldingRegisters(4, 1)).data, "its own preset").toEqual([20]);
  });

  test("whose reader is killed is read by the next one", async () => {
    await start();
    await until("values", isGood);
    const readers = readdirSync("/proc").filter((id) => /^\d+$/.test(id) && commandOf(id).includes(`${path("tag-reader.elf")}\0`));
    expect(readers).toHaveLength(1);
    for (const id of readers) process.kill(Number(id), "SIGKILL");
    await until("it being said", () => logged.some((line) => line.includes("the reader of its tags has ended")));
    await until("values again", async () => isGood() && (await exception(client.writeRegister(4, 12))) === undefined);
    expect((await client.readHoldingRegisters(4, 1)).data).toEqual([12]);
  });

  test("of which nobody can say that it was written is not written: a guest that does not answer", async () => {
    await start();
    await until("values", isGood);
    guest?.kill("SIGSTOP");
    expect(await exception(client.writeRegister(4, 60))).toBe(4);
    expect(logged.some((line) => line.includes("a write was not done: unknown"))).toBe(true);
  });

  test("is written by nobody while that cannot be put on record", async () => {
    await start();
    await until("values", isGood);
    rmSync(path("audit"), { recursive: true });
    writeFileSync(path("audit"), "a file in the place of the folder");
    // The log is an open file: it goes on until the next one is begun. A folder that is gone is noticed by the one who opens it.
    await bridge?.close();
    await expect(Bridge.start(system, settings(), log())).rejects.toMatchObject({ code: "AXV_AUDIT_UNUSABLE" });
    bridge = undefined;
    rmSync(path("audit"));
  });
});

test("a port that is in use is said, and nothing stays open", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  const mine = settings();
  await expect(Bridge.start(system, { ...mine, metrics: { listen: { host: "127.0.0.1", port } } }, log())).rejects.toMatchObject({ code: "AXV_BRIDGE_LISTEN" });
  await expect(Bridge.start(system, { ...mine, modbus: mine.modbus && { ...mine.modbus, listen: { host: "127.0.0.1", port } } }, log())).rejects.toMatchObject({ code: "AXV_MODBUS_PORT_IN_USE" });
  taken.close();
});

describe("axv-part bridge", () => {
  const run = (...parameters: string[]): ChildProcess => spawn(process.execPath, ["tools/axv-part.ts", "bridge", ...parameters], { stdio: ["ignore", "pipe", "pipe"] });
  const output = async (child: ChildProcess): Promise<{ status: number; stdout: string; stderr: string }> => {
    const [stdout, stderr] = ["", ""].map(() => ({ text: "" }));
    child.stdout?.on("data", (bytes: Buffer) => { if (stdout !== undefined) stdout.text += bytes.toString(); });
    child.stderr?.on("data", (bytes: Buffer) => { if (stderr !== undefined) stderr.text += bytes.toString(); });
    const [status] = (await once(child, "close")) as [number];
    return { status, stdout: stdout?.text ?? "", stderr: stderr?.text ?? "" };
  };

  test("serves until it is told to stop, reads its file again on SIGHUP, and keeps serving when that has mistakes", async () => {
    const port = 20_000 + (process.pid % 20_000);
    const file = (more: string): void => writeFileSync(path("run.yaml"), `system: system.yaml\nmetrics: { listen: "127.0.0.1:${port}" }\n${more}`);
    file("");
    const child = run(path("run.yaml"));
    const ended = output(child);
    let said = "";
    child.stdout?.on("data", (bytes: Buffer) => (said += bytes.toString()));
    const up = async (): Promise<boolean> => fetch(`http://127.0.0.1:${port}/metrics`).then(({ ok }) => ok, () => false);
    await until("metrics", up);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: "POST" })).status).toBe(405);
    file("log: loud\n");
    child.kill("SIGHUP");
    await until("the refusal", () => said.includes("is not used"));
    expect(await up()).toBe(true);
    file("log: debug\n");
    child.kill("SIGHUP");
    await until("the new file", () => said.includes("the file was read again\""));
    await until("metrics again", up);
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ status: 0 });
  });

  test("says what is wrong, and where", async () => {
    writeFileSync(path("wrong.yaml"), "system: system.yaml\nmodbus: { listen: nowhere }\n");
    const { status, stderr } = await output(run(path("wrong.yaml")));
    expect(status).toBe(1);
    expect(stderr).toContain("wrong.yaml:2:19");
    expect(stderr).toContain("AXV-P006");
    expect((await output(run("check", path("wrong.yaml")))).status).toBe(1);
    expect(await output(run("log", "verify", path("none")))).toMatchObject({ status: 1, stderr: expect.stringContaining("there is no audit log") as string });
  });
});
