// A variable whose value is set when it changes needs no sampling: an item on it hears of each change. The library does so
// only where a client asks for the interval 0, and gives any other item a timer that compares its value again and again (12
// µs each time). What makes the difference is a private field of the item, set when its interval is. For items on pushed
// variables it is fixed here to "on change"; the revised interval stays what the client was told, and is kept: the item
// tells at most one change within it, the last.
//
// And a queue that is full says so on whatever it holds next. The library takes for granted that this is Good, and throws
// where it is not: a client that does not keep up while a partition stops would take the process with it.
import type { MonitoredItem, OPCUAServer, ServerSession, Subscription } from "node-opcua-server";
import { AttributeIds } from "node-opcua-data-model";
import { StatusCode } from "node-opcua-status-code";
import { MonitoredItemNotification } from "node-opcua-types";

const ON_CHANGE = "_exceptionBased";
const SET_OVERFLOW = "_setOverflowBit";
const OVERFLOW = "Overflow | InfoTypeDataValue"; // OPC 10000-4, 7.38.1

/** `isPushed`: by the index of a node's namespace. */
export function pushItems(server: OPCUAServer, isPushed: (namespaceIndex: number) => boolean): void {
  server.on("create_session", (session: ServerSession) => {
    session.on("new_subscription", (subscription: Subscription) => {
      subscription.on("monitoredItem", (item: MonitoredItem) => {
        Reflect.set(item, SET_OVERFLOW, (notification: unknown) => setOverflow(subscription, notification));
        const { itemToMonitor, node } = item;
        if (itemToMonitor.attributeId !== AttributeIds.Value || node === null || !isPushed(node.nodeId.namespace)) return;
        if (!Reflect.has(item, ON_CHANGE)) return; // another version of the library: it samples, slower and just as right
        Object.defineProperty(item, ON_CHANGE, { get: () => true, set: () => {}, configurable: true });
      });
    });
  });
}

function setOverflow(subscription: Subscription, notification: unknown): void {
  if (notification instanceof MonitoredItemNotification)
    notification.value.statusCode = StatusCode.makeStatusCode(notification.value.statusCode, OVERFLOW);
  subscription.subscriptionDiagnostics.monitoringQueueOverflowCount++;
}
