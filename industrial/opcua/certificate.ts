// The server's own key and certificate, in a folder of its own:
//
//     own/private/private_key.pem      made once
//     own/certs/certificate.pem        ours, or whatever an authority has given for that key
//     trusted/certs, rejected          clients: nothing moves from the second to the first by itself
//
// The certificate names every name and address by which clients reach the server (they compare), and the applicationUri. Where
// those change, or its end comes near, ours is made anew; one from an authority is left as it is.
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import type { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { OpcUaError } from "./errors.ts";
import type { Log } from "./target.ts";
import { TrustList } from "./trustList.ts";

export const DAY_MS = 86_400_000;
const VALID_DAYS = 3650;
/** Ours is made anew so many days before its end; so many before, too, it is to be warned of. */
export const WARN_DAYS = 60;
/**
 * A board without a clock thinks that it is 1970: a certificate that began and ended then would be of no use when it knows
 * better.
 */
const NEVER_BEFORE = Date.UTC(2025, 0, 1);
const SUBJECT = "/CN=axv-part/O=axv-part";
const SUBJECT_NAME = "axv-part";

export interface CertificateWishes {
  readonly applicationUri: string;
  readonly hostnames: readonly string[];
}

export interface OwnCertificate {
  readonly manager: OPCUACertificateManager;
  readonly certificateFile: string;
  readonly privateKeyFile: string;
}

export async function openPki(folder: string, wishes: CertificateWishes, log: Log, now = Date.now()): Promise<OwnCertificate> {
  const key = join(folder, "own/private/private_key.pem");
  if (existsSync(key)) readKey(key); // what the library says of a broken one helps nobody
  const manager = new TrustList(folder, log);
  await manager.initialize().catch((error: unknown) => {
    throw new OpcUaError("AXV_OPCUA_PKI", folder, error instanceof Error ? error.message : String(error));
  });
  const own = { manager, certificateFile: join(folder, "own/certs/certificate.pem"), privateKeyFile: manager.privateKey };
  const why = whyNew(own.certificateFile, own.privateKeyFile, wishes, now);
  if (why !== undefined) {
    log.info(`a new OPC UA certificate is made: ${why}`);
    await makeCertificate(own, wishes, now);
  }
  return own;
}

/** The one before stays until the new one is whole. */
export async function makeCertificate(
  { manager, certificateFile }: OwnCertificate,
  { applicationUri, hostnames }: CertificateWishes,
  now = Date.now(),
): Promise<void> {
  const begun = `${certificateFile}.new`;
  try {
    await manager.createSelfSignedCertificate({
      applicationUri,
      dns: hostnames.filter((name) => isIP(name) === 0),
      ip: hostnames.filter((name) => isIP(name) !== 0),
      subject: SUBJECT,
      startDate: new Date(Math.max(now, NEVER_BEFORE) - DAY_MS), // clocks of clients differ
      validity: VALID_DAYS,
      outputFile: begun,
    });
    readCertificate(begun);
    await rename(begun, certificateFile);
  } catch (error) {
    await rm(begun, { recursive: true, force: true });
    throw new OpcUaError("AXV_OPCUA_CERTIFICATE_MADE", certificateFile, error instanceof Error ? error.message : String(error));
  }
}

/** Undefined: the one that there is will do. */
function whyNew(file: string, key: string, wishes: CertificateWishes, now: number): string | undefined {
  const privateKey = readKey(key);
  if (!existsSync(file)) return "there is none";
  const certificate = readCertificate(file);
  if (!certificate.checkPrivateKey(privateKey)) throw new OpcUaError("AXV_OPCUA_CERTIFICATE_KEY", file, key);
  if (!certificate.subject.includes(SUBJECT_NAME) || certificate.subject !== certificate.issuer) return undefined;
  if (daysLeft(file, now) < WARN_DAYS) return `the old one ends on ${certificate.validTo}`;
  const missing = missingNames(certificate, wishes);
  return missing.length > 0 ? `the old one does not name ${missing.join(", ")}` : undefined;
}

function missingNames(certificate: X509Certificate, { applicationUri, hostnames }: CertificateWishes): string[] {
  const names = certificate.subjectAltName ?? "";
  const hasUri = names.split(", ").includes(`URI:${applicationUri}`);
  const missing = hostnames.filter(
    (name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) === undefined,
  );
  return hasUri ? missing : [applicationUri, ...missing];
}

function readKey(file: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(file));
  } catch (error) {
    throw new OpcUaError("AXV_OPCUA_KEY", file, error instanceof Error ? error.message : String(error));
  }
}

function readCertificate(file: string): X509Certificate {
  try {
    return new X509Certificate(readFileSync(file));
  } catch (error) {
    throw new OpcUaError("AXV_OPCUA_CERTIFICATE", file, error instanceof Error ? error.message : String(error));
  }
}

/** Until a certificate's end; negative: it is over. */
export const daysLeft = (file: string, now = Date.now()): number => (Date.parse(readCertificate(file).validTo) - now) / DAY_MS;
