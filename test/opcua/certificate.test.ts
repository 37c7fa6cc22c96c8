// The server's own certificate: kept while it is right, made anew when it no longer is, and another's is left alone.
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { trust } from "../../industrial/bridge/pki.ts";
import { daysLeft, makeCertificate, openPki } from "../../industrial/opcua/certificate.ts";
import type { OwnCertificate } from "../../industrial/opcua/certificate.ts";
import { Panel } from "./panel.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-pki-"));
const file = join(folder, "own/certs/certificate.pem");
const WISHES = { applicationUri: "urn:axv-part:test", hostnames: ["plc.local", "192.168.1.10", "fd00::10"] };
const YEAR = 365 * 86_400_000;
const opened: OwnCertificate[] = [];
const told: string[] = [];
const warned: string[] = [];
const log = {
  info: (message: string): void => void told.push(message),
  warn: (message: string): void => void warned.push(message),
  error: (): void => {},
};

async function open(wishes = WISHES, now = Date.now()): Promise<OwnCertificate> {
  told.length = 0;
  const own = await openPki(folder, wishes, log, now);
  opened.push(own);
  return own;
}
const read = (): X509Certificate => new X509Certificate(readFileSync(file));
afterEach(async () => {
  for (const { manager } of opened.splice(0)) await manager.dispose();
});
afterAll(() => rmSync(folder, { recursive: true }));

test("at the first start there is none: one is made, for every name and address", async () => {
  await open();
  expect(told).toEqual(["a new OPC UA certificate is made: there is none"]);
  const { subjectAltName = "" } = read();
  expect(subjectAltName.split(", ").sort()).toEqual([
    "DNS:plc.local",
    "IP Address:192.168.1.10",
    "IP Address:FD00:0:0:0:0:0:0:10",
    "URI:urn:axv-part:test",
  ]);
});

test("later it is kept", async () => {
  const { serialNumber } = read();
  await open();
  expect([told, read().serialNumber]).toEqual([[], serialNumber]);
});

test.each([
  ["an address more", { ...WISHES, hostnames: [...WISHES.hostnames, "10.0.0.1"] }, "does not name 10.0.0.1"],
  ["another application", { ...WISHES, applicationUri: "urn:axv-part:other" }, "does not name urn:axv-part:other"],
])("%s: it is made anew, with the same key", async (_, wishes, why) => {
  const own = await open(wishes);
  expect(told[0]).toContain(why);
  expect(read().checkPrivateKey(createPrivateKey(readFileSync(own.privateKeyFile)))).toBe(true);
});

test("60 days before its end it is made anew", async () => {
  const end = Date.parse(read().validTo);
  await open(WISHES, end - 61 * 86_400_000);
  const before = read().serialNumber;
  await open(WISHES, end + YEAR * 20);
  expect(read().serialNumber).not.toBe(before);
});

test("on a board that thinks it is 1970, it is valid when it knows better", async () => {
  rmSync(file);
  await open(WISHES, 0);
  expect(Date.parse(read().validFrom)).toBeLessThan(Date.UTC(2025, 0, 2));
  expect(daysLeft(file, Date.UTC(2030, 0, 1))).toBeGreaterThan(365);
});

test("what is no certificate, and one of another key, are told with what to do", async () => {
  writeFileSync(file, "hello");
  await expect(open()).rejects.toThrow(/certificate\.pem is no certificate: .*\. Put the right one there, or take it away/);
  rmSync(file);
  await open();
  const { privateKeyFile } = opened.at(-1) ?? { privateKeyFile: "" };
  const key = readFileSync(privateKeyFile);
  writeFileSync(
    privateKeyFile,
    generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }),
  );
  await expect(open()).rejects.toThrow(/does not match the key/);
  writeFileSync(privateKeyFile, "-----BEGIN PRIVATE KEY-----\nMIIE"); // a disk was full when it was made
  await expect(open()).rejects.toThrow(/private_key\.pem is no private key: .*, or take it away together with the certificate/);
  rmSync(file);
  await expect(open()).rejects.toThrow(/is no private key/);
  writeFileSync(privateKeyFile, key);
  await open();
});

test("one that cannot be made leaves the one that is there", async () => {
  const own = await open();
  const { serialNumber } = read();
  mkdirSync(`${file}.new`); // in the place of the file
  await expect(makeCertificate(own, WISHES)).rejects.toMatchObject({ code: "AXV_OPCUA_CERTIFICATE_MADE" });
  expect(read().serialNumber).toBe(serialNumber);
  rmSync(`${file}.new`, { recursive: true, force: true });
  await makeCertificate(own, WISHES);
  expect(read().serialNumber).not.toBe(serialNumber);
  expect(readdirSync(join(folder, "own/certs"))).toEqual(["certificate.pem"]);
});

test("a stranger whose certificate cannot be kept is refused all the same", async () => {
  const { manager } = await open();
  renameSync(join(folder, "rejected"), join(folder, "elsewhere"));
  writeFileSync(join(folder, "rejected"), "a file in the place of the folder");
  await manager.rejectCertificate(read().raw);
  expect(warned.at(-1)).toMatch(/cannot be kept for bridge trust/);
  rmSync(join(folder, "rejected"));
  renameSync(join(folder, "elsewhere"), join(folder, "rejected"));
});

test("one that is trusted at the moment of its refusal is let in at its next knock, and shut out when taken away", async () => {
  const { manager } = await open();
  const panel = await Panel.create(join(folder, "panel"));
  const { raw } = new X509Certificate(readFileSync(panel.certificateFile));
  const knock = (): Promise<string> => manager.verifyCertificate(raw, { acceptCertificateWithValidIssuerChain: true });
  await knock();
  await manager.rejectCertificate(raw);
  const { file } = trust(folder, new X509Certificate(raw).fingerprint);
  expect(await knock()).toBe("Good");
  rmSync(file);
  expect(await knock()).toBe("BadCertificateUntrusted");
});

test("of strangers' certificates only the last fifty are kept", async () => {
  const { manager } = await open();
  const rejected = join(folder, "rejected");
  for (let k = 0; k < 60; k++) {
    writeFileSync(join(rejected, `${k}.pem`), "");
    utimesSync(join(rejected, `${k}.pem`), k, k);
  }
  await manager.rejectCertificate(read().raw);
  const left = readdirSync(rejected);
  expect(left).toHaveLength(50);
  expect(left).not.toContain("0.pem");
  expect(left).toContain("59.pem");
});

test("one that somebody else has made is left alone, whatever it names", async () => {
  const { manager } = await open();
  await manager.createSelfSignedCertificate({
    applicationUri: "urn:x",
    dns: ["x"],
    ip: [],
    subject: "/CN=Plant",
    startDate: new Date(),
    validity: 10,
    outputFile: file,
  });
  const { serialNumber } = read();
  await open();
  expect([told, read().serialNumber]).toEqual([[], serialNumber]);
});
