// OPC UA as a part of the bridge: a client that nobody knows is refused, then trusted by command, and from then on reads
// and writes what its user may; what it did stands in the audit log.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ClientSession } from "node-opcua-client";
import { StatusCodes } from "node-opcua-status-code";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { certificatesIn, renew, trust } from "../../industrial/bridge/pki.ts";
import { hashPassword } from "../../industrial/opcua/users.ts";
import { CLIENT_URI, Panel, plantNamespace, readTag, writeInt16 } from "../opcua/panel.ts";
import { Chain } from "./chain.ts";

const PASSWORD = "correct horse";

let chain: Chain;
let panel: Panel;
let lines: string;
beforeAll(async () => {
  chain = await Chain.build();
  panel = await Panel.create(chain.folder);
  const anna = `{ role: operator, password: "${await hashPassword(PASSWORD)}" }`;
  const otto = `{ role: observer, password: "${await hashPassword(PASSWORD)}" }`;
  const users = `{ anna: ${anna}, otto: ${otto} }`;
  lines = `counter_hz: 1000000
opcua: { listen: "127.0.0.1:1", pki: pki, names: [127.0.0.1], discovery: true, users: ${users} }
metrics: { listen: "127.0.0.1:1" }
`;
});
afterAll(async () => {
  await panel.end();
  chain.remove();
});
beforeEach(() => chain.begin());
afterEach(async () => {
  await panel.logout();
  await chain.end();
});

const login = (port: number, userName: string): Promise<ClientSession> =>
  panel.login(`opc.tcp://127.0.0.1:${port}`, userName, PASSWORD);

test("from the first knock to a setpoint that follows", async () => {
  const bridge = await chain.start(chain.settings(lines));
  const port = bridge.ports["opcua"] ?? 0;
  await chain.until("values", () => chain.isGood);
  await expect(login(port, "anna")).rejects.toThrow();

  const [refused] = certificatesIn(chain.path("pki")).filter(({ standing }) => standing === "refused");
  expect(refused).toMatchObject({ applicationUri: CLIENT_URI, subject: "CN=panel" });
  expect(refused?.thumbprint).toBe(
    new X509Certificate(readFileSync(panel.certificateFile)).fingerprint.replaceAll(":", "").toLowerCase(),
  );
  expect(() => trust(chain.path("pki"), "")).toThrow(expect.objectContaining({ code: "AXV_BRIDGE_CERTIFICATE" }));
  expect(trust(chain.path("pki"), refused?.thumbprint.slice(0, 8) ?? "")).toMatchObject({ standing: "trusted" });
  expect(certificatesIn(chain.path("pki")).map(({ standing }) => standing)).toEqual(["own", "trusted"]);

  let session: ClientSession | undefined;
  await chain.until(
    "the client's being trusted",
    async () => (session = await login(port, "anna").catch(() => undefined)) !== undefined,
  );
  if (session === undefined) throw new Error("no session");
  const namespace = await plantNamespace(session);
  expect(namespace).toBeGreaterThan(0);
  const nodeId = `ns=${namespace};s=plc.Setpoint`;
  const read = async (one: ClientSession): Promise<unknown> => (await readTag(one, nodeId)).value.value as unknown;
  const write = (one: ClientSession, value: number) => writeInt16(one, nodeId, value);
  expect(await read(session)).toBe(20);
  expect(await write(session, 33)).toBe(StatusCodes.Good);
  expect(await read(session)).toBe(33);
  expect(await write(session, 101)).toBe(StatusCodes.BadOutOfRange);
  const watcher = await login(port, "otto");
  expect(await write(watcher, 34)).toBe(StatusCodes.BadUserAccessDenied);
  expect(await read(watcher)).toBe(33);

  const text = await (await fetch(`http://127.0.0.1:${bridge.ports["metrics"]}/metrics`)).text();
  expect(text).toContain("axv_opcua_sessions 1\n");
  expect(Number(/^axv_opcua_certificate_days (\S+)$/m.exec(text)?.[1])).toBeGreaterThan(3000);

  const entries = readFileSync(chain.path("audit/audit-00000001.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { entry: Record<string, unknown> }).entry);
  const writes = entries
    .filter(({ what }) => what === "write")
    .map(({ object, detail, allowed, result, who }) => [object, detail, allowed, result, (who as { user: string }).user]);
  expect(writes).toEqual([
    ["plc.Setpoint", "33", true, "Good", "anna"],
    ["plc.Setpoint", "101", true, "BadOutOfRange", "anna"],
    ["plc.Setpoint", "34", false, "BadUserAccessDenied", "otto"],
  ]);
});

test("its certificate is made anew after it was put aside, for the same key", async () => {
  const own = (): string | undefined => certificatesIn(chain.path("pki")).find(({ standing }) => standing === "own")?.thumbprint;
  await chain.start(chain.settings(lines));
  const before = own();
  await chain.end();
  expect(renew(chain.path("pki"))).toMatch(/certificate-until-/);
  expect(own()).toBeUndefined();
  await chain.start(chain.settings(lines));
  expect(own()).toMatch(/^[0-9a-f]{40}$/);
  expect(own()).not.toBe(before);
});
