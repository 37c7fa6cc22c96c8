// A manifest is taken as it was written and signed, and in no other way.
import { execFileSync } from "node:child_process";
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encoded } from "../../../tools/firmware/manifest/deterministic.ts";
import { ManifestError } from "../../../tools/firmware/manifest/errors.ts";
import {
  checkFile, checkUpdate, compareVersions, nameOf, readManifest, writeManifest,
} from "../../../tools/firmware/manifest/manifest.ts";
import type { Manifest } from "../../../tools/firmware/manifest/manifest.ts";
import { seed } from "../../core/property/seed.ts";

// RFC 8032 7.1, TEST 1: the secret key, in PKCS #8 (RFC 8410).
const SECRET = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const KEY = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${SECRET}`, "hex"), format: "der", type: "pkcs8",
});
const PUBLIC = createPublicKey(KEY);
const other = generateKeyPairSync("ed25519");

const MANIFEST: Manifest = {
  version: "1.4.0", board: "phytium-pi",
  files: new Map([
    ["plc.bin", { size: 300, sha256: Buffer.alloc(32, 2) }], ["image.itb", { size: 2 ** 33, sha256: Buffer.alloc(32, 1) }],
  ]),
};
const BYTES = writeManifest(MANIFEST, [KEY]);

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ManifestError) return error.code;
    throw error;
  }
  return "taken";
};
const read = (bytes: Uint8Array): string => codeOf(() => readManifest(bytes, [PUBLIC]));

const CONTEXT = "axv-part manifest\0";
const ID = createHash("sha256").update(PUBLIC.export({ type: "spki", format: "der" })).digest();
/** Signed by the right key, whatever it is. */
function signedAs(manifest: Uint8Array, more: object = {}): Uint8Array {
  const signature = sign(null, Buffer.concat([Buffer.from(CONTEXT), manifest]), KEY);
  return encoded({ manifest, signatures: [{ key: ID, signature }], ...more });
}
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const contents = (change: Record<string, unknown> = {}): Uint8Array => encoded({
  format: 1, version: "1.4.0", board: "b", files: { a: { size: 1, sha256: Buffer.alloc(32) } }, ...change,
});

describe("a manifest that was written", () => {
  test("is read as it was, and is the same each time", () => {
    const found = readManifest(BYTES, [PUBLIC]);
    expect(found.version).toBe("1.4.0");
    expect(found.board).toBe("phytium-pi");
    expect([...found.files].map(([name, { size }]) => [name, size])).toEqual([["plc.bin", 300], ["image.itb", 2 ** 33]]);
    expect(Buffer.from(writeManifest(MANIFEST, [KEY])).equals(BYTES)).toBe(true);
  });

  test("is CBOR in the order of RFC 8949 4.2.1, byte for byte", () => {
    const one = contents();
    expect(Buffer.from(one).toString("hex")).toBe([
      "a4", "65626f617264", "6162", // "board": "b"
      "6566696c6573", "a1", "6161", "a2", "6473697a65", "01", "66736861323536", "5820", "00".repeat(32), // "size" before "sha256"
      "66666f726d6174", "01", "6776657273696f6e", "65312e342e30",
    ].join(""));
    expect(read(signedAs(one))).toBe("taken");
  });

  test("is signed as OpenSSL checks it", () => {
    const folder = mkdtempSync(join(tmpdir(), "axv-manifest-"));
    try {
      const at = (name: string, bytes: Uint8Array | string): string => {
        writeFileSync(join(folder, name), bytes);
        return join(folder, name);
      };
      const manifest = contents();
      const signature = signedAs(manifest).subarray(-64);
      const checked = execFileSync("openssl", [
        "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", at("key", PUBLIC.export({ type: "spki", format: "pem" })),
        "-in", at("message", Buffer.concat([Buffer.from(CONTEXT), manifest])), "-sigfile", at("signature", signature),
      ], { encoding: "utf8" });
      expect(checked).toContain("Signature Verified Successfully");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("by two keys is taken by who knows either of them", () => {
    const both = writeManifest(MANIFEST, [KEY, other.privateKey]);
    expect(readManifest(both, [other.publicKey])).toEqual(readManifest(both, [PUBLIC]));
    expect(codeOf(() => readManifest(both, []))).toBe("AXV_MANIFEST_UNKNOWN_KEY");
  });

  test("any that can be written", () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/);
    const file = fc.record({ size: fc.maxSafeNat(), sha256: fc.uint8Array({ minLength: 32, maxLength: 32 }) });
    const part = fc.nat(999_999_999);
    fc.assert(fc.property(
      name, fc.tuple(part, part, part), fc.dictionary(name, file, { minKeys: 1, maxKeys: 16 }), (board, version, files) => {
        const manifest = { board, version: version.join("."), files: new Map(Object.entries(files)) };
        const found = readManifest(writeManifest(manifest, [KEY]), [PUBLIC]);
        expect({ ...found, files: Object.fromEntries(found.files) }).toEqual({ ...manifest, files: { ...files } });
      },
    ), { seed, numRuns: 100 });
  });
});

describe("anything else is refused", () => {
  test("a bit that is another one, anywhere; an end that is missing, anywhere", () => {
    for (let bit = 0; bit < BYTES.length * 8; bit++) {
      const bytes = BYTES.slice();
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(read(bytes), `bit ${bit}`).toMatch(/^AXV_MANIFEST_(MALFORMED|UNKNOWN_KEY|SIGNATURE)$/);
    }
    for (let end = 0; end < BYTES.length; end++) expect(read(BYTES.subarray(0, end)), `${end}`).toBe("AXV_MANIFEST_MALFORMED");
  });

  test("bytes behind it, of the whole or of what is signed", () => {
    expect(read(Buffer.concat([BYTES, Buffer.of(0)]))).toBe("AXV_MANIFEST_MALFORMED");
    expect(read(signedAs(Buffer.concat([contents(), Buffer.of(0)])))).toBe("AXV_MANIFEST_MALFORMED");
  });

  const FILES = `6566696c6573 a1 6161 a2 6473697a65 01 66736861323536 5820 ${"00".repeat(32)}`;
  const [BOARD, FORMAT, VERSION] = ["65626f617264 6162", "66666f726d6174 01", "6776657273696f6e 65312e342e30"];
  test.each([
    ["as it should be", `a4 ${BOARD} ${FILES} ${FORMAT} ${VERSION}`, "taken"],
    ["a key twice, with the same value", `a5 ${BOARD} ${BOARD} ${FILES} ${FORMAT} ${VERSION}`, "AXV_MANIFEST_MALFORMED"],
    ["a key twice, with another value", `a5 ${BOARD} 65626f617264 6163 ${FILES} ${FORMAT} ${VERSION}`, "AXV_MANIFEST_MALFORMED"],
    ["keys in another order", `a4 ${FILES} ${BOARD} ${FORMAT} ${VERSION}`, "AXV_MANIFEST_MALFORMED"],
    ["a map of indefinite length", `bf ${BOARD} ${FILES} ${FORMAT} ${VERSION} ff`, "AXV_MANIFEST_MALFORMED"],
    ["a map's length in two bytes", `b804 ${BOARD} ${FILES} ${FORMAT} ${VERSION}`, "AXV_MANIFEST_MALFORMED"],
    ["a number that could be shorter", `a4 ${BOARD} ${FILES} 66666f726d6174 1801 ${VERSION}`, "AXV_MANIFEST_MALFORMED"],
    ["a number that is a floating-point one", `a4 ${BOARD} ${FILES} 66666f726d6174 f93c00 ${VERSION}`, "AXV_MANIFEST_MALFORMED"],
    ["a text in pieces", `a4 65626f617264 7f6162ff ${FILES} ${FORMAT} ${VERSION}`, "AXV_MANIFEST_MALFORMED"],
    ["a tag", `a4 65626f617264 c06162 ${FILES} ${FORMAT} ${VERSION}`, "AXV_MANIFEST_MALFORMED"],
    ["a key that is a number", `a5 01 01 ${BOARD} ${FILES} ${FORMAT} ${VERSION}`, "AXV_MANIFEST_MALFORMED"],
  ])("%s, signed by the right key", (_, bytes, code) => expect(read(signedAs(hex(bytes)))).toBe(code));

  test.each<[string, Record<string, unknown>]>([
    ["a key that nobody knows", { more: 1 }],
    ["a key of every object", { constructor: 1 }],
    ["no number of the format", { format: "1" }],
    ["another format", { format: 0 }],
    ["a later format", { format: 2 }],
    ["no version", { version: 140 }],
    ["a version with a zero in front", { version: "1.04.0" }],
    ["a version of two numbers", { version: "1.4" }],
    ["no board", { board: null }],
    ["a board that is a path", { board: "../b" }],
    ["a board that says something to a terminal", { board: "b\u001b[2J" }],
    ["no files", { files: {} }],
    ["files that are a list", { files: [] }],
    ["a file that is a path", { files: { "/etc/x": { size: 1, sha256: Buffer.alloc(32) } } }],
    ["a size below 0", { files: { a: { size: -1, sha256: Buffer.alloc(32) } } }],
    ["a size beyond all", { files: { a: { size: 2n ** 63n, sha256: Buffer.alloc(32) } } }],
    ["a hash of 31 bytes", { files: { a: { size: 1, sha256: Buffer.alloc(31) } } }],
    ["a hash that is text", { files: { a: { size: 1, sha256: "00".repeat(16) } } }],
    ["a file without a hash", { files: { a: { size: 1 } } }],
    ["a file with more", { files: { a: { size: 1, sha256: Buffer.alloc(32), mode: 1 } } }],
    ["more files than there are", {
      files: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`a${n}`, { size: 1, sha256: Buffer.alloc(32) }])),
    }],
  ])("%s, signed by the right key", (_, change) => expect(read(signedAs(contents(change)))).toBe("AXV_MANIFEST_MALFORMED"));

  test("an envelope with more in it, without signatures, or larger than any", () => {
    expect(read(signedAs(contents(), { more: 1 }))).toBe("AXV_MANIFEST_MALFORMED");
    expect(read(signedAs(contents(), { signatures: [] }))).toBe("AXV_MANIFEST_MALFORMED");
    expect(read(signedAs(contents(), { signatures: [{ key: Buffer.alloc(32) }] }))).toBe("AXV_MANIFEST_MALFORMED");
    expect(read(new Uint8Array(2 ** 20))).toBe("AXV_MANIFEST_MALFORMED");
    expect(read(encoded([[[[]]]]))).toBe("AXV_MANIFEST_MALFORMED");
    expect(read(encoded("x"))).toBe("AXV_MANIFEST_MALFORMED");
  });

  test("another key's, and what the key has signed that is no manifest", () => {
    expect(codeOf(() => readManifest(BYTES, [other.publicKey]))).toBe("AXV_MANIFEST_UNKNOWN_KEY");
    const manifest = contents();
    const bare = encoded({ manifest, signatures: [{ key: ID, signature: sign(null, manifest, KEY) }] });
    expect(read(bare)).toBe("AXV_MANIFEST_SIGNATURE");
    expect(codeOf(() => writeManifest(MANIFEST, [generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey])))
      .toBe("AXV_MANIFEST_KEY");
    expect(codeOf(() => writeManifest({ ...MANIFEST, version: "v1" }, [KEY]))).toBe("AXV_MANIFEST_VERSION");
    expect(codeOf(() => writeManifest({ ...MANIFEST, board: "" }, [KEY]))).toBe("AXV_MANIFEST_MALFORMED");
    expect(nameOf(KEY)).toBe(nameOf(PUBLIC));
  });
});

describe("an update", () => {
  const here = (version: string | undefined, board = "phytium-pi") => () => checkUpdate(MANIFEST, { board, version });
  test("is taken if it is newer, for this board; an older one only if that is asked for", () => {
    expect(codeOf(here("1.3.9"))).toBe("taken");
    expect(codeOf(here(undefined))).toBe("taken");
    expect(codeOf(here("1.4.0"))).toBe("AXV_MANIFEST_DOWNGRADE");
    expect(codeOf(here("1.10.0"))).toBe("AXV_MANIFEST_DOWNGRADE");
    expect(codeOf(() => checkUpdate(MANIFEST, { board: "phytium-pi", version: "2.0.0" }, true))).toBe("taken");
    expect(codeOf(here("1.3.9", "daoli-plc"))).toBe("AXV_MANIFEST_BOARD");
    expect(codeOf(() => checkUpdate(MANIFEST, { board: "daoli-plc", version: undefined }, true))).toBe("AXV_MANIFEST_BOARD");
    expect(codeOf(here("latest"))).toBe("AXV_MANIFEST_VERSION");
  });

  test("versions are compared number by number", () => {
    const sorted = ["0.0.1", "0.0.10", "0.2.0", "1.0.0", "1.0.1", "1.4.0", "1.10.0", "10.0.0"];
    expect(sorted.toReversed().sort(compareVersions)).toEqual(sorted);
    expect(compareVersions("1.4.0", "1.4.0")).toBe(0);
  });

  test("a file is the one that the manifest is of", () => {
    const file = (change = {}) => () => checkFile(MANIFEST, "plc.bin", { size: 300, sha256: Buffer.alloc(32, 2), ...change });
    expect(codeOf(file())).toBe("taken");
    expect(file({ size: 299 })).toThrow(/plc.bin is not the one .* it has 299 bytes, and not 300/);
    expect(file({ sha256: Buffer.alloc(32) })).toThrow(/its SHA-256 is another one/);
    expect(codeOf(() => checkFile(MANIFEST, "constructor", { size: 1, sha256: Buffer.alloc(32) }))).toBe("AXV_MANIFEST_FILE");
  });
});
