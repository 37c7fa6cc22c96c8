// The whole bridge, on this machine, with clients that were not written here (chain.ts).
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import modbusSerial from "modbus-serial";
import type { ModbusRTU } from "modbus-serial/ModbusRTU.js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { BUNDLE } from "../bundle.ts";
import { verify } from "../../industrial/bridge/audit.ts";
import { isServersOnly } from "../../industrial/bridge/bridge.ts";
import type { Bridge } from "../../industrial/bridge/bridge.ts";
import { readerCommand, readerPlace } from "../../industrial/bridge/places.ts";
import { TagReader } from "../../industrial/bridge/reader.ts";
import type { BridgeSettings } from "../../industrial/bridge/schema.ts";
import { Chain, freePort } from "./chain.ts";

let chain: Chain;
beforeAll(async () => {
  chain = await Chain.build();
});
afterAll(() => chain.remove());

let bridge: Bridge;
let client: ModbusRTU;
beforeEach(() => {
  client = new modbusSerial.default();
  chain.begin();
});
afterEach(async () => {
  client.close(() => {});
  await chain.end();
});

const path = (name: string): string => chain.path(name);
const settings = (): BridgeSettings => chain.settings(`modbus: { listen: "127.0.0.1:1" }\nmetrics: { listen: "127.0.0.1:1" }\n`);
async function start(): Promise<void> {
  bridge = await chain.start(settings());
  await client.connectTCP("127.0.0.1", { port: bridge.ports["modbus"] ?? 0 });
  client.setTimeout(60_000);
  client.setID(1);
}
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
  const text = await (await fetch(`http://127.0.0.1:${bridge.ports["metrics"]}/metrics`)).text();
  return text.split("\n").find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
};

describe("a plant", () => {
  test("is read, and written where system.yaml allows it; each attempt is on record, and the record holds", async () => {
    await start();
    await chain.until("values", () => chain.isGood);
    const { buffer } = await client.readHoldingRegisters(0, 6);
    expect([buffer.readUInt32BE(0) > 0, buffer.readFloatBE(4), buffer.readInt16BE(8)]).toEqual([true, 1.5, 20]);
    await client.writeRegister(4, 77);
    expect((await client.readHoldingRegisters(4, 1)).data, "as soon as it is answered").toEqual([77]);
    await client.writeCoils(0, [true, false]);
    expect((await client.readCoils(0, 2)).data.slice(0, 2)).toEqual([true, false]);
    const refused = [
      client.writeRegister(4, 101),
      client.writeRegister(0, 1),
      client.writeRegister(5, 1),
      client.writeRegister(9, 1),
      client.writeRegisters(4, [5, 6]),
    ];
    const codes: (number | undefined)[] = [];
    for (const each of refused) codes.push(await exception(each));
    expect(codes).toEqual([3, 2, 2, 2, 2]);
    expect((await client.readHoldingRegisters(4, 2)).data, "nothing of it").toEqual([77, 0]);
    expect(await metric('axv_tag{partition="plc",tag="Setpoint"}')).toBe("77");
    expect(await metric('axv_modbus_exceptions_total{via="tcp",code="2"}')).toBe("4");

    const entries = readFileSync(path("audit/audit-00000001.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { entry: Record<string, unknown> }).entry);
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

  test("whose guest dies is stale until it comes back; what was written is told to the new life alone", async () => {
    await start();
    await chain.until("values", () => chain.isGood);
    await client.writeRegister(4, 50);
    chain.killGuest("SIGKILL");
    await chain.until("the end of news", () => bridge.plant.qualityOf(0) === "stale");
    expect(await exception(client.readHoldingRegisters(4, 1))).toBe(0x0b);
    expect(await exception(client.writeRegister(4, 51))).toBe(0x0b);
    chain.startGuest();
    await chain.until("news", () => chain.isGood);
    expect((await client.readHoldingRegisters(4, 1)).data, "its own preset").toEqual([20]);
  });

  test("whose reader is killed is read by the next one", async () => {
    await start();
    await chain.until("values", () => chain.isGood);
    const readers = readdirSync("/proc").filter(
      (id) => /^\d+$/.test(id) && commandOf(id).includes(`${path("tag-reader.elf")}\0`),
    );
    expect(readers).toHaveLength(1);
    for (const id of readers) process.kill(Number(id), "SIGKILL");
    await chain.until("it being said", () => chain.has("the reader of its tags has ended"));
    await chain.until("values again", async () => chain.isGood && (await exception(client.writeRegister(4, 12))) === undefined);
    expect((await client.readHoldingRegisters(4, 1)).data).toEqual([12]);
  });

  test("of which nobody can say that it was written is not written: a guest that does not answer", async () => {
    await start();
    await chain.until("values", () => chain.isGood);
    chain.killGuest("SIGSTOP");
    expect(await exception(client.writeRegister(4, 60))).toBe(4);
    expect(chain.has("a write was not done: unknown")).toBe(true);
  });

  test("goes on with other servers without losing what it knows; one that stays as it was keeps its clients", async () => {
    await start();
    await chain.until("values", () => chain.isGood);
    const old = bridge.ports["metrics"];
    const next = { ...settings(), metrics: undefined };
    expect([isServersOnly(settings(), next), isServersOnly(settings(), { ...next, stale_after: 1 })]).toEqual([true, false]);
    await bridge.serveInstead(next);
    await expect(fetch(`http://127.0.0.1:${old}/metrics`)).rejects.toThrow();
    await client.writeRegister(4, 88);
    expect((await client.readHoldingRegisters(4, 1)).data, "on the same connection").toEqual([88]);
    await bridge.serveInstead({ ...settings(), modbus: undefined });
    expect(await metric('axv_tag{partition="plc",tag="Setpoint"}')).toBe("88");
    await chain.until("the end of the connection", () => !client.isOpen);
  });

  test("is heard by no more parts after other servers were asked for again and again", async () => {
    await start();
    const heard = (): number[] => (["values", "quality", "telemetry"] as const).map((event) => bridge.plant.listenerCount(event));
    const before = heard();
    const modbus = settings().modbus;
    const sparkplug = { broker: "mqtt://127.0.0.1:1", group: "g", node: "n", stored: 0 };
    for (let unit = 2; unit < 6; unit++) {
      await bridge.serveInstead({
        ...settings(),
        modbus: modbus && { ...modbus, unit },
        sparkplug: { ...sparkplug, node: `n${unit}` },
      });
      expect(heard()).toEqual(before.map((count) => count + 1)); // and the Sparkplug node
    }
    await bridge.serveInstead({ ...settings(), modbus: undefined });
    expect(heard()).toEqual(before.map((count) => count - 1));
  });

  test("more writes at once than a batch holds are refused, and whoever reads goes on", async () => {
    await start();
    await chain.until("values", () => chain.isGood);
    const [table] = chain.system.tags.table;
    const pumps = table?.tags.find(({ name }) => name === "Pumps");
    if (table === undefined || pumps === undefined) throw new Error("no such tag");
    const place = readerPlace(chain.system.plan, "plc", table);
    if (place === undefined) throw new Error("no channel");
    const reader = new TagReader(table, readerCommand(place, path("channel")));
    const states: (string | undefined)[] = [];
    reader.on("state", (ended) => states.push(ended));
    reader.start();
    await chain.until("its first image", () => reader.counts.images > 0);
    expect(await reader.write(Array.from({ length: 200 }, () => ({ tag: pumps, value: [true, true] })))).toBe("refused");
    const { images } = reader.counts;
    await chain.until("further images", () => reader.counts.images > images + 5);
    expect(states).toEqual([undefined]);
    reader.close();
  });

  test("is written by nobody while that cannot be put on record", async () => {
    await start();
    await chain.until("values", () => chain.isGood);
    rmSync(path("audit"), { recursive: true });
    writeFileSync(path("audit"), "a file in the place of the folder");
    // The log is an open file: it goes on until the next one is begun. A folder that is gone is noticed by the one who opens it.
    await bridge.close();
    await expect(chain.start(settings())).rejects.toMatchObject({ code: "AXV_AUDIT_UNUSABLE" });
  });
});

test("a port that is in use is said, and nothing stays open", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  const mine = settings();
  await expect(chain.start({ ...mine, metrics: { listen: { host: "127.0.0.1", port } } })).rejects.toMatchObject({
    code: "AXV_BRIDGE_LISTEN",
  });
  await expect(
    chain.start({ ...mine, modbus: mine.modbus && { ...mine.modbus, listen: { host: "127.0.0.1", port } } }),
  ).rejects.toMatchObject({ code: "AXV_MODBUS_PORT_IN_USE" });
  taken.close();
});

test("what cannot be served is said once and tried again, while others are; where nothing can be, it is an error", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  const mine = settings();
  const wanted = { ...mine, modbus: mine.modbus && { ...mine.modbus, listen: { host: "127.0.0.1", port } } };
  await expect(chain.start({ ...wanted, metrics: undefined }, true)).rejects.toMatchObject({ code: "AXV_MODBUS_PORT_IN_USE" });
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  try {
    bridge = await chain.start(wanted, true);
    expect((await fetch(`http://127.0.0.1:${bridge.ports["metrics"]}/metrics`)).status).toBe(200);
    vi.advanceTimersByTime(10_000);
    await new Promise((done) => setTimeout(done, 100));
    expect(chain.logged.filter((line) => line.includes("modbus is not served"))).toEqual([
      expect.stringMatching(/"level":50,.*something else listens on 127\.0\.0\.1:\d+: stop it/),
    ]);
    taken.close();
    await once(taken, "close");
    vi.advanceTimersByTime(10_000);
    await chain.until("Modbus", () => chain.has("modbus is served now"));
    await client.connectTCP("127.0.0.1", { port });
  } finally {
    vi.useRealTimers();
  }
});

test("a file of the Sparkplug node that is missing is said by its name", async () => {
  const sparkplug = { broker: "mqtt://127.0.0.1:1", group: "g", node: "n", stored: 0 };
  for (const key of ["password_file", "ca"]) {
    const missing = { ...settings(), sparkplug: { ...sparkplug, [key]: path("missing") } };
    await expect(chain.start(missing)).rejects.toMatchObject({
      code: "AXV_BRIDGE_BROKER_FILE",
      message: expect.stringContaining(path("missing")) as string,
    });
  }
});

describe("axv-part bridge", () => {
  const run = (...parameters: string[]): ChildProcess =>
    spawn(process.execPath, [BUNDLE, "bridge", ...parameters], { stdio: ["ignore", "pipe", "pipe"] });
  const output = async (child: ChildProcess): Promise<{ status: number; stdout: string; stderr: string }> => {
    const [stdout, stderr] = ["", ""].map(() => ({ text: "" }));
    child.stdout?.on("data", (bytes: Buffer) => { if (stdout !== undefined) stdout.text += bytes.toString(); });
    child.stderr?.on("data", (bytes: Buffer) => { if (stderr !== undefined) stderr.text += bytes.toString(); });
    const [status] = (await once(child, "close")) as [number];
    return { status, stdout: stdout?.text ?? "", stderr: stderr?.text ?? "" };
  };

  test("serves until it is told to stop, reads its file again on SIGHUP, and keeps serving when that has mistakes", async () => {
    const port = await freePort();
    const file = (more: string): void =>
      writeFileSync(path("run.yaml"), `system: system.yaml\nmetrics: { listen: "127.0.0.1:${port}" }\n${more}`);
    file("");
    const child = run(path("run.yaml"));
    const ended = output(child);
    let said = "";
    child.stdout?.on("data", (bytes: Buffer) => (said += bytes.toString()));
    const up = async (): Promise<boolean> => fetch(`http://127.0.0.1:${port}/metrics`).then(({ ok }) => ok, () => false);
    await chain.until("metrics", up);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: "POST" })).status).toBe(405);
    file("log: loud\n");
    child.kill("SIGHUP");
    await chain.until("the refusal", () => said.includes("is not used"));
    expect(await up()).toBe(true);
    file("log: debug\n");
    child.kill("SIGHUP");
    await chain.until("the new file", () => said.includes("the file was read again\""));
    await chain.until("metrics again", up);
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
    expect(await output(run("log", "verify", path("none")))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("there is no audit log") as string,
    });
  });
});
