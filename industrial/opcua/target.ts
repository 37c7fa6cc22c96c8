// What the OPC UA server needs of what is around it. It reads a Plant; whatever it wants done it asks for here. Settings
// are plain data: whoever starts the server has checked them.
import type { CommandName } from "../link/commands.ts";
import type { TagWrite } from "../tags/batch.ts";

export const ROLES = ["observer", "operator", "engineer"] as const;
/** observer: reads. operator: also writes and commands. engineer: as operator, and one session is kept for them. */
export type Role = (typeof ROLES)[number];
const ACTING: readonly Role[] = ["operator", "engineer"];
export const mayAct = (role: Role | undefined): boolean => role !== undefined && ACTING.includes(role);

/** Who asks, as far as the channel and the session say. */
export interface OpcUaClient {
  /** Empty: it has given no name. */
  readonly user: string;
  readonly role: Role | undefined;
  /** IP address (IPv4 as such, also where it came through an IPv6 socket). */
  readonly address: string;
  /** Its application's URI: on an encrypted channel that of its certificate. */
  readonly application: string;
}

/**
 * done: it is so now. refused: the guest, or the hypervisor, has said no, and nothing has changed. unreachable: it could
 * not be asked, and nothing has changed. unknown: it was asked and has not answered in time.
 */
export type Outcome = "done" | "refused" | "unreachable" | "unknown";

export interface OpcUaWriter {
  /** Hands writes to a partition's guest, all or none. They are of its tags, writable, of the right type and in range. */
  write(partition: number, writes: readonly TagWrite[], who: OpcUaClient): Promise<Outcome>;
}

export interface OpcUaCommands {
  request(partition: number, command: CommandName, who: OpcUaClient): Promise<Outcome>;
}

/** Something that somebody wanted, whether it was allowed or not. The log adds the time. */
export interface AuditEntry {
  readonly protocol: "opc-ua";
  readonly who: OpcUaClient;
  readonly action: "login" | "write" | "command";
  /** plc.Setpoint; of a command the partition. */
  readonly object: string;
  /** The value, or the command. */
  readonly detail: string;
  readonly allowed: boolean;
  /** OPC UA's name of the answer: Good, BadUserAccessDenied, … */
  readonly result: string;
}

export interface OpcUaAudit {
  record(entry: AuditEntry): void;
}

/** What of the planned system concerns all of it. */
export interface SystemFacts {
  /** As its system.yaml has it; undefined: it has none. */
  readonly version: string | undefined;
  /** Index of the partition that can be updated by itself; undefined: there is none. */
  readonly updated: number | undefined;
}

/** pino has these. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** The board, as DI shows it (OPC 10000-100, 4.5). */
export interface BoardIdentity {
  readonly name: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly serialNumber: string;
  readonly hardwareRevision: string;
  readonly softwareRevision: string;
}

export const POLICIES = ["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"] as const;
export type Policy = (typeof POLICIES)[number];

export interface OpcUaUser {
  readonly name: string;
  readonly role: Role;
  /** As users.ts, hashPassword(), makes it. */
  readonly password: string;
}

/** All that clients can make the server keep. */
export interface Caps {
  /** One of them is kept for an engineer. */
  readonly sessions: number;
  readonly connections: number;
  readonly subscriptions: number;
  readonly subscriptionsPerSession: number;
  readonly items: number;
  readonly itemsPerSubscription: number;
  /** Values that an item keeps until they are published. */
  readonly queue: number;
}

export const DEFAULT_CAPS: Caps = {
  sessions: 60,
  connections: 80,
  subscriptions: 120,
  subscriptionsPerSession: 10,
  items: 20_000,
  itemsPerSubscription: 5_000,
  queue: 100,
};

export interface OpcUaSettings {
  /** Address to listen on. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Every name and address by which clients reach this machine; the first one is shown. The certificate has them all. */
  readonly hostnames: readonly string[];
  /** Also in the certificate; the same for the life of the installation. */
  readonly applicationUri: string;
  /** Folder of its own for key, certificate, and whom it trusts. */
  readonly pki: string;
  readonly policies: readonly Policy[];
  /** Also without encryption and without a name, as an observer. */
  readonly anonymous: boolean;
  /** Answers who asks what there is, without a session. */
  readonly discovery: boolean;
  readonly users: readonly OpcUaUser[];
  readonly caps: Caps;
  /** A session that asks nothing for so long ends. */
  readonly sessionSeconds: number;
  /** Values of each tag that are kept for HistoryRead; 0: none. */
  readonly historyValues: number;
}
