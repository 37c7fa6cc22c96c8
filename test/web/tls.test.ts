// The live page with encryption: the cookie goes no other way, and neither does the WebSocket.
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { connect } from "node:tls";
import { join } from "node:path";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { PATHS } from "../../industrial/web/protocol.ts";
import { PASSWORDS, WebStation } from "./station.ts";

const DAY_MS = 86_400_000;

let folder: string;
let tls: { readonly certificate: string; readonly key: string };
let keys: OPCUACertificateManager;
const certify = (subject: string, outputFile: string): Promise<void> =>
  keys.createSelfSignedCertificate({
    applicationUri: "urn:test",
    dns: ["localhost"],
    ip: ["127.0.0.1"],
    subject,
    startDate: new Date(Date.now() - DAY_MS),
    validity: 10,
    outputFile,
  });
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "axv-web-"));
  keys = new OPCUACertificateManager({
    rootFolder: join(folder, "keys"),
    automaticallyAcceptUnknownCertificate: true,
    disableFileWatchers: true,
  });
  await keys.initialize();
  const certificate = join(folder, "web.pem");
  await certify("/CN=first", certificate);
  tls = { certificate, key: keys.privateKey };
});
afterAll(async () => {
  await keys.dispose();
  rmSync(folder, { recursive: true });
});

test("a login's cookie is Secure, and its WebSocket comes from https", async () => {
  const station = await WebStation.start({ tls });
  const { host } = station;
  expect(station.served.server.address).toBe(`https://${host}/`);
  const post = request({
    host: "127.0.0.1", port: station.served.server.port, method: "POST", path: PATHS.login, rejectUnauthorized: false,
    headers: { Host: host, Origin: `https://${host}`, "Content-Type": "application/json" },
  });
  post.end(JSON.stringify({ user: "operator", password: PASSWORDS.operator }));
  const [response] = (await once(post, "response")) as [IncomingMessage];
  response.resume();
  expect([response.statusCode, response.headers["set-cookie"]?.[0]]).toEqual([
    200,
    expect.stringMatching(/; HttpOnly; SameSite=Strict; Path=\/; Secure$/) as unknown,
  ]);
  const open = async (Origin: string): Promise<string> => {
    const socket = new WebSocket(`wss://${host}${PATHS.live}`, { rejectUnauthorized: false, headers: { Origin } });
    socket.on("error", () => {});
    const how = await Promise.race([
      once(socket, "open").then(() => "open"),
      once(socket, "unexpected-response").then(() => "refused"),
    ]);
    socket.terminate();
    return how;
  };
  expect([await open(`https://${host}`), await open(`http://${host}`)]).toEqual(["open", "refused"]);
  await station.close();
});

test("a certificate that has been renewed is taken, and who looks stays; one that is none is not", async () => {
  const station = await WebStation.start({ tls });
  const { host } = station;
  const subject = async (): Promise<string | undefined> => {
    const socket = connect({ host: "127.0.0.1", port: station.served.server.port, rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return String(CN);
  };
  const page = new WebSocket(`wss://${host}${PATHS.live}`, { rejectUnauthorized: false, headers: { Origin: `https://${host}` } });
  await once(page, "open");
  expect(await subject()).toBe("first");
  await certify("/CN=second", tls.certificate);
  station.served.renew();
  expect([await subject(), page.readyState]).toEqual(["second", WebSocket.OPEN]);
  writeFileSync(tls.certificate, "half a certif");
  expect(() => station.served.renew()).toThrow(/cannot be served with/);
  expect([await subject(), page.readyState]).toEqual(["second", WebSocket.OPEN]);
  await station.close();
});

test("a certificate that is none, or without its key, is said", async () => {
  writeFileSync(join(folder, "none.pem"), "no certificate");
  await expect(WebStation.start({ tls: { ...tls, certificate: join(folder, "none.pem") } })).rejects.toThrow(
    /cannot be served with .*none\.pem and .*: .*Give a certificate and its key/,
  );
  await expect(WebStation.start({ tls: { ...tls, key: join(folder, "nowhere.key") } })).rejects.toThrow(/nowhere\.key: ENOENT/);
});
