// bridge.yaml: what is taken, and what is wrong with what is not, where, and what to do.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BRIDGE_SCHEMA_FILE, bridgeJsonSchema } from "../../industrial/bridge/schema.ts";
import { checkAgainst, readBridge } from "../../industrial/bridge/settings.ts";
import type { BridgeRead } from "../../industrial/bridge/settings.ts";
import type { PlannedSystem } from "../../partitions/index.ts";
import { planFile } from "../../tools/plan/file.ts";

const SYSTEM = `
board: qemu-aarch64
partitions:
  plc: { guest: plc, cpus: [3], memory: 16M, tags: [{ name: Level, type: f32 }, { name: Setpoint, type: f32, access: rw }] }
  quiet: { guest: plc, cpus: [2], memory: 16M }
  alone: { guest: plc, cpus: [1], memory: 16M, tags: [{ name: A, type: u8 }] }
channels:
  values: { between: [plc, quiet], carries: tags }
`;

/** Of a password that nobody knows. */
const HASH = `scrypt$16384$8$1$${"A".repeat(22)}$${"A".repeat(43)}`;

let folder: string;
let system: PlannedSystem;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-bridge-"));
  writeFileSync(join(folder, "system.yaml"), SYSTEM);
  const planned = planFile(join(folder, "system.yaml")).system;
  if (planned === undefined) throw new Error("the system has mistakes");
  system = planned;
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(text: string): BridgeRead {
  const path = join(folder, "bridge.yaml");
  writeFileSync(path, text);
  return readBridge(path);
}
const mistakes = (text: string): string[] => {
  const found = read(text);
  const all = found.settings === undefined ? found.diagnostics : checkAgainst(found, system);
  for (const { message, remedy } of all) expect(message.length > 10 && remedy.length > 10).toBe(true);
  return all.map(({ line, column, code }) => `${line}:${column} ${code}`);
};

test("the least there is, and what it means", () => {
  const { settings, diagnostics } = read("system: system.yaml\nmodbus: { listen: '0.0.0.0:502' }\n");
  expect(diagnostics).toEqual([]);
  expect(settings).toEqual({
    system: join(folder, "system.yaml"),
    stale_after: 1000,
    log: "info",
    modbus: {
      listen: { host: "0.0.0.0", port: 502 },
      unit: 1,
      words: "high-first",
      stale: "exception",
      connections: 200,
      idle: 60_000,
    },
  });
});

test("all there is", () => {
  const { settings, diagnostics } = read(
    `
system: system.yaml
link: { address: /dev/ttyS0, baud: 1500000 }
values:
  plc: { device: /dev/uio0, through: [ssh, root@plc] }
stale_after: 250ms
modbus:
  listen: "[::]:1502"
  serial: { port: /dev/ttyS1, baud: 9600, parity: none }
  unit: 247
  words: low-first
  stale: mark
  connections: 5
  idle: 5s
metrics: { listen: 127.0.0.1:9464 }
web:
  listen: "0.0.0.0:8443"
  users: { anna: { role: operator, password: HASH } }
  names: [plant.example]
  tls: { certificate: web.pem, key: web.key }
  anonymous: false
sparkplug:
  { broker: "mqtts://10.0.0.2:8883", group: press, node: plc-1, host: scada, user: u, password_file: secret, ca: ca.pem,
    stored: 5 }
audit: { folder: log, size: 1M, files: 10 }
log: debug
`.replace("HASH", HASH),
  );
  expect(diagnostics).toEqual([]);
  expect(settings?.modbus?.listen).toEqual({ host: "::", port: 1502 });
  expect(settings?.web).toMatchObject({
    names: ["plant.example"],
    tls: { certificate: join(folder, "web.pem"), key: join(folder, "web.key") },
    anonymous: false,
  });
  expect(settings?.sparkplug).toMatchObject({
    host: "scada",
    password_file: join(folder, "secret"),
    ca: join(folder, "ca.pem"),
    stored: 5,
  });
  expect(settings).toMatchObject({
    stale_after: 250,
    audit: { folder: join(folder, "log"), size: 1 << 20, files: 10 },
    values: { plc: { through: ["ssh", "root@plc"] } },
  });
  if (settings !== undefined) expect(checkAgainst({ ...read("system: s"), settings, diagnostics }, system)).toEqual([]);
});

test("a board that does not say how fast its counter counts: only who tells times is warned, and counter_hz says it", () => {
  const found = (more: string): string[] => {
    const file = read(`system: s\naudit: { folder: log }\n${more}`);
    return checkAgainst(file, { ...system, plan: { ...system.plan, counterHz: null } }).map(
      ({ code, severity, line }) => `${code} ${severity} ${line}`,
    );
  };
  const opcua = "opcua: { listen: 'a:1', pki: pki, users: {} }\n";
  expect(found("modbus: { listen: 'a:1' }\n")).toEqual([]);
  expect(found(opcua)).toEqual(["AXV-P144 warning 3"]);
  expect(found(`${opcua}counter_hz: 24000000\n`)).toEqual([]);
});

test("where the bridge runs, the guests' images need not be: tags and channels are the same without them", () => {
  const what = (planned: PlannedSystem | undefined) => [
    planned?.tags,
    planned?.plan.partitions.map(({ channels, tags }) => [channels, tags]),
  ];
  const path = join(folder, "system.yaml");
  expect(what(planFile(path, "none").system)).toEqual(what(system));
  writeFileSync(path, SYSTEM.replace("quiet: { guest: plc,", "quiet: { guest: plc, image: none.bin,"));
  expect(planFile(path).system).toBeUndefined();
  expect(what(planFile(path, "none").system)).toEqual(what(system));
});

test("bridge.schema.json is what the tool checks by", () => {
  expect(readFileSync(BRIDGE_SCHEMA_FILE, "utf8"), "npm run schema").toBe(bridgeJsonSchema());
});

describe("is refused, at its place", () => {
  test.each([
    ["no file of keys", "- a\n", ["1:1 AXV-P006"]],
    ["nothing", "", ["1:1 AXV-P006"]],
    ["no YAML", "system: [\n", ["2:1 AXV-P002"]],
    ["no system, and a key that is none", "modbuss: 1\n", ["1:1 AXV-P004", "1:1 AXV-P005"]],
    ["nobody to serve", "system: system.yaml\n", ["1:1 AXV-P140"]],
    [
      "addresses to listen on that are none",
      "system: s\nmodbus: { listen: 502 }\nmetrics: { listen: 'localhost' }\n",
      ["2:19 AXV-P006", "3:20 AXV-P006"],
    ],
    ["a port that is none", "system: s\nmetrics: { listen: 'localhost:65536' }\n", ["2:20 AXV-P006"]],
    [
      "values out of their ranges",
      "system: s\nstale_after: 1h\nmodbus: { listen: 'a:1', unit: 248, words: big, stale: no, connections: 0, idle: 10ms, " +
        "serial: { port: 1, parity: mark, baud: 3 } }\n",
      [
        "2:14 AXV-P006",
        "3:32 AXV-P006",
        "3:44 AXV-P006",
        "3:56 AXV-P006",
        "3:73 AXV-P006",
        "3:82 AXV-P006",
        "3:104 AXV-P006",
        "3:115 AXV-P006",
        "3:127 AXV-P006",
      ],
    ],
    ["a level that is none", "system: s\nlog: loud\nmetrics: { listen: 'a:1' }\n", ["2:6 AXV-P006"]],
    [
      "partitions that are not there, or whose tags do not come",
      "system: s\nmetrics: { listen: 'a:1' }\nvalues:\n  plcc: { device: /dev/uio0 }\n  quiet: { device: " +
        "/dev/uio0 }\n  alone: { device: /dev/uio0 }\n",
      ["4:3 AXV-P141", "5:3 AXV-P141", "6:3 AXV-P141"],
    ],
    [
      "users and other things of OPC UA that cannot be",
      "system: s\nopcua:\n  listen: 'a:1'\n  pki: ''\n  users: { anna: { role: boss, password: secret } }\n  names: " +
        "[]\n  policies: [None]\n  history: -1\n  anonymous: 1\ncounter_hz: 5\n",
      [
        "4:8 AXV-P006",
        "5:26 AXV-P006",
        "5:42 AXV-P006",
        "6:10 AXV-P006",
        "7:14 AXV-P006",
        "8:12 AXV-P006",
        "9:14 AXV-P006",
        "10:13 AXV-P006",
      ],
    ],
    [
      "Sparkplug's names and brokers that are none",
      "system: s\nsparkplug: { broker: 10.0.0.2, group: a/b, node: '', stored: -1 }\n",
      ["2:22 AXV-P006", "2:39 AXV-P006", "2:50 AXV-P006", "2:62 AXV-P006"],
    ],
    ["a live page that others reach without a login", "system: s\nweb: { listen: '0.0.0.0:80' }\n", ["2:1 AXV-P143"]],
    [
      "a live page with half a certificate, and an address that is none",
      "system: s\nweb: { listen: '8080', tls: { key: a } }\n",
      ["2:16 AXV-P006", "2:24 AXV-P005"],
    ],
    [
      "commands on a live page without an audit log",
      "system: s\nlink: { address: a }\nmetrics: { listen: 'a:1' }\nweb: { listen: '127.0.0.1:80', users: { anna: { role: " +
        `operator, password: ${HASH} } } }\n`,
      ["4:1 AXV-P142"],
    ],
    [
      "…but none to one that only tells",
      "system: s\nlink: { address: a, commands: false }\nmetrics: { listen: 'a:1' }\nweb: { listen: '127.0.0.1:80', users: " +
        `{ anna: { role: operator, password: ${HASH} } } }\n`,
      [],
    ],
    ["writes without an audit log", "system: s\nmodbus: { listen: 'a:1' }\n", ["2:1 AXV-P142"]],
  ])("%s", (_, text, places) => expect(mistakes(text)).toEqual(places));

  test("a file that cannot be read", () => {
    expect(readBridge(join(folder, "none.yaml")).diagnostics.map(({ code }) => code)).toEqual(["AXV-P001"]);
    mkdirSync(join(folder, "folder.yaml"));
    expect(readBridge(join(folder, "folder.yaml")).diagnostics.map(({ code }) => code)).toEqual(["AXV-P001"]);
  });
});
