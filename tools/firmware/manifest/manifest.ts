// The manifest of an update: what it is, for which board, and what its files are. Whoever takes an update checks it before a byte
// is written, and again what was written. Two layers of CBOR (deterministic.ts), so that what is signed are bytes, and not what
// somebody reads in them:
//
//   { "manifest": bytes of { "board": text, "files": { name: { "size": n, "sha256": 32 bytes }, … }, "format": 1,
//                            "version": text },
//     "signatures": [ { "key": SHA-256 of the public key (SPKI, DER), "signature": 64 bytes: Ed25519, RFC 8032 }, … ] }
//
// What a signature is of begins with CONTEXT: a signature of anything else that the key may sign is none of a manifest.
import { createHash, createPublicKey, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { VERSION_PATTERN as VERSION } from "../../../partitions/schema.ts";
import { bytesOf, decoded, encoded, fields, list, malformed, named, text, unsigned } from "./deterministic.ts";
import { ManifestError } from "./errors.ts";

export interface ManifestFile {
  readonly size: number;
  readonly sha256: Uint8Array;
}

export interface Manifest {
  /** "1.4.0" */
  readonly version: string;
  /** As its FIT has it: what the root of the board's device tree says as `compatible`, in order of the alphabet. */
  readonly board: string;
  /** By their names: "image.itb". */
  readonly files: ReadonlyMap<string, ManifestFile>;
}

const FORMAT = 1;
const CONTEXT = Buffer.from("axv-part manifest\0");
const MANIFEST_MAX = 0x4000;
/** Two keys at once, and room for a maker's own. */
const SIGNATURES_MAX = 4;
export const ENVELOPE_MAX = MANIFEST_MAX + 0x400;
const FILES_MAX = 16;
const SHA256_BYTES = 32;
const SIGNATURE_BYTES = 64;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/;
/** "vendor,model" and such, with spaces between them. */
const BOARD = /^(?=.{1,256}$)[a-zA-Z0-9][a-zA-Z0-9,._+-]*( [a-zA-Z0-9][a-zA-Z0-9,._+-]*)*$/;
const ED25519 = "ed25519";

const readEnvelope = fields({
  manifest: bytesOf(1, MANIFEST_MAX),
  signatures: list(SIGNATURES_MAX, fields({ key: bytesOf(SHA256_BYTES), signature: bytesOf(SIGNATURE_BYTES) })),
});
const readContents = fields({
  format: unsigned(FORMAT),
  version: text(VERSION),
  board: text(BOARD),
  files: named(NAME, FILES_MAX, fields({ size: unsigned(Number.MAX_SAFE_INTEGER), sha256: bytesOf(SHA256_BYTES) })),
});

/** Whether a file begins as one. */
export const isManifest = (bytes: Uint8Array): boolean => Buffer.from(bytes).subarray(0, BEGINNING.length).equals(BEGINNING);
/** A map of two, of which the first key is this one (RFC 8949, 3). */
const BEGINNING = Buffer.from("\xa2\x68manifest", "latin1");

/** `signers`: private keys, one at least. */
export function writeManifest({ version, board, files }: Manifest, signers: readonly KeyObject[]): Uint8Array {
  if (!VERSION.test(version)) throw new ManifestError("AXV_MANIFEST_VERSION", version);
  const manifest = encoded({ format: FORMAT, version, board, files: new Map(files) });
  const signatures = signers.map((key) => ({ key: idOf(key), signature: sign(null, signed(manifest), key) }));
  const bytes = encoded({ manifest, signatures });
  // Whatever is written can be read.
  readManifest(bytes, signers.map(createPublicKey));
  return bytes;
}

/** One that a known key has signed; throws ManifestError. `keys`: public ones. */
export function readManifest(bytes: Uint8Array, keys: readonly KeyObject[]): Manifest {
  const { manifest, signatures } = readEnvelope(decoded(bytes, ENVELOPE_MAX), "it");
  const known = signatures.flatMap(({ key, signature }) =>
    keys.filter((one) => idOf(one).equals(key)).map((one) => ({ one, signature })));
  const [first] = known;
  if (first === undefined) throw new ManifestError("AXV_MANIFEST_UNKNOWN_KEY", keys.map(nameOf).join(", ") || "none");
  const wrong = known.find(({ one, signature }) => !verify(null, signed(manifest), one, signature));
  if (wrong !== undefined) throw new ManifestError("AXV_MANIFEST_SIGNATURE", nameOf(wrong.one));
  const { format, ...contents } = readContents(decoded(manifest, MANIFEST_MAX), "the manifest");
  if (format !== FORMAT) throw malformed(`its format is ${format}, not ${FORMAT}`);
  return contents;
}

const signed = (manifest: Uint8Array): Buffer => Buffer.concat([CONTEXT, manifest]);

function idOf(key: KeyObject): Buffer {
  if (key.asymmetricKeyType !== ED25519) throw new ManifestError("AXV_MANIFEST_KEY", key.asymmetricKeyType ?? "a secret");
  const own = key.type === "private" ? createPublicKey(key) : key;
  return createHash("sha256").update(own.export({ type: "spki", format: "der" })).digest();
}

const ID_SHOWN = 16;
/** The beginning of its id, as people compare it. */
export const nameOf = (key: KeyObject): string => idOf(key).toString("hex").slice(0, ID_SHOWN);

/** Less than 0: `a` is the older one. */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [a, b].map((version) => {
    if (!VERSION.test(version)) throw new ManifestError("AXV_MANIFEST_VERSION", version);
    return version.split(".").map(Number);
  });
  const differences = one?.map((part, n) => part - (other?.[n] ?? 0)) ?? [];
  return differences.find((difference) => difference !== 0) ?? 0;
}

/** What an update comes to. */
export interface Here {
  readonly board: string;
  /** Undefined: nobody knows, as at the first installation. */
  readonly version: string | undefined;
}

/** Throws ManifestError unless it is for this board, and newer. `older`: it has been asked for all the same. */
export function checkUpdate({ board, version }: Manifest, here: Here, older = false): void {
  if (board !== here.board) throw new ManifestError("AXV_MANIFEST_BOARD", board, here.board);
  if (!older && here.version !== undefined && compareVersions(version, here.version) <= 0)
    throw new ManifestError("AXV_MANIFEST_DOWNGRADE", version, here.version);
}

/** Throws ManifestError unless a file of it is that one. */
export function checkFile({ files }: Manifest, name: string, found: ManifestFile): void {
  const wanted = files.get(name);
  const refuse = (what: string): ManifestError => new ManifestError("AXV_MANIFEST_FILE", name, what);
  if (wanted === undefined) throw refuse(`it is of ${[...files.keys()].join(", ")}`);
  if (found.size !== wanted.size) throw refuse(`it has ${found.size} bytes, and not ${wanted.size}`);
  if (!Buffer.from(found.sha256).equals(wanted.sha256)) throw refuse("its SHA-256 is another one");
}
