// The bridge, with parties that were not written here: open62541 as an OPC UA client, and Wireshark's
// dissectors as readers of what it says.
import { X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import modbusSerial from "modbus-serial";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Bridge } from "../../industrial/bridge/bridge.ts";
import { LENGTH_AT, UNCOUNTED } from "../../industrial/modbus/mbap.ts";
import { hashPassword } from "../../industrial/opcua/users.ts";
import { Panel } from "../opcua/panel.ts";
import { open62541 } from "../opcua/peers/open62541.ts";
import type { Peer } from "../opcua/peers/open62541.ts";
import { DIRECTIONS, Recorder } from "../peers/recorder.ts";
import { dissected, malformed } from "../peers/tshark.ts";
import { Chain } from "./chain.ts";

const PASSWORD = "correct horse";
/** By these Wireshark knows the protocols. */
const OPCUA_PORT = 4840;
const MODBUS_PORT = 502;

let chain: Chain;
let panel: Panel;
let peer: Peer;
let users: string;
let bridge: Bridge;
beforeAll(async () => {
  chain = await Chain.build();
  panel = await Panel.create(chain.folder);
  peer = await open62541(chain.folder);
  const anna = `{ role: operator, password: "${await hashPassword(PASSWORD)}" }`;
  const otto = `{ role: observer, password: "${await hashPassword(PASSWORD)}" }`;
  users = `{ anna: ${anna}, otto: ${otto} }`;
  mkdirSync(chain.path("pki/trusted/certs"), { recursive: true });
  writeFileSync(chain.path("pki/trusted/certs/panel.pem"), readFileSync(panel.certificateFile));
});
afterAll(async () => {
  await panel.end();
  chain.remove();
});
beforeEach(() => chain.begin());
afterEach(() => chain.end());

async function start(more: string): Promise<Bridge> {
  const opcua = `counter_hz: 1000000
opcua: { listen: "127.0.0.1:1", pki: pki, names: [127.0.0.1], discovery: true, users: ${users}${more} }`;
  bridge = await chain.start(chain.settings(`${opcua}\nmodbus: { listen: "127.0.0.1:1" }\n`));
  await chain.until("values", () => chain.isGood);
  return bridge;
}

describe("open62541, with Basic256Sha256 and SignAndEncrypt", () => {
  const run = (user: string, password = PASSWORD): Promise<string[]> => {
    const certificate = chain.path("server.der");
    writeFileSync(certificate, new X509Certificate(readFileSync(chain.path("pki/own/certs/certificate.pem"))).raw);
    return peer.run(
      `opc.tcp://127.0.0.1:${bridge.ports["opcua"]}`,
      "plc",
      user,
      password,
      panel.certificateFile,
      panel.keyFile,
      certificate,
    );
  };

  test("an operator browses, reads, writes what is allowed and nothing else, and is told what has changed", async () => {
    await start("");
    expect(await run("anna")).toEqual([
      "keys: Good", "connected: Good", "namespace: Good",
      "browsed: Scans Level Setpoint Mode Pumps",
      "Setpoint = 20",
      "subscribed: Good", "monitored: Good", "told 20",
      "Setpoint := 33: Good", "told 33",
      "Setpoint := 101: BadOutOfRange", "Mode := 1: BadUserAccessDenied", "Level := 1: BadNotWritable",
      "Setpoint = 33",
      "left: Good",
    ]);
  });

  test("an observer only looks; a wrong password and nobody do not come in", async () => {
    await start("");
    expect((await run("otto")).slice(1)).toEqual([
      "connected: Good",
      "namespace: Good",
      "browsed: Scans Level Setpoint Mode Pumps",
      "Setpoint = 20",
      "subscribed: Good",
      "monitored: Good",
      "told 20",
      ...["Setpoint := 33", "Setpoint := 101", "Mode := 1"].map((write) => `${write}: BadUserAccessDenied`),
      "Level := 1: BadNotWritable",
      "Setpoint = 20",
      "left: Good",
    ]);
    expect(await run("anna", "guess")).toEqual(["keys: Good", "connected: BadUserAccessDenied"]);
    expect(await run("-")).toEqual(["keys: Good", "connected: BadIdentityTokenRejected"]);
  });
});

/** Binary encodings of the requests and answers that are in a session of that client (OPC 10000-6, A.3). */
const SERVICES: readonly (readonly [name: string, ...encodings: number[]])[] = [
  ["FindServers", 422, 425],
  ["GetEndpoints", 428, 431],
  ["OpenSecureChannel", 446, 449],
  ["CloseSecureChannel", 452],
  ["CreateSession", 461, 464],
  ["ActivateSession", 467, 470],
  ["CloseSession", 473, 476],
  ["Browse", 527, 530],
  ["Read", 631, 634],
  ["Write", 673, 676],
  ["CreateMonitoredItems", 751, 754],
  ["CreateSubscription", 787, 790],
  ["Publish", 826, 829],
  ["ServiceFault", 397],
];
/**
 * Where in the first request that text's length is: behind the headers of message, security and sequence, and some of its
 * own.
 */
const AUDIT_ENTRY_ID = 46;

describe("Wireshark", () => {
  /** A test that nothing is malformed is worth something only if Wireshark says so of what is. */
  async function expectDetected(file: string, alter: (bytes: Buffer) => void): Promise<void> {
    const bytes = readFileSync(file);
    alter(bytes);
    writeFileSync(file, bytes);
    expect(await malformed(file)).not.toEqual([]);
  }
  /** Lengths are told by each protocol in its own header. */
  function messages(streams: readonly Buffer[], lengthOf: (rest: Buffer) => number): number {
    let count = 0;
    for (const stream of streams) for (let at = 0; at < stream.length; at += lengthOf(stream.subarray(at))) count++;
    return count;
  }

  test("dissects a session of OPC UA without encryption, which is asked for by name: nothing in it is malformed", async () => {
    await start(", anonymous: true");
    const recorder = await Recorder.before(bridge.ports["opcua"] ?? 0, OPCUA_PORT);
    const said = await peer.run(`opc.tcp://127.0.0.1:${recorder.port}`, "plc");
    expect(said).toContain("told 20");
    const file = chain.path("opcua.pcap");
    recorder.write(file);
    await recorder.close();
    const types = await dissected(file, "opcua", "opcua.transport.type");
    expect(types.length).toBe(
      messages(
        DIRECTIONS.flatMap((each) => recorder.bytes(each)),
        (rest) => rest.readUInt32LE(4),
      ),
    );
    const services = new Set((await dissected(file, "opcua", "opcua.servicenodeid.numeric")).map(Number));
    for (const [service, ...encodings] of SERVICES) for (const each of encodings) expect(services, service).toContain(each);
    expect([...services].filter((each) => !SERVICES.some(([, ...encodings]) => encodings.includes(each)))).toEqual([]);
    expect(await malformed(file)).toEqual([]);
    const longerThanTheMessage = 0x7fff_ffff;
    await expectDetected(file, (bytes) => void bytes.writeUInt32LE(longerThanTheMessage, bytes.indexOf("MSGF") + AUDIT_ENTRY_ID));
  });

  test("dissects Modbus: nothing in it is malformed", async () => {
    await start("");
    const recorder = await Recorder.before(bridge.ports["modbus"] ?? 0, MODBUS_PORT);
    const client = new modbusSerial.default();
    await client.connectTCP("127.0.0.1", { port: recorder.port });
    client.setID(1);
    const { data } = await client.readHoldingRegisters(2, 3);
    await client.readCoils(0, 2);
    await client.writeRegister(4, 30);
    await client.writeRegisters(4, [31]);
    await client.writeCoils(0, [true, false]);
    await client.readDeviceIdentification(1, 0);
    await expect(client.writeRegister(4, 101)).rejects.toThrow();
    client.close(() => {});
    const file = chain.path("modbus.pcap");
    recorder.write(file);
    await recorder.close();
    const functions = await dissected(file, "mbtcp", "modbus.func_code");
    expect(functions).toHaveLength(
      messages(
        DIRECTIONS.flatMap((each) => recorder.bytes(each)),
        (rest) => UNCOUNTED + rest.readUInt16BE(LENGTH_AT),
      ),
    );
    expect(functions.map(Number)).toEqual([3, 3, 1, 1, 6, 6, 16, 16, 15, 15, 43, 43, 6, 6]);
    expect((await dissected(file, "mbtcp", "modbus.regval_uint16")).slice(0, data.length).map(Number)).toEqual(data);
    expect(await dissected(file, "mbtcp", "modbus.exception_code")).toEqual(["3"]);
    expect(await malformed(file)).toEqual([]);
    const [answers = Buffer.alloc(0)] = recorder.bytes("answer");
    await expectDetected(
      file,
      (bytes) => void bytes.writeUInt16BE(2, bytes.indexOf(answers.subarray(0, LENGTH_AT + 2)) + LENGTH_AT),
    ); // shorter than any
  });
});
