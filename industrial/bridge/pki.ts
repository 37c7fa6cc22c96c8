// The certificates in the folder of the OPC UA server (industrial/opcua/certificate.ts): who is
// trusted, who asked and was refused, our own.
import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { BridgeError } from "./errors.ts";

export const STANDINGS = ["own", "trusted", "refused"] as const;
export type Standing = (typeof STANDINGS)[number];

const FOLDERS: Readonly<Record<Standing, string>> = { own: "own/certs", trusted: "trusted/certs", refused: "rejected" };

export interface Certificate {
  readonly standing: Standing;
  /** SHA-1 of it, as OPC UA tools show it (Part 6, 6.2.2). */
  readonly thumbprint: string;
  readonly subject: string;
  readonly applicationUri: string | undefined;
  readonly validTo: Date;
  readonly file: string;
}

export function certificatesIn(folder: string): Certificate[] {
  return STANDINGS.flatMap((standing) => {
    const place = join(folder, FOLDERS[standing]);
    const names = existsSync(place) ? readdirSync(place).sort() : [];
    return names.flatMap((name) => read(join(place, name), standing) ?? []);
  });
}

/** Undefined: it is none. */
function read(file: string, standing: Standing): Certificate | undefined {
  try {
    const certificate = new X509Certificate(readFileSync(file));
    return {
      standing,
      thumbprint: certificate.fingerprint.replaceAll(":", "").toLowerCase(),
      subject: certificate.subject.replaceAll("\n", ", "),
      applicationUri: certificate.subjectAltName?.split(", ").find((name) => name.startsWith("URI:"))?.slice(4),
      validTo: new Date(certificate.validTo),
      file,
    };
  } catch {
    return undefined;
  }
}

/** The first digits of a thumbprint are enough, if they are one's alone. From then on who has that certificate may knock. */
export function trust(folder: string, thumbprint: string): Certificate {
  const refused = certificatesIn(folder).filter(({ standing }) => standing === "refused");
  const found = refused.filter(
    (each) => thumbprint.length > 0 && each.thumbprint.startsWith(thumbprint.toLowerCase().replaceAll(":", "")),
  );
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const known = refused.map((each) => `${each.thumbprint.slice(0, 12)} (${each.subject})`).join(", ");
    throw new BridgeError(
      "AXV_BRIDGE_CERTIFICATE",
      thumbprint,
      known === "" ? "none, for nobody has been refused yet" : `one of ${known}`,
    );
  }
  const place = join(folder, FOLDERS.trusted);
  mkdirSync(place, { recursive: true });
  const file = join(place, basename(only.file));
  renameSync(only.file, file);
  return { ...only, standing: "trusted", file };
}

/**
 * Puts our own certificate aside: the next start makes a new one for the same key. Gives back where the
 * old one is; undefined: there was none.
 */
export function renew(folder: string, now = new Date()): string | undefined {
  const file = join(folder, FOLDERS.own, "certificate.pem");
  if (!existsSync(file)) return undefined;
  const aside = join(folder, "own", `certificate-until-${now.toISOString().slice(0, 10)}.pem`);
  renameSync(file, aside);
  return aside;
}
