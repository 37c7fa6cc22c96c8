// What may be done with a partition, as methods in its MethodSet: the companion specification's Start and Stop, and those
// of our own. Each call is told to the audit log, allowed or not.
import type { ISessionContext } from "node-opcua-address-space";
import type { OPCUAServer } from "node-opcua-server";
import { StatusCodes } from "node-opcua-status-code";
import type { StatusCode } from "node-opcua-status-code";
import type { CallMethodRequest, CallMethodResultOptions } from "node-opcua-types";
import type { CommandName } from "../link/commands.ts";
import type { Plant } from "../tags/plant.ts";
import { CALLABLE } from "./access.ts";
import { clientOf } from "./clients.ts";
import type { PlantNodes } from "./nodes.ts";
import { mayAct } from "./target.ts";
import type { Log, OpcUaAudit, OpcUaCommands, Outcome } from "./target.ts";
import type { Users } from "./users.ts";

const METHODS = [
  { name: "Start", space: "plc", command: "start", description: "Starts the partition; it has to be stopped" },
  { name: "Stop", space: "plc", command: "stop", description: "Stops the partition, at once" },
  { name: "Restart", space: undefined, command: "restart", description: "Stops the partition and starts it anew" },
  { name: "Pause", space: undefined, command: "pause", description: "Halts the partition; its clock stands" },
  { name: "Resume", space: undefined, command: "resume", description: "Lets a paused partition go on" },
  { name: "Rollback", space: undefined, command: "rollback", description: "Its next start is with the image before its update" },
  { name: "ClearMaxima", space: undefined, command: undefined, description: "The maxima that are kept here begin anew" },
] as const satisfies readonly {
  name: string;
  space: "plc" | undefined;
  command: CommandName | undefined;
  description: string;
}[];

/** A command that the partition's state does not allow is refused by the hypervisor. */
const STATUS: Readonly<Record<Outcome, StatusCode>> = {
  done: StatusCodes.Good,
  refused: StatusCodes.BadInvalidState,
  unreachable: StatusCodes.BadNoCommunication,
  unknown: StatusCodes.BadTimeout,
};

export interface MethodOptions {
  readonly plant: Plant;
  readonly nodes: PlantNodes;
  readonly users: Users;
  readonly commands: OpcUaCommands | undefined;
  /** Index of the partition whose image can be taken back. */
  readonly updated: number | undefined;
  /** Of a partition; false: it has none. */
  readonly clearMaxima: (partition: number) => boolean;
  readonly audit: OpcUaAudit;
  readonly log: Log;
}

export function addMethods(server: OPCUAServer, options: MethodOptions): void {
  const { plant, nodes, users, commands, updated, clearMaxima, log } = options;
  const { namespace, spaces } = nodes;
  for (const [partition, { methodSet }] of nodes.partitions.entries()) {
    const possible = METHODS.filter(({ command }) => command !== "rollback" || partition === updated);
    for (const { name, space, command, description } of possible) {
      const isThere = commands !== undefined || command === undefined; // maxima are the bridge's own
      const method = namespace.addMethod(methodSet, {
        nodeId: `ns=${namespace.index};s=${String(methodSet.nodeId.value)}/${name}`,
        browseName: { name, namespaceIndex: space === undefined ? namespace.index : spaces[space] },
        description,
        rolePermissions: CALLABLE,
        executable: isThere,
        userExecutable: isThere,
      });
      method.bindMethod(async (_arguments: unknown, context: ISessionContext) => {
        if (command === undefined) return { statusCode: clearMaxima(partition) ? StatusCodes.Good : StatusCodes.BadInvalidState };
        if (commands === undefined) return { statusCode: StatusCodes.BadNotExecutable };
        try {
          return { statusCode: STATUS[await commands.request(partition, command, clientOf(context, users))] };
        } catch (error) {
          log.error(
            `OPC UA: ${command} of ${plant.partitions[partition]?.name ?? partition} has failed: ` +
              `${error instanceof Error ? error.message : String(error)}`,
          );
          return { statusCode: StatusCodes.BadInternalError };
        }
      });
    }
  }
  auditCalls(server, options);
}

/**
 * Whoever may not act calls nothing of the plant, acknowledging alarms included. What the library answers by itself is
 * audited, too.
 */
function auditCalls(server: OPCUAServer, { nodes, users, audit }: MethodOptions): void {
  const { engine } = server;
  const library = engine.call.bind(engine);
  const isOwn = ({ objectId }: CallMethodRequest): boolean => objectId.namespace === nodes.namespace.index;
  engine.call = async (context, calls) => {
    const who = clientOf(context, users);
    const allowed = mayAct(who.role);
    const results: CallMethodResultOptions[] = [];
    for (const call of calls) {
      const [result = { statusCode: StatusCodes.BadInternalError }] =
        isOwn(call) && !allowed ? [{ statusCode: StatusCodes.BadUserAccessDenied }] : await library(context, [call]);
      results.push(result);
      if (!isOwn(call)) continue;
      const name: unknown = engine.addressSpace?.findNode(call.methodId)?.browseName.name;
      const object = String(call.objectId.value).replace(/\/MethodSet$/, "");
      audit.record({
        protocol: "opc-ua",
        who,
        action: "command",
        object,
        detail: String(name),
        allowed,
        result: result.statusCode?.name ?? "",
      });
    }
    return results;
  };
}
