// axv-part update: a partition's new image, signed as the hypervisor takes it (core/abi.ts).
import { createHash, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { projectVersion } from "../../partitions/project.ts";
import { publicHex, readKey, signUpdate } from "../../tools/firmware/update/sign.ts";
import { axvPart } from "../output/axvPart.ts";
import { here, planText, sound } from "../partitions/systems.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-update-"));
afterAll(() => rmSync(folder, { recursive: true }));

function pem(name: string, type: "ed25519" | "rsa" = "ed25519"): string {
  const file = join(folder, name);
  const { privateKey } = type === "rsa" ? generateKeyPairSync("rsa", { modulusLength: 2048 }) : generateKeyPairSync("ed25519");
  writeFileSync(file, privateKey.export({ format: "pem", type: "pkcs8" }));
  return file;
}
const key = pem("key.pem");
const hex = publicHex(readKey(key, true));

const planned = (update = `    update: { key: ${hex}, from: linux, size: 1M, version: 7 }`) =>
  planText(`board: qemu-aarch64
partitions:
  linux: { guest: linux, image: ../images/kernel.Image, initrd: ../images/initrd.cpio, cpus: [0], memory: 64M }
  plc:
    guest: plc
    image: ../images/plc.bin
    cpus: [3]
    memory: 16M
${update}
`);
const system = (update?: string) => sound(planned(update));

test("signature, manifest and image are where the hypervisor looks for them", () => {
  const { plan } = system();
  const plc = plan.partitions[1];
  const { bytes, size } = signUpdate("system.yaml", system(), key, "8");
  const manifest = bytes.subarray(abi.IMAGE_SIGNATURE_BYTES, abi.IMAGE_HEADER_BYTES);
  const image = bytes.subarray(abi.IMAGE_HEADER_BYTES);
  const publicKey = createPublicKey(readFileSync(key));
  expect(verify(null, manifest, publicKey, bytes.subarray(0, abi.IMAGE_SIGNATURE_BYTES))).toBe(true);
  expect([manifest.readUInt32LE(0), manifest.readUInt32LE(4)]).toEqual([abi.MANIFEST_MAGIC, abi.MANIFEST_FORMAT]);
  const name = (at: number): string => manifest.toString("latin1", at, at + 16).replace(/\0+$/, "");
  expect([name(abi.MANIFEST_PARTITION), name(abi.MANIFEST_GUEST)]).toEqual(["plc", "plc"]);
  expect(manifest.readUInt32LE(abi.MANIFEST_VERSION)).toBe(8);
  expect(manifest.readBigUInt64LE(abi.MANIFEST_SIZE)).toBe(BigInt(size));
  expect(manifest.readBigUInt64LE(abi.MANIFEST_TARGET)).toBe(BigInt(plc?.loads[0]?.ipa ?? 0));
  expect(manifest.readBigUInt64LE(abi.MANIFEST_ENTRY)).toBe(BigInt(plc?.entry ?? 0));
  const hash = createHash("sha256").update(image).digest();
  expect(manifest.subarray(abi.MANIFEST_HASH, abi.MANIFEST_HASH + 32)).toEqual(hash);
  expect(image.length).toBe(size);
  expect(size % 64).toBe(0);
  const original = readFileSync(here("images/plc.bin"));
  expect(image.subarray(0, original.length)).toEqual(original);
});

test.each<[RegExp, () => unknown]>([
  [/version 7 is none, or not newer/, () => signUpdate("s.yaml", system(), key, "7")],
  [/version 1.5 is none/, () => signUpdate("s.yaml", system(), key, "1.5")],
  [/version 4294967296 is none/, () => signUpdate("s.yaml", system(), key, String(2 ** 32))],
  [/is not the one that system.yaml names/, () => signUpdate("s.yaml", system(), pem("other.pem"), "8")],
  [/is no Ed25519 key: it is of the kind rsa/, () => signUpdate("s.yaml", system(), pem("rsa.pem", "rsa"), "8")],
  [/is no Ed25519 key/, () => readKey(join(folder, "none.pem"), true)],
  [/no partition of s.yaml has `update:`/, () => signUpdate("s.yaml", system(""), key, "8")],
])("%s", (message, action) => {
  expect(action).toThrow(message);
});

describe("axv-part update sign", () => {
  /** The README's own line. */
  const [, line = ""] = /^ +npx axv-part (update sign .*?) +#/m.exec(readFileSync(here("../../README.md"), "utf8")) ?? [];

  test("signs by the README's line, whose --version is the image's and not the program's", () => {
    writeFileSync(join(folder, "line.yaml"), planned().source.text);
    writeFileSync(join(folder, "plc.pem"), readFileSync(key));
    const { status, stdout, stderr } = axvPart(folder, ...line.split(" "));
    expect({ status, stdout, stderr }).toEqual({
      status: 0, stdout: expect.stringMatching(/^plc.update: version 8 of plc, .*, signed\n$/), stderr: "",
    });
    expect(existsSync(join(folder, "plc.update"))).toBe(true);
  });

  test.each(["-1", "abc", ""])("takes no --version %j", (version) => {
    const { status, stderr } = axvPart(folder, ...line.split(" ").map((word) => (word === "8" ? version : word)));
    expect(status).toBe(1);
    expect(stderr).toContain(`version ${version} is none`);
  });

  test.each(["--version", "-V"])("axv-part %s is the program's own", (option) => {
    expect(axvPart(folder, option).stdout).toBe(`${projectVersion()}\n`);
  });
});
