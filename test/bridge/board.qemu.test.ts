// The bridge on the PLC itself: in the Linux partition beside the PLC guest, installed there as `axv-part bridge pack`
// says, started by systemd from its own unit. Clients are outside QEMU, and know its network alone.
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import modbusSerial from "modbus-serial";
import type { ModbusRTU } from "modbus-serial/ModbusRTU.js";
import type { ClientSession } from "node-opcua-client";
import { StatusCodes } from "node-opcua-status-code";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPki } from "../../industrial/opcua/certificate.ts";
import { hashPassword } from "../../industrial/opcua/users.ts";
import { file } from "../../tools/linux/cpio.ts";
import { Monitor } from "../hostile/qemu/monitor.ts";
import { entriesOf } from "../linux/rootFolder.ts";
import { listen } from "../opcua/heard.ts";
import { Panel, plantNamespace, readTag, writeInt16 } from "../opcua/panel.ts";
import { BootedSystem } from "../system/bootedSystem.ts";
import { buildTagGuest } from "../tags/guestImage.ts";
import { debian } from "./board/debian.ts";
import { freePort } from "./chain.ts";

/** As QEMU's user network calls those who come from outside. */
const OUTSIDE = "10.0.2.2";
const MODBUS = 502;
const OPCUA = 4840;
const METRICS = 9464;
const PASSWORD = "correct horse";
/** Between clocks of one machine, one of them emulated on few CPUs. */
const CLOCKS_MS = 10_000;

const yaml = (guest: string, linux: string): string => `
board: qemu-aarch64
partitions:
  linux:
    guest: linux
${linux}
    cpus: [0, 1]
    memory: 704M
    devices: [virtio0, virtio1, rtc]
    accepts: [dma]
    telemetry: true
    controls: [plc]
  plc:
    guest: plc                 # its machine: RAM, channel
    image: ${guest}
    cpus: [3]
    memory: 16M
    interrupts: direct
    tags:
      - { name: Scans, type: u32, register: 0 }
      - { name: Output, type: i32, register: 2 }
      - { name: Setpoint, type: i16, range: [0, 100], access: rw, register: 4, clients: [${OUTSIDE}] }
      - { name: Locked, type: i16, access: rw, register: 5, clients: [192.0.2.1] }
      - { name: Fault, type: bool, access: rw, register: 0, clients: [${OUTSIDE}] }
channels:
  values: { between: [plc, linux], carries: tags }
`;

let folder: string;
let system: BootedSystem;
let monitor: Monitor;
let panel: Panel;
let opcua: string;
let metrics: string;
const modbus: ModbusRTU = new modbusSerial.default();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "axv-board-"));
  const path = (name: string): string => join(folder, name);
  panel = await Panel.create(folder);
  const guest = await buildTagGuest(folder, "test/bridge/board/guest.c", (image) => yaml(image, ""));
  const port = await freePort();
  opcua = `opc.tcp://127.0.0.1:${port}`;
  writeFileSync(path("plan/bridge.yaml"), `
system: system.yaml
link: { address: /dev/ttyAMA1 }
values: { plc: { device: /dev/mem } }
stale_after: 2s
modbus: { listen: "0.0.0.0:${MODBUS}" }
opcua:
  listen: "0.0.0.0:${OPCUA}"
  pki: pki
  names: [127.0.0.1]
  users:
    anna: { role: operator, password: "${await hashPassword(PASSWORD)}" }
    otto: { role: observer, password: "${await hashPassword(PASSWORD)}" }
audit: { folder: audit }
metrics: { listen: "0.0.0.0:${METRICS}" }
`);
  execFileSync(
    process.execPath,
    ["tools/axv-part.ts", "bridge", "pack", path("plan/bridge.yaml"), "--with-node", "-o", path("bridge.tar.gz")],
    { stdio: "pipe" },
  );
  // What a first start would make, and an operator would trust: of those tells test/bridge/opcua.test.ts.
  const pki = await openPki(
    path("pki"),
    { applicationUri: "urn:127.0.0.1:axv-part", hostnames: ["127.0.0.1"] },
    { info: () => {}, warn: () => {}, error: () => {} },
  );
  await pki.manager.trustCertificate(panel.certificate);
  await pki.manager.dispose();
  const etc = "opt/axv-bridge/etc";
  const folders = ["opt/axv-bridge", etc, `${etc}/pki`].map((name) => ({ name, mode: 0o040755 }));
  const { kernel, initrd } = await debian(folder, [
    ...folders,
    ...entriesOf(path("pki"), undefined, `${etc}/pki`),
    file("bridge.tar.gz", readFileSync(path("bridge.tar.gz"))),
  ]);

  const place = Monitor.place();
  system = await BootedSystem.boot("board", yaml(guest.image, `    image: ${kernel}\n    initrd: ${initrd}`), {
    qemu: place.qemu,
  });
  monitor = await Monitor.connect(place.folder);
  const modbusPort = await freePort();
  await monitor.forward("network0", modbusPort, MODBUS);
  await monitor.forward("network0", port, OPCUA);
  const metricsPort = await freePort();
  metrics = `http://127.0.0.1:${metricsPort}/metrics`;
  await monitor.forward("network0", metricsPort, METRICS);
  await system.line("linux", /OPC UA at opc\.tcp/);
  await modbus.connectTCP("127.0.0.1", { port: modbusPort });
  modbus.setTimeout(10_000);
  modbus.setID(1);
});
afterAll(async () => {
  modbus.close(() => {});
  await panel?.end();
  monitor?.close();
  await system?.stop();
  rmSync(folder, { recursive: true });
});

/** Nobody is told the server's certificate who asks for it (discovery: false): the panel has it. */
function login(user: string): Promise<ClientSession> {
  const serverCertificate = new X509Certificate(readFileSync(join(folder, "pki/own/certs/certificate.pem"))).raw;
  return panel.login(opcua, user, PASSWORD, { serverCertificate });
}
/** modbus-serial's errors have the exception's code; NaN: there was no answer. */
const exception = (asked: Promise<unknown>): Promise<number | undefined> =>
  asked.then(
    () => undefined,
    (error: { modbusCode?: number }) => error.modbusCode ?? NaN,
  );
const exits = (): number => system.partition("plc").exits.reduce((sum, count) => sum + count, 0);

test("Modbus: a tag is read, a setpoint written, and the output follows; what is not allowed changes nothing", async () => {
  const before = exits();
  await system.until("values", async () => (await exception(modbus.readHoldingRegisters(0, 6))) === undefined);
  const { buffer } = await modbus.readHoldingRegisters(0, 6);
  expect([buffer.readInt32BE(4), buffer.readInt16BE(8), buffer.readInt16BE(10)]).toEqual([21, 7, 0]);
  await modbus.writeRegister(4, 40);
  await system.until("the output", async () => (await modbus.readHoldingRegisters(2, 2)).buffer.readInt32BE(0) === 120);
  expect([
    await exception(modbus.writeRegister(4, 101)),
    await exception(modbus.writeRegister(5, 1)),
    await exception(modbus.writeRegister(0, 1)),
  ]).toEqual([3, 2, 2]);
  const { buffer: after } = await modbus.readHoldingRegisters(0, 6);
  expect([after.readInt32BE(4), after.readInt16BE(8), after.readInt16BE(10)]).toEqual([120, 40, 0]);
  expect(after.readUInt32BE(0) > buffer.readUInt32BE(0), "it scans").toBe(true);
  expect(exits(), "and not one exit for it").toBe(before);
});

test("OPC UA, encrypted: an operator's setpoint, which the output follows; an observer only looks", async () => {
  const session = await login("anna");
  const node = `ns=${await plantNamespace(session)};s=plc.`;
  expect(await writeInt16(session, `${node}Setpoint`, 20)).toBe(StatusCodes.Good);
  await system.until("the output", async () => ((await readTag(session, `${node}Output`)).value.value as number) === 60);
  const { statusCode, sourceTimestamp } = await readTag(session, `${node}Output`);
  expect(statusCode).toBe(StatusCodes.Good);
  expect(Math.abs((sourceTimestamp?.getTime() ?? 0) - Date.now())).toBeLessThan(CLOCKS_MS);
  expect(await writeInt16(session, `${node}Setpoint`, 101)).toBe(StatusCodes.BadOutOfRange);
  expect(await writeInt16(session, `${node}Locked`, 1)).toBe(StatusCodes.BadUserAccessDenied);
  const observer = await login("otto");
  expect(await writeInt16(observer, `${node}Setpoint`, 50)).toBe(StatusCodes.BadUserAccessDenied);
  expect((await readTag(observer, `${node}Setpoint`)).value.value).toBe(20);
});

test("who may command from inside stops the guest: no old value is shown as if it were new; then starts it", async () => {
  const session = await login("anna");
  const space = await plantNamespace(session);
  const output = `ns=${space};s=plc.Output`;
  const command = async (partition: string, method: string): Promise<string | undefined> => {
    const id = `ns=${space};s=${partition}/MethodSet`;
    return (await session.call([{ objectId: id, methodId: `${id}/${method}`, inputArguments: [] }]))[0]?.statusCode.name;
  };
  expect(await command("linux", "Stop"), "its own partition").not.toBe("Good");
  expect(await command("plc", "Stop")).toBe("Good");
  await system.until("its end", async () => (await exception(modbus.readHoldingRegisters(4, 1))) === 0x0b);
  // As the hypervisor tells.
  await system.until("the reason", async () => (await readTag(session, output)).statusCode === StatusCodes.BadOutOfService);
  expect(await command("plc", "Start")).toBe("Good");
  await system.until("values", async () => (await exception(modbus.readHoldingRegisters(4, 1))) === undefined);
  await system.until("the preset's output", async () => ((await readTag(session, output)).value.value as number) === 21);
});

test("what the hypervisor tells has come by the second PL011, and all of it", async () => {
  const text = await (await fetch(metrics)).text();
  const link = ["axv_link_up 1", "axv_link_lost_frames_total 0", "axv_link_malformed_frames_total 0"];
  for (const line of [...link, 'axv_partition_state{partition="plc",state="running"} 1']) expect(text).toContain(`${line}\n`);
});

test("the guest does what it may not, and is stopped: an alarm tells, until it is started again", async () => {
  const session = await login("otto");
  const space = await plantNamespace(session);
  const told = await listen(session, `ns=${space};s=plc`);
  const heard = (text: string): boolean => told.some(({ name, message }) => name === "Failed" && message === text);
  await exception(modbus.writeCoil(0, true)); // it may be dead before it has answered
  await system.until("its end", async () => (await exception(modbus.readHoldingRegisters(4, 1))) === 0x0b);
  await system.until(
    "an alarm",
    async () =>
      (await readTag(session, `ns=${space};s=plc.Output`)).statusCode === StatusCodes.BadOutOfService && heard("plc: has failed"),
  );
  await system.session.link.command(system.index("plc"), "start");
  await system.until(
    "its end, and values",
    async () => heard("plc: is no longer failed") && (await exception(modbus.readHoldingRegisters(4, 1))) === undefined,
  );
});
