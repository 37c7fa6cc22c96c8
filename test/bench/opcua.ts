// What the OPC UA server costs: 50 sessions, each with 200 items at 10 Hz, of which one in ten changes. The server runs in a process of its own,
// whose processor time and memory are told; the clients are in this one, and are not measured.
//
//     node test/bench/opcua.ts               without encryption
//     node test/bench/opcua.ts --encrypted   Basic256Sha256, SignAndEncrypt
import { fork } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { X509Certificate } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { AttributeIds, ClientMonitoredItemGroup, MessageSecurityMode, OPCUAClient, SecurityPolicy, TimestampsToReturn, UserTokenType } from "node-opcua-client";
import type { ClientSession, DataValue } from "node-opcua-client";
import { hashPassword } from "../../industrial/opcua/users.ts";
import { ITEMS, PERIOD_MS, SECONDS, SESSIONS, TAGS, type Usage } from "./opcua/load.ts";

const PASSWORD = "bench";
const CLIENT_URI = "urn:axv-part:bench-client";
/** How Node is to be started for this: by itself it lets the heap grow to twice of what is in use. */
const FLAGS = ["--max-old-space-size=200", "--max-semi-space-size=2"];
const DAY_MS = 86_400_000;
const encrypted = process.argv.includes("--encrypted");
const folder = mkdtempSync(join(tmpdir(), "axv-bench-"));

mkdirSync(join(folder, "client"));
const keys = new OPCUACertificateManager({ rootFolder: join(folder, "client"), automaticallyAcceptUnknownCertificate: true, disableFileWatchers: true });
await keys.initialize();
const certificateFile = join(folder, "client.pem");
await keys.createSelfSignedCertificate({ applicationUri: CLIENT_URI, dns: ["localhost"], ip: [], subject: "/CN=bench", startDate: new Date(Date.now() - DAY_MS), validity: 100, outputFile: certificateFile });
const trusting = new OPCUACertificateManager({ rootFolder: join(folder, "pki"), disableFileWatchers: true });
await trusting.initialize();
await trusting.trustCertificate(new X509Certificate(readFileSync(certificateFile)).raw);
await trusting.dispose();

const server = fork(new URL("./opcua/server.ts", import.meta.url), [folder, ...(encrypted ? [await hashPassword(PASSWORD)] : [])], { execArgv: FLAGS });
let latest: Usage | undefined;
server.on("message", (message) => (latest = message as Usage)); // one that nobody takes would wait for who does, and be old then
async function usage(): Promise<Usage> {
  latest = undefined;
  while (latest === undefined) await new Promise((resolve) => server.once("message", resolve));
  return latest;
}
const { port, rss: idle } = await usage();

let [notified, latencies]: [number, number[]] = [0, []];
async function open(number: number): Promise<OPCUAClient> {
  const security = encrypted ? { securityMode: MessageSecurityMode.SignAndEncrypt, securityPolicy: SecurityPolicy.Basic256Sha256 } : { securityMode: MessageSecurityMode.None, securityPolicy: SecurityPolicy.None };
  const client = OPCUAClient.create({ ...security, applicationUri: CLIENT_URI, certificateFile, privateKeyFile: keys.privateKey, clientCertificateManager: keys, endpointMustExist: false });
  await client.connect(`opc.tcp://127.0.0.1:${port}`);
  await watch(await client.createSession(encrypted ? { type: UserTokenType.UserName, userName: "bench", password: PASSWORD } : { type: UserTokenType.Anonymous }), number);
  return client;
}

async function watch(session: ClientSession, number: number): Promise<void> {
  const space = (await session.readNamespaceArray()).indexOf("urn:axv-part:plant");
  const subscription = await session.createSubscription2({ requestedPublishingInterval: PERIOD_MS, requestedLifetimeCount: 1000, requestedMaxKeepAliveCount: 100, maxNotificationsPerPublish: 0, publishingEnabled: true, priority: 0 });
  const nodes = Array.from({ length: ITEMS }, (_, k) => ({ nodeId: `ns=${space};s=plc.T${(number * ITEMS + k) % TAGS}`, attributeId: AttributeIds.Value }));
  const group = ClientMonitoredItemGroup.create(subscription, nodes, { samplingInterval: PERIOD_MS, queueSize: 2, discardOldest: true }, TimestampsToReturn.Source);
  group.on("changed", (_item, { sourceTimestamp }: DataValue) => {
    notified++;
    latencies.push(Date.now() - (sourceTimestamp?.getTime() ?? 0));
  });
  await new Promise<void>((resolve) => group.once("initialized", () => resolve()));
}

const clients: OPCUAClient[] = [];
for (let number = 0; number < SESSIONS; number++) clients.push(await open(number));
await usage();
const before = await usage();
[notified, latencies] = [0, []];
const from = performance.now();
await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
const after = await usage();
const seconds = (performance.now() - from) / 1000;
latencies.sort((a, b) => a - b);
const at = (part: number): number => latencies[Math.floor(part * (latencies.length - 1))] ?? 0;
console.log(`${SESSIONS} sessions x ${ITEMS} items x ${1000 / PERIOD_MS} Hz, 10 % changing, ${encrypted ? "encrypted" : "without encryption"}:`);
console.log(`  ${((after.cpu - before.cpu) / 1e6 / seconds).toFixed(3)} of a core, RSS ${(after.rss / 1e6).toFixed(0)} MB (idle ${(idle / 1e6).toFixed(0)} MB)`);
console.log(`  ${(notified / seconds).toFixed(0)} notifications/s of ${(SESSIONS * ITEMS * 1000) / PERIOD_MS / 10} expected; scan to client p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
for (const client of clients) await client.disconnect();
server.disconnect();
await keys.dispose();
rmSync(folder, { recursive: true, force: true });
