// The OPC UA server as a part of the bridge: its settings as bridge.yaml has them, and what it asks for carried out.
import { mkdirSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import type { Logger } from "pino";
import { projectVersion } from "../../partitions/project.ts";
import { LinkError } from "../link/errors.ts";
import { openPki } from "../opcua/certificate.ts";
import { OpcUaServer } from "../opcua/server.ts";
import { DEFAULT_CAPS, POLICIES } from "../opcua/target.ts";
import type { BoardIdentity, OpcUaCommands, OpcUaSettings, OpcUaWriter, Outcome } from "../opcua/target.ts";
import type { Plant } from "../tags/plant.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { WriteResult } from "./reader.ts";
import type { TagWrite } from "../tags/batch.ts";
import type { BridgeSettings } from "./schema.ts";
import type { BridgeSystem } from "./system.ts";

export interface OpcUaParts {
  readonly plant: Plant;
  readonly plan: BridgeSystem["plan"];
  readonly hypervisor: Hypervisor | undefined;
  readonly log: Logger;
  readonly write: (partition: number, writes: readonly TagWrite[]) => Promise<WriteResult>;
  /** Nothing is commanded that could not be put on record. */
  readonly canRecord: () => boolean;
  readonly record: (entry: Readonly<Record<string, unknown>>) => void;
}

/** Names and addresses by which others reach this machine. */
function ownNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return [
    hostname(),
    ...addresses.filter(({ internal, scopeid }) => !internal && (scopeid ?? 0) === 0).map(({ address }) => address),
  ];
}

const identityOf = ({ board }: BridgeSystem["plan"]): BoardIdentity => ({
  name: board,
  manufacturer: "axv-part",
  model: board,
  serialNumber: "",
  hardwareRevision: "",
  softwareRevision: projectVersion(),
});

function settingsOf(settings: NonNullable<BridgeSettings["opcua"]>): OpcUaSettings {
  const { listen, names, pki, policies, anonymous, discovery, users, session, history } = settings;
  const hostnames = names ?? ownNames();
  return {
    ...listen,
    hostnames,
    applicationUri: `urn:${hostnames[0] ?? "localhost"}:axv-part`,
    pki,
    policies: policies ?? POLICIES,
    anonymous,
    discovery,
    users: Object.entries(users).map(([name, user]) => ({ name, ...user })),
    caps: DEFAULT_CAPS,
    sessionSeconds: session / 1000,
    historyValues: history,
  };
}

/** Before the first start: the folder, with a key and a certificate. What is there already stays. */
export async function makePki(settings: NonNullable<BridgeSettings["opcua"]>): Promise<void> {
  mkdirSync(settings.pki, { recursive: true, mode: 0o700 });
  const { manager } = await openPki(settings.pki, settingsOf(settings), {
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  });
  await manager.dispose();
}

/** Of an error of the link: what is known of the command. */
function outcomeOf(error: unknown): Outcome {
  const code = error instanceof LinkError ? error.code : undefined;
  if (code === "AXV_COMMAND_REFUSED") return "refused";
  return code === "AXV_COMMAND_TIMEOUT" ? "unknown" : "unreachable";
}

export function startOpcUa(settings: NonNullable<BridgeSettings["opcua"]>, parts: OpcUaParts): Promise<OpcUaServer> {
  const { plant, plan, hypervisor, log, canRecord, record } = parts;
  const writer: OpcUaWriter = { write: parts.write };
  const commands: OpcUaCommands | undefined = hypervisor?.takesCommands === true ? {
    request: async (partition, command) => {
      if (!canRecord()) return "unreachable";
      return hypervisor.command(partition, command).then(() => "done", outcomeOf);
    },
  } : undefined;
  return OpcUaServer.start({
    plant,
    board: identityOf(plan),
    system: { version: plan.version, updated: plan.update?.partition },
    writer,
    commands,
    settings: settingsOf(settings),
    log: { info: (message) => log.info(message), warn: (message) => log.warn(message), error: (message) => log.error(message) },
    audit: {
      record: (entry) => {
        log.info(entry, "%s %s: %s", entry.action, entry.object, entry.result);
        record({ what: entry.action, via: "opc ua", ...entry });
      },
    },
  });
}
