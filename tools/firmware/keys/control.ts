// Public keys in U-Boot's control device tree, where it finds those that a configuration must be signed by
// (doc/usage/fit/signature.rst, "Public Key Storage"; the same properties as mkimage -K writes).
//
//   /signature                 required-mode = "any": one of these is enough, while a key takes over from another
//     key-NAME                 required = "conf", algo, key-name-hint; the numbers that U-Boot calculates with
import type { FdtNode } from "../../../partitions/devicetree/fdt.ts";
import { readFdt, writeFdt } from "../../../partitions/devicetree/fdt.ts";
import { BITS, CURVE, isRsa, signedBy } from "../fit/algorithms.ts";
import type { PublicKey } from "../fit/verify.ts";

const SIGNATURE = "signature";

/** The same tree, that trusts these keys and no others. Throws FdtError. */
export function trusting(dtb: Uint8Array, keys: readonly PublicKey[]): Uint8Array {
  const tree = readFdt(dtb);
  const properties = new Map(keys.length > 1 ? [["required-mode", text("any")]] : []);
  const trusted: FdtNode = { name: SIGNATURE, path: `/${SIGNATURE}`, properties, children: keys.map(keyNode) };
  const others = tree.root.children.filter(({ name }) => name !== SIGNATURE);
  return writeFdt({ ...tree, root: { ...tree.root, children: [...others, trusted] } });
}

function keyNode({ name, algorithm, key }: PublicKey): FdtNode {
  const parts = key.export({ format: "jwk" });
  const numbers = isRsa(algorithm) ? rsaNumbers(parts, BITS[algorithm]) : curvePoint(parts);
  const properties = { required: text("conf"), algo: text(signedBy(algorithm)), ...numbers, "key-name-hint": text(name) };
  const node = isRsa(algorithm) ? `key-${name}` : name; // each as mkimage calls it
  return { name: node, path: `/${SIGNATURE}/${node}`, properties: new Map(Object.entries(properties)), children: [] };
}

type Numbers = Readonly<Record<string, Uint8Array>>;
/** Of a JSON Web Key (RFC 7517): numbers in base64url. */
type Jwk = ReturnType<PublicKey["key"]["export"]> & { n?: string; e?: string; x?: string; y?: string };

/** For Montgomery's multiplication: R is 2 to the power of the key's bits, and a word has 32. */
function rsaNumbers({ n, e }: Jwk, bits: number): Numbers {
  const modulus = numberIn(n);
  return {
    "rsa,r-squared": bigEndian(2n ** BigInt(2 * bits) % modulus, bits),
    "rsa,modulus": bigEndian(modulus, bits),
    "rsa,exponent": bigEndian(numberIn(e), 64),
    "rsa,n0-inverse": bigEndian(minusInverse(modulus), WORD_BITS),
    "rsa,num-bits": bigEndian(BigInt(bits), WORD_BITS),
  };
}

const curvePoint = ({ x = "", y = "" }: Jwk): Numbers => ({
  "ecdsa,y-point": Buffer.from(y, "base64url"),
  "ecdsa,x-point": Buffer.from(x, "base64url"),
  "ecdsa,curve": text(CURVE),
});

const WORD_BITS = 32;
const WORDS = 2n ** BigInt(WORD_BITS);

/** -1 / value, modulo 2^32, of an odd value: each step of Newton's method doubles the bits that are right, from 3 on. */
function minusInverse(value: bigint): bigint {
  let inverse = value % WORDS;
  for (let right = 3; right < WORD_BITS; right *= 2) inverse = BigInt.asUintN(WORD_BITS, inverse * (2n - value * inverse));
  return WORDS - inverse;
}

const HEX = 16;
const HEX_BITS = 4;
const numberIn = (base64 = ""): bigint => BigInt(`0x${Buffer.from(base64, "base64url").toString("hex")}`);
const bigEndian = (value: bigint, bits: number): Buffer =>
  Buffer.from(value.toString(HEX).padStart(bits / HEX_BITS, "0"), "hex");
const text = (string: string): Buffer => Buffer.from(`${string}\0`);
