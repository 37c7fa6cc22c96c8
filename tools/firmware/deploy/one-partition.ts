// A deployment that makes the new image of one partition stay (core/imageUpdate.ts): the hypervisor is brought it while all
// others run on, and the slot gets a whole system for the board's next start. What is checked here is that both are the same: the
// system is the one that stays, but for that image, and the image is the one that is signed for the hypervisor.
import { createHash, createPublicKey, verify } from "node:crypto";
import * as abi from "../../../core/abi.ts";
import type { Blob, BlobRecord } from "../../../partitions/blob/codec.ts";
import { BlobError } from "../../../partitions/blob/errors.ts";
import { BLOB_MAX_BYTES, REGION_DEVICE } from "../../../partitions/blob/layout.table.ts";
import { readBlob } from "../../../partitions/blob/read.ts";
import { HEADER_SIZE, IMAGE_SIZE } from "../../../partitions/images/arm64-image.ts";
import { withFile } from "../../../partitions/source/file.ts";
import type { Span } from "../../../partitions/units.ts";
import { beforeImage } from "../../build/pack.ts";
import { declaredBy } from "../../prove/declared.ts";
import type { Fit } from "../fit/read.ts";
import { exactly, piecesOf, within } from "../fit/source.ts";
import type { Source } from "../fit/source.ts";
import { digestOf } from "../fit/verify.ts";
import { inspectImage } from "../inspect/image.ts";
import { DeployError } from "./errors.ts";

/** The file that the hypervisor is brought: what is signed of it. */
export interface SignedImage {
  readonly file: string;
  readonly signature: Buffer;
  readonly manifest: Buffer;
}

/** The partition that has another image than in the system that stays. */
export interface OnePartition {
  readonly partition: string;
  readonly version: number;
}

/** Throws a DeployError. */
export function signedImage(file: string): SignedImage {
  const header = Buffer.alloc(abi.IMAGE_HEADER_BYTES);
  const found = withFile(file, (open) => ({ size: open.size, there: open.fill(header, 0) }));
  if (typeof found === "string") throw new DeployError("AXV_DEPLOY_IMAGE", file, found);
  const manifest = header.subarray(abi.IMAGE_SIGNATURE_BYTES);
  const isOne = found.there === header.length && manifest.readUInt32LE(0) === abi.MANIFEST_MAGIC &&
    manifest.readUInt32LE(4) === abi.MANIFEST_FORMAT &&
    manifest.readBigUInt64LE(abi.MANIFEST_SIZE) === BigInt(found.size - header.length);
  if (!isOne) throw new DeployError("AXV_DEPLOY_IMAGE", file, "it is none, or not whole");
  return { file, signature: header.subarray(0, abi.IMAGE_SIGNATURE_BYTES), manifest };
}

interface Packed {
  readonly image: Source;
  /** Where the blob begins: behind the core. */
  readonly at: number;
  readonly blob: Blob;
  /** Bytes in front of the image in memory (tools/build/pack.ts): the blob counts from the first of these. */
  readonly before: number;
}

const notAlone = (what: string): DeployError => new DeployError("AXV_DEPLOY_NOT_ALONE", what);

function imageIn(source: Source, fit: Fit): Source {
  const kernels = [...new Set([...fit.configurations.values()].map(({ kernel }) => kernel))];
  const kernel = fit.images.get(kernels[0] ?? "");
  if (kernels.length !== 1 || kernel === undefined) throw notAlone("a FIT has not one image");
  return within(source, kernel.data);
}

function packedIn(source: Source, fit: Fit): Packed {
  const image = imageIn(source, fit);
  const { system } = inspectImage(image);
  if (typeof system === "string") throw notAlone(system);
  return packed(image, system.at, system.blob);
}

const packed = (image: Source, at: number, blob: Blob): Packed =>
  ({ image, at, blob, before: beforeImage(blob.isa, exactly(image, 0, HEADER_SIZE)) });

/** Where in the image what is at an offset of the blob's lies. */
function placeOf({ before }: Packed, source: number): number {
  if (source < before) throw notAlone("what is loaded: it is said to lie in front of the image");
  return source - before;
}

/** `at`: where the blob has to be. */
function packedAt(source: Source, fit: Fit, at: number): Packed {
  const image = imageIn(source, fit);
  try {
    return packed(image, at, readBlob(exactly(image, at, Math.max(0, Math.min(BLOB_MAX_BYTES, image.length - at)))));
  } catch (error) {
    if (error instanceof BlobError) throw notAlone("the core");
    throw error;
  }
}

/** What the partition with `update:` of a system has; undefined: it has none. */
export function updatedIn(source: Source, fit: Fit): (OnePartition & { index: number; healthyMicroseconds: number }) | undefined {
  const { blob } = packedIn(source, fit);
  const [update] = blob.records["Update"] ?? [];
  const index = Number(update?.["partition"]);
  const partition = blob.records["Partition"]?.[index];
  if (update === undefined || partition === undefined) return undefined;
  const healthyMicroseconds = Number(blob.header["healthyMicroseconds"]);
  return { index, partition: String(partition["name"]), version: Number(update["version"]), healthyMicroseconds };
}

/** Throws a DeployError where `after` is not `before` with that image for one partition. */
export function checkOnePartition(
  signed: SignedImage,
  [before, beforeFit]: readonly [Source, Fit],
  [after, afterFit]: readonly [Source, Fit],
): OnePartition {
  const now = packedIn(after, afterFit);
  const old = packedAt(before, beforeFit, now.at);
  const [update] = now.blob.records["Update"] ?? [];
  const [was] = old.blob.records["Update"] ?? [];
  if (update === undefined || was === undefined) throw notAlone("no partition has `update:`");
  const replaced = Number(update["load"]);
  const other = coreDifference(old, now) ?? blobDifference(old.blob, now.blob, replaced) ?? loadDifference(old, now, replaced);
  if (other !== undefined) throw notAlone(other);
  const found = { was: Number(was["version"]), version: Number(update["version"]) };
  const wrong = imageDifference(signed, now, update, found);
  if (wrong !== undefined) throw new DeployError("AXV_DEPLOY_OTHER_IMAGE", signed.file, wrong);
  const partition = now.blob.records["Partition"]?.[Number(update["partition"])];
  return { partition: String(partition?.["name"]), version: found.version };
}

/** All but the bytes that the packer writes, which follow from the blob (tools/build/pack.ts). */
function coreDifference(old: Packed, now: Packed): string | undefined {
  const behind = IMAGE_SIZE + BigUint64Array.BYTES_PER_ELEMENT;
  const spans = [{ base: 0, size: IMAGE_SIZE }, { base: behind, size: HEADER_SIZE - behind }, spanOf(HEADER_SIZE, now.at)];
  return spans.every((span) => isSame(old, span, now, span)) ? undefined : "the core";
}

const spanOf = (base: number, end: number): Span => ({ base, size: end - base });
const isSame = (old: Packed, there: Span, now: Packed, here: Span): boolean =>
  there.size === here.size && digestOf(old.image, there).equals(digestOf(now.image, here));

/** What follows from how long the image is, and so where the planner places what in memory. */
const FOLLOWS: ReadonlyMap<string, readonly string[]> = new Map([
  ["Header", ["checksum", "hypervisorSize"]], ["Load", ["source"]], ["Update", ["version", "staging"]],
]);

function blobDifference(old: Blob, now: Blob, replaced: number): string | undefined {
  const free = (kind: string, record: BlobRecord, n: number): readonly string[] => {
    if (kind === "Load" && n === replaced) return ["source", "size", "zeros"];
    if (kind === "Region" && record["kind"] !== REGION_DEVICE) return ["pa"];
    return FOLLOWS.get(kind) ?? [];
  };
  const parts = ({ header, machine, records }: Blob): [string, readonly BlobRecord[]][] =>
    [["Header", [header]], ["Machine", [machine]], ...Object.entries(records)];
  for (const [index, [kind, records]] of parts(now).entries()) {
    const before = parts(old)[index]?.[1] ?? [];
    for (const [n, record] of records.entries()) {
      const same = free(kind, record, n);
      const field = Object.keys(record).find((name) => !same.includes(name) && record[name] !== before[n]?.[name]);
      if (field !== undefined)
        return `${field} of ${kind} ${n} is ${String(record[field])}, and was ${String(before[n]?.[field])}`;
    }
  }
  return undefined;
}

function loadDifference(old: Packed, now: Packed, replaced: number): string | undefined {
  const spans = (system: Packed): Span[] =>
    declaredBy(system.blob).loads.map(({ source, stored }) => ({ base: placeOf(system, source), size: stored }));
  const before = spans(old);
  const other = spans(now).findIndex((here, n) => {
    const there = before[n];
    return n !== replaced && (there === undefined || !isSame(old, there, now, here));
  });
  return other < 0 ? undefined : `what is loaded at IPA ${hexOf(now.blob.records["Load"]?.[other]?.["target"])}`;
}

const hexOf = (value: unknown): string => `0x${BigInt(Number(value)).toString(16)}`;
const WORD = 8;
const KEY_WORDS = ["key0", "key1", "key2", "key3"] as const;

function imageDifference(
  { signature, manifest }: SignedImage,
  now: Packed,
  update: BlobRecord,
  { was, version }: { readonly was: number; readonly version: number },
): string | undefined {
  const key = Buffer.alloc(KEY_WORDS.length * WORD);
  KEY_WORDS.forEach((name, n) => key.writeBigUInt64LE(BigInt(update[name] ?? 0), n * WORD));
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key.toString("base64url") }, format: "jwk" });
  if (!verify(null, manifest, publicKey, signature)) return "the key in system.yaml has not signed it";
  const { blob } = now;
  const partition = blob.records["Partition"]?.[Number(update["partition"])];
  const load = blob.records["Load"]?.[Number(update["load"])];
  if (partition === undefined || load === undefined) return "the system has no such partition";
  const said = manifest.readUInt32LE(abi.MANIFEST_VERSION);
  if (said !== version) return `it is version ${said}, and the FIT has ${version}`;
  if (version <= was) return `version ${version} is not newer than ${was}, which stays`;
  const name = (at: number): string => manifest.toString("latin1", at, at + abi.MANIFEST_GUEST - abi.MANIFEST_PARTITION);
  const isPadded = (text: string, value: unknown): boolean => text.replace(/\0+$/, "") === value;
  if (!isPadded(name(abi.MANIFEST_PARTITION), partition["name"])) return "it is for another partition";
  if (!isPadded(name(abi.MANIFEST_GUEST), update["guest"])) return "it is for another guest";
  const isPlaced = manifest.readBigUInt64LE(abi.MANIFEST_TARGET) === load["target"] &&
    manifest.readBigUInt64LE(abi.MANIFEST_ENTRY) === partition["entry"];
  if (!isPlaced) return "it is loaded or entered elsewhere";
  const isSize = manifest.readBigUInt64LE(abi.MANIFEST_SIZE) === load["size"];
  const hash = manifest.subarray(abi.MANIFEST_HASH, abi.MANIFEST_TARGET);
  return isSize && loadDigest(now, load).equals(hash) ? undefined : "its bytes are others";
}

/** SHA-256 of a load as it is in memory: from `zeros` on there is nothing else. */
function loadDigest(system: Packed, load: BlobRecord): Buffer {
  const [base, size, zeros] = [placeOf(system, Number(load["source"])), Number(load["size"]), Number(load["zeros"])];
  const hash = createHash("sha256");
  for (const piece of piecesOf(system.image, { base, size: Math.min(zeros, size) })) hash.update(piece);
  for (let at = zeros; at < size; at += ZEROS.length) hash.update(ZEROS.subarray(0, size - at));
  return hash.digest();
}
const ZEROS = Buffer.alloc(0x1_0000);
