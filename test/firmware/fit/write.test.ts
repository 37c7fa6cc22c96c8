// The FIT that build --fit writes, beside what mkimage writes of the same: it signs the same bytes, so the signature is the same.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ofMemory } from "../../../tools/firmware/fit/source.ts";
import { readFit } from "../../../tools/firmware/fit/read.ts";
import { checkHash, checkSignatures } from "../../../tools/firmware/fit/verify.ts";
import { FitStream, sourceDate } from "../../../tools/firmware/fit/write.ts";
import { bytesOf, CONTENTS, fitOf, imageOf, keyPair, mkimageFit, type Pair } from "../fits.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-fit-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const small = keyPair("small", "rsa2048");
const large = keyPair("large", "rsa4096");
const curve = keyPair("curve", "ecdsa256");
const image = imageOf(5000);

const signaturesOf = (fit: Buffer): { algorithm: string; key: string | undefined; value: string }[] =>
  (readFit(ofMemory(fit)).configurations.get("conf-1")?.signatures ?? []).map(({ algorithm, key, value }) => ({
    algorithm, key, value: Buffer.from(value).toString("hex"),
  }));

describe.each<[string, Pair]>([["RSA-2048", small], ["RSA-4096", large]])("%s", (_, pair) => {
  test("the signature is mkimage's, bit by bit", () => {
    const theirs = signaturesOf(mkimageFit(folder, image, [pair]));
    expect(theirs).toHaveLength(1);
    expect(signaturesOf(fitOf(image, [pair]))).toEqual(theirs);
  });

  test("the same bytes every time", () => {
    expect(fitOf(image, [pair]).equals(fitOf(image, [pair]))).toBe(true);
  });
});

test("an ECDSA signature is other bytes each time, and holds; mkimage's does, too", () => {
  for (const fit of [fitOf(image, [curve]), fitOf(image, [curve]), mkimageFit(folder, image, [curve])]) {
    const read = readFit(ofMemory(fit));
    for (const configuration of read.configurations.values())
      expect(checkSignatures(read, configuration, [small.known, curve.known])).toEqual([curve.known]);
  }
});

test("signed by two keys, each holds by itself, as each of mkimage's does", () => {
  for (const fit of [fitOf(image, [small, large]), mkimageFit(folder, image, [small, large])]) {
    const read = readFit(ofMemory(fit));
    const [configuration] = read.configurations.values();
    expect(configuration?.signatures).toHaveLength(2);
    for (const { known } of [small, large])
      if (configuration !== undefined) expect(checkSignatures(read, configuration, [known])).toEqual([known]);
  }
});

test("mkimage -l lists it as it lists its own", () => {
  const listed = (fit: Buffer): string => {
    const path = join(folder, "listed.itb");
    writeFileSync(path, fit);
    return execFileSync("mkimage", ["-l", path], { encoding: "utf8" });
  };
  const ours = listed(fitOf(image, [small]));
  expect(ours).toContain("Sign algo:    sha256,rsa2048:small");
  expect(ours).toBe(listed(mkimageFit(folder, image, [small])));
});

test("dtc takes it, and finds nothing in front of the header or behind the names", () => {
  const path = join(folder, "dtc.itb");
  const fit = fitOf(imageOf(64), [small]);
  writeFileSync(path, fit);
  expect(execFileSync("dtc", ["-q", "-I", "dtb", "-O", "dtb", path], { stdio: "pipe" }).length).toBe(fit.length);
});

test("its length is known before its bytes are, and no more than 1 MiB of the image is on its way at once", () => {
  const fit = new FitStream(CONTENTS, imageOf(5 * 2 ** 20 + 64), [large.signer]);
  const lengths = [...fit.chunks()].map(({ length }) => length);
  expect(Math.max(...lengths)).toBe(2 ** 20);
  expect(lengths.reduce((sum, length) => sum + length)).toBe(fit.length);
  const bytes = bytesOf(fit);
  const read = readFit(ofMemory(bytes));
  expect(read.total).toBe(bytes.length);
  for (const kernel of read.images.values()) checkHash(ofMemory(bytes), kernel);
});

test("an address above 4 GiB has two cells", () => {
  const address = 0x20_8200_0000;
  const kernel = readFit(ofMemory(fitOf(image, [], { ...CONTENTS, address }))).images.get("kernel-1");
  expect(kernel).toMatchObject({ load: address, entry: address });
});

test("an image of 4 GiB is too much for a FIT", () => {
  const huge = { length: 2 ** 32 - 64, parts: [], copyTo: () => undefined, *chunks() {}, bytes: () => new Uint8Array() };
  expect(() => new FitStream(CONTENTS, huge, [])).toThrow(expect.objectContaining({ code: "AXV_FIT_SIZE" }));
});

test("SOURCE_DATE_EPOCH is when it was made; without it, 1970, so that nothing changes by itself", () => {
  expect(sourceDate("1700000000")).toBe(1_700_000_000);
  expect([sourceDate(""), sourceDate("0")]).toEqual([0, 0]);
  for (const wrong of ["tomorrow", "-1", "1.5", "4294967296", "1e3"])
    expect(() => sourceDate(wrong)).toThrow(expect.objectContaining({ code: "AXV_FIT_TIME" }));
});
