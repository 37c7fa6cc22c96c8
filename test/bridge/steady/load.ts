// A bridge as it is started by everybody, in a process of its own, and what a plant's clients do to it, minute by minute: as fast as it goes, or in
// real time. What it uses is noted after each minute.
//
//   in a minute   1,200 scans, each of which changes 4 of 40 tags, through the reader's pipe
//                 Modbus: 600 reads of 80 registers and 6 writes on a connection that stays, a connection that comes and goes, a refused write
//                 OPC UA, encrypted: a session that stays and watches all tags; one that comes, watches, reads, writes, reads history, and goes
//                 metrics: 4 scrapes. Sparkplug: a rebirth
//   each tenth    the broker is killed, and comes again; a client that nobody knows knocks; a wrong password; a client dies without a word
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import modbusSerial from "modbus-serial";
import type { ModbusRTU } from "modbus-serial/ModbusRTU.js";
import { connectAsync } from "mqtt";
import { ReadRawModifiedDetails, HistoryReadRequest, TimestampsToReturn } from "node-opcua-client";
import { DataType } from "node-opcua-variant";
import { trust, certificatesIn } from "../../../industrial/bridge/pki.ts";
import { verify } from "../../../industrial/bridge/audit.ts";
import { hashPassword } from "../../../industrial/opcua/users.ts";
import { encodePayload } from "../../../industrial/sparkplug/payload.ts";
import { parseType } from "../../../partitions/tags/type.ts";
import { planFile } from "../../../tools/plan/file.ts";
import { Panel, plantNamespace } from "../../opcua/panel.ts";
import { Watch } from "../../opcua/watch.ts";
import { freePort } from "../chain.ts";
import { COUNTER_HZ, ORDER_VARIABLE, SCANS_PER_SECOND, SYSTEM, TAGS } from "./plant.ts";
import type { ReaderOrder, Usage } from "./plant.ts";

const PASSWORD = "correct horse";
const MINUTE_MS = 60_000;
const READS = 600;
const REGISTERS = 2 * TAGS;
const WRITES = 6;
const SCRAPES = 4;
/** Minutes between the rarer things. */
const RARELY = 10;
const WAIT_MS = 60_000;
/** As the service of systemd has them. */
const FLAGS = ["--max-old-space-size=200", "--max-semi-space-size=2"];
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + WAIT_MS; !(await holds()); await pause(20)) if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
}

export interface Endured {
  /** After each minute. */
  readonly usage: readonly Usage[];
  readonly scans: number;
  readonly sessions: number;
  readonly requests: number;
  readonly entries: number;
}

interface Ports {
  readonly modbus: number;
  readonly opcua: number;
  readonly metrics: number;
  readonly mqtt: number;
}

class Endurance {
  readonly #folder = mkdtempSync(join(tmpdir(), "axv-steady-"));
  readonly #minutes: number;
  readonly #isReal: boolean;
  readonly #perSecond: number;
  #ports: Ports = { modbus: 0, opcua: 0, metrics: 0, mqtt: 0 };
  #bridge: ChildProcess | undefined;
  #broker: ChildProcess | undefined;
  #said = "";

  /** `perSecond`: scans. */
  constructor(minutes: number, isReal: boolean, perSecond: number) {
    this.#minutes = minutes;
    this.#isReal = isReal;
    this.#perSecond = perSecond;
  }

  async run(say: (line: string) => void): Promise<Endured> {
    try {
      return await this.#run(say);
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\nthe bridge has said, at last:\n${this.#said.slice(-3000)}`, { cause: error });
    } finally {
      this.#bridge?.kill("SIGKILL");
      this.#broker?.kill("SIGKILL");
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  async #run(say: (line: string) => void): Promise<Endured> {
    await this.#prepare();
    this.#startBroker();
    const [panel, scada, stranger] = await Promise.all(["panel", "scada", "stranger"].map((name) => this.#client(name)));
    if (panel === undefined || scada === undefined || stranger === undefined) throw new Error("no clients");
    this.#startBridge();
    await until("the bridge", async () => (await this.#metric("axv_tag_images_total").catch(() => 0)) > 0);
    for (const each of [panel, scada]) await this.#introduce(each);
    const modbus = await this.#connectModbus();
    const session = await scada.login(this.#url, "otto", PASSWORD);
    const watch = await Watch.on(session, Array.from({ length: TAGS }, (_, k) => `ns=${this.#space};s=plc.T${k}`), 100);
    const usage: Usage[] = [];
    const from = Date.now();
    for (let minute = 1; minute <= this.#minutes; minute++) {
      await this.#minute(modbus, panel, minute);
      watch.told.length = 0;
      if (minute % RARELY === 0) await this.#rarely(stranger, panel);
      if (this.#isReal) await pause(Math.max(0, from + minute * MINUTE_MS - Date.now()));
      // What is done in a minute comes to its end before it is measured.
      if (!this.#isReal && minute === this.#minutes) await until("all scans", async () => (await this.#metric("axv_tag_images_total")) >= this.#scans);
      const used = await this.#usage();
      usage.push(used);
      say(`minute ${minute}: RSS ${(used.rss / 1e6).toFixed(1)} MB, heap ${(used.heap / 1e6).toFixed(2)} MB, external ${(used.external / 1e6).toFixed(2)} MB, ${used.descriptors} descriptors, ${(used.cpu / 1e6).toFixed(1)} s of CPU`);
    }
    const scans = await this.#metric("axv_tag_images_total");
    const requests = await this.#metric("axv_modbus_requests_total");
    modbus.close(() => {});
    await Promise.all([panel, scada, stranger].map((each) => each.end()));
    await until("the end of all sessions", async () => (await this.#metric("axv_opcua_sessions")) === 0);
    this.#bridge?.kill("SIGTERM");
    if (this.#bridge !== undefined) await once(this.#bridge, "exit");
    return { usage, scans, requests, sessions: this.#minutes + 1, entries: verify(join(this.#folder, "audit")).entries };
  }

  get #scans(): number {
    return this.#minutes * SCANS_PER_SECOND * (MINUTE_MS / 1000);
  }

  get #url(): string {
    return `opc.tcp://127.0.0.1:${this.#ports.opcua}`;
  }

  #space = 0;

  async #prepare(): Promise<void> {
    const path = (name: string): string => join(this.#folder, name);
    const [modbus, opcua, metrics, mqtt] = [await freePort(), await freePort(), await freePort(), await freePort()];
    this.#ports = { modbus, opcua, metrics, mqtt };
    writeFileSync(path("system.yaml"), SYSTEM);
    const [table] = planFile(path("system.yaml")).system?.tags.table ?? [];
    if (table === undefined) throw new Error("no table");
    writeFileSync(path("order.json"), JSON.stringify({ table, scans: this.#isReal ? 0 : this.#scans, perSecond: this.#perSecond } satisfies ReaderOrder));
    writeFileSync(path("tag-reader"), `#!/bin/sh\nexec ${process.execPath} ${here("tag-reader.ts")}\n`);
    chmodSync(path("tag-reader"), 0o755);
    const hash = await hashPassword(PASSWORD);
    writeFileSync(path("bridge.yaml"), `
system: system.yaml
values: { plc: { device: /dev/null } }
modbus: { listen: "127.0.0.1:${modbus}" }
opcua: { listen: "127.0.0.1:${opcua}", counter_hz: ${COUNTER_HZ}, pki: pki, names: [127.0.0.1], discovery: true, users: { anna: { role: operator, password: "${hash}" }, otto: { role: observer, password: "${hash}" } } }
sparkplug: { broker: "mqtt://127.0.0.1:${mqtt}", group: g, node: n, counter_hz: ${COUNTER_HZ}, stored: 1000 }
metrics: { listen: "127.0.0.1:${metrics}" }
audit: { folder: audit, size: 64K, files: 100 }
log: warn
`);
    writeFileSync(path("mosquitto.conf"), `listener ${mqtt} 127.0.0.1\nallow_anonymous true\n`);
  }

  #startBroker(): void {
    this.#broker = spawn("/usr/sbin/mosquitto", ["-c", join(this.#folder, "mosquitto.conf")], { stdio: "ignore" });
  }

  #startBridge(): void {
    const child = spawn(
      process.execPath,
      ["--expose-gc", ...FLAGS, "--import", here("inside.ts"), "tools/axv-part.ts", "bridge", "run", join(this.#folder, "bridge.yaml")],
      {
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        env: { ...process.env, PATH: `${this.#folder}${delimiter}${process.env["PATH"]}`, [ORDER_VARIABLE]: join(this.#folder, "order.json") },
      },
    );
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (bytes: Buffer) => (this.#said = (this.#said + bytes.toString()).slice(-20_000)));
    child.on("exit", (code, signal) => (this.#said += `\nended: ${code ?? signal}`));
    this.#bridge = child;
  }

  async #client(name: string): Promise<Panel> {
    return Panel.create(join(this.#folder, name));
  }

  /** It knocks, and is trusted. */
  async #introduce(panel: Panel): Promise<void> {
    await panel.login(this.#url, "otto", PASSWORD).catch(() => undefined);
    const pki = join(this.#folder, "pki");
    const [refused] = certificatesIn(pki).filter(({ standing }) => standing === "refused");
    if (refused !== undefined) trust(pki, refused.thumbprint);
    await until("a client's being trusted", async () => {
      const session = await panel.login(this.#url, "otto", PASSWORD).catch(() => undefined);
      if (session === undefined) return false;
      this.#space = await plantNamespace(session);
      return true;
    });
    await panel.logout();
  }

  async #connectModbus(): Promise<ModbusRTU> {
    const client = new modbusSerial.default();
    await client.connectTCP("127.0.0.1", { port: this.#ports.modbus });
    client.setTimeout(5000);
    client.setID(1);
    return client;
  }

  async #minute(modbus: ModbusRTU, panel: Panel, minute: number): Promise<void> {
    const gap = this.#isReal ? MINUTE_MS / (2 * READS) : 0;
    for (let k = 0; k < READS; k++) {
      await modbus.readHoldingRegisters(10, REGISTERS);
      if (k % (READS / WRITES) === 0) await modbus.writeRegister(0, (minute + k) % 100);
      if (gap > 0) await pause(gap);
    }
    await modbus.writeRegister(0, 101).catch(() => undefined); // out of its range
    const other = await this.#connectModbus();
    await other.readHoldingRegisters(10, 2);
    await new Promise<void>((done) => other.close(() => done()));
    await this.#visit(panel, minute);
    for (let k = 0; k < SCRAPES; k++) await this.#metrics();
    const mqtt = await connectAsync(`mqtt://127.0.0.1:${this.#ports.mqtt}`, { reconnectPeriod: 0 });
    await mqtt.publishAsync("spBv1.0/g/NCMD/n", encodePayload(0, undefined, [{ name: "Node Control/Rebirth", timestamp: 0, type: parseType("bool"), value: true }]));
    await mqtt.endAsync();
  }

  async #visit(panel: Panel, minute: number): Promise<void> {
    const session = await panel.login(this.#url, "anna", PASSWORD);
    const nodes = Array.from({ length: TAGS }, (_, k) => `ns=${this.#space};s=plc.T${k}`);
    const watch = await Watch.on(session, nodes.slice(0, 10), 100);
    await watch.next(10);
    const values = await session.read(nodes.map((nodeId) => ({ nodeId })));
    if (!values.every(({ statusCode }) => statusCode.name === "Good")) throw new Error(`values are ${values[0]?.statusCode.name}`);
    const written = await session.write({ nodeId: `ns=${this.#space};s=plc.Setpoint`, attributeId: 13, value: { value: { dataType: DataType.Int16, value: minute % 100 } } });
    if (written.name !== "Good") throw new Error(`a write is ${written.name}`);
    const details = new ReadRawModifiedDetails({ isReadModified: false, startTime: new Date(Date.now() - MINUTE_MS), endTime: new Date(), numValuesPerNode: 100, returnBounds: false });
    await session.historyRead(new HistoryReadRequest({ nodesToRead: [{ nodeId: nodes[0] ?? "" }], historyReadDetails: details, timestampsToReturn: TimestampsToReturn.Source, releaseContinuationPoints: false }));
    await watch.close();
    await panel.logout();
  }

  async #rarely(stranger: Panel, panel: Panel): Promise<void> {
    await stranger.login(this.#url, "anna", PASSWORD).catch(() => undefined);
    await panel.login(this.#url, "anna", "a guess").catch(() => undefined);
    await panel.logout();
    const socket = connectSocket(this.#ports.opcua, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write("HELF");
    socket.resetAndDestroy();
    this.#broker?.kill("SIGKILL");
    await until("the broker's loss", async () => (await this.#metric("axv_sparkplug_up")) === 0);
    this.#startBroker();
    await until("the broker's return", async () => (await this.#metric("axv_sparkplug_up")) === 1);
  }

  async #metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.#ports.metrics}/metrics`, { headers: { connection: "close" } })).text();
  }

  async #metric(name: string): Promise<number> {
    return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(await this.#metrics())?.[1] ?? Number.NaN);
  }

  async #usage(): Promise<Usage> {
    const asked = this.#bridge === undefined ? Promise.reject(new Error("no bridge")) : once(this.#bridge, "message");
    this.#bridge?.send("usage");
    const [usage] = (await asked) as [Usage];
    return usage;
  }
}

export const endure = (minutes: number, isReal: boolean, perSecond: number, say: (line: string) => void): Promise<Endured> => new Endurance(minutes, isReal, perSecond).run(say);

/** By how much there is more at the end than after the first part, which is what a start takes: a share. Of three minutes each, the middle one. */
export function growth(usage: readonly Usage[], of: "rss" | "heap" | "external" | "descriptors", first: number): number {
  const middle = (from: number): number => usage.slice(Math.max(0, from), from + 3).map((each) => each[of]).sort((a, b) => a - b)[1] ?? Number.NaN;
  return middle(usage.length - 3) / middle(first) - 1;
}
