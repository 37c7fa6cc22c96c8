// A running server with a plant that a test moves, and clients for it.
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { MessageSecurityMode, OPCUAClient, SecurityPolicy, UserTokenType } from "node-opcua-client";
import type { ClientSession, OPCUAClientOptions, UserIdentityInfo } from "node-opcua-client";
import type { CommandName } from "../../industrial/link/commands.ts";
import { OpcUaServer } from "../../industrial/opcua/server.ts";
import type { OpcUaOptions } from "../../industrial/opcua/server.ts";
import { DEFAULT_CAPS, POLICIES } from "../../industrial/opcua/target.ts";
import type { AuditEntry, OpcUaClient, OpcUaSettings, Outcome, Role } from "../../industrial/opcua/target.ts";
import { hashPassword } from "../../industrial/opcua/users.ts";
import type { Instant } from "../../industrial/tags/clock.ts";
import type { TagWrite } from "../../industrial/tags/batch.ts";
import type { TestPlant } from "../tags/plant.ts";

export const APPLICATION_URI = "urn:axv-part:test";
const CLIENT_URI = "urn:axv-part:test-client";
export const PASSWORDS: Readonly<Record<Role, string>> = { observer: "looks", operator: "acts", engineer: "builds" };
const DAY_MS = 86_400_000;

export class Station {
  readonly folder = mkdtempSync(join(tmpdir(), "axv-opcua-"));
  readonly audited: AuditEntry[] = [];
  readonly logged: string[] = [];
  readonly written: { partition: number; writes: readonly TagWrite[]; who: OpcUaClient }[] = [];
  readonly commanded: { partition: number; command: CommandName }[] = [];
  /** What writer and commands answer. */
  outcome: Outcome = "done";
  /** The wall clock and the steady one. */
  #plant: TestPlant | undefined;
  server!: OpcUaServer;
  readonly #clients: OPCUAClient[] = [];
  #managers: OPCUACertificateManager[] = [];

  /** `more`: further clients whose certificates are trusted; that of "expired" is over. */
  static async start(plant: TestPlant, settings: Partial<OpcUaSettings> = {}, more: readonly string[] = []): Promise<Station> {
    const station = new Station();
    await station.#start(plant, settings, more);
    return station;
  }

  async #start(testPlant: TestPlant, settings: Partial<OpcUaSettings>, more: readonly string[]): Promise<void> {
    const { plant } = testPlant;
    this.#plant = testPlant;
    const pki = join(this.folder, "server");
    const trusted = new OPCUACertificateManager({ rootFolder: pki, disableFileWatchers: true });
    await trusted.initialize();
    for (const name of ["client", ...more])
      await trusted.trustCertificate(new X509Certificate(readFileSync((await this.#clientKeys(name)).certificateFile)).raw);
    await trusted.dispose();
    const users = await Promise.all(
      (["observer", "operator", "engineer"] as const).map(async (role) => ({
        name: role,
        role,
        password: await hashPassword(PASSWORDS[role]),
      })),
    );
    const options: OpcUaOptions = {
      plant,
      board: {
        name: "press",
        manufacturer: "Maker",
        model: "PLC-4",
        serialNumber: "0042",
        hardwareRevision: "B",
        softwareRevision: "0.1.0",
      },
      system: { version: "1.4.0", updated: 1 },
      writer: { write: async (partition, writes, who) => (this.written.push({ partition, writes, who }), this.outcome) },
      commands: { request: async (partition, command) => (this.commanded.push({ partition, command }), this.outcome) },
      audit: { record: (entry) => void this.audited.push(entry) },
      log: {
        info: () => {},
        warn: (message) => void this.logged.push(message),
        error: (message) => void this.logged.push(message),
      },
      now: () => testPlant.instant,
      settings: {
        host: "127.0.0.1",
        port: 0,
        hostnames: ["127.0.0.1", "localhost"],
        applicationUri: APPLICATION_URI,
        pki,
        policies: POLICIES,
        anonymous: false,
        discovery: true,
        users,
        caps: DEFAULT_CAPS,
        sessionSeconds: 30,
        historyValues: 100,
        ...settings,
      },
    };
    this.server = await OpcUaServer.start(options);
  }

  /** The plant's and the server's. */
  get instant(): Instant {
    if (this.#plant === undefined) throw new Error("the station has not been started");
    return this.#plant.instant;
  }

  set instant(instant: Instant) {
    if (this.#plant !== undefined) this.#plant.instant = instant;
  }

  get url(): string {
    return `opc.tcp://127.0.0.1:${this.server.port}`;
  }

  /** The server's: a client that knows it need not ask for it first. */
  get certificate(): Buffer {
    return new X509Certificate(readFileSync(join(this.folder, "server/own/certs/certificate.pem"))).raw;
  }

  /** Made once for each name. */
  async #clientKeys(
    name: string,
  ): Promise<{ certificateFile: string; privateKeyFile: string; manager: OPCUACertificateManager }> {
    const manager = new OPCUACertificateManager({
      rootFolder: join(this.folder, name),
      automaticallyAcceptUnknownCertificate: true,
      disableFileWatchers: true,
    });
    await manager.initialize();
    this.#managers.push(manager);
    const certificateFile = join(this.folder, `${name}.pem`);
    try {
      readFileSync(certificateFile);
    } catch {
      await manager.createSelfSignedCertificate({
        applicationUri: CLIENT_URI,
        dns: ["localhost"],
        ip: [],
        subject: "/CN=client",
        startDate: new Date(Date.now() - (name === "expired" ? 20 : 1) * DAY_MS),
        validity: name === "expired" ? 10 : 100,
        outputFile: certificateFile,
      });
    }
    return { certificateFile, privateKeyFile: manager.privateKey, manager };
  }

  /** `keys`: those of "client" are trusted. */
  async connect(more: Partial<OPCUAClientOptions> = {}, keys = "client"): Promise<OPCUAClient> {
    const { certificateFile, privateKeyFile, manager } = await this.#clientKeys(keys);
    const client = OPCUAClient.create({
      applicationUri: CLIENT_URI,
      certificateFile,
      privateKeyFile,
      clientCertificateManager: manager,
      endpointMustExist: false,
      securityMode: MessageSecurityMode.SignAndEncrypt,
      securityPolicy: SecurityPolicy.Basic256Sha256,
      connectionStrategy: { maxRetry: 0, initialDelay: 10 },
      serverCertificate: this.certificate,
      ...more,
    });
    this.#clients.push(client);
    await client.connect(this.url);
    return client;
  }

  async login(who: Role | UserIdentityInfo, more: Partial<OPCUAClientOptions> = {}): Promise<ClientSession> {
    const client = await this.connect(more);
    return client.createSession(
      typeof who === "string" ? { type: UserTokenType.UserName, userName: who, password: PASSWORDS[who] } : who,
    );
  }

  async disconnect(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.disconnect().catch(() => {})));
  }

  async stop(): Promise<void> {
    await this.disconnect();
    await this.server.close();
    await Promise.all(this.#managers.map((manager) => manager.dispose()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
