// The bridge: a running plant, from the hypervisor's link and the tag images, and the servers that show it.
import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { projectVersion } from "../../partitions/project.ts";
import type { Link } from "../link/link.ts";
import type { HypervisorEvent, SystemTelemetry } from "../link/telemetry.ts";
import type { Counters } from "../modbus/counters.ts";
import { ModbusSerialServer } from "../modbus/serial.ts";
import type { Identification } from "../modbus/target.ts";
import { ModbusTcpServer } from "../modbus/tcp.ts";
import type { OpcUaServer } from "../opcua/server.ts";
import { namedValues } from "../tags/batch.ts";
import type { TagWrite } from "../tags/batch.ts";
import { PlantTarget } from "../tags/modbus.ts";
import type { WriteAttempt } from "../tags/modbus.ts";
import { Plant } from "../tags/plant.ts";
import type { Served } from "../web/serve.ts";
import { AuditLog } from "./audit.ts";
import { MetricsServer } from "./http.ts";
import { metricsText } from "./metrics.ts";
import type { SparkplugCounts } from "./metrics.ts";
import type { WriteResult } from "./reader.ts";
import type { BridgeSettings } from "./schema.ts";
import { Sources } from "./sources.ts";
import { SERVERS } from "./settings.ts";
import type { BridgeSystem } from "./system.ts";

const SECOND = 1000;
/** Until what could not be served is tried again. */
const RETRY_MS = 10 * SECOND;

/** Whether a bridge can go on with other settings without losing what it knows: servers alone differ. */
export function isServersOnly(before: BridgeSettings, after: BridgeSettings): boolean {
  const rest = ({
    modbus: _,
    opcua: __,
    sparkplug: ___,
    metrics: ____,
    web: _____,
    log: ______,
    ...others
  }: BridgeSettings): unknown => others;
  return isDeepStrictEqual(rest(before), rest(after));
}

/** What has to be closed. */
interface Part {
  close: () => void | Promise<void>;
}

export class Bridge {
  readonly plant: Plant;
  readonly #system: BridgeSystem;
  readonly #log: Logger;
  /** In the order in which they were opened, by the key of bridge.yaml that they are there for. */
  readonly #parts: { readonly key: string; readonly part: Part }[] = [];
  #settings: BridgeSettings;
  readonly #modbus = new Map<string, Counters>();
  #sources: Sources | undefined;
  #audit: AuditLog | undefined;
  #sparkplug: SparkplugCounts | undefined;
  #opcua: OpcUaServer | undefined;
  #web: Served | undefined;
  /** What was wanted from the start, and could not be served yet. */
  readonly #missing = new Set<(typeof SERVERS)[number]>();
  #retry: NodeJS.Timeout | undefined;
  #retrying: Promise<void> = Promise.resolve();
  /** By what listens. */
  readonly ports: Record<string, number> = {};

  private constructor(system: BridgeSystem, settings: BridgeSettings, log: Logger) {
    this.#system = system;
    this.#settings = settings;
    this.#log = log;
    const { plan, tags } = system;
    const partitions = plan.partitions.map(({ name, tags: guestTags }, index) => ({
      name,
      slot: tags.slots.get(name) ?? index,
      tags: tags.table.find(({ partition }) => partition === name),
      guestTags,
    }));
    this.plant = new Plant(partitions, settings.stale_after, settings.counter_hz ?? plan.counterHz ?? undefined);
  }

  /**
   * Serves, or says why not: then nothing is left open. `open`: a link that is there already goes before the settings' own.
   * `goesOn`: what cannot be served is said and tried again, and the rest is served, if there is any.
   */
  static async start(
    system: BridgeSystem,
    settings: BridgeSettings,
    log: Logger,
    open?: () => Promise<Link>,
    goesOn = false,
  ): Promise<Bridge> {
    const bridge = new Bridge(system, settings, log);
    try {
      bridge.#sources = bridge.#keep("plant", new Sources(bridge.plant, system, settings, log, open));
      await (goesOn ? bridge.#serveWhatCanBe(settings) : bridge.#serve(settings));
      // Not before: a server that starts takes its time, and news would seem to be old by then.
      bridge.#sources.start();
    } catch (error) {
      await bridge.close();
      throw error;
    }
    return bridge;
  }

  /** Undefined: it has none, or none at the moment. */
  get opcua(): OpcUaServer | undefined {
    return this.#opcua;
  }

  /** What was done to the bridge itself, by command. */
  record(entry: Readonly<Record<string, unknown>>): void {
    this.#log.info(entry, "%s", entry["what"]);
    this.#putOnRecord(entry);
  }

  async close(): Promise<void> {
    clearInterval(this.#retry);
    await this.#retrying;
    for (const { part } of this.#parts.splice(0).toReversed()) await part.close();
  }

  /**
   * Goes on with other servers, as they now are wanted; those that stay as they were keep their clients. Nothing else may
   * differ.
   */
  async serveInstead(settings: BridgeSettings): Promise<void> {
    await this.#retrying;
    const changed = SERVERS.filter((key) => !isDeepStrictEqual(this.#settings[key], settings[key]));
    this.#settings = settings;
    for (const key of changed) {
      this.#missing.delete(key);
      await this.#drop(key);
    }
    if (changed.includes("modbus")) this.#modbus.clear();
    if (changed.includes("opcua")) this.#opcua = undefined;
    if (changed.includes("sparkplug")) this.#sparkplug = undefined;
    if (changed.includes("web")) this.#web = undefined;
    else this.#web?.renew(); // its certificate may be another one
    await this.#serve(Object.fromEntries(changed.map((key) => [key, settings[key]])));
  }

  async #drop(key: string): Promise<void> {
    for (const { part } of this.#parts.filter((each) => each.key === key).toReversed()) await part.close();
    this.#parts.splice(0, Infinity, ...this.#parts.filter((each) => each.key !== key));
  }

  /** A port in use, a certificate that does not match its key: one protocol's mistake is not the others'. */
  async #serveWhatCanBe(settings: BridgeSettings): Promise<void> {
    await this.#serve({ audit: settings.audit });
    const wanted = SERVERS.filter((key) => settings[key] !== undefined);
    const failures = new Map<string, unknown>();
    for (const key of wanted) {
      const error = await this.#tryToServe(key);
      if (error === undefined) continue;
      this.#missing.add(key);
      failures.set(key, error);
    }
    const [only] = failures;
    if (only !== undefined && failures.size === wanted.length) throw only[1];
    for (const [key, error] of failures)
      this.#log.error(
        { server: key },
        "%s is not served, and tried again every %d s: %s",
        key,
        RETRY_MS / SECOND,
        error instanceof Error ? error.message : String(error),
      );
    if (this.#missing.size > 0)
      this.#retry = setInterval(() => (this.#retrying = this.#retrying.then(() => this.#serveMissing())), RETRY_MS);
  }

  /** Undefined: it is served. */
  async #tryToServe(key: (typeof SERVERS)[number]): Promise<unknown> {
    try {
      await this.#serve({ [key]: this.#settings[key] });
      return undefined;
    } catch (error) {
      await this.#drop(key);
      return error;
    }
  }

  async #serveMissing(): Promise<void> {
    for (const key of this.#missing) {
      if ((await this.#tryToServe(key)) !== undefined) continue;
      this.#missing.delete(key);
      this.#log.info({ server: key }, "%s is served now", key);
    }
    if (this.#missing.size === 0) clearInterval(this.#retry);
  }

  #keep<T extends Part>(key: string, part: T): T {
    this.#parts.push({ key, part });
    return part;
  }

  async #serve({
    audit,
    modbus,
    opcua,
    sparkplug,
    metrics,
    web,
  }: Pick<BridgeSettings, "audit" | (typeof SERVERS)[number]>): Promise<void> {
    if (audit !== undefined) {
      this.#audit = this.#keep("audit", new AuditLog(audit));
      const { wasTorn } = this.#audit;
      if (wasTorn)
        this.#log.warn(
          "the last line of the audit log was cut off by a crash or a full disk; it is ended, " +
            "and nobody was told that it had been written",
        );
      this.#audit.append({ what: "start", version: projectVersion(), ...(wasTorn && { cut: true }) });
    }
    if (modbus !== undefined) await this.#serveModbus(modbus);
    if (opcua !== undefined) await this.#serveOpcUa(opcua);
    if (sparkplug !== undefined) await this.#serveSparkplug(sparkplug);
    if (web !== undefined) await this.#serveWeb(web);
    if (metrics !== undefined) {
      const { plant } = this;
      const text = (): string =>
        metricsText({
          plant,
          version: this.#system.plan.version,
          hypervisor: this.#sources?.hypervisor,
          readers: this.#sources?.readers ?? new Map(),
          modbus: this.#modbus,
          opcua: this.#opcua,
          sparkplug: this.#sparkplug,
          web: this.#web?.server.hub,
          audit: this.#audit,
        });
      const server = this.#keep("metrics", await MetricsServer.listen(text, metrics.listen));
      this.ports["metrics"] = server.port;
      this.#log.info({ port: server.port }, "metrics at http://%s:%d/metrics", metrics.listen.host, server.port);
    }
  }

  async #serveModbus({
    listen,
    serial,
    unit,
    words,
    stale,
    connections,
    idle,
  }: NonNullable<BridgeSettings["modbus"]>): Promise<void> {
    const target = new PlantTarget(this.plant, {
      identification: this.#identification(),
      order: words,
      stale,
      write: (partition, writes) => this.#isWritten(partition, writes),
      attempted: (attempt) => this.#record(attempt),
    });
    this.#keep("modbus", target);
    if (listen !== undefined) {
      const server = await ModbusTcpServer.listen(target, {
        ...listen,
        unit,
        maxConnections: connections,
        idleSeconds: idle / SECOND,
      });
      this.#keep("modbus", server);
      this.#modbus.set("tcp", server.counters);
      this.ports["modbus"] = server.port;
      this.#log.info({ port: server.port }, "Modbus TCP on %s, port %d", listen.host, server.port);
    }
    if (serial !== undefined) {
      const server = this.#keep("modbus", await ModbusSerialServer.open(target, { ...serial, unit }));
      this.#modbus.set("rtu", server.counters);
      this.#log.info({ port: serial.port }, "Modbus RTU on %s", serial.port);
    }
  }

  async #serveOpcUa(settings: NonNullable<BridgeSettings["opcua"]>): Promise<void> {
    const { startOpcUa } = await import("./opcua.ts"); // half a second, for those who ask for it
    const server = await startOpcUa(settings, {
      plant: this.plant,
      plan: this.#system.plan,
      hypervisor: this.#sources?.hypervisor,
      log: this.#log,
      write: (partition, writes) => this.#write(partition, writes),
      canRecord: () => this.#canRecord,
      record: (entry) => this.#putOnRecord(entry),
    });
    this.#opcua = this.#keep("opcua", server);
    const report = (event: HypervisorEvent): void => server.report(event);
    const told = (system: SystemTelemetry): void => server.takeSystem(system);
    const lost = (why: string | undefined): void => {
      if (why !== undefined) server.takeSystem(undefined);
    };
    const hypervisor = this.#sources?.hypervisor;
    hypervisor?.on("event", report).on("system", told).on("link", lost);
    const close = (): void => void hypervisor?.off("event", report).off("system", told).off("link", lost);
    this.#keep("opcua", { close });
    this.ports["opcua"] = server.port;
    this.#log.info({ port: server.port }, "OPC UA at %s", server.endpoint);
  }

  async #serveSparkplug(settings: NonNullable<BridgeSettings["sparkplug"]>): Promise<void> {
    const { startSparkplug } = await import("./sparkplug.ts");
    const { client, counts } = startSparkplug(settings, {
      plant: this.plant,
      log: this.#log,
      write: (partition, writes) => this.#isWritten(partition, writes),
      record: (entry) => this.#putOnRecord(entry),
    });
    this.#keep("sparkplug", client);
    this.#sparkplug = counts;
  }

  async #serveWeb(settings: NonNullable<BridgeSettings["web"]>): Promise<void> {
    const { startWeb } = await import("./web.ts");
    const page = await startWeb(settings, {
      plant: this.plant,
      system: this.#system,
      hypervisor: this.#sources?.hypervisor,
      log: this.#log,
      canRecord: () => this.#canRecord,
      record: (entry) => this.#putOnRecord(entry),
    });
    this.#web = page;
    this.ports["web"] = this.#keep("web", page).server.port;
    this.#log.info({ port: page.server.port }, "the live page at %s", page.server.address);
  }

  get #canRecord(): boolean {
    return this.#audit?.isWritable === true;
  }

  #putOnRecord(entry: Readonly<Record<string, unknown>>): void {
    if (this.#audit?.append(entry) === false) this.#log.error({ why: this.#audit.failed }, "the audit log cannot be written");
  }

  /** Nothing is written that could not be put on record. */
  async #write(partition: number, writes: readonly TagWrite[]): Promise<WriteResult> {
    const reader = this.#sources?.readers.get(partition);
    if (reader === undefined || !this.#canRecord) return "unreachable";
    const result = await reader.write(writes);
    if (result !== "done") this.#log.warn({ partition: this.#nameOf(partition), result }, "a write was not done: %s", result);
    return result;
  }

  async #isWritten(partition: number, writes: readonly TagWrite[]): Promise<boolean> {
    return (await this.#write(partition, writes)) === "done";
  }

  /** Objects 0 to 2 of function 43/14. */
  #identification(): Identification {
    return new Map([
      [0, "axv-part"],
      [1, "bridge"],
      [2, projectVersion()],
    ]);
  }

  #record({ client, change, partition, writes, outcome }: WriteAttempt): void {
    const { via, address, unit } = client;
    const values = namedValues(writes);
    const entry = {
      what: "write",
      via: `modbus ${via}`,
      from: address,
      unit,
      first: change.first,
      kind: change.kind,
      partition: this.#nameOf(partition),
      values,
      outcome,
    };
    this.#log.info(entry, outcome === 0 ? "written" : "not written: exception %d", outcome);
    this.#putOnRecord(entry);
  }

  #nameOf(partition: number | undefined): string | undefined {
    return partition === undefined ? undefined : this.plant.partitions[partition]?.name;
  }
}
