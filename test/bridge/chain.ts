// The whole chain on this machine: a guest of axv.h with a file in the place of its channel, tag-reader under
// QEMU's user mode emulation, and a bridge.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pino } from "pino";
import { Bridge } from "../../industrial/bridge/bridge.ts";
import type { BridgeSettings } from "../../industrial/bridge/schema.ts";
import { checkAgainst, readBridge } from "../../industrial/bridge/settings.ts";
import type { PlannedSystem } from "../../partitions/index.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { CLANG, runTool } from "../../tools/build/native.ts";
import { TAG_READER } from "../../tools/build/programs.ts";
import { planFile } from "../../tools/plan/file.ts";
import { cHeader } from "../../tools/tags/c-header.ts";
import { until } from "../patience.ts";

const SYSTEM = `
board: qemu-aarch64
partitions:
  plc:
    guest: plc
    cpus: [3]
    memory: 16M
    tags:
      - { name: Scans, type: u32, register: 0 }
      - { name: Level, type: f32, register: 2 }
      - { name: Setpoint, type: i16, range: [0, 100], access: rw, register: 4 }
      - { name: Mode, type: u16, access: rw, register: 5, clients: [192.0.2.1] }
      - { name: Pumps, type: "bool[2]", access: rw, register: 0 }
  linux: { guest: linux, cpus: [0, 1], memory: 256M }
channels:
  values: { between: [plc, linux], carries: tags }
`;
/** CHANNEL is the file. */
const COMMON = `
system: system.yaml
values: { plc: { device: CHANNEL } }
stale_after: 500ms
audit: { folder: audit }
`;

/** One that nobody listens on; for programs that have to be told one. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

export class Chain {
  readonly folder: string;
  readonly system: PlannedSystem;
  readonly logged: string[] = [];
  readonly #path = process.env["PATH"];
  #guest: ChildProcess | undefined;
  #bridge: Bridge | undefined;

  private constructor(folder: string, system: PlannedSystem) {
    this.folder = folder;
    this.system = system;
    process.env["PATH"] = `${folder}${delimiter}${this.#path}`;
  }

  /** Builds what it consists of; nothing runs yet. */
  static async build(): Promise<Chain> {
    const folder = mkdtempSync(join(tmpdir(), "axv-bridge-"));
    const path = (name: string): string => join(folder, name);
    writeFileSync(path("system.yaml"), SYSTEM);
    const { system, diagnostics } = planFile(path("system.yaml"));
    const [table] = system?.tags.table ?? [];
    if (system === undefined || table === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
    writeFileSync(path("tags.h"), cHeader(table, "system.yaml", 0));
    const flags = ["-std=gnu11", "-O2", "-Wall", "-Werror", "-Wno-unused-function", `-I${folder}`, "-Irtos-guests/library"];
    runTool(CLANG, [...flags, "test/bridge/guest.c", "-o", path("guest")]);
    // tag-reader is a program for arm64: where the bridge looks for it stands a word of this machine that runs it.
    copyFileSync((await buildProgram(TAG_READER)).elf, path("tag-reader.elf"));
    writeFileSync(path("tag-reader"), `#!/bin/sh\nexec qemu-aarch64 ${path("tag-reader.elf")} "$@"\n`);
    for (const program of ["tag-reader.elf", "tag-reader"]) chmodSync(path(program), 0o755);
    return new Chain(folder, system);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** A guest that begins a life, and what an earlier test has left taken away. */
  begin(): void {
    writeFileSync(this.path("channel"), Buffer.alloc(8192));
    rmSync(this.path("audit"), { recursive: true, force: true });
    this.logged.length = 0;
    this.startGuest();
  }

  startGuest(): void {
    this.#guest = spawn(this.path("guest"), [this.path("channel")], { stdio: "inherit" });
  }

  killGuest(signal: "SIGKILL" | "SIGSTOP"): void {
    this.#guest?.kill(signal);
  }

  /** Of a bridge.yaml with these lines; what it says of ports is not used: all are free ones. */
  settings(lines: string): BridgeSettings {
    writeFileSync(this.path("bridge.yaml"), COMMON.replace("CHANNEL", this.path("channel")) + lines);
    const read = readBridge(this.path("bridge.yaml"));
    const { settings } = read;
    const wrong = settings === undefined ? read.diagnostics : checkAgainst(read, this.system);
    if (settings === undefined || wrong.length > 0) throw new Error(wrong.map(({ message }) => message).join("\n"));
    const listen = { host: "127.0.0.1", port: 0 };
    const { modbus, opcua, metrics, ...others } = settings;
    return {
      ...others,
      ...(modbus && { modbus: { ...modbus, listen } }),
      ...(opcua && { opcua: { ...opcua, listen } }),
      ...(metrics && { metrics: { listen } }),
    };
  }

  /** `goesOn`: as the command starts it. */
  async start(settings: BridgeSettings, goesOn = false): Promise<Bridge> {
    const log = pino({ base: null }, { write: (line) => void this.logged.push(line) });
    return (this.#bridge = await Bridge.start(this.system, settings, log, undefined, goesOn));
  }

  /** Ends the bridge and the guest. */
  async end(): Promise<void> {
    await this.#bridge?.close();
    this.#bridge = undefined;
    this.killGuest("SIGKILL");
  }

  remove(): void {
    process.env["PATH"] = this.#path;
    rmSync(this.folder, { recursive: true });
  }

  /** `said`: what else there is to say of it when it does not come. */
  until(what: string, holds: () => boolean | Promise<boolean>, said: () => string = () => ""): Promise<void> {
    return until(what, holds, { seen: () => said() + this.logged.slice(-20).join("") });
  }

  get isGood(): boolean {
    return this.#bridge?.plant.qualityOf(0) === "good";
  }

  has(text: string): boolean {
    return this.logged.some((line) => line.includes(text));
  }
}
