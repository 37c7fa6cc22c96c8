// A folder of signing keys: NAME.pem, which only its owner may read, NAME.pub.pem, and keys.json, which says what they are. One
// key is active, or two while boards learn of the new one: then images are signed by both. A revoked key signs nothing. Keys for
// manifests (Ed25519) are counted by themselves.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject, KeyPairKeyObjectResult } from "node:crypto";
import { existsSync, linkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readFile } from "../../../partitions/source/file.ts";
import { MIB } from "../../../partitions/units.ts";
import { OutputError, reasonOf } from "../../output/errors.ts";
import { makeFolder } from "../../output/folder.ts";
import { temporaryIn } from "../../output/write.ts";
import { algorithmOf, BITS, CURVE, isRsa } from "../fit/algorithms.ts";
import type { PublicKey } from "../fit/verify.ts";
import type { Signer } from "../fit/write.ts";
import { KeyError } from "./errors.ts";
import { ED25519, type KeyAlgorithm, type KeyEntry, LIST_FILE, NAME_PATTERN, readKeyList, writeKeyList } from "./list.ts";

/** Where nobody says another place. */
export const KEYS_FOLDER = "keys";

const OWNER_ONLY = 0o600;
const OWNER_FOLDER = 0o700;
const ANYBODY = 0o644;
/** Of a mode: what group and others may do. */
const OTHERS = 0o077;
const PEM_MAX = MIB;

export const privateFile = (folder: string, name: string): string => join(folder, `${name}.pem`);
const publicFile = (folder: string, name: string): string => join(folder, `${name}.pub.pem`);

/** The first key, or one after all others were revoked. */
export function newKey(folder: string, name: string, algorithm: KeyAlgorithm): KeyEntry {
  const keys = existsSync(join(folder, LIST_FILE)) ? readKeyList(folder) : [];
  const [active, second] = activeFor(algorithm, keys);
  if (active !== undefined && second !== undefined) throw new KeyError("AXV_KEYS_ROTATING", namesOf([active, second]));
  if (active !== undefined) throw new KeyError("AXV_KEYS_ACTIVE", active.name);
  return add(folder, keys, name, algorithm);
}

/** A second one beside the active one. `algorithm`: undefined: that of the active one that images are signed by. */
export function rotateKey(folder: string, name: string, algorithm: KeyAlgorithm | undefined): KeyEntry {
  const keys = readKeyList(folder);
  const [active, second] = activeFor(algorithm, keys);
  if (active === undefined) throw new KeyError("AXV_KEYS_NONE_ACTIVE", folder);
  if (second !== undefined) throw new KeyError("AXV_KEYS_ROTATING", namesOf([active, second]));
  return add(folder, keys, name, algorithm ?? active.algorithm);
}

export function revokeKey(folder: string, name: string): KeyEntry[] {
  const keys = readKeyList(folder);
  if (!keys.some((key) => key.name === name)) throw new KeyError("AXV_KEYS_UNKNOWN", name, namesOf(keys));
  const after = keys.map((key) => (key.name === name ? { ...key, state: "revoked" as const } : key));
  writeKeyList(folder, after);
  return after.filter(isActive);
}

/** Those that sign images: at least one. */
export const signersOf = (folder: string): Signer[] => forImages(folder, privateKeyOf);

/** What boards have to know: at least one. */
export const publicKeysOf = (folder: string): PublicKey[] => forImages(folder, publicKeyOf);

/** Those that sign manifests, and by which these are checked: none, where there are none. */
export const manifestSignersOf = (folder: string): KeyObject[] => forManifests(folder, privateKeyOf);
export const manifestKeysOf = (folder: string): KeyObject[] => forManifests(folder, publicKeyOf);

type KeyOf = (folder: string, entry: KeyEntry) => KeyObject;

const privateKeyOf: KeyOf = (folder, entry) => {
  const path = privateFile(folder, entry.name);
  const pem = pemOf(path);
  if ((statSync(path).mode & OTHERS) !== 0) throw new KeyError("AXV_KEYS_OPEN", path);
  return checked(path, entry, () => createPrivateKey(pem));
};

const publicKeyOf: KeyOf = (folder, entry) => {
  const path = publicFile(folder, entry.name);
  const pem = pemOf(path);
  return checked(path, entry, () => createPublicKey(pem));
};

function forImages(folder: string, keyOf: KeyOf): PublicKey[] {
  const active = readKeyList(folder).flatMap((entry) => {
    const { name, algorithm } = entry;
    return isActive(entry) && algorithm !== ED25519 ? [{ name, algorithm, key: keyOf(folder, entry) }] : [];
  });
  if (active.length === 0) throw new KeyError("AXV_KEYS_NONE_ACTIVE", folder);
  return active;
}

const forManifests = (folder: string, keyOf: KeyOf): KeyObject[] =>
  activeFor(ED25519, readKeyList(folder)).map((entry) => keyOf(folder, entry));

const activeFor = (algorithm: KeyAlgorithm | undefined, keys: readonly KeyEntry[]): KeyEntry[] =>
  keys.filter((key) => isActive(key) && (key.algorithm === ED25519) === (algorithm === ED25519));

const isActive = ({ state }: KeyEntry): boolean => state === "active";
const namesOf = (keys: readonly KeyEntry[]): string => keys.map(({ name }) => name).join(" and ");

/** A key pair that is written nowhere. */
export function passingKey(name: string): { readonly signer: Signer; readonly known: PublicKey } {
  const algorithm = "rsa2048";
  const { privateKey, publicKey } = pairOf(algorithm);
  return { signer: { name, algorithm, key: privateKey }, known: { name, algorithm, key: publicKey } };
}

function pairOf(algorithm: KeyAlgorithm): KeyPairKeyObjectResult {
  if (algorithm === ED25519) return generateKeyPairSync(ED25519);
  return isRsa(algorithm)
    ? generateKeyPairSync("rsa", { modulusLength: BITS[algorithm] })
    : generateKeyPairSync("ec", { namedCurve: CURVE });
}

function add(folder: string, keys: readonly KeyEntry[], name: string, algorithm: KeyAlgorithm): KeyEntry {
  if (!NAME_PATTERN.test(name)) throw new KeyError("AXV_KEYS_NAME", name);
  if (keys.some((key) => key.name === name)) throw new KeyError("AXV_KEYS_TAKEN", name, folder);
  const taken = [privateFile(folder, name), publicFile(folder, name)].find((path) => existsSync(path));
  if (taken !== undefined) throw new KeyError("AXV_KEYS_EXISTS", taken);
  const { privateKey, publicKey } = pairOf(algorithm);
  const created = new Date().toISOString().slice(0, "2026-11-30".length);
  const entry: KeyEntry = { name, algorithm, state: "active", created, fingerprint: fingerprintOf(publicKey) };
  try {
    makeFolder(folder, OWNER_FOLDER);
  } catch (error) {
    throw new OutputError("AXV_OUTPUT_FOLDER", folder, reasonOf(error));
  }
  place(privateFile(folder, name), folder, privateKey.export({ type: "pkcs8", format: "pem" }), OWNER_ONLY);
  place(publicFile(folder, name), folder, publicKey.export({ type: "spki", format: "pem" }), ANYBODY);
  writeKeyList(folder, [...keys, entry]);
  return entry;
}

/** Whole, or not at all; and never over what is there. */
function place(path: string, folder: string, contents: string | Buffer, mode: number): void {
  const temporary = temporaryIn(folder);
  try {
    writeFileSync(temporary, contents, { flag: "wx", mode });
    linkSync(temporary, path);
  } catch (error) {
    if (existsSync(path)) throw new KeyError("AXV_KEYS_EXISTS", path);
    throw new OutputError("AXV_OUTPUT_FAILED", path, reasonOf(error));
  } finally {
    rmSync(temporary, { force: true });
  }
}

function pemOf(path: string): Buffer {
  const bytes = readFile(path, PEM_MAX);
  if (typeof bytes === "string") throw new KeyError("AXV_KEYS_UNREADABLE", path, bytes);
  return Buffer.from(bytes);
}

/** The key in the file, if it is the one that the folder was told of. */
function checked(path: string, { algorithm, fingerprint }: KeyEntry, open: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = open();
  } catch {
    throw new KeyError("AXV_KEYS_UNREADABLE", path, "it is no PEM of a key, or a passphrase keeps it");
  }
  const found = key.asymmetricKeyType === ED25519 ? ED25519 : algorithmOf(key);
  if (found !== algorithm) throw new KeyError("AXV_KEYS_KIND", path, kindOf(key), algorithm);
  if (fingerprintOf(key.type === "private" ? createPublicKey(key) : key) !== fingerprint)
    throw new KeyError("AXV_KEYS_CHANGED", path);
  return key;
}

function kindOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {};
  return [asymmetricKeyType, modulusLength, namedCurve].filter((part) => part !== undefined).join(" ");
}

const fingerprintOf = (key: KeyObject): string =>
  createHash("sha256").update(key.export({ type: "spki", format: "der" })).digest("hex");
