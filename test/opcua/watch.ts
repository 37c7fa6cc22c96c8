// A client's subscription, as what it has been told.
import { AttributeIds, ClientMonitoredItemGroup, ClientSubscription, TimestampsToReturn } from "node-opcua-client";
import type { ClientSession, DataValue } from "node-opcua-client";
import { fromHalves } from "../../industrial/tags/value.ts";

export interface Told {
  readonly node: string;
  readonly status: string;
  readonly value: unknown;
  /** Source time, in milliseconds since 1970. */
  readonly time: number | undefined;
}

/** What the server has made of an item's parameters. */
export interface Revised {
  readonly interval: number;
  readonly queue: number;
}

export class Watch {
  readonly told: Told[] = [];
  readonly subscription: ClientSubscription;
  #revised: readonly Revised[] = [];
  #wake: () => void = () => {};

  private constructor(subscription: ClientSubscription) {
    this.subscription = subscription;
  }

  static async on(session: ClientSession, nodes: readonly string[], samplingInterval: number, queueSize = 10): Promise<Watch> {
    const subscription = await session.createSubscription2({
      requestedPublishingInterval: 50,
      requestedLifetimeCount: 1000,
      requestedMaxKeepAliveCount: 100,
      maxNotificationsPerPublish: 0,
      publishingEnabled: true,
      priority: 0,
    });
    const watch = new Watch(subscription);
    const group = ClientMonitoredItemGroup.create(
      subscription,
      nodes.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })),
      { samplingInterval, queueSize, discardOldest: true },
      TimestampsToReturn.Both,
    );
    group.on("changed", (_item, { statusCode, value, sourceTimestamp }: DataValue, index) => {
      watch.told.push({
        node: nodes[index]?.replace(/^ns=\d+;s=/, "") ?? "",
        status: statusCode.name,
        value: plain(value.value),
        time: sourceTimestamp?.getTime(),
      });
      watch.#wake();
    });
    await new Promise<void>((resolve) => group.once("initialized", () => resolve()));
    watch.#revised = group.monitoredItems.map(({ result }) => ({
      interval: result?.revisedSamplingInterval ?? -1,
      queue: result?.revisedQueueSize ?? -1,
    }));
    return watch;
  }

  get revised(): readonly Revised[] {
    return this.#revised;
  }

  /** What has been told since the last time, as soon as it is so much. */
  async next(count: number): Promise<Told[]> {
    while (this.told.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.told.splice(0);
  }

  async close(): Promise<void> {
    await this.subscription.terminate();
  }
}

function plain(value: unknown): unknown {
  const [high, low, more] = Array.isArray(value) ? (value as unknown[]) : [];
  if (typeof high === "number" && typeof low === "number" && more === undefined) return fromHalves([high, low], "i64");
  return value;
}
