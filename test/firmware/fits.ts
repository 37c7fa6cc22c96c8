// FITs for tests: ours, those that mkimage makes of the same, and what somebody has changed in them.
import { execFileSync } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readFdt, writeFdt, type FdtNode } from "../../partitions/devicetree/fdt.ts";
import { Load } from "../../partitions/images/contents.ts";
import { type Algorithm, BITS, CURVE, isRsa, signedBy } from "../../tools/firmware/fit/algorithms.ts";
import { type PublicKey } from "../../tools/firmware/fit/verify.ts";
import { FitStream, type Signer } from "../../tools/firmware/fit/write.ts";

export interface Pair {
  readonly signer: Signer;
  readonly known: PublicKey;
}

export function keyPair(name: string, algorithm: Algorithm): Pair {
  const { privateKey, publicKey } = isRsa(algorithm)
    ? generateKeyPairSync("rsa", { modulusLength: BITS[algorithm] })
    : generateKeyPairSync("ec", { namedCurve: CURVE });
  return { signer: { name, algorithm, key: privateKey }, known: { name, algorithm, key: publicKey } };
}

export const TIME = 1_700_000_000;
export const CONTENTS = { name: "demo", arch: "arm64", compatible: ["linux,dummy-virt"], address: 0x4020_0000, time: TIME };

/** No piece of it is like another. */
export function imageOf(bytes: number): Load {
  const contents = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) contents.writeUInt32LE(Math.imul(at + 1, 0x9e37_79b1) >>> 0, at);
  return new Load(bytes, [{ at: 0, contents }]);
}

export const bytesOf = (fit: FitStream): Buffer => Buffer.concat(Array.from(fit.chunks(), (chunk) => Buffer.from(chunk)));
export const fitOf = (image: Load, pairs: readonly Pair[], contents = CONTENTS): Buffer =>
  bytesOf(new FitStream(contents, image, pairs.map(({ signer }) => signer)));

/** The folder in which mkimage finds its keys: NAME.key and NAME.crt for RSA, NAME.pem for ECDSA. */
export function keysForMkimage(folder: string, pairs: readonly Pair[]): void {
  mkdirSync(folder, { recursive: true });
  for (const { signer } of pairs) {
    const path = join(folder, `${signer.name}.${isRsa(signer.algorithm) ? "key" : "pem"}`);
    writeFileSync(path, signer.key.export({ type: "pkcs8", format: "pem" }));
    if (!isRsa(signer.algorithm)) continue;
    const certificate = join(folder, `${signer.name}.crt`);
    execFileSync("openssl", ["req", "-batch", "-new", "-x509", "-key", path, "-out", certificate], { stdio: "ignore" });
  }
}

/** What mkimage reads, in a folder: a source, the image, the keys. */
export function writeSource(folder: string, image: Load, pairs: readonly Pair[]): void {
  keysForMkimage(folder, pairs);
  writeFileSync(join(folder, "image.bin"), image.bytes());
  const signatures = pairs.map(
    ({ signer }, index) =>
      `signature-${index + 1} { algo = "${signedBy(signer.algorithm)}"; key-name-hint = "${signer.name}"; };`,
  );
  const address = `<0x${CONTENTS.address.toString(16)}>`;
  writeFileSync(join(folder, "demo.its"), `/dts-v1/;
/ { description = "axv-part ${CONTENTS.name}"; #address-cells = <1>;
  images { kernel-1 { description = "hypervisor, plan and guests"; type = "kernel"; arch = "arm64"; os = "linux";
    compression = "none"; load = ${address}; entry = ${address}; data = /incbin/("image.bin"); hash-1 { algo = "sha256"; }; }; };
  configurations { conf-1 { description = "${CONTENTS.name}"; compatible = "${CONTENTS.compatible.join('", "')}";
    kernel = "kernel-1"; ${signatures.join(" ")} }; };
};`);
}

/** Leaves mkimage.itb in the folder. */
export function callMkimage(folder: string, more: readonly string[] = []): void {
  execFileSync("mkimage", ["-f", "demo.its", "-k", ".", ...more, "mkimage.itb"], {
    cwd: folder, env: { ...process.env, SOURCE_DATE_EPOCH: String(TIME) }, stdio: "pipe",
  });
}

/** The FIT that mkimage makes of the same image. */
export function mkimageFit(folder: string, image: Load, pairs: readonly Pair[], more: readonly string[] = []): Buffer {
  writeSource(folder, image, pairs);
  callMkimage(folder, more);
  return readFileSync(join(folder, "mkimage.itb"));
}

/** A node that may be changed. */
export interface Draft {
  name: string;
  properties: Map<string, Uint8Array>;
  children: Draft[];
}

const draftOf = ({ name, properties, children }: FdtNode): Draft => ({
  name, properties: new Map(properties), children: children.map(draftOf),
});
const nodeOf = ({ name, properties, children }: Draft): FdtNode => ({
  name, path: "", properties, children: children.map(nodeOf),
});

/**
 * The signed nodes are all there, and give the bytes that were signed, by a list that leads to them: but what is at
 * /images/kernel-1, where U-Boot looks, is another image.
 */
export const ledAstray = (fit: Buffer, other: Uint8Array): Buffer =>
  changed(fit, (root) => {
    const images = at(root, "/images");
    const signed = at(images, "kernel-1");
    const hash = at(signed, "hash-1");
    const evil = { ...signed, properties: new Map(signed.properties).set("data", other) };
    evil.children = [{ ...hash, properties: new Map(hash.properties).set("value", createHash("sha256").update(other).digest()) }];
    // Its bytes are not covered, so they can go.
    signed.properties.delete("data");
    images.children = [{ ...evil, name: "aside", children: [...evil.children, signed] }, evil];
    const nodes = ["/", "/configurations/conf-1", "/images/aside/kernel-1", "/images/aside/kernel-1/hash-1"];
    at(root, "/configurations/conf-1/signature-1").properties.set("hashed-nodes", strings(...nodes));
  });

/** Of the root; throws where there is none. */
export function at(root: Draft, path: string): Draft {
  return path.split("/").filter((part) => part !== "").reduce((node, part) => {
    const child = node.children.find(({ name }) => name === part);
    if (child === undefined) throw new Error(`no ${part} in ${path}`);
    return child;
  }, root);
}

/** What a device tree editor makes of it: names of properties keep their places, as fdtput leaves them. Small FITs only. */
export function changed(fit: Buffer, change: (root: Draft) => void): Buffer {
  const { root, reserved, bootCpu } = readFdt(fit);
  const draft = draftOf(root);
  change(draft);
  const strings = fit.subarray(fit.readUInt32BE(12), fit.readUInt32BE(12) + fit.readUInt32BE(32));
  const names = strings.toString("latin1").split("\0").slice(0, -1);
  return Buffer.from(writeFdt({ root: nodeOf(draft), reserved, bootCpu }, names));
}

export const strings = (...texts: readonly string[]): Buffer => Buffer.from(texts.map((text) => `${text}\0`).join(""));
