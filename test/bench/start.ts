// How long the bridge takes from its start to the first read, from the bundle, as it runs on the
// PLC; and what an hour of history takes.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stop } from "esbuild";
import modbusSerial from "modbus-serial";
import { MessageSecurityMode, OPCUAClient, SecurityPolicy } from "node-opcua-client";
import { formatPacked } from "../../industrial/bridge/system.ts";
import { Series } from "../../industrial/history/series.ts";
import { parseType } from "../../partitions/tags/type.ts";
import { bundleServer } from "../../tools/bridge/pack.ts";
import { planFile } from "../../tools/plan/file.ts";
import { soundSystem } from "../../tools/plan/show.ts";
import { freePort } from "../bridge/chain.ts";
import type { BridgeRow } from "./modbus/rows.ts";

const ROUNDS = 5;
const START_GOAL_S = 1.5;
const PATIENCE_MS = 30_000;
const POLL_MS = 5;
/** Any of these registers has a value from the start. */
const TEST_REGISTER = 60_000;
const TAGS = 1000;
const VALUES = 3600;
const HISTORY_GOAL_MB = 80;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Somebody listens there. */
async function listening(port: number): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(POLL_MS)) {
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => (socket.destroy(), resolve(true)));
      socket.on("error", () => resolve(false));
    });
    if (isThere) return;
  }
  throw new Error(`nobody listens on port ${port}`);
}

async function readModbus(port: number): Promise<void> {
  await listening(port);
  const client = new modbusSerial.default();
  await client.connectTCP("127.0.0.1", { port });
  await client.readHoldingRegisters(TEST_REGISTER, 1);
  await new Promise<void>((resolve) => client.close(() => resolve()));
}

async function readOpcUa(port: number): Promise<void> {
  await listening(port);
  const client = OPCUAClient.create({
    securityMode: MessageSecurityMode.None,
    securityPolicy: SecurityPolicy.None,
    endpointMustExist: false,
  });
  await client.connect(`opc.tcp://127.0.0.1:${port}`);
  const session = await client.createSession();
  const space = (await session.readNamespaceArray()).indexOf("urn:axv-part:plant");
  await session.read({ nodeId: `ns=${space};s=plc.Scans` });
  await client.disconnect();
}

/** Seconds. */
async function oneStart(folder: string, read: (port: number) => Promise<void>, port: number): Promise<number> {
  const began = performance.now();
  const bridge = spawn(process.execPath, [join(folder, "bin/axv-bridge.mjs"), "run", join(folder, "etc/bridge.yaml")], {
    stdio: "ignore",
  });
  try {
    await read(port);
    return (performance.now() - began) / 1000;
  } finally {
    const ended = new Promise((resolve) => bridge.once("close", resolve));
    bridge.kill();
    await ended;
  }
}

async function startRows(): Promise<BridgeRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "axv-bench-start-"));
  try {
    await bundleServer("tools/axv-bridge.ts", folder, "axv-bridge");
    await stop();
    mkdirSync(join(folder, "etc"));
    const [modbus, opcua] = [await freePort(), await freePort()];
    writeFileSync(join(folder, "etc/system.json"), formatPacked(soundSystem(planFile("partitions/examples/demo.yaml", "none"))));
    writeFileSync(join(folder, "etc/bridge.yaml"), `system: system.json
modbus: { listen: "127.0.0.1:${modbus}" }
opcua: { listen: "127.0.0.1:${opcua}", pki: pki, names: [127.0.0.1], users: {}, anonymous: true }
log: error
`);
    await oneStart(folder, readOpcUa, opcua); // the first one makes a key
    const seconds: { modbus: number; opcua: number }[] = [];
    for (let round = 0; round < ROUNDS; round++)
      seconds.push({ modbus: await oneStart(folder, readModbus, modbus), opcua: await oneStart(folder, readOpcUa, opcua) });
    const value = median(seconds.map((each) => each.opcua));
    return [
      {
        title: "from the bundle's start to the first read by OPC UA",
        ours: `${value.toFixed(2)} s`,
        theirs: `by Modbus ${median(seconds.map((each) => each.modbus)).toFixed(2)} s`,
        value,
        goal: `≤ ${START_GOAL_S} s`,
        isReached: value <= START_GOAL_S,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function historyRow(): BridgeRow {
  const before = process.memoryUsage();
  const image = new DataView(new ArrayBuffer(8));
  const kept = Array.from({ length: TAGS }, () => new Series(parseType("f64"), VALUES));
  for (let n = 0; n < VALUES; n++) {
    image.setFloat64(0, n, true);
    for (const series of kept) series.record(n * 1000, "good", image, 0);
  }
  const after = process.memoryUsage();
  const bytes = after.arrayBuffers - before.arrayBuffers + Math.max(0, after.heapUsed - before.heapUsed);
  const value = bytes / 1e6;
  return {
    title: `history of ${TAGS} tags (f64) at 1 Hz for an hour`,
    ours: `${value.toFixed(0)} MB`,
    theirs: `${(bytes / TAGS / VALUES).toFixed(1)} bytes a value; ${kept.length} tags`,
    value,
    goal: `≤ ${HISTORY_GOAL_MB} MB`,
    isReached: value <= HISTORY_GOAL_MB,
  };
}

export const startAndHistoryRows = async (): Promise<BridgeRow[]> => [...(await startRows()), historyRow()];
