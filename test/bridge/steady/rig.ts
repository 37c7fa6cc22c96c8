// A bridge as it is started by everybody, in a process of its own, with a plant, a broker and clients that it knows.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import modbusSerial from "modbus-serial";
import type { ModbusRTU } from "modbus-serial/ModbusRTU.js";
import { BUNDLE } from "../../bundle.ts";
import { certificatesIn, trust } from "../../../industrial/bridge/pki.ts";
import { hashPassword } from "../../../industrial/opcua/users.ts";
import { planFile } from "../../../tools/plan/file.ts";
import { Panel, plantNamespace } from "../../opcua/panel.ts";
import { until } from "../../patience.ts";
import { freePort } from "../chain.ts";
import { ORDER_VARIABLE, SYSTEM } from "./plant.ts";
import type { ReaderOrder, Usage } from "./plant.ts";

export const PASSWORD = "correct horse";
/** As the service of systemd has them. */
const FLAGS = ["--max-old-space-size=200", "--max-semi-space-size=1", "--single-threaded-gc"];
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export interface Ports {
  readonly modbus: number;
  readonly opcua: number;
  readonly metrics: number;
  readonly mqtt: number;
}

export class Rig {
  readonly folder = mkdtempSync(join(tmpdir(), "axv-steady-"));
  ports: Ports = { modbus: 0, opcua: 0, metrics: 0, mqtt: 0 };
  /** Index of the plant's namespace. */
  space = 0;
  bridge: ChildProcess | undefined;
  /** What the bridge has said, at last. */
  said = "";
  #broker: ChildProcess | undefined;

  path(name: string): string {
    return join(this.folder, name);
  }

  get url(): string {
    return `opc.tcp://127.0.0.1:${this.ports.opcua}`;
  }

  /** `order`: how fast the guest scans. `isSlim`: without OPC UA and Sparkplug it is up in a second. */
  async prepare(order: Omit<ReaderOrder, "table">, isSlim = false): Promise<void> {
    const path = (name: string): string => this.path(name);
    const [modbus, opcua, metrics, mqtt] = [await freePort(), await freePort(), await freePort(), await freePort()];
    this.ports = { modbus, opcua, metrics, mqtt };
    writeFileSync(path("system.yaml"), SYSTEM);
    const [table] = planFile(path("system.yaml")).system?.tags.table ?? [];
    if (table === undefined) throw new Error("no table");
    writeFileSync(path("order.json"), JSON.stringify({ table, ...order } satisfies ReaderOrder));
    writeFileSync(path("tag-reader"), `#!/bin/sh\nexec ${process.execPath} ${here("tag-reader.ts")}\n`);
    chmodSync(path("tag-reader"), 0o755);
    const hash = await hashPassword(PASSWORD);
    const users = `{ anna: { role: operator, password: "${hash}" }, otto: { role: observer, password: "${hash}" } }`;
    const more = `
opcua: { listen: "127.0.0.1:${opcua}", pki: pki, names: [127.0.0.1], discovery: true, users: ${users} }
sparkplug: { broker: "mqtt://127.0.0.1:${mqtt}", group: g, node: n, stored: 1000 }
`;
    writeFileSync(path("bridge.yaml"), `
system: system.yaml
values: { plc: { device: /dev/null } }
modbus: { listen: "127.0.0.1:${modbus}" }${isSlim ? "\n" : more}metrics: { listen: "127.0.0.1:${metrics}" }
audit: { folder: audit, size: 64K, files: 100 }
log: warn
`);
    writeFileSync(path("mosquitto.conf"), `listener ${mqtt} 127.0.0.1\nallow_anonymous true\n`);
  }

  startBroker(): void {
    this.#broker = spawn("/usr/sbin/mosquitto", ["-c", this.path("mosquitto.conf")], { stdio: "ignore" });
  }

  killBroker(): void {
    this.#broker?.kill("SIGKILL");
  }

  /** `before`: a module that is loaded before anything else. */
  startBridge(before: string): void {
    const child = spawn(
      process.execPath,
      ["--expose-gc", ...FLAGS, "--import", here(before), BUNDLE, "bridge", "run", this.path("bridge.yaml")],
      {
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        env: {
          ...process.env,
          PATH: `${this.folder}${delimiter}${process.env["PATH"]}`,
          [ORDER_VARIABLE]: this.path("order.json"),
          // glibc: the 16 MiB that a password takes (scrypt) are given back each time. Else each thread of the pool keeps as
          // much from its first one on, and which thread gets a login is chance.
          MALLOC_MMAP_THRESHOLD_: "1048576",
        },
      },
    );
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (bytes: Buffer) => (this.said = (this.said + bytes.toString()).slice(-20_000)));
    child.on("exit", (code, signal) => (this.said += `\nended: ${code ?? signal}`));
    this.bridge = child;
  }

  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    return until(what, holds, { seen: () => `the bridge has said, at last:\n${this.said.slice(-3000)}` });
  }

  /** Values come. */
  untilUp(): Promise<void> {
    return this.until("the bridge", async () => (await this.metric("axv_tag_images_total").catch(() => 0)) > 0);
  }

  /** Ends it by a signal, and waits for that. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const { bridge } = this;
    if (bridge === undefined || bridge.exitCode !== null || bridge.signalCode !== null) return;
    const ended = once(bridge, "exit");
    bridge.kill(signal);
    await ended;
  }

  async remove(): Promise<void> {
    await this.end("SIGKILL");
    this.killBroker();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A client that has knocked, and is trusted. */
  async newPanel(name: string): Promise<Panel> {
    const panel = await Panel.create(this.path(name));
    const pki = this.path("pki");
    await this.until("a client's being trusted", async () => {
      const [refused] = certificatesIn(pki).filter(({ standing }) => standing === "refused");
      if (refused !== undefined) trust(pki, refused.thumbprint);
      const session = await panel.login(this.url, "otto", PASSWORD).catch(() => undefined);
      if (session === undefined) return false;
      this.space = await plantNamespace(session);
      return true;
    });
    await panel.logout();
    return panel;
  }

  async connectModbus(): Promise<ModbusRTU> {
    const client = new modbusSerial.default();
    await client.connectTCP("127.0.0.1", { port: this.ports.modbus });
    client.setTimeout(60_000);
    client.setID(1);
    return client;
  }

  async metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.ports.metrics}/metrics`, { headers: { connection: "close" } })).text();
  }

  async metric(name: string): Promise<number> {
    return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(await this.metrics())?.[1] ?? Number.NaN);
  }

  /** Of inside.ts. */
  async usage(): Promise<Usage> {
    const asked = this.bridge === undefined ? Promise.reject(new Error("no bridge")) : once(this.bridge, "message");
    this.bridge?.send("usage");
    const [usage] = (await asked) as [Usage];
    return usage;
  }
}
