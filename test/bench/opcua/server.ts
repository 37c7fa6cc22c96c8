// The measured side: a server of 1,000 tags, of which one in ten changes ten times a second. Started by
// ../opcua.ts; the argument is a folder of its own.
import { join } from "node:path";
import { OpcUaServer } from "../../../industrial/opcua/server.ts";
import { DEFAULT_CAPS, POLICIES } from "../../../industrial/opcua/target.ts";
import { Plant } from "../../../industrial/tags/plant.ts";
import { placeInImage } from "../../../partitions/tags/table.ts";
import type { WantedTag } from "../../../partitions/tags/table.ts";
import { parseType } from "../../../partitions/tags/type.ts";
import { CHANGING, COUNTER_HZ, PERIOD_MS, TAGS, type Usage } from "./load.ts";

const [, , folder = "", encrypted = ""] = process.argv;
const STALE_MS = 2000;

const wanted: WantedTag[] = Array.from({ length: TAGS }, (_, k) => ({
  partition: "plc",
  name: `T${k}`,
  type: parseType("f32"),
  unit: undefined,
  range: undefined,
  writable: false,
  description: undefined,
  deadband: 0,
  clients: undefined,
  register: undefined,
  path: [],
}));
const { offsets, size } = placeInImage(wanted);
const tags = wanted.map((tag, k) => ({ ...tag, offset: offsets[k] ?? 0, register: k, alias: k + 1 }));
const plant = new Plant([{ name: "plc", slot: 0, tags: { partition: "plc", size, tags }, guestTags: [] }], STALE_MS, COUNTER_HZ);

const silent = (): void => {};
const server = await OpcUaServer.start({
  plant,
  system: { version: undefined, updated: undefined },
  writer: undefined,
  commands: undefined,
  board: { name: "bench", manufacturer: "", model: "", serialNumber: "", hardwareRevision: "", softwareRevision: "" },
  log: { info: silent, warn: silent, error: (message) => process.stderr.write(`${message}\n`) },
  audit: { record: silent },
  settings: {
    host: "127.0.0.1",
    port: 0,
    hostnames: ["127.0.0.1"],
    applicationUri: "urn:axv-part:bench",
    pki: join(folder, "pki"),
    policies: POLICIES,
    anonymous: encrypted === "",
    discovery: true,
    users: encrypted === "" ? [] : [{ name: "bench", role: "observer", password: encrypted }],
    caps: DEFAULT_CAPS,
    sessionSeconds: 60,
    historyValues: 0, // that is measured by itself
  },
});

const image = new DataView(new ArrayBuffer(size));
let scan = 0;
setInterval(() => {
  scan++;
  for (let k = scan % CHANGING; k < TAGS; k += CHANGING) image.setFloat32(tags[k]?.offset ?? 0, scan, true);
  plant.takeImage(0, image, BigInt(Math.round((performance.now() * COUNTER_HZ) / 1000)));
  plant.review();
}, PERIOD_MS);

const began = process.cpuUsage();
setInterval(() => {
  const { user, system } = process.cpuUsage(began);
  process.send?.({ port: server.port, cpu: user + system, rss: process.memoryUsage.rss() } satisfies Usage);
}, 1000);
process.on("disconnect", () => process.exit(0));
