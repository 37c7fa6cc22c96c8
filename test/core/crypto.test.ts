// SHA-256, SHA-512 and Ed25519 of the core (core/crypto): against OpenSSL, which node:crypto is, the vectors of RFC 8032, and
// signatures that no library would make.
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { startApart } from "./apart.ts";
import { BASE, decodeNumber, encode, encodeNumber, L, multiple, NEUTRAL, P, signAs, SMALL, sum } from "./edwards.ts";

interface Crypto {
  readonly memory: WebAssembly.Memory;
  readonly buffer: () => number;
  readonly sha256: (bytes: number) => number;
  readonly sha256ByCpu: (bytes: number) => number;
  readonly sha512: (bytes: number) => number;
  readonly startVerifying: (signed: number, bytes: number, s: number) => void;
  readonly verifyStep: () => number;
}

const GOOD = 1;
const BAD = 2;
/** The longest check has so many: 253 doublings and as many additions, two powers, and the hash. */
const STEPS_MAX = 12_000;
/** Where S is, behind all messages. */
const S_AT = 60_000;

let core: Crypto;
let linear: Buffer;

beforeAll(async () => {
  core = (await startApart("crypto")) as unknown as Crypto;
  linear = Buffer.from(core.memory.buffer);
});

function isGood(key: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean {
  const at = core.buffer();
  linear.set(signature.subarray(0, 32), at);
  linear.set(key, at + 32);
  linear.set(message, at + 64);
  linear.set(signature.subarray(32), at + S_AT);
  core.startVerifying(at, 64 + message.length, at + S_AT);
  for (let step = 0; step < STEPS_MAX; step++) {
    const answer = core.verifyStep();
    if (answer !== 0) {
      expect([GOOD, BAD]).toContain(answer);
      return answer === GOOD;
    }
  }
  throw new Error(`no answer after ${STEPS_MAX} steps`);
}

/** The head of an Ed25519 public key in DER (RFC 8410 §4). */
const DER_HEAD = Buffer.from("302a300506032b6570032100", "hex");

const openSslSays = (key: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean =>
  verify(null, message, createPublicKey({ key: Buffer.concat([DER_HEAD, key]), format: "der", type: "spki" }), signature);

describe.each<["sha256" | "sha256ByCpu" | "sha512", "sha256" | "sha512"]>([
  ["sha256", "sha256"], ["sha256ByCpu", "sha256"], ["sha512", "sha512"],
])("%s", (by, name) => {
  const bytes = createHash(name).digest().length;
  const hashOf = (message: Uint8Array): string => {
    linear.set(message, core.buffer());
    const at = core[by](message.length);
    return linear.subarray(at, at + bytes).toString("hex");
  };

  test("of each length up to 300 bytes: every place where a message can end in a block", () => {
    for (let length = 0; length <= 300; length++) {
      const message = randomBytes(length);
      expect(hashOf(message), `${length} bytes ${message.toString("hex")}`).toBe(
        createHash(name).update(message).digest("hex"),
      );
    }
  });

  test("of long ones, and of the same byte again and again", () => {
    for (const message of [randomBytes(65_535), randomBytes(40_001), Buffer.alloc(65_536), Buffer.alloc(10_000, 0xff)])
      expect(hashOf(message)).toBe(createHash(name).update(message).digest("hex"));
  });
});

test("FIPS 180-4's example: abc", () => {
  linear.write("abc", core.buffer());
  const at = core.sha256(3);
  expect(linear.subarray(at, at + 32).toString("hex")).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

// RFC 8032 §7.1: key, message, signature.
test.each([
  ["d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
      "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"],
  ["3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"],
  ["fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac" +
      "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"],
  ["ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589" +
      "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"],
])("RFC 8032 §7.1: key %s, message %s", (key, message, signature) => {
  const [k, m, s] = [key, message, signature].map((hex) => Buffer.from(hex, "hex")) as [Buffer, Buffer, Buffer];
  expect(isGood(k, s, m)).toBe(true);
  expect(isGood(k, s, Buffer.concat([m, Buffer.of(0)]))).toBe(false);
});

test("a thousand keys and messages of OpenSSL's", () => {
  for (let n = 0; n < 1000; n++) {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const key = publicKey.export({ format: "der", type: "spki" }).subarray(DER_HEAD.length);
    const message = randomBytes(n);
    const signature = sign(null, message, privateKey);
    expect(isGood(key, signature, message), `${key.toString("hex")} ${message.toString("hex")}`).toBe(true);
  }
});

test("each bit of a signature, of a key and of a message counts", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const key = publicKey.export({ format: "der", type: "spki" }).subarray(DER_HEAD.length);
  const message = randomBytes(16);
  const signature = sign(null, message, privateKey);
  for (const part of [key, signature, message]) {
    for (let bit = 0; bit < part.length * 8; bit++) {
      const flip = (): void => void (part[bit >> 3] = (part[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
      flip();
      const answer = isGood(key, signature, message);
      expect(answer, `bit ${bit}`).toBe(openSslSays(key, signature, message));
      expect(answer, `bit ${bit}`).toBe(false);
      flip();
    }
  }
  expect(isGood(key, signature, message)).toBe(true);
});

describe("what nobody signs by chance", () => {
  const message = Buffer.from("manifest");
  const a = 0x1234_5678_9abc_def0_1234_5678_9abc_def1n;
  const r = 0xfedc_ba98_7654_3210_fedc_ba98_7654_3210n;
  const key = encode(multiple(a, BASE));
  const encodedR = encode(multiple(r, BASE));

  test("S is below L: with L or more added the equation would hold, and it is refused", () => {
    const signature = signAs(a, key, r, encodedR, message);
    const s = decodeNumber(signature.subarray(32));
    expect(isGood(key, signature, message)).toBe(true);
    for (let value = s + L; value < 2n ** 256n; value += L) {
      const other = Buffer.concat([encodedR, encodeNumber(value)]);
      expect([isGood(key, other, message), openSslSays(key, other, message)]).toEqual([false, false]);
    }
    for (const value of [0n, 1n, L - 1n, L, L + 1n, 2n ** 252n, 2n ** 253n - 1n, 2n ** 256n - 1n]) {
      const other = Buffer.concat([encodedR, encodeNumber(value)]);
      expect(isGood(key, other, message)).toBe(openSslSays(key, other, message));
    }
  });

  test("keys and R with a part of small order: the equation is the one without the cofactor, as OpenSSL's", () => {
    const [plainKey, plainR] = [multiple(a, BASE), multiple(r, BASE)];
    let good = 0;
    for (const [ofKey, inKey] of SMALL.entries()) {
      for (const [ofR, inR] of SMALL.entries()) {
        const mixedKey = encode(sum(plainKey, inKey));
        const mixedR = encode(sum(plainR, inR));
        const signature = signAs(a, mixedKey, r, mixedR, message);
        const answer = isGood(mixedKey, signature, message);
        expect(answer, `${ofKey}, ${ofR}`).toBe(openSslSays(mixedKey, signature, message));
        if (answer) good++;
      }
    }
    expect(good).toBeGreaterThan(1); // some of the mixed ones hold, too
    expect(good).toBeLessThan(64);
  });

  test("R of small order, by who has the key: as OpenSSL's", () => {
    for (const point of SMALL) {
      const signature = signAs(a, key, 0n, encode(point), message);
      expect(isGood(key, signature, message)).toBe(openSslSays(key, signature, message));
    }
    expect(isGood(key, signAs(a, key, 0n, encode(NEUTRAL), message), message)).toBe(true);
  });

  /** A key of small order, and a message for which [k]A is neutral: R = [S]B, for any S. */
  function forged(key: Uint8Array, order: bigint): [Buffer, Buffer] {
    for (let n = 0; ; n++) {
      const text = Buffer.from(`forged ${n}`);
      const hash = createHash("sha512").update(encodedR).update(key).update(text).digest();
      if ((decodeNumber(hash) % L) % order === 0n) return [text, Buffer.concat([encodedR, encodeNumber(r)])];
    }
  }

  test("a key of small order: anybody signs for it, which OpenSSL takes and the core does not", () => {
    for (const point of SMALL) {
      const small = encode(point);
      const [text, signature] = forged(small, 8n);
      expect([openSslSays(small, signature, text), isGood(small, signature, text)]).toEqual([true, false]);
    }
  });

  test("a key that is not canonical, y of p or more, or x of 0 with a sign: OpenSSL takes it, the core does not", () => {
    const canonical = [encodeNumber(1n), encodeNumber(P - 1n)];
    const odd = [
      encodeNumber(P), encodeNumber(P + 1n), encodeNumber(P | (1n << 255n)), encodeNumber((P + 1n) | (1n << 255n)),
      ...canonical.map((bytes) => encodeNumber(decodeNumber(bytes) | (1n << 255n))),
    ];
    for (const key of odd) {
      const [text, signature] = forged(key, 8n);
      expect([key.toString("hex"), openSslSays(key, signature, text), isGood(key, signature, text)]).toEqual([
        key.toString("hex"), true, false,
      ]);
    }
  });

  test("an R that is not canonical: neither takes it", () => {
    for (const odd of [P, P + 1n, (P + 1n) | (1n << 255n), 1n | (1n << 255n)]) {
      const signature = signAs(a, key, 0n, encodeNumber(odd), message);
      expect([isGood(key, signature, message), openSslSays(key, signature, message)]).toEqual([false, false]);
    }
  });

  test("a key whose y is on no point", () => {
    for (let y = 2n; y < 40n; y++) {
      const key = encodeNumber(y);
      const signature = signAs(a, key, r, encodedR, message);
      expect(isGood(key, signature, message)).toBe(openSslSays(key, signature, message));
      expect(isGood(key, signature, message)).toBe(false);
    }
  });
});
