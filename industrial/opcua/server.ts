// The OPC UA server of a board: starts the library with what is safe, and puts the plant into it.
import { nodesets } from "node-opcua-nodesets";
import { invalidateServerCertificateCache, OPCUAServer } from "node-opcua-server";
import type { OPCUAServerOptions } from "node-opcua-server";
import { MessageSecurityMode, UserTokenType } from "node-opcua-types";
import type { Tag } from "../../partitions/tags/table.ts";
import type { HypervisorEvent, SystemTelemetry } from "../link/telemetry.ts";
import { Series } from "../history/series.ts";
import type { Instant } from "../tags/clock.ts";
import type { Plant } from "../tags/plant.ts";
import { Alarms } from "./alarms.ts";
import { capabilitiesOf, holdToCaps } from "./caps.ts";
import { DAY_MS, daysLeft, makeCertificate, openPki, WARN_DAYS } from "./certificate.ts";
import type { OwnCertificate } from "./certificate.ts";
import { clientOf } from "./clients.ts";
import { OpcUaError } from "./errors.ts";
import { Feed } from "./feed.ts";
import { guardConnections } from "./guard.ts";
import type { GuardCounters } from "./guard.ts";
import { readHistory } from "./history.ts";
import type { HistoryNode } from "./history.ts";
import { intoLog } from "./libraryLog.ts";
import { keepOneForEngineer, UserManager } from "./login.ts";
import { addMethods } from "./methods.ts";
import { addPlant } from "./nodes.ts";
import type { PlantNodes } from "./nodes.ts";
import { pushItems } from "./pushed.ts";
import type {
  BoardIdentity, Log, OpcUaAudit, OpcUaClient, OpcUaCommands, OpcUaSettings, OpcUaWriter, Policy, SystemFacts,
} from "./target.ts";
import { Users } from "./users.ts";
import { countTokensSteadily } from "./steadyTokens.ts";
import { takeWrites } from "./writes.ts";

export const OPCUA_PORT = 4840;
const PRODUCT_URI = "urn:axv-part";

export interface OpcUaOptions {
  readonly plant: Plant;
  readonly board: BoardIdentity;
  readonly system: SystemFacts;
  /** Undefined: nothing can be written. */
  readonly writer: OpcUaWriter | undefined;
  /** Undefined: nothing can be commanded. */
  readonly commands: OpcUaCommands | undefined;
  readonly settings: OpcUaSettings;
  readonly log: Log;
  readonly audit: OpcUaAudit;
  /** Of tests. */
  readonly now?: () => Instant;
}

export interface OpcUaSession extends OpcUaClient {
  readonly id: string;
  readonly since: Date;
  readonly subscriptions: number;
  readonly items: number;
}

interface Parts {
  readonly server: OPCUAServer;
  readonly own: OwnCertificate;
  readonly users: Users;
  readonly feed: Feed;
  readonly alarms: Alarms;
  readonly guarded: GuardCounters;
  readonly options: OpcUaOptions;
}

export class OpcUaServer {
  readonly guarded: Readonly<GuardCounters>;
  readonly #server: OPCUAServer;
  readonly #own: OwnCertificate;
  readonly #users: Users;
  readonly #feed: Feed;
  readonly #alarms: Alarms;
  readonly #options: OpcUaOptions;
  readonly #daily: NodeJS.Timeout;

  private constructor({ server, own, users, feed, alarms, guarded, options }: Parts) {
    this.guarded = guarded;
    this.#server = server;
    this.#own = own;
    this.#users = users;
    this.#feed = feed;
    this.#alarms = alarms;
    this.#options = options;
    this.#daily = setInterval(() => this.#warnOfEnd(), DAY_MS);
    this.#daily.unref();
    this.#warnOfEnd();
  }

  /** Listens, or says why not. */
  static async start(options: OpcUaOptions): Promise<OpcUaServer> {
    const { plant, board, system, writer, commands, settings, log, audit, now } = options;
    intoLog(log);
    countTokensSteadily();
    const own = await openPki(settings.pki, settings, log);
    const users = new Users(settings.users, now === undefined ? undefined : () => now().steady);
    const server = new OPCUAServer(libraryOptions(settings, own, board, new UserManager(users, log, audit)));
    try {
      await server.initialize();
      const { addressSpace } = server.engine;
      if (addressSpace === null) throw new Error("the server has no address space");
      const nodes = addPlant(addressSpace, board, system, plant.partitions, settings.historyValues > 0);
      offerOnlyNames(server);
      const guarded = guardConnections(server, log);
      holdToCaps(server, settings.caps, settings.sessionSeconds);
      keepOneForEngineer(server, users, settings.caps.sessions);
      const clearMaxima = (partition: number): boolean => feed.clearMaxima(partition);
      addMethods(server, { plant, nodes, users, commands, updated: system.updated, clearMaxima, audit, log });
      takeWrites(server, { plant, nodes, users, writer, audit, log });
      pushItems(server, (namespace) => namespace === nodes.namespace.index);
      const history = historyOf(nodes, settings.historyValues);
      readHistory(server, history.byNode);
      const feed = new Feed(plant, nodes, history.byTag, log);
      const alarms = new Alarms(addressSpace, plant, nodes, log);
      await server.start();
      return new OpcUaServer({ server, own, users, feed, alarms, guarded, options });
    } catch (error) {
      await server.shutdown().catch(() => {}); // the first error is the one to be told
      await own.manager.dispose();
      throw notListening(settings, error);
    }
  }

  get port(): number {
    return this.#server.endpoints[0]?.port ?? 0;
  }

  /** Where clients find it. */
  get endpoint(): string {
    return this.#server.getEndpointUrl();
  }

  get sessions(): number {
    return this.#server.currentSessionCount;
  }

  /** Also of those that have not asked for a session yet. */
  get connections(): number {
    return this.#server.currentChannelCount;
  }

  sessionList(): OpcUaSession[] {
    return this.#server.engine.getSessions().map((session) => ({
      ...clientOf(session.sessionContext, this.#users),
      id: session.nodeId.toString(),
      since: session.creationDate,
      subscriptions: session.currentSubscriptionCount,
      items: session.currentMonitoredItemCount,
    }));
  }

  /** Ends one, with its subscriptions: whether there was one. */
  closeSession(id: string): boolean {
    const session = this.#server.engine.getSessions().find(({ nodeId }) => nodeId.toString() === id);
    if (session === undefined) return false;
    this.#server.engine.closeSession(session.authenticationToken, true, "Terminated");
    return true;
  }

  /** A new certificate for whoever connects from now on; sessions go on. */
  async renewCertificate(): Promise<void> {
    await makeCertificate(this.#own, this.#options.settings);
    invalidateServerCertificateCache(this.#server);
  }

  /** Until the certificate's end. */
  get certificateDays(): number {
    return daysLeft(this.#own.certificateFile);
  }

  /** Tells clients what the hypervisor has reported. */
  report(event: HypervisorEvent): void {
    this.#alarms.report(event, this.#options.plant.partitions[event.partition]?.name);
  }

  /** Undefined: nobody hears from the hypervisor. */
  takeSystem(telemetry: SystemTelemetry | undefined): void {
    this.#feed.takeSystem(telemetry);
  }

  /** Ends every session. */
  async close(): Promise<void> {
    clearInterval(this.#daily);
    this.#alarms.close();
    this.#feed.close();
    await this.#server.shutdown();
    await this.#own.manager.dispose();
  }

  #warnOfEnd(): void {
    const days = Math.floor(this.certificateDays);
    if (days >= WARN_DAYS) return;
    const sentence =
      days < 0
        ? "the OPC UA certificate is over: clients refuse it. Renew it"
        : `the OPC UA certificate ends in ${days} days: renew it before`;
    this.#options.log.warn(sentence);
    this.#alarms.warn(sentence);
  }
}

type LibraryPolicy = NonNullable<OPCUAServerOptions["securityPolicies"]>[number];
const POLICY_URI = "http://opcfoundation.org/UA/SecurityPolicy#";
const policyOf = (name: Policy | "None"): LibraryPolicy => `${POLICY_URI}${name}` as LibraryPolicy;

function libraryOptions(
  settings: OpcUaSettings,
  own: OwnCertificate,
  board: BoardIdentity,
  userManager: UserManager,
): OPCUAServerOptions {
  const { host, port, hostnames, applicationUri, policies, anonymous, discovery, caps } = settings;
  return {
    host,
    port,
    hostname: hostnames[0] ?? host,
    alternateHostname: hostnames.slice(1),
    nodesets: [nodesets.standard, nodesets.di],
    serverInfo: { applicationUri, productUri: PRODUCT_URI, applicationName: { text: board.name } },
    buildInfo: {
      productName: board.model,
      productUri: PRODUCT_URI,
      manufacturerName: board.manufacturer,
      softwareVersion: board.softwareRevision,
    },
    serverCertificateManager: own.manager,
    userCertificateManager: own.manager,
    certificateFile: own.certificateFile,
    privateKeyFile: own.privateKeyFile,
    securityPolicies: [...(anonymous ? [policyOf("None")] : []), ...policies.map(policyOf)],
    securityModes: [...(anonymous ? [MessageSecurityMode.None] : []), MessageSecurityMode.SignAndEncrypt],
    allowAnonymous: anonymous,
    disableDiscovery: !discovery,
    userManager,
    unresolvedPermissionPolicy: "deny",
    maxConnectionsPerEndpoint: caps.connections,
    serverCapabilities: capabilitiesOf(caps),
  };
}

function historyOf(
  { partitions }: PlantNodes,
  values: number,
): { readonly byTag: ReadonlyMap<Tag, Series>; readonly byNode: ReadonlyMap<string, HistoryNode> } {
  const kept =
    values === 0
      ? []
      : partitions.flatMap(({ tags }) =>
          [...tags].map(([tag, { nodeId }]) => ({ tag, id: nodeId.toString(), series: new Series(tag.type, values) })),
        );
  return {
    byTag: new Map(kept.map(({ tag, series }) => [tag, series])),
    byNode: new Map(kept.map(({ tag, id, series }) => [id, { tag, series }])),
  };
}

/** Users are names: a certificate that stands for one would need a list that nobody keeps here. */
function offerOnlyNames(server: OPCUAServer): void {
  for (const endpoint of server.endpoints) {
    for (const description of endpoint.endpointDescriptions()) {
      const encrypted = description.securityMode === MessageSecurityMode.SignAndEncrypt;
      const offered = [UserTokenType.Anonymous, ...(encrypted ? [UserTokenType.UserName] : [])];
      description.userIdentityTokens = (description.userIdentityTokens ?? []).filter(({ tokenType }) =>
        offered.includes(tokenType),
      );
    }
  }
}

function notListening({ host, port }: OpcUaSettings, error: unknown): Error {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (code === "EADDRINUSE") return new OpcUaError("AXV_OPCUA_PORT_IN_USE", address);
  if (code === "EACCES") return new OpcUaError("AXV_OPCUA_PORT_DENIED", address);
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") return new OpcUaError("AXV_OPCUA_LISTEN", address, String(code));
  return error instanceof Error ? error : new Error(String(error));
}
