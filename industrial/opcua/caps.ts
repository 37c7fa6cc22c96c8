// Bounds on what clients make the server keep. The library bounds numbers of sessions, subscriptions and items; how long a
// session may be silent and how many values an item may keep it lets the client say. A request is changed before it is
// looked at, so that the answer tells the client what it has got.
import type { OPCUAServer, OPCUAServerOptions } from "node-opcua-server";
import {
  CreateMonitoredItemsRequest,
  CreateSessionRequest,
  CreateSubscriptionRequest,
  ModifyMonitoredItemsRequest,
  ModifySubscriptionRequest,
} from "node-opcua-types";
import type { Caps } from "./target.ts";

const MILLISECONDS = 1000;
/** Operations in one request; a request waits for no other, and nothing else is done meanwhile. */
const PER_REQUEST = 1000;
const HISTORY_PER_REQUEST = 100;
const CONTINUATION_POINTS = 10;
const STRING_BYTES = 65_536;
const ARRAY_ELEMENTS = 65_536;

export const capabilitiesOf = (caps: Caps): NonNullable<OPCUAServerOptions["serverCapabilities"]> => ({
  maxSessions: caps.sessions,
  maxSubscriptions: caps.subscriptions,
  maxSubscriptionsPerSession: caps.subscriptionsPerSession,
  maxMonitoredItems: caps.items,
  maxMonitoredItemsPerSubscription: caps.itemsPerSubscription,
  maxMonitoredItemsQueueSize: caps.queue,
  maxBrowseContinuationPoints: CONTINUATION_POINTS,
  maxHistoryContinuationPoints: CONTINUATION_POINTS,
  maxStringLength: STRING_BYTES,
  maxByteStringLength: STRING_BYTES,
  maxArrayLength: ARRAY_ELEMENTS,
  operationLimits: {
    maxNodesPerRead: PER_REQUEST,
    maxNodesPerWrite: PER_REQUEST,
    maxNodesPerBrowse: PER_REQUEST,
    maxNodesPerMethodCall: PER_REQUEST,
    maxNodesPerRegisterNodes: PER_REQUEST,
    maxMonitoredItemsPerCall: PER_REQUEST,
    maxNodesPerTranslateBrowsePathsToNodeIds: PER_REQUEST,
    maxNodesPerHistoryReadData: HISTORY_PER_REQUEST,
  },
});

/** A subscription outlives a session that is lost, so that its client may come back for it: so many sessions' silences. */
const LIFETIMES = 4;
const FASTEST_MS = 50;
/** Of a lifetime (OPC 10000-4, 5.13.2). */
const KEEP_ALIVES = 3;

function holdLifetime(request: CreateSubscriptionRequest | ModifySubscriptionRequest, longest: number): void {
  const most = Math.max(KEEP_ALIVES, Math.floor(longest / Math.max(request.requestedPublishingInterval, FASTEST_MS)));
  const held = (wanted: number, limit: number): number => (wanted === 0 ? limit : Math.min(wanted, limit));
  request.requestedMaxKeepAliveCount = held(request.requestedMaxKeepAliveCount, Math.floor(most / KEEP_ALIVES));
  request.requestedLifetimeCount = held(request.requestedLifetimeCount, most);
}

export function holdToCaps(server: OPCUAServer, caps: Caps, sessionSeconds: number): void {
  const longest = sessionSeconds * MILLISECONDS;
  server.on("request", (request) => {
    if (request instanceof CreateSessionRequest) {
      const { requestedSessionTimeout } = request;
      request.requestedSessionTimeout = requestedSessionTimeout > 0 ? Math.min(requestedSessionTimeout, longest) : longest;
    } else if (request instanceof CreateSubscriptionRequest || request instanceof ModifySubscriptionRequest) {
      holdLifetime(request, LIFETIMES * longest);
    } else if (request instanceof CreateMonitoredItemsRequest) {
      for (const item of request.itemsToCreate ?? [])
        item.requestedParameters.queueSize = Math.min(item.requestedParameters.queueSize, caps.queue);
    } else if (request instanceof ModifyMonitoredItemsRequest) {
      for (const item of request.itemsToModify ?? [])
        item.requestedParameters.queueSize = Math.min(item.requestedParameters.queueSize, caps.queue);
    }
  });
}
