// Loads the OPC UA server: 50 sessions, each with 200 items at 10 Hz, of which one in ten changes. It runs in
// a process of its own, from a bundle as on the PLC, whose processor time and memory are told; the clients
// are in this one, and are not measured.
import { fork } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import {
  AttributeIds, ClientMonitoredItemGroup, MessageSecurityMode, OPCUAClient, SecurityPolicy, TimestampsToReturn,
  UserTokenType,
} from "node-opcua-client";
import type { ClientSession, DataValue } from "node-opcua-client";
import { stop } from "esbuild";
import { bundleServer } from "../../../tools/bridge/pack.ts";
import { hashPassword } from "../../../industrial/opcua/users.ts";
import { ITEMS, PERIOD_MS, SECONDS, SESSIONS, TAGS, type Usage } from "./load.ts";

const PASSWORD = "bench";
const CLIENT_URI = "urn:axv-part:bench-client";
const DAY_MS = 86_400_000;
const SECOND_US = 1e6;
const MEGABYTE = 1e6;
/**
 * How Node is to be started for this: by itself it lets the heap grow to twice of what is in use. A larger young
 * generation costs more (2 MiB: 0.38 of a core, 16 MiB: 0.70): what the library makes lives long enough to be copied
 * in it; and so do the collector's threads.
 */
const FLAGS = ["--max-old-space-size=200", "--max-semi-space-size=1", "--single-threaded-gc"];

export interface OpcUaFigures {
  /** Of a core. */
  readonly cpu: number;
  /** Megabytes, before the first session and with all. */
  readonly idle: number;
  readonly rss: number;
  /** A second, and from the scan to the client. */
  readonly notifications: number;
  readonly p50: number;
  readonly p99: number;
}

/** What has been told since it was asked last. */
class Heard {
  count = 0;
  latencies: number[] = [];

  take({ sourceTimestamp }: DataValue): void {
    this.count++;
    this.latencies.push(Date.now() - (sourceTimestamp?.getTime() ?? 0));
  }
}

async function newKeys(folder: string): Promise<{ readonly keys: OPCUACertificateManager; readonly certificateFile: string }> {
  mkdirSync(join(folder, "client"));
  const keys = new OPCUACertificateManager({
    rootFolder: join(folder, "client"),
    automaticallyAcceptUnknownCertificate: true,
    disableFileWatchers: true,
  });
  await keys.initialize();
  const certificateFile = join(folder, "client.pem");
  await keys.createSelfSignedCertificate({
    applicationUri: CLIENT_URI,
    dns: ["localhost"],
    ip: [],
    subject: "/CN=bench",
    startDate: new Date(Date.now() - DAY_MS),
    validity: 100,
    outputFile: certificateFile,
  });
  const trusting = new OPCUACertificateManager({ rootFolder: join(folder, "pki"), disableFileWatchers: true });
  await trusting.initialize();
  await trusting.trustCertificate(new X509Certificate(readFileSync(certificateFile)).raw);
  await trusting.dispose();
  return { keys, certificateFile };
}

async function watch(session: ClientSession, number: number, heard: Heard): Promise<void> {
  const space = (await session.readNamespaceArray()).indexOf("urn:axv-part:plant");
  const subscription = await session.createSubscription2({
    requestedPublishingInterval: PERIOD_MS,
    requestedLifetimeCount: 1000,
    requestedMaxKeepAliveCount: 100,
    maxNotificationsPerPublish: 0,
    publishingEnabled: true,
    priority: 0,
  });
  const nodes = Array.from({ length: ITEMS }, (_, k) => ({
    nodeId: `ns=${space};s=plc.T${(number * ITEMS + k) % TAGS}`,
    attributeId: AttributeIds.Value,
  }));
  const group = ClientMonitoredItemGroup.create(
    subscription,
    nodes,
    { samplingInterval: PERIOD_MS, queueSize: 2, discardOldest: true },
    TimestampsToReturn.Source,
  );
  group.on("changed", (_item, value: DataValue) => heard.take(value));
  await new Promise<void>((resolve) => group.once("initialized", () => resolve()));
}

export async function measure(encrypted: boolean): Promise<OpcUaFigures> {
  const folder = mkdtempSync(join(tmpdir(), "axv-bench-"));
  const { keys, certificateFile } = await newKeys(folder);
  await bundleServer("test/bench/opcua/server.ts", folder, "server");
  await stop(); // esbuild's own process
  const server = fork(join(folder, "bin/server.mjs"), [folder, ...(encrypted ? [await hashPassword(PASSWORD)] : [])], {
    execArgv: FLAGS,
  });
  const clients: OPCUAClient[] = [];
  try {
    let latest: Usage | undefined;
    // One that nobody takes would wait for who does, and be old then.
    server.on("message", (message) => (latest = message as Usage));
    const usage = async (): Promise<Usage> => {
      latest = undefined;
      while (latest === undefined) await new Promise((resolve) => server.once("message", resolve));
      return latest;
    };
    const { port, rss: idle } = await usage();
    const heard = new Heard();
    const security = encrypted
      ? { securityMode: MessageSecurityMode.SignAndEncrypt, securityPolicy: SecurityPolicy.Basic256Sha256 }
      : { securityMode: MessageSecurityMode.None, securityPolicy: SecurityPolicy.None };
    for (let number = 0; number < SESSIONS; number++) {
      const client = OPCUAClient.create({
        ...security,
        applicationUri: CLIENT_URI,
        certificateFile,
        privateKeyFile: keys.privateKey,
        clientCertificateManager: keys,
        endpointMustExist: false,
      });
      await client.connect(`opc.tcp://127.0.0.1:${port}`);
      clients.push(client);
      const who = encrypted
        ? ({ type: UserTokenType.UserName, userName: "bench", password: PASSWORD } as const)
        : ({ type: UserTokenType.Anonymous } as const);
      await watch(await client.createSession(who), number, heard);
    }
    const before = await usage();
    [heard.count, heard.latencies] = [0, []];
    const from = performance.now();
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
    const after = await usage();
    const seconds = (performance.now() - from) / 1000;
    const sorted = heard.latencies.sort((a, b) => a - b);
    const at = (part: number): number => sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;
    return {
      cpu: (after.cpu - before.cpu) / SECOND_US / seconds,
      idle: idle / MEGABYTE,
      rss: after.rss / MEGABYTE,
      notifications: heard.count / seconds,
      p50: at(0.5),
      p99: at(0.99),
    };
  } finally {
    for (const client of clients) await client.disconnect();
    server.disconnect();
    await keys.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}
