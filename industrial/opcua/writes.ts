// Writes of tags. What one request writes to one partition is one transaction of its guest: the writer does all
// of it or nothing, and nothing is answered before it has. What may not be written, by this client, now, is
// refused by itself and is no part of that, as OPC 10000-4, 5.10.4 has each value answered for itself. Every
// write is told to the audit log, done or not.
import type { BlockList } from "node:net";
import type { ISessionContext } from "node-opcua-address-space";
import { AttributeIds } from "node-opcua-data-model";
import type { OPCUAServer } from "node-opcua-server";
import { StatusCodes } from "node-opcua-status-code";
import type { StatusCode } from "node-opcua-status-code";
import type { WriteValue } from "node-opcua-types";
import type { Tag } from "../../partitions/tags/table.ts";
import { keyOf } from "../../partitions/tags/lock.ts";
import { blockList, isListed } from "../tags/clients.ts";
import type { Plant } from "../tags/plant.ts";
import { fits } from "../tags/value.ts";
import type { TagValue } from "../tags/value.ts";
import { mayAct } from "./target.ts";
import { clientOf } from "./clients.ts";
import type { PlantNodes } from "./nodes.ts";
import { STATUS_OF } from "./status.ts";
import type { Log, OpcUaAudit, OpcUaClient, OpcUaWriter, Outcome } from "./target.ts";
import type { Users } from "./users.ts";
import { fromVariant } from "./values.ts";

export const STATUS_OF_OUTCOME: Readonly<Record<Outcome, StatusCode>> = {
  done: StatusCodes.Good,
  refused: StatusCodes.BadRequestNotAllowed,
  unreachable: StatusCodes.BadNoCommunication,
  unknown: StatusCodes.BadTimeout,
};

/** Transactions that wait for a guest, of all clients. */
const WAITING_MAX = 256;
/** Of a value in the audit log. */
const SHOWN_MAX = 100;

export interface WriteOptions {
  readonly plant: Plant;
  readonly nodes: PlantNodes;
  readonly users: Users;
  readonly writer: OpcUaWriter | undefined;
  readonly audit: OpcUaAudit;
  readonly log: Log;
}

interface Place {
  readonly partition: number;
  readonly tag: Tag;
  readonly clients: BlockList | undefined;
}

interface Wanted extends Place {
  readonly index: number;
  readonly value: TagValue;
}

/** Nothing but tags is ever written, whatever else there may be. */
export function takeWrites(server: OPCUAServer, options: WriteOptions): void {
  const { engine } = server;
  const writes = new Writes(options);
  engine.write = async (context, values) => {
    const results = await writes.write(context, values);
    return results.map(
      (status, index) =>
        status ??
        (engine.addressSpace?.findNode(values[index]?.nodeId ?? "") ? StatusCodes.BadNotWritable : StatusCodes.BadNodeIdUnknown),
    );
  };
}

class Writes {
  readonly #options: WriteOptions;
  readonly #places = new Map<string, Place>();
  #waiting = 0;

  constructor(options: WriteOptions) {
    this.#options = options;
    for (const [partition, { tags }] of options.nodes.partitions.entries()) {
      for (const [tag, { nodeId }] of tags)
        this.#places.set(nodeId.toString(), {
          partition,
          tag,
          clients: tag.clients === undefined ? undefined : blockList(tag.clients),
        });
    }
  }

  isTag({ nodeId, attributeId }: WriteValue): boolean {
    return attributeId === AttributeIds.Value && this.#places.has(nodeId.toString());
  }

  /** One status for each; undefined: that one is no tag. */
  async write(context: ISessionContext, values: readonly WriteValue[]): Promise<(StatusCode | undefined)[]> {
    const who = clientOf(context, this.#options.users);
    const results = values.map((): StatusCode | undefined => undefined);
    const transactions = new Map<number, Wanted[]>();
    for (const [index, written] of values.entries()) {
      const place = this.isTag(written) ? this.#places.get(written.nodeId.toString()) : undefined;
      if (place === undefined) continue;
      const found = this.#judge(place, written, who);
      if (typeof found === "object" && "refused" in found) {
        results[index] = found.refused;
        this.#record(who, place.tag, written.value.value.value, found.refused);
        continue;
      }
      const transaction = transactions.get(place.partition) ?? [];
      transaction.push({ ...place, index, value: found.value });
      transactions.set(place.partition, transaction);
    }
    await Promise.all(
      [...transactions].map(async ([partition, wanted]) => {
        const status = await this.#transact(partition, wanted, who);
        for (const { index, tag, value } of wanted) {
          results[index] = status;
          this.#record(who, tag, value, status);
        }
      }),
    );
    return results;
  }

  #judge(
    { partition, tag, clients }: Place,
    { indexRange, value: written }: WriteValue,
    who: OpcUaClient,
  ): { readonly value: TagValue } | { readonly refused: StatusCode } {
    const quality = this.#options.plant.qualityOf(partition);
    if (!tag.writable || this.#options.writer === undefined) return { refused: StatusCodes.BadNotWritable };
    if (!mayAct(who.role) || (clients !== undefined && !isListed(clients, who.address)))
      return { refused: StatusCodes.BadUserAccessDenied };
    if (
      !indexRange.isEmpty() ||
      written.statusCode !== StatusCodes.Good ||
      isTime(written.sourceTimestamp) ||
      isTime(written.serverTimestamp)
    )
      return { refused: StatusCodes.BadWriteNotSupported };
    const value = fromVariant(tag.type, written.value);
    if (value === undefined) return { refused: StatusCodes.BadTypeMismatch };
    if (!fits(tag.type, tag.range, value)) return { refused: StatusCodes.BadOutOfRange };
    if (quality === "stale") return { refused: StatusCodes.BadNoCommunication };
    return quality === "good" ? { value } : { refused: STATUS_OF[quality] };
  }

  async #transact(partition: number, wanted: readonly Wanted[], who: OpcUaClient): Promise<StatusCode> {
    const { writer, log } = this.#options;
    if (writer === undefined) return StatusCodes.BadNotWritable;
    if (this.#waiting >= WAITING_MAX) return StatusCodes.BadResourceUnavailable;
    this.#waiting++;
    try {
      return STATUS_OF_OUTCOME[
        await writer.write(
          partition,
          wanted.map(({ tag, value }) => ({ tag, value })),
          who,
        )
      ];
    } catch (error) {
      log.error(
        `OPC UA: a write to ${this.#options.plant.partitions[partition]?.name ?? partition} has failed: ` +
          `${error instanceof Error ? error.message : String(error)}`,
      );
      return StatusCodes.BadInternalError;
    } finally {
      this.#waiting--;
    }
  }

  #record(who: OpcUaClient, tag: Tag, value: unknown, status: StatusCode): void {
    const allowed = status !== StatusCodes.BadUserAccessDenied && status !== StatusCodes.BadNotWritable;
    this.#options.audit.record({
      protocol: "opc-ua",
      who,
      action: "write",
      object: keyOf(tag),
      detail: String(value).slice(0, SHOWN_MAX),
      allowed,
      result: status.name,
    });
  }
}

const FIRST_TIME = -11_644_473_600_000; // 1601-01-01: no time at all (OPC 10000-6, 5.2.2.5)
const isTime = (time: Date | null | undefined): boolean => time instanceof Date && time.getTime() > FIRST_TIME;
