// Whether a FIT is what somebody has signed: each image has the bytes that its hash was made of, and the configuration a
// signature by a known key. U-Boot asks the same before it starts it.
import { createHash } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Span } from "../../../partitions/units.ts";
import { type Algorithm, isSignature, signedBy } from "./algorithms.ts";
import { FitError } from "./errors.ts";
import type { Fit, FitConfiguration, FitImage } from "./read.ts";
import { IMAGES, signedBytes } from "./signed.ts";
import { piecesOf, type Source } from "./source.ts";

export interface PublicKey {
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

const SHA256 = "sha256";

/** Throws FitError. `source`: what the FIT has been read from. */
export function checkHash(source: Source, { name, data, hashes }: FitImage): void {
  const path = `${IMAGES}/${name}`;
  const wanted = hashes.filter(({ algorithm }) => algorithm === SHA256);
  if (wanted.length === 0) throw new FitError("AXV_FIT_HASHLESS", path);
  const found = digestOf(source, data);
  if (!wanted.every(({ value }) => found.equals(value))) throw new FitError("AXV_FIT_HASH", path);
}

/** SHA-256, made where the bytes are, if that can be. */
export function digestOf(source: Source, data: Span): Buffer {
  if (source.digest !== undefined) return source.digest(data);
  const hash = createHash(SHA256);
  for (const piece of piecesOf(source, data)) hash.update(piece);
  return hash.digest();
}

/** Gives back the keys by which it is signed, at least one; throws FitError. The images' hashes are checked by checkHash. */
export function checkSignatures(fit: Fit, configuration: FitConfiguration, keys: readonly PublicKey[]): PublicKey[] {
  const { name, signatures, images } = configuration;
  if (signatures.length === 0) throw new FitError("AXV_FIT_UNSIGNED", name);
  const bare = images.find((image) => !fit.images.get(image)?.hashes.some(({ algorithm }) => algorithm === SHA256));
  if (bare !== undefined) throw new FitError("AXV_FIT_HASHLESS", `${IMAGES}/${bare}`);
  const holds = ({ key, algorithm }: PublicKey): boolean =>
    signatures.some(
      ({ value, stringsSize, algorithm: said }) =>
        said === signedBy(algorithm) && isSignature(signedBytes(fit.tree, configuration.signedNodes, stringsSize), value, key),
    );
  const by = keys.filter(holds);
  if (by.length > 0) return by;
  const claimed = keys.find((key) => signatures.some((signature) => signature.key === key.name));
  throw claimed === undefined
    ? new FitError("AXV_FIT_UNKNOWN_KEY", name, keys.map((key) => key.name).join(", "))
    : new FitError("AXV_FIT_SIGNATURE", name, claimed.name);
}
