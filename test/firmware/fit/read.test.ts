// A FIT that anybody may have made: damaged, changed, or made to look signed.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HEADER } from "../../../partitions/devicetree/fdt.ts";
import { withFile } from "../../../partitions/source/file.ts";
import { FitError } from "../../../tools/firmware/fit/errors.ts";
import { readFit, type Fit } from "../../../tools/firmware/fit/read.ts";
import { ofFile, ofMemory } from "../../../tools/firmware/fit/source.ts";
import { checkHash, checkSignatures } from "../../../tools/firmware/fit/verify.ts";
import { at, changed, fitOf, imageOf, keyPair, ledAstray, mkimageFit, strings } from "../fits.ts";

const mine = keyPair("mine", "rsa2048");
const foreign = keyPair("mine", "rsa2048");
const image = imageOf(4096);
const good = fitOf(image, [mine]);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-fit-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function verified(bytes: Buffer, keys = [mine.known]): Fit {
  const fit = readFit(ofMemory(bytes));
  for (const kernel of fit.images.values()) checkHash(ofMemory(bytes), kernel);
  for (const configuration of fit.configurations.values()) checkSignatures(fit, configuration, keys);
  return fit;
}
const codeOf = (bytes: Buffer, keys = [mine.known]): string => {
  try {
    verified(bytes, keys);
    return "taken";
  } catch (error) {
    if (!(error instanceof FitError)) throw error;
    expect(error.message).toMatch(/[.:] [A-Za-z]/); // what to do
    return error.code;
  }
};
const SIGNATURE = "/configurations/conf-1/signature-1";
const set = (path: string, name: string, value: Uint8Array): Buffer =>
  changed(good, (root) => void at(root, path).properties.set(name, value));

test("what is read is what was written", () => {
  const fit = verified(good);
  expect(fit).toMatchObject({ description: "axv-part demo", timestamp: 1_700_000_000, total: good.length });
  expect(fit.defaultConfiguration).toBe(undefined);
  expect(fit.images.get("kernel-1")).toMatchObject({ type: "kernel", arch: "arm64", os: "linux", load: 0x4020_0000 });
  const { base = 0, size = 0 } = fit.images.get("kernel-1")?.data ?? {};
  expect(good.subarray(base, base + size).equals(image.bytes())).toBe(true);
  expect(fit.configurations.get("conf-1")).toMatchObject({ compatible: ["linux,dummy-virt"], images: ["kernel-1"] });
});

test("out of a file, from where it lies in that: what stands around it is not looked at", () => {
  const path = join(folder, "disk.img");
  writeFileSync(path, Buffer.concat([Buffer.alloc(512, 0xd0), good, Buffer.alloc(512, 0xff)]));
  withFile(path, (file) => {
    const source = ofFile(file, { base: 512, size: good.length + 100 });
    const fit = readFit(source);
    for (const kernel of fit.images.values()) checkHash(source, kernel);
    expect(fit.total).toBe(good.length);
  });
});

describe("refused", () => {
  test.each<[string, Buffer, string]>([
    ["nothing", Buffer.alloc(0), "AXV_FIT_NONE"],
    ["an arm64 Image", Buffer.from(image.bytes()), "AXV_FIT_NONE"],
    ["half a header", good.subarray(0, 20), "AXV_FIT_SHORT"],
    ["the first half", good.subarray(0, good.length / 2), "AXV_FIT_SHORT"],
    ["without its last byte", good.subarray(0, -1), "AXV_FIT_SHORT"],
    ["unsigned", fitOf(image, []), "AXV_FIT_UNSIGNED"],
    ["signed by another key of the same name", fitOf(image, [foreign]), "AXV_FIT_SIGNATURE"],
    ["signed by a key that nobody knows", fitOf(image, [keyPair("other", "rsa2048")]), "AXV_FIT_UNKNOWN_KEY"],
    ["another compatible", set("/configurations/conf-1", "compatible", strings("phytium,pe2204")), "AXV_FIT_SIGNATURE"],
    ["another entry", set("/images/kernel-1", "entry", Buffer.alloc(4)), "AXV_FIT_SIGNATURE"],
    ["another image", set("/images/kernel-1", "data", Buffer.alloc(4096)), "AXV_FIT_HASH"],
    ["another hash", set("/images/kernel-1/hash-1", "value", Buffer.alloc(32)), "AXV_FIT_HASH"],
    ["a weaker hash", set("/images/kernel-1/hash-1", "algo", strings("crc32")), "AXV_FIT_HASHLESS"],
    ["another kind of signature", set(SIGNATURE, "algo", strings("sha1,rsa2048")), "AXV_FIT_SIGNATURE"],
    ["all names of properties open", set(SIGNATURE, "hashed-strings", Buffer.alloc(8)), "AXV_FIT_SIGNATURE"],
    ["more names than there are", set(SIGNATURE, "hashed-strings", Buffer.alloc(8, 1)), "AXV_FIT_DAMAGED"],
  ])("%s", (_, bytes, code) => {
    expect(codeOf(bytes)).toBe(code);
  });

  test("a second configuration beside the signed one", () => {
    const both = changed(good, (root) => {
      const configurations = at(root, "/configurations");
      configurations.children.push({ ...at(configurations, "conf-1"), name: "conf-2" });
    });
    expect(codeOf(both)).toBe("AXV_FIT_SIGNATURE");
  });

  test("a second image that the configuration is made to load, too", () => {
    const more = changed(good, (root) => {
      const images = at(root, "/images");
      images.children.push({ ...at(images, "kernel-1"), name: "loadable-1" });
      at(root, "/configurations/conf-1").properties.set("loadables", strings("loadable-1"));
    });
    expect(codeOf(more)).toBe("AXV_FIT_SIGNATURE");
  });

  test("the signed image put aside, where hashed-nodes leads past another one to it", () => {
    expect(codeOf(ledAstray(good, Buffer.alloc(4096, 0xee)))).toBe("AXV_FIT_SIGNATURE");
  });

  test("an image and a configuration by names with a unit address, which libfdt takes for the names without", () => {
    for (const path of ["/images", "/configurations"]) {
      const twice = changed(good, (root) => {
        const folder = at(root, path);
        folder.children.unshift(...folder.children.map((child) => ({ ...child, name: `${child.name}@1` })));
      });
      expect(codeOf(twice)).toBe("AXV_FIT_DAMAGED");
    }
  });

  test.each<[string, string, string, number]>([
    ["images", "/images", "kernel-1", 64],
    ["configurations", "/configurations", "conf-1", 64],
    ["signatures", "/configurations/conf-1", "signature-1", 8],
  ])("more %s than anybody has", (_, folder, name, most) => {
    const many = (count: number): Buffer =>
      changed(good, (root) => {
        const parent = at(root, folder);
        const child = at(parent, name);
        const properties = new Map(child.properties);
        if (properties.has("data")) properties.set("data", Buffer.alloc(4));
        const more = Array.from({ length: count - 1 }, (__, n) => ({ ...child, properties, name: `${name}${n}` }));
        parent.children.push(...more);
      });
    expect(() => readFit(ofMemory(many(most)))).not.toThrow();
    expect(codeOf(many(most + 1))).toBe("AXV_FIT_DAMAGED");
  });

  test("a tree of more than 256 KiB beside its payloads", () => {
    const large = (bytes: number): Buffer => set("/images/kernel-1", "description", strings("a".repeat(bytes)));
    expect(codeOf(large(200 * 1024))).toBe("AXV_FIT_SIGNATURE");
    expect(codeOf(large(257 * 1024))).toBe("AXV_FIT_DAMAGED");
  });

  test("data outside of it", () => {
    expect(codeOf(mkimageFit(folder, image, [mine], ["-E"]))).toBe("AXV_FIT_EXTERNAL");
    expect(codeOf(set("/images/kernel-1", "data-position", Buffer.alloc(4)))).toBe("AXV_FIT_EXTERNAL");
  });

  test("data twice in one image, or in what is no image", () => {
    const elsewhere = changed(good, (root) => void at(root, "/configurations/conf-1").properties.set("data", Buffer.alloc(4)));
    expect(codeOf(elsewhere)).toBe("AXV_FIT_DAMAGED");
    const twice = changed(good, (root) => void at(root, "/images/kernel-1").properties.set("dato", Buffer.alloc(4)));
    const name = twice.indexOf("dato\0");
    const data = twice.indexOf("data\0") - twice.readUInt32BE(HEADER.strings);
    const use = twice.lastIndexOf(number(name - twice.readUInt32BE(HEADER.strings)), name);
    number(data).copy(twice, use);
    expect(codeOf(twice)).toBe("AXV_FIT_DAMAGED");
  });

  test.each(Object.entries(HEADER))("%s of the header far away", (_, offset) => {
    for (const value of [0, 1, 0x7fff_fffc, 0xffff_fffc]) {
      const bytes = Buffer.from(good);
      bytes.writeUInt32BE(value, offset);
      // What is written of /memreserve/ and of the boot CPU, nobody asks a FIT; a newer version may say that 17 can read it.
      const isUnused = offset === HEADER.reservations || offset === HEADER.bootCpu;
      const isUsed = !(isUnused || (offset === HEADER.compatible && value <= 1) || (offset === HEADER.version && value > 17));
      expect(codeOf(bytes) === "taken").toBe(!isUsed);
    }
  });
});

test("whatever byte is changed: it is refused, or what is signed is as it was", () => {
  const first = verified(good);
  let taken = 0;
  for (let step = 0; step < 3000; step += 1) {
    const bytes = Buffer.from(good);
    const place = Math.imul(step, 0x9e37_79b1) >>> 0;
    // Every second one in the tree, of which there is less than of the image.
    const { base = 0, size = 0 } = first.images.get("kernel-1")?.data ?? {};
    const index = step % 2 === 0 ? place % good.length : (base + size + (place % (good.length - size))) % good.length;
    bytes[index] = (bytes[index] ?? 0) ^ (1 << (step % 8));
    if (codeOf(bytes) !== "taken") continue;
    taken += 1;
    const fit = verified(bytes);
    const [now, before] = [fit.images.get("kernel-1"), first.images.get("kernel-1")];
    expect(now).toEqual(before);
    const { signatures: _, ...configuration } = fit.configurations.get("conf-1") ?? {};
    expect(first.configurations.get("conf-1")).toMatchObject(configuration);
  }
  expect(taken).toBeGreaterThan(10); // the signer's name, the time of signing, the boot CPU
  expect(taken).toBeLessThan(1500);
});

const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
