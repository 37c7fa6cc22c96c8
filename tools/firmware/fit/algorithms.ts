// The algorithms by which a configuration can be signed, as U-Boot calls them: `sha256,rsa2048`. RSA is PKCS #1 v1.5 (RFC 8017,
// 8.2); an ECDSA signature is r and s, 32 bytes each, big endian.
import { sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";

export const ALGORITHMS = ["rsa2048", "rsa4096", "ecdsa256"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export const BITS: Readonly<Record<Algorithm, number>> = { rsa2048: 2048, rsa4096: 4096, ecdsa256: 256 };
const BITS_OF_A_BYTE = 8;
/** Of node:crypto: P-256 of FIPS 186-4, by its name in X9.62. */
export const CURVE = "prime256v1";

export const isRsa = (algorithm: Algorithm): boolean => algorithm !== "ecdsa256";

export const signatureBytes = (algorithm: Algorithm): number =>
  (isRsa(algorithm) ? 1 : 2) * (BITS[algorithm] / BITS_OF_A_BYTE);

/** `algo` of a signature, and of the key that it is made with. */
export const signedBy = (algorithm: Algorithm): string => `sha256,${algorithm}`;

/** Undefined: of another kind or length than any of these. */
export function algorithmOf(key: KeyObject): Algorithm | undefined {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  return ALGORITHMS.find((algorithm) =>
    isRsa(algorithm)
      ? key.asymmetricKeyType === "rsa" && modulusLength === BITS[algorithm]
      : key.asymmetricKeyType === "ec" && namedCurve === CURVE,
  );
}

const IEEE_P1363 = "ieee-p1363";

export const signBytes = (bytes: Uint8Array, key: KeyObject): Buffer => sign("sha256", bytes, { key, dsaEncoding: IEEE_P1363 });

export const isSignature = (bytes: Uint8Array, signature: Uint8Array, key: KeyObject): boolean =>
  verify("sha256", bytes, { key, dsaEncoding: IEEE_P1363 }, signature);
