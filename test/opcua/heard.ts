// What a client hears of events and alarms.
import { AttributeIds, ClientMonitoredItem, constructEventFilter, TimestampsToReturn } from "node-opcua-client";
import type { ClientSession } from "node-opcua-client";
import type { Variant } from "node-opcua-variant";

export const FIELDS = [
  "ConditionName",
  "Message",
  "Severity",
  "ActiveState.Id",
  "AckedState.Id",
  "Retain",
  "SourceName",
  "EventId",
];

export interface Told {
  readonly name: unknown;
  readonly message: string;
  readonly severity: unknown;
  readonly state: string;
  readonly source: unknown;
  readonly eventId: unknown;
}

const flag = (value: unknown, yes: string, no: string): string => (value === true ? yes : value === false ? no : "-");

/** What is told of a node's events from now on; `wake` is called each time. */
export async function listen(by: ClientSession, nodeId: string, wake: () => void = () => {}): Promise<Told[]> {
  const heard: Told[] = [];
  const subscription = await by.createSubscription2({
    requestedPublishingInterval: 50,
    requestedLifetimeCount: 1000,
    requestedMaxKeepAliveCount: 100,
    maxNotificationsPerPublish: 0,
    publishingEnabled: true,
    priority: 0,
  });
  const item = ClientMonitoredItem.create(
    subscription,
    { nodeId, attributeId: AttributeIds.EventNotifier },
    { samplingInterval: 0, queueSize: 100, discardOldest: true, filter: constructEventFilter(FIELDS) },
    TimestampsToReturn.Both,
  );
  item.on("changed", (fields: Variant[]) => {
    const [name, message, severity, active, acked, retain, source, eventId] = fields.map((field) => field.value as unknown);
    const text = typeof message === "object" && message !== null && "text" in message ? String(message.text) : "";
    heard.push({
      name,
      message: text,
      severity,
      state: `${flag(active, "active", "over")} ${flag(acked, "acked", "unacked")} ${flag(retain, "kept", "gone")}`,
      source,
      eventId,
    });
    wake();
  });
  await new Promise<void>((resolve) => item.once("initialized", () => resolve()));
  return heard;
}
