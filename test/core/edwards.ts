// Edwards25519 (RFC 8032 §5.1) on whole numbers, and what signs with any key and any point: for signatures that no library makes.
import { createHash } from "node:crypto";

export const P = 2n ** 255n - 19n;
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;

export interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

const modulo = (value: bigint, modulus = P): bigint => ((value % modulus) + modulus) % modulus;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * base) % P;
    base = (base * base) % P;
  }
  return result;
}

const D = modulo(-121665n * power(121666n, P - 2n));
const ROOT_OF_MINUS_1 = power(2n, (P - 1n) / 4n);
export const NEUTRAL: Point = { x: 0n, y: 1n };

export function sum(a: Point, b: Point): Point {
  const product = modulo(D * a.x * b.x * a.y * b.y);
  return {
    x: modulo((a.x * b.y + b.x * a.y) * power(1n + product, P - 2n)),
    y: modulo((a.y * b.y + a.x * b.x) * power(modulo(1n - product), P - 2n)),
  };
}

export function multiple(factor: bigint, of: Point): Point {
  let result = NEUTRAL;
  for (let point = of; factor > 0n; factor >>= 1n, point = sum(point, point)) {
    if ((factor & 1n) === 1n) result = sum(result, point);
  }
  return result;
}

/** The point with that y and an even x; undefined: there is none. */
export function pointOf(y: bigint): Point | undefined {
  const u = modulo(y * y - 1n);
  const v = modulo(D * y * y + 1n);
  const root = modulo(u * power(v, 3n) * power(modulo(u * power(v, 7n)), (P - 5n) / 8n));
  const x = [root, modulo(root * ROOT_OF_MINUS_1)].find((x) => modulo(v * x * x - u) === 0n);
  return x === undefined ? undefined : { x: (x & 1n) === 0n ? x : modulo(-x), y };
}

const base = pointOf(modulo(4n * power(5n, P - 2n)));
if (base === undefined) throw new Error("no base point");
export const BASE = base;

/** A point of order 8: L times one of those whose order is 8 L. */
function ofOrder8(): Point {
  for (let y = 3n; ; y++) {
    const point = pointOf(y);
    const small = point === undefined ? NEUTRAL : multiple(L, point);
    if (multiple(4n, small).y !== 1n) return small;
  }
}
const eighth = ofOrder8();
/** The points of small order, by n times one of order 8. */
export const SMALL: readonly Point[] = Array.from({ length: 8 }, (_, n) => multiple(BigInt(n), eighth));

export function encodeNumber(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse();
}

export const decodeNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);

export const encode = ({ x, y }: Point): Buffer => encodeNumber(y | ((x & 1n) << 255n));

/** A signature of `message`, R and S, by the secret number `a` under whatever key and R are said to be its. */
export function signAs(a: bigint, key: Uint8Array, r: bigint, encodedR: Uint8Array, message: Uint8Array): Buffer {
  const hash = createHash("sha512").update(encodedR).update(key).update(message).digest();
  const k = decodeNumber(hash) % L;
  return Buffer.concat([encodedR, encodeNumber((r + k * a) % L)]);
}
