// How commands reach a bridge that runs: by a socket that nobody else may use, and that a bridge which
// was killed does not leave in the way.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { askBridge, Control, controlPath } from "../../industrial/bridge/control.ts";
import type { Controlled } from "../../industrial/bridge/control.ts";

const SESSION = {
  id: "ns=1;g=0A1B2C3D-0000-0000-0000-000000000000",
  user: "anna",
  role: "operator" as const,
  address: "10.0.0.7",
  application: "urn:panel",
  since: new Date(0),
  subscriptions: 1,
  items: 2,
};

let folder: string;
let file: string;
let control: Control | undefined;
let opcua: Controlled | undefined;
let recorded: unknown[];
const listen = async (): Promise<Control> =>
  (control = await Control.listen(
    file,
    () => opcua,
    (entry) => void recorded.push(entry),
  ));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-control-"));
  file = join(folder, "bridge.yaml");
  recorded = [];
  opcua = { sessionList: () => [SESSION], closeSession: (id) => id === SESSION.id, renewCertificate: async () => {} };
});
afterEach(async () => {
  await control?.close();
  control = undefined;
  rmSync(folder, { recursive: true });
});

test("sessions are listed, one is ended, a certificate is renewed; what changes something is on record", async () => {
  await listen();
  expect(await askBridge(file, { command: "sessions" })).toEqual({
    sessions: [{ ...SESSION, since: "1970-01-01T00:00:00.000Z" }],
  });
  expect(await askBridge(file, { command: "close", id: SESSION.id })).toEqual({ done: true });
  expect(await askBridge(file, { command: "close", id: "ns=1;i=1" })).toEqual({ done: false });
  expect(await askBridge(file, { command: "renew" })).toEqual({ done: true });
  expect(recorded).toMatchObject([
    { what: "session closed", user: "anna", address: "10.0.0.7", done: true },
    { what: "session closed", done: false },
    { what: "certificate renewed" },
  ]);
});

test("its socket is its user's alone, and goes with it", async () => {
  await listen();
  expect(statSync(controlPath(file)).mode & 0o777).toBe(0o600);
  await control?.close();
  control = undefined;
  expect(existsSync(controlPath(file))).toBe(false);
  expect(await askBridge(file, { command: "sessions" })).toBeUndefined();
});

test("what a killed bridge left is replaced; while one answers, no other bridge starts with that file", async () => {
  await listen();
  await expect(
    Control.listen(
      file,
      () => opcua,
      () => {},
    ),
  ).rejects.toMatchObject({ code: "AXV_BRIDGE_RUNS" });
  expect(await askBridge(file, { command: "renew" }), "and it is still there").toEqual({ done: true });
  const killed = `${file}2`;
  const child = spawn(process.execPath, [
    "-e",
    `require("node:net").createServer().listen(${JSON.stringify(controlPath(killed))}, () => process.stdout.write("up"))`,
  ]);
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(existsSync(controlPath(killed))).toBe(true);
  expect(await askBridge(killed, { command: "sessions" })).toBeUndefined();
  const next = await Control.listen(
    killed,
    () => opcua,
    () => {},
  );
  expect(await askBridge(killed, { command: "renew" })).toEqual({ done: true });
  await next.close();
});

test("what cannot be done is said", async () => {
  await listen();
  opcua = {
    ...SESSION,
    sessionList: () => [],
    closeSession: () => false,
    renewCertificate: () => Promise.reject(new Error("the disk is full")),
  };
  await expect(askBridge(file, { command: "renew" })).rejects.toThrow(/the disk is full/);
  opcua = undefined;
  await expect(askBridge(file, { command: "sessions" })).rejects.toThrow(/has no OPC UA server: give it `opcua:`/);
  await expect(
    Control.listen(
      join(folder, "x".repeat(120)),
      () => opcua,
      () => {},
    ),
  ).rejects.toMatchObject({ code: "AXV_BRIDGE_CONTROL" });
  expect(recorded).toEqual([]);
});

test("nonsense is refused, and whoever says too much is cut off", async () => {
  await listen();
  const send = (text: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(controlPath(file), () => socket.write(text));
      let said = "";
      socket.on("data", (bytes) => (said += bytes.toString())).on("error", () => {}).on("close", () => resolve(said));
    });
  for (const text of ["hello\n", "{}\n", '{"command":"stop"}\n', '{"command":"close"}\n', '{"command":"sessions","more":1}\n'])
    expect(await send(text), text).toMatch(/"failed":"this bridge is of another version/);
  expect(await send("x".repeat(10_000))).toBe("");
  expect(await askBridge(file, { command: "renew" })).toEqual({ done: true });
});
