// The live page of a bridge: what it knows of tags and their quality as well, and everything that is asked of it on record.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { verify } from "../../industrial/bridge/audit.ts";
import { Bridge } from "../../industrial/bridge/bridge.ts";
import { readBridge } from "../../industrial/bridge/settings.ts";
import type { BridgeSettings } from "../../industrial/bridge/schema.ts";
import { formatPacked, readPacked } from "../../industrial/bridge/system.ts";
import type { BridgeSystem } from "../../industrial/bridge/system.ts";
import { Link } from "../../industrial/link/link.ts";
import { hashPassword } from "../../industrial/opcua/users.ts";
import { PATHS } from "../../industrial/web/protocol.ts";
import { writeValue } from "../../industrial/tags/value.ts";
import { planFile } from "../../tools/plan/file.ts";
import { systemMap } from "../../tools/plan/map.ts";
import { FakeBoard } from "../run/fake-board.ts";
import { pair } from "../run/pair.ts";
import { until } from "../patience.ts";
import { TestPage } from "./station.ts";

const SYSTEM = `
board: qemu-aarch64
version: 1.4.0
partitions:
  linux: { guest: linux, cpus: [0, 1], memory: 256M }
  plc: { guest: plc, cpus: [3], memory: 16M, tags: [{ name: Level, type: f32, unit: mm }, { name: Names, type: "string[8]" }],
         update: { key: ${"5a".repeat(32)}, from: linux, size: 1M, version: 7 } }
channels:
  values: { between: [plc, linux], carries: tags }
`;
const PLC = 1;

let folder: string;
let system: BridgeSystem;
let settings: BridgeSettings;
let bridge: Bridge;
let board: FakeBoard;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "axv-web-"));
  writeFileSync(join(folder, "system.yaml"), SYSTEM);
  const planned = planFile(join(folder, "system.yaml"), "none").system;
  if (planned === undefined) throw new Error("the system has mistakes");
  system = { ...planned, map: systemMap(planned.plan) };
  const hash = await hashPassword("may-act-here");
  writeFileSync(
    join(folder, "bridge.yaml"),
    "system: system.yaml\nlink: { address: none }\naudit: { folder: audit }\nstale_after: 3s\nweb: { listen: " +
      `"127.0.0.1:1", users: { anna: { role: operator, password: ${hash} } } }\n`,
  );
  const read = readBridge(join(folder, "bridge.yaml")).settings;
  if (read?.web === undefined) throw new Error("bridge.yaml has mistakes");
  settings = { ...read, web: { ...read.web, listen: { host: "127.0.0.1", port: 0 } } };
  const [here, there] = pair();
  board = new FakeBoard(there);
  bridge = await Bridge.start(system, settings, pino({ level: "silent" }), async () => new Link(here));
});
afterEach(async () => {
  await bridge.close();
  rmSync(folder, { recursive: true });
});

const origin = (): string => `http://127.0.0.1:${bridge.ports["web"]}`;
const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(origin() + path, {
    method: "POST",
    headers: { Origin: origin(), "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
const page = (): TestPage =>
  new TestPage(new WebSocket(`ws://127.0.0.1:${bridge.ports["web"]}${PATHS.live}`, { headers: { Origin: origin() } }));

test("shows partitions with their quality, the map, and trends of tags", async () => {
  const seen = page();
  const welcome = await seen.next("welcome");
  expect(welcome).toMatchObject({ title: "linux + plc", systemVersion: "1.4.0" });
  expect(welcome).toMatchObject({ hasCommands: true, map: { board: "qemu-aarch64" } });
  expect(welcome.partitions.map(({ hasUpdate }) => hasUpdate)).toEqual([false, true]);
  const names = welcome.trends.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["plc.Level", "plc.jitter last"]));
  expect(names, "text has no trend").not.toContain("plc.Names");
  board.tick();
  const [tags] = system.tags.table;
  const level = tags?.tags.find(({ name }) => name === "Level");
  if (tags === undefined || level === undefined) throw new Error("no such tag");
  const image = new DataView(new ArrayBuffer(tags.size));
  writeValue(image, level.offset, level.type, 1.5);
  bridge.plant.takeImage(PLC, image, 1n);
  const message = await seen.next("snapshot");
  expect(message.cells).toMatchObject({ link: null, "0.state": "running", "0.quality": "good", "1.quality": "good" });
  seen.watch("plc.Level");
  const { trends } = await seen.next("points");
  expect(trends["plc.Level"]?.[1][0]).toBe(1.5);
  const { cells, logs } = await seen.next("delta", (delta) => delta.cells["1.quality"] !== undefined);
  expect(cells["1.quality"]).not.toBe("good");
  expect(
    logs.events?.entries.some(
      ({ partition, kind, text }) => partition === "plc" && kind === "warning" && text.startsWith("its values are "),
    ),
  ).toBe(true);
  expect((await seen.next("points")).trends["plc.Level"]?.[1].at(-1), "nothing is known of it now").toBe(null);
});

test("carries out commands of whoever has logged in, and has it on record", async () => {
  expect((await post(PATHS.command, { partition: "plc", command: "restart" })).status).toBe(401);
  expect((await post(PATHS.login, { user: "anna", password: "wrong" })).status).toBe(401);
  const login = await post(PATHS.login, { user: "anna", password: "may-act-here" });
  const Cookie = login.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  expect((await post(PATHS.command, { partition: "plc", command: "restart" }, { Cookie })).status).toBe(200);
  expect((await post(PATHS.type, { partition: "linux", text: "ls\r" }, { Cookie })).status).toBe(200);
  await until("what was typed", () => board.typed[0] === "ls\r");
  const entries = readFileSync(join(folder, "audit/audit-00000001.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { entry: Record<string, unknown> }).entry);
  expect(entries.slice(1)).toMatchObject([
    { what: "login", via: "web", user: "anna", from: "127.0.0.1", allowed: false, result: "wrong" },
    { what: "login", allowed: true },
    { what: "command", object: "plc", detail: "restart", result: "done" },
    { what: "type", object: "linux", detail: "3 bytes" },
  ]);
  expect(verify(join(folder, "audit")).entries).toBe(5);
});

test("goes and comes with bridge.yaml, and leaves nobody who listens behind", async () => {
  const seen = page();
  await seen.next("welcome");
  const heard = (): number =>
    (["values", "quality", "telemetry"] as const).reduce((sum, event) => sum + bridge.plant.listenerCount(event), 0);
  const before = heard();
  await bridge.serveInstead({ ...settings, web: undefined });
  await until("its end", () => seen.socket.readyState === WebSocket.CLOSED);
  expect(heard()).toBeLessThan(before);
  await bridge.serveInstead(settings);
  expect(heard()).toBe(before);
  await page().next("welcome");
});

test("a packed system has the map, too", () => {
  writeFileSync(join(folder, "system.json"), formatPacked(system));
  const { map, plan } = readPacked(join(folder, "system.json"));
  expect([plan.version, plan.update]).toEqual(["1.4.0", { partition: PLC }]);
  expect(map).toEqual(JSON.parse(JSON.stringify(system.map)));
  expect(plan.partitions.map(({ name, guest, direct }) => [name, guest, direct])).toEqual([
    ["linux", "linux", false],
    ["plc", "plc", false],
  ]);
});
