// The node at a real broker (mosquitto), as a host application sees it: births in order, the will when it dies, commands,
// and what happens when broker or host are away.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import type { MqttClient } from "mqtt";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SparkplugClient } from "../../industrial/sparkplug/client.ts";
import { EdgeNode } from "../../industrial/sparkplug/node.ts";
import type { CommandAttempt } from "../../industrial/sparkplug/node.ts";
import { decodePayload, encodePayload, valueOf } from "../../industrial/sparkplug/payload.ts";
import type { ReceivedPayload } from "../../industrial/sparkplug/payload.ts";
import { parseType } from "../../partitions/tags/type.ts";
import { COUNTER_HZ, TestPlant } from "../tags/plant.ts";
import { until as patientlyUntil } from "../patience.ts";

const SCAN_MS = 10;
const TAGS = "[{ name: Level, type: f32 }, { name: Setpoint, type: i16, range: [0, 100], access: rw }]";

let folder: string;
let port: number;
let broker: ChildProcess | undefined;
let host: MqttClient | undefined;
let own: TestPlant;
let client: SparkplugClient;
let node: EdgeNode;
let heard: { readonly topic: string; readonly payload: ReceivedPayload }[];
let attempts: CommandAttempt[];
let logged: string[];

const until = (what: string, holds: () => boolean): Promise<void> =>
  patientlyUntil(what, holds, {
    seen: () => `heard: ${heard.map(({ topic }) => topic).join(" ")}; logged: ${logged.join("; ")}`,
  });

async function startBroker(): Promise<void> {
  writeFileSync(join(folder, "mosquitto.conf"), `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  broker = spawn("/usr/sbin/mosquitto", ["-c", join(folder, "mosquitto.conf")], { stdio: "ignore" });
  const isUp = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connectSocket(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
  await patientlyUntil("the broker", isUp);
}
async function stopBroker(): Promise<void> {
  const gone = broker === undefined ? undefined : once(broker, "exit");
  broker?.kill("SIGKILL");
  await gone;
  broker = undefined;
}
async function listen(): Promise<void> {
  host = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
  host.on("message", (topic, bytes) => {
    const payload = decodePayload(bytes);
    if (payload !== undefined) heard.push({ topic: topic.replace("spBv1.0/press/", ""), payload });
  });
  await host.subscribeAsync("spBv1.0/press/#", { qos: 1 });
}
function make(primary?: string): void {
  node = new EdgeNode({
    group: "press",
    node: "n",
    plant: own.plant,
    stored: 100,
    write: async () => true,
    attempted: (attempt) => void attempts.push(attempt),
  });
  client = new SparkplugClient(node, {
    broker: `mqtt://127.0.0.1:${port}`,
    group: "press",
    node: "n",
    host: primary,
    user: undefined,
    passwordFile: undefined,
    ca: undefined,
    log: { info: (message) => void logged.push(message), warn: (message) => void logged.push(message) },
  });
}
const topics = (): string[] => heard.map(({ topic }) => topic);
const bdSeq = (at: number): unknown =>
  heard[at]?.payload.metrics.filter(({ name }) => name === "bdSeq").map((metric) => valueOf(metric, parseType("u64")))[0];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "axv-mqtt-"));
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  ({ port } = free.address() as { port: number });
  free.close();
  [heard, attempts, logged] = [[], [], []];
  own = new TestPlant({ plc: TAGS });
  own.tell(0, "running");
  own.scan(0, { Level: 1, Setpoint: 20 });
  await startBroker();
  await listen();
  make();
});
afterEach(async () => {
  await client.close();
  host?.end(true);
  await stopBroker();
  rmSync(folder, { recursive: true });
});

test("births, data, a command, and a death in good order", async () => {
  client.start();
  await until("the births", () => heard.length === 2);
  own.scan(0, { Level: 2 });
  await until("data", () => heard.length === 3);
  expect(topics()).toEqual(["NBIRTH/n", "DBIRTH/n/plc", "DDATA/n/plc"]);
  expect(heard.map(({ payload }) => payload.seq)).toEqual([0, 1, 2]);
  await host?.publishAsync(
    "spBv1.0/press/DCMD/n/plc",
    encodePayload(0, undefined, [{ name: "Setpoint", timestamp: 0, type: parseType("i16"), value: 33 }]),
  );
  await until("the command", () => attempts.length === 1);
  expect(attempts[0]).toMatchObject({ outcome: "done", writes: [{ value: 33 }] });
  heard = [];
  await client.close();
  await until("the death", () => topics().includes("NDEATH/n"));
  expect(heard.filter(({ topic }) => topic === "NDEATH/n").map(({ payload }) => payload.seq)).toEqual([undefined]);
});

test("when the broker was away, the next birth has a later bdSeq, and what was missed follows it as what it is", async () => {
  client.start();
  await until("the births", () => heard.length === 2);
  expect(bdSeq(0)).toBe(0n);
  await stopBroker();
  await until("its being noticed", () => !node.isAlive);
  own.scan(0, { Level: 3 });
  own.scan(0, { Level: 4 });
  heard = [];
  host?.end(true);
  await startBroker();
  await listen();
  await until("the births", () => topics().includes("DDATA/n/plc"));
  expect(topics()).toEqual(["NBIRTH/n", "DBIRTH/n/plc", "DDATA/n/plc"]);
  expect(Number(bdSeq(0))).toBeGreaterThan(0);
  const { metrics = [] } = heard[2]?.payload ?? {};
  expect(metrics.map((metric) => [metric.isHistorical, valueOf(metric, parseType("f32"))])).toEqual([[true, 3], [true, 4]]);
});

test("when it dies without a word, the broker tells its will, with the bdSeq of its birth", async () => {
  const child = spawn(process.execPath, ["test/sparkplug/node-alone.ts", String(port)], { stdio: "ignore" });
  await until("its birth", () => topics().includes("NBIRTH/alone"));
  const born = bdSeq(0);
  child.kill("SIGKILL");
  await until("its will", () => topics().includes("NDEATH/alone"));
  expect(bdSeq(topics().indexOf("NDEATH/alone"))).toBe(born);
  expect(born).toBe(0n);
});

test("a primary host is waited for; while it is gone, the node is dead and keeps its values", async () => {
  make("scada");
  client.start();
  await until("the connection", () => logged.some((line) => line.includes("waiting for scada")));
  await new Promise((done) => setTimeout(done, 200));
  expect(topics()).toEqual([]);
  const state = async (online: boolean, timestamp: number): Promise<void> => {
    await host?.publishAsync("spBv1.0/STATE/scada", JSON.stringify({ online, timestamp }), { qos: 1, retain: true });
  };
  await state(true, 10);
  await until("the births", () => heard.length === 2);
  const born = Number(bdSeq(0)); // not 0: a busy machine may have lost its first connection
  await state(false, 5); // an old one
  own.scan(0, { Level: 2 });
  await until("data", () => heard.length === 3);
  heard = [];
  await state(false, 20);
  await until("the death", () => topics().includes("NDEATH/n"));
  expect(bdSeq(0)).toBe(BigInt(born));
  own.scan(0, { Level: 5 });
  await state(true, 30);
  await until("the births", () => topics().includes("DDATA/n/plc"));
  expect(topics()).toEqual(["NDEATH/n", "NBIRTH/n", "DBIRTH/n/plc", "DDATA/n/plc"]);
  expect(bdSeq(1)).toBe(BigInt(born + 1));
  expect(heard[3]?.payload.metrics[0]?.isHistorical).toBe(true);
});

test("the broker away for too long: the newest values come after the births, in order, and the others are counted", async () => {
  client.start();
  await until("the births", () => heard.length === 2);
  await stopBroker();
  await until("its being noticed", () => !node.isAlive);
  const from = own.instant;
  for (let k = 0; k < 250; k++) {
    own.pass(SCAN_MS);
    own.scan(0, { Level: 1000 + k }, BigInt(own.instant.steady * (COUNTER_HZ / 1000)));
  }
  expect(node.counts).toEqual({ stored: 100, lost: 150 });
  heard = [];
  host?.end(true);
  await startBroker();
  await listen();
  await until("the births", () => topics().includes("DDATA/n/plc"));
  await until(
    "all that was kept",
    () => heard.filter(({ topic }) => topic === "DDATA/n/plc").flatMap(({ payload }) => payload.metrics).length >= 100,
  );
  expect(topics().slice(0, 2)).toEqual(["NBIRTH/n", "DBIRTH/n/plc"]);
  const told = heard.slice(2).flatMap(({ payload }) => payload.metrics);
  expect(told.map((metric) => valueOf(metric, parseType("f32")))).toEqual(Array.from({ length: 100 }, (_, k) => 1150 + k));
  expect(told.every(({ isHistorical }) => isHistorical)).toBe(true);
  expect(told.map(({ timestamp }) => Number(timestamp) - from.wall)).toEqual(
    Array.from({ length: 100 }, (_, k) => (151 + k) * SCAN_MS),
  );
  expect(heard.map(({ payload }) => payload.seq)).toEqual(heard.map((_, seq) => seq));
  expect(node.counts.stored).toBe(0);
});

test("a file with the password that has gone is told, and read again when it is back", async () => {
  const passwordFile = join(folder, "password");
  client = new SparkplugClient(node, {
    broker: `mqtt://127.0.0.1:${port}`, group: "press", node: "n", host: undefined, user: "u", passwordFile, ca: undefined,
    log: { info: (message) => void logged.push(message), warn: (message) => void logged.push(message) },
  });
  client.start();
  await until("its being said", () => logged.some((line) => line.includes("its file cannot be read")));
  writeFileSync(passwordFile, "secret\n");
  await until("the births", () => heard.length === 2);
});
